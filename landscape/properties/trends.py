"""Does more of an ingredient of training give more of something, at little cost? Paired over seeds.

A curve rises monotonically within noise if its end lies significantly above its beginning and no later point lies
significantly below the highest one before it: all these comparisons, as many as there are steps, are contrasts of one
family (`landscape.properties.contrasts`). A curve that only breaks the second is not monotone; one whose end tells
nothing is undecided. The part that is affordable ends before the first point that costs as much clean test accuracy as
is too much.

Shapes: K points of a curve in rising order, S seeds.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from landscape.properties.contrasts import LEVEL, Contrast, Mean, adjusted, contrast, mean_over_seeds

TOO_MUCH = 0.02
"""Loss of clean test accuracy from which on a point costs too much: two points of a hundred."""

Course = Literal["monotone", "not monotone", "opposite", "undecided"]


@dataclass(frozen=True, kw_only=True)
class Trend:
    """How values change along a curve, oriented so that a positive change is the one that is expected."""

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
    """How many leading points of test accuracies [K, S] cost less than `TOO_MUCH`, on average over seeds, each compared
    with the first; that one included.
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
