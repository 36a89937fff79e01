"""Selection of the samples of a data set that are used or held out, and their scale.

Arrays are named `inputs`, `targets` and, if a part is held out, `test_inputs` and `test_targets`; `source` names the
data set in messages. N samples.
"""

from typing import NamedTuple, Self

import numpy as np

from landscape.errors import DataError
from landscape.startup import imported

Arrays = dict[str, np.ndarray]

ROUNDED = 4  # spacings of numbers within which values are equal up to rounding
LEAST_SHIFT = 1e-12  # mean, in units of the largest distance from it, from which a rounded mean is corrected


def drawn_rows(targets: np.ndarray, subset: int, part: int, seed: int, source: str) -> np.ndarray:
    """Rows of `subset` samples, drawn as in `split`. Raises `DataError`.

    Part k is drawn from the samples that parts 0 to k - 1 leave.
    """
    n = len(targets)
    if subset > n:
        raise DataError(f"{source}: expected a subset of at most the {n} samples there are, found {subset}")
    if (part + 1) * subset > n:
        raise DataError(
            f"{source}: expected problem.subset_part below {n // subset}, the number of disjoint subsets of {subset} "
            f"of the {n} samples, found {part}"
        )
    left = np.arange(n)
    for _ in range(part):
        left = left[_draw(targets[left], subset, seed, source)[1]]
    found: np.ndarray = left[_all_but_few(targets[left], subset, seed, source)]
    return found


def with_held_out(arrays: Arrays, rows: np.ndarray, size: int, seed: int, source: str) -> Arrays:
    """The arrays with `size` test samples, drawn from all samples except `rows`. Raises `DataError`."""
    if "test_inputs" in arrays:
        raise DataError(f"{source}: expected no test samples in the file when held_out > 0; set held_out = 0")
    left = np.setdiff1d(np.arange(len(arrays["targets"])), rows)
    if size > len(left):
        raise DataError(
            f"{source}: expected held_out of at most the {len(left)} samples that the subset leaves, found {size}"
        )
    tested = left[_all_but_few(arrays["targets"][left], size, seed, source)]
    return arrays | {f"test_{name}": arrays[name][tested] for name in ("inputs", "targets")}


def _all_but_few(targets: np.ndarray, size: int, seed: int, source: str) -> np.ndarray:
    """`size` drawn rows; if fewer rows are left over than there are classes, the draw is not stratified."""
    over = len(targets) - size
    if not over:
        return np.arange(len(targets))
    if targets.dtype == np.int64 and over < len(np.unique(targets)):
        return np.sort(np.random.default_rng(seed).permutation(len(targets))[over:])
    return _draw(targets, size, seed, source)[0]


def split(arrays: Arrays, test_fraction: float, seed: int, source: str) -> Arrays:
    """The arrays with a part `test_fraction` of the samples of each class held out. Raises `DataError`."""
    if "test_inputs" in arrays:
        raise DataError(f"{source}: expected no test samples in the file when test_fraction > 0; set test_fraction = 0")
    n = len(arrays["inputs"])
    train, test = _draw(arrays["targets"], n - round(test_fraction * n), seed, source)
    drawn = {name: arrays[name][train] for name in ("inputs", "targets")}
    return drawn | {f"test_{name}": arrays[name][test] for name in ("inputs", "targets")}


def _draw(targets: np.ndarray, size: int, seed: int, source: str) -> tuple[np.ndarray, np.ndarray]:
    """`size` drawn rows and the rows left, both in order; classes keep their proportions."""
    labels = targets if targets.dtype == np.int64 else None
    try:
        drawn, left = imported("sklearn.model_selection:train_test_split")(
            np.arange(len(targets)), train_size=size, random_state=seed, stratify=labels
        )
    except ValueError as error:
        reason = " ".join(str(error).split())
        raise DataError(f"{source}: expected to draw {size} of {len(targets)} samples, found: {reason}") from error
    if labels is not None and len(np.unique(labels[drawn])) < len(np.unique(labels)):
        raise DataError(f"{source}: expected every class among {size} samples drawn, found a class too rare; draw more")
    return np.sort(drawn), np.sort(left)


def standardised(arrays: Arrays) -> Arrays:
    """The arrays with mean 0 and variance 1 of each feature of the training inputs; a constant feature becomes 0.

    A mean has rounding errors of the size of the values. Where these matter, the mean of the distances from it is
    subtracted too.
    """
    spread = Spread.of(arrays["inputs"])
    return arrays | {name: spread.standardised(arrays[name]) for name in arrays if name.endswith("inputs")}


class Spread(NamedTuple):
    """Place and scale [d] of training inputs [N, d], which are mean + size * (shift + deviation * standardised).

    The largest distance from the mean, the size, is divided out first, so that squares stay in range. Both factors of a
    constant feature are 1; one that varies by rounding errors only is constant, and values within `nothing` of its mean
    are equal to it.
    """

    mean: np.ndarray
    size: np.ndarray
    shift: np.ndarray
    deviation: np.ndarray
    nothing: np.ndarray

    @classmethod
    def of(cls, train: np.ndarray) -> Self:
        """The spread of training inputs [N, d]."""
        rounding = ROUNDED * np.spacing(np.abs(train).max(axis=0))
        constant = train.max(axis=0) - train.min(axis=0) <= rounding
        mean = np.where(constant, train[0], train.mean(axis=0))
        size = np.where(constant, 1.0, np.abs(train - mean).max(axis=0))
        distance = (train - mean) / size
        shift = distance.mean(axis=0)
        shift[constant | (np.abs(shift) < LEAST_SHIFT)] = 0.0
        return cls(
            mean=mean,
            size=size,
            shift=shift,
            deviation=np.where(constant, 1.0, distance.std(axis=0)),
            nothing=np.where(constant, rounding, 0.0),
        )

    def standardised(self, inputs: np.ndarray) -> np.ndarray:
        """Inputs [N, d] of the same features with mean 0 and variance 1 in training."""
        distance = inputs - self.mean
        found: np.ndarray = (np.where(np.abs(distance) <= self.nothing, 0.0, distance) / self.size - self.shift) / (
            self.deviation
        )
        return found
