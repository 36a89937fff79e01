"""Differences of two groups of training runs, paired over seeds, with intervals and exact p.

Two regimes that begin from the same seed share the initial parameters and the data, so runs are compared seed by seed:
the difference of a seed is the mean of the one group of regimes at it less that of the other. Its mean has Student's
interval, since a seed's mean over many samples is near normal and a bootstrap of ten numbers covers too rarely. Its p
is that of the sign flips of all differences (Fisher's permutation test for pairs), which assumes nothing but that
neither group is favoured, and is exact up to 16 seeds. With n seeds no p lies below 2^(1 - n): fewer than six decide
nothing. The p of one family of contrasts are adjusted together (Holm). Where nothing differs at any seed, as where both
accuracies are 0, there is nothing to test, and p is NaN.

Shapes: S seeds, C columns.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from scipy.special import bdtrc, stdtrit

LEVEL = 0.05
EXACT_SEEDS = 16
FLIPS = 99_999
_ROUNDING = 1e-12


@dataclass(frozen=True, kw_only=True)
class Mean:
    """A mean over seeds with its 95 % interval, NaN below two seeds."""

    value: float
    low: float
    high: float
    seeds: int

    @property
    def half_width(self) -> float:
        """Half the length of the interval."""
        return (self.high - self.low) / 2.0


@dataclass(frozen=True, kw_only=True)
class Contrast:
    """The difference of two groups in one column; p two-sided, NaN where nothing differs anywhere."""

    column: str
    difference: Mean  # the first group less the second
    p: float
    p_adjusted: float


def mean_over_seeds(values: np.ndarray) -> Mean:
    """The mean of values [S] with Student's interval; NaN are seeds that are missing."""
    known = values[np.isfinite(values)]
    n, mean = len(known), float(known.mean()) if len(known) else float("nan")
    error = float(stdtrit(n - 1, 0.975) * known.std(ddof=1) / np.sqrt(n)) if n > 1 else float("nan")
    return Mean(value=mean, low=mean - error, high=mean + error, seeds=n)


def smallest_p(seeds: int) -> float:
    """The smallest p that sign flips of so many differences can have."""
    return float(2.0 ** (1 - seeds)) if seeds else 1.0


def contrasts(first: Mapping[str, np.ndarray], second: Mapping[str, np.ndarray]) -> tuple[Contrast, ...]:
    """One family: the columns [regimes, S] of the first group against those of the same names of the second.

    A seed counts where all regimes of both groups have it.
    """
    differences = {name: values.mean(axis=0) - second[name].mean(axis=0) for name, values in first.items()}
    return adjusted([contrast(name, difference) for name, difference in differences.items()])


def contrast(column: str, difference: np.ndarray) -> Contrast:
    """The contrast of differences [S], p not adjusted yet."""
    return Contrast(
        column=column,
        difference=mean_over_seeds(difference),
        p=sign_flip_p(difference),
        p_adjusted=float("nan"),
    )


def sign_flip_p(difference: np.ndarray) -> float:
    """Two-sided p of the mean of differences [S] under flips of their signs; NaN where all are zero or unknown.

    Up to 16 seeds all flips are made, beyond that 99 999 random ones.
    """
    known = difference[np.isfinite(difference)]
    if not (np.abs(known) > _ROUNDING).any():
        return float("nan")
    n = len(known)
    if n <= EXACT_SEEDS:
        flips = 1.0 - 2.0 * (np.arange(2**n)[:, None] >> np.arange(n) & 1)
    else:
        flips = np.random.default_rng(0).choice([-1.0, 1.0], (FLIPS, n))
        flips = np.concatenate([np.ones((1, n)), flips])
    extreme = np.abs(flips @ known) >= np.abs(known.sum()) - _ROUNDING * np.abs(known).sum()
    return float(extreme.mean())


def sign_test_p(more: int, fewer: int) -> float:
    """One-sided p of so many signs of one kind against so many of the other, were both equally likely."""
    return float(bdtrc(more - 1, more + fewer, 0.5))


def holm(p: np.ndarray) -> np.ndarray:
    """Adjusted p [C] of p [C] (Holm, Scand. J. Stat. 6, 65, 1979); NaN stay so and count for nothing."""
    result = np.full(p.shape, np.nan)
    order = np.argsort(p)[: int(np.isfinite(p).sum())]
    left = np.arange(len(order), 0, -1)
    result[order] = np.maximum.accumulate(p[order] * left).clip(max=1.0)
    return result


def adjusted(family: Sequence[Contrast]) -> tuple[Contrast, ...]:
    """The contrasts with Holm's adjustment over all p that are defined."""
    p = holm(np.array([one.p for one in family]))
    return tuple(replace(one, p_adjusted=float(value)) for one, value in zip(family, p, strict=True))


TOO_MUCH = 0.02
"""Loss of clean test accuracy from which on a point costs too much: two points of a hundred."""

Course = Literal["monotone", "not monotone", "opposite", "undecided"]


@dataclass(frozen=True, kw_only=True)
class Trend:
    """The change of values along a curve, oriented so that a positive change is the one that is expected."""

    course: Course
    points: tuple[Mean, ...]  # not oriented
    change: Contrast  # from the first point to the last
    setbacks: tuple[Contrast, ...]  # from the highest point before to each of the second to last


def trend(values: np.ndarray, sign: int) -> Trend:
    """The course of values [K, S], which should rise for sign 1 and fall for -1. Seeds that lack a point are left out.

    "opposite" if the end lies significantly on the wrong side.
    """
    known = values[:, np.isfinite(values).all(axis=0)]
    oriented = sign * known
    means = oriented.mean(axis=1)
    steps = [contrast("change", oriented[-1] - oriented[0])]
    for place in range(1, len(oriented) - 1):
        best = int(np.argmax(means[:place]))
        steps.append(contrast(f"{best} to {place}", oriented[place] - oriented[best]))
    best = int(np.argmax(means[:-1])) if len(means) > 1 else 0
    if best:
        steps.append(contrast(f"{best} to {len(means) - 1}", oriented[-1] - oriented[best]))
    change, *setbacks = adjusted(steps)
    return Trend(
        course=_course(change, setbacks),
        points=tuple(mean_over_seeds(row) for row in known),
        change=change,
        setbacks=tuple(setbacks),
    )


def affordable(test_accuracy: np.ndarray) -> int:
    """The number of leading points of test accuracies [K, S], the first included, that cost less than `TOO_MUCH` on
    average over seeds, compared with the first.
    """
    known = test_accuracy[:, np.isfinite(test_accuracy).all(axis=0)]
    cost = known[0].mean() - known.mean(axis=1)
    dear = np.flatnonzero(cost >= TOO_MUCH)
    return int(dear[0]) if len(dear) else len(cost)


def _course(change: Contrast, setbacks: Sequence[Contrast]) -> Course:
    if _significant(change, -1):
        return "opposite"
    if any(_significant(step, -1) for step in setbacks):
        return "not monotone"
    return "monotone" if _significant(change, 1) else "undecided"


def _significant(found: Contrast, sign: int) -> bool:
    return bool(sign * found.difference.value > 0.0 and found.p_adjusted < LEVEL)
