"""Data sets in the form that the loss uses: read, thinned, split and standardised, in this order.

Arrays from every source (generated, scikit-learn, a file or a folder of images) pass one set of checks (`from_arrays`),
so that a `DataSet` is always finite, consistent and of exact types.
N samples, d inputs, k targets of a regression, K classes.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from landscape.config.clusters import Clusters
from landscape.config.options import Options
from landscape.config.sources import options_of
from landscape.config.stripes import Stripes
from landscape.errors import DataError
from landscape.limits import DATA
from landscape.messages import did_you_mean
from landscape.problems.data.clusters import clusters
from landscape.problems.data.files import READERS, read_file
from landscape.problems.data.images import IMAGE_FOLDERS, IMAGES, Shape, as_inputs, image_set, read_images
from landscape.problems.data.samples import Arrays, drawn_rows, split, standardised, with_held_out
from landscape.problems.data.stripes import stripes
from landscape.startup import imported

LARGEST = 1e100  # absolute value of a number: squares and sums of larger numbers would overflow


@dataclass(frozen=True, kw_only=True)
class DataSet:
    """Samples for training and, perhaps, for testing.

    Attributes:
        inputs: float64[N, d].
        targets: class labels int64[N] in 0..K-1, or values float64[N, k].
        test_inputs, test_targets: inputs and targets of the held-out samples; None if there are none.
        sha256: digest of all these arrays; equal data give equal digests on every machine.
        image: channels, height and width if samples are images, whose inputs are their pixels in this order.
    """

    inputs: np.ndarray
    targets: np.ndarray
    test_inputs: np.ndarray | None
    test_targets: np.ndarray | None
    sha256: str
    image: Shape | None = None

    @property
    def n_outputs(self) -> int:
        """Number of outputs K of a network for these targets: one per class, or per target value."""
        return int(self.targets.max()) + 1 if self.targets.ndim == 1 else int(self.targets.shape[1])

    def digest(self) -> str:
        """The digest of the arrays as they are, which `sha256` should be."""
        arrays = {name: getattr(self, name) for name in ("inputs", "targets", "test_inputs", "test_targets")}
        return _digest({name: array for name, array in arrays.items() if array is not None})


def load(  # noqa: PLR0913 - the keys of a run file
    name_or_path: str,
    *,
    standardise: bool = True,
    subset: int = 0,
    subset_part: int = 0,
    test_fraction: float = 0.0,
    held_out: int = 0,
    seed: int = 0,
    classes: Sequence[str] = (),
    downscale: int = 1,
    grey: bool = False,
) -> DataSet:
    """The data set of a known name, in a file with a suffix of `READERS`, in a folder of images, or of a law.

    Options stand after the name of a law, see `landscape.config.sources`. Paths are relative to the current folder;
    images are given as ``mnist:FOLDER``, for instance, see
    `landscape.problems.data.images`. Test files of images are the held-out samples unless others are held out.

    `subset` > 0 draws that many samples, different ones for each `subset_part`. `test_fraction` > 0 holds out this part
    of them; `held_out` > 0 holds out that many of the samples outside the subset. All draws are stratified by class and
    seeded. `classes` keeps some classes of images, `downscale` and `grey` reduce the images.
    `standardise` gives each feature of the training part zero mean and unit population variance; a constant feature
    becomes zero, and so does one that varies by rounding errors only. Raises `DataError`.
    """
    draws = [int(state) for state in np.random.SeedSequence(seed).generate_state(2)]
    images, shape = image_set(name_or_path), None
    if images is None:
        _refuse_image_keys(name_or_path, classes=bool(classes), downscale=downscale > 1, grey=grey)
        arrays = _checked(_read(name_or_path, seed), name_or_path)
    else:
        arrays = read_images(images, name_or_path, classes, test=not (test_fraction or held_out))
    if subset:
        rows = drawn_rows(arrays["targets"], subset, subset_part, draws[0], name_or_path)
        if held_out:
            arrays = with_held_out(arrays, rows, held_out, draws[1], name_or_path)
        arrays = arrays | {name: arrays[name][rows] for name in ("inputs", "targets")}
    if images is not None:
        arrays, shape = as_inputs(images, arrays, name_or_path, downscale=downscale, grey=grey)
        arrays = _checked(arrays, name_or_path)
    if test_fraction:
        arrays = split(arrays, test_fraction, draws[1], name_or_path)
    return _data_set(standardised(arrays) if standardise else arrays, shape)


def from_arrays(
    inputs: np.ndarray,
    targets: np.ndarray,
    test_inputs: np.ndarray | None = None,
    test_targets: np.ndarray | None = None,
) -> DataSet:
    """A data set of given arrays, used unchanged; raises `DataError` if they do not make a data set."""
    given = {"inputs": inputs, "targets": targets, "test_inputs": test_inputs, "test_targets": test_targets}
    return _data_set(_checked({name: array for name, array in given.items() if array is not None}, "arrays"))


def _xor() -> Arrays:
    return {"inputs": np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]), "targets": np.array([0, 1, 1, 0])}


def _moons() -> Arrays:
    inputs, targets = imported("sklearn.datasets:make_moons")(n_samples=200, noise=0.2, random_state=0)
    return {"inputs": inputs, "targets": targets}


def _scikit(loader: str) -> Callable[[], Arrays]:
    def read() -> Arrays:
        inputs, targets = imported(f"sklearn.datasets:{loader}")(return_X_y=True)
        return {"inputs": inputs, "targets": targets}

    return read


_GENERATORS: dict[str, Callable[[], Arrays]] = {
    "xor": _xor,
    "iris": _scikit("load_iris"),
    "wine": _scikit("load_wine"),
    "breast_cancer": _scikit("load_breast_cancer"),
    "moons": _moons,
}
KNOWN = (*_GENERATORS, *IMAGES)
"""Data sets that need no files."""
_LAWS: dict[type[Options], Callable[[Any, int], Arrays]] = {Stripes: stripes, Clusters: clusters}
"""Data sets that are drawn from a law, by their options: functions of these and a seed."""


def _refuse_image_keys(source: str, **given: bool) -> None:
    keys = [name for name, present in given.items() if present]
    if keys:
        raise DataError(
            f"{source}: expected {', '.join(keys)} with images only ({', '.join(IMAGES)}, {_folders()}), "
            f"found a table; leave {'it' if len(keys) == 1 else 'them'} out"
        )


def _folders() -> str:
    return ", ".join(f"{kind}:FOLDER" for kind in IMAGE_FOLDERS)


def _read(name_or_path: str, seed: int) -> Arrays:
    options = options_of(name_or_path)
    if options is not None:
        return _LAWS[type(options)](options, seed)
    if name_or_path in _GENERATORS:
        return _GENERATORS[name_or_path]()
    if name_or_path.lower().endswith(tuple(READERS)):
        return read_file(Path(name_or_path))
    raise DataError(
        f"expected a known data set or a path to {', '.join(READERS)} or {_folders()}, found {name_or_path!r}; "
        f"{did_you_mean(name_or_path, KNOWN)}"
    )


def _checked(arrays: Arrays, source: str) -> Arrays:
    """The arrays in their exact types, after all checks that a data set must pass."""
    if ("test_inputs" in arrays) != ("test_targets" in arrays):
        raise DataError(f"{source}: expected test_inputs and test_targets together, found only one of them")
    arrays = {name: _exact(np.asarray(array), name, source) for name, array in arrays.items()}
    for part in [name.removesuffix("inputs") for name in arrays if name.endswith("inputs")]:
        _check_part(arrays[f"{part}inputs"], arrays[f"{part}targets"], part, source)
    _check_parts_agree(arrays, source)
    if arrays["targets"].dtype == np.int64:
        _check_labels(arrays["targets"], arrays.get("test_targets"), source)
    return {name: _two_axes(array) if array.dtype.kind == "f" else array for name, array in arrays.items()}


def _exact(array: np.ndarray, name: str, source: str) -> np.ndarray:
    if array.dtype.kind not in "biuf":
        classes = "; number the classes from 0" if name.endswith("targets") else ""
        raise DataError(f"{source}: expected numbers in {name}, found the type {array.dtype}{classes}")
    whole = array.dtype.kind != "f" and array.ndim == 1
    return np.ascontiguousarray(array, dtype=np.int64 if whole else np.float64)


def _two_axes(array: np.ndarray) -> np.ndarray:
    return array[:, None] if array.ndim == 1 else array


def _check_part(inputs: np.ndarray, targets: np.ndarray, part: str, source: str) -> None:
    if inputs.ndim != 2 or targets.ndim not in (1, 2) or inputs.size == 0 or targets.size == 0:
        raise DataError(
            f"{source}: expected {part}inputs[N, d] and {part}targets[N] or [N, k], none empty, "
            f"found the shapes {inputs.shape} and {targets.shape}"
        )
    if len(inputs) != len(targets):
        raise DataError(
            f"{source}: expected as many {part}inputs as {part}targets, found {len(inputs)}, {len(targets)}"
        )
    for name, array in ((f"{part}inputs", inputs), (f"{part}targets", _two_axes(targets))):
        faults = np.argwhere(~(np.abs(array) < LARGEST))
        if len(faults):
            row, column = faults[0]
            raise DataError(
                f"{source}: expected finite numbers below {LARGEST:g} in {name}, "
                f"found {array[row, column]} in row {row + 1}, column {column + 1}"
            )


def _check_parts_agree(arrays: Arrays, source: str) -> None:
    for name in ("inputs", "targets"):
        train, test = arrays[name], arrays.get(f"test_{name}", arrays[name])
        if train.shape[1:] != test.shape[1:] or train.dtype != test.dtype:
            raise DataError(
                f"{source}: expected test_{name} like {name}, {train.dtype} of shape {train.shape}, "
                f"found {test.dtype} of shape {test.shape}"
            )


def _check_labels(labels: np.ndarray, test_labels: np.ndarray | None, source: str) -> None:
    classes = np.unique(labels)
    if len(classes) == 1:
        raise DataError(f"{source}: expected at least two classes, found only the label {classes[0]}")
    DATA.require_room(source, f"one number a sample for each of {len(classes)} classes", len(classes) * len(labels))
    strange = np.setdiff1d(classes if test_labels is None else np.union1d(classes, test_labels), range(len(classes)))
    if len(strange):
        found = ", ".join(str(label) for label in strange[:5])
        raise DataError(
            f"{source}: expected the labels 0..{len(classes) - 1} for {len(classes)} classes, found also {found}; "
            "number the classes from 0 without gaps (regression targets need a decimal point)"
        )


def _data_set(arrays: Arrays, image: Shape | None = None) -> DataSet:
    parts = [arrays.get(name) for name in ("test_inputs", "test_targets")]
    return DataSet(
        inputs=arrays["inputs"],
        targets=arrays["targets"],
        test_inputs=parts[0],
        test_targets=parts[1],
        sha256=_digest(arrays),
        image=image,
    )


def _digest(arrays: Arrays) -> str:
    """The SHA-256 of all arrays with their names, types and shapes."""
    digest = hashlib.sha256()
    for name, array in sorted(arrays.items()):
        little_endian = array.astype(array.dtype.newbyteorder("<"))
        digest.update(f"{name} {little_endian.dtype.str} {array.shape}\n".encode() + little_endian.tobytes())
    return digest.hexdigest()
