"""Singular points on a piece of a curve, located to rounding.

Something happens between two neighbouring points of a curve if their Hessians have different numbers of negative
eigenvalues, or if s rises at one and falls at the other. Points in between are reached by Newton's method in planes
across the chord. Bisection first narrows a piece with several events; then the root is found of a function that changes
sign there: ds along the tangent at a turning point, else the eigenvalue that crosses zero, counted from below.

Where s turns and the index stays, the curve is an arm of a pitchfork, which runs through the singular point into the
other arm. The symmetric branch, the parent, lies between the two arms: the mean of two points at equal s leads to it,
and the singular point is located on the parent, where an eigenvalue crosses zero.

Shapes: Q = P + 1 coordinates of one point.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from landscape.search.continuation.curve import Curve, Plane, Points, unit

HALVINGS = 8
MOST_ROOT_STEPS = 80
RESOLUTION = 1e-14  # of the root, in lengths of the chord
OFFSETS = (0.04, 0.015, 0.005)  # distances along an arm from which its parent is looked for


@dataclass(frozen=True, kw_only=True)
class Singular:
    """A singular point z [Q], and the unit tangent [Q] with which the curve arrives there."""

    z: Float[Tensor, " Q"]
    tangent: Float[Tensor, " Q"]


class Chord:
    """The piece of a curve between two points, each of them a batch of one; fractions 0 and 1 are its ends."""

    def __init__(self, curve: Curve, before: Points, after: Points) -> None:
        self.curve = curve
        self.before = before
        self._way = after.z - before.z
        self._normal = unit(self._way)

    def at(self, fraction: float) -> Points:
        """The point of the curve over the chord at this fraction; its Newton steps may end without full convergence."""
        base = self.before.z + fraction * self._way
        z = self.curve.corrected(base, Plane(base, self._normal))[0]
        return self.curve.points(z, self._normal)


def differ(one: Points, other: Points) -> Bool[Tensor, " B"]:
    """True where something happens between the points of two batches."""
    return (one.index != other.index) | (one.rises != other.rises)


def first_event(curve: Curve, before: Points, after: Points) -> Singular | None:
    """The first singular point between two neighbouring points of a curve, batches of one.

    None if it lies on an arm whose parent is not found, or if no stationary point is found where it should be.
    """
    chord = Chord(curve, before, after)
    low, high, after = _first_change(chord, after)
    turns = bool(before.rises != after.rises)
    number = int(torch.minimum(before.index, after.index))

    def signed(fraction: float) -> float:
        there = chord.at(fraction)
        return float(there.tangent[0, -1] if turns else there.eigenvalues[0, number])

    there = chord.at(_root(signed, low, high))
    if not bool(curve.holds(there.z)[0]):
        return None
    if not turns:  # several tangents exist where an eigenvalue crosses zero
        return Singular(z=there.z[0], tangent=unit(before.tangent + after.tangent)[0])
    located = Singular(z=there.z[0], tangent=there.tangent[0])
    return _on_parent(curve, located) if bool(before.index == after.index) else located


def _first_change(chord: Chord, after: Points) -> tuple[float, float, Points]:
    """Fractions between which the first event of a chord lies, and the point at the second of them.

    The piece is halved while its ends differ by more than one event, but not to the point where rounding decides.
    """
    low, high = 0.0, 1.0
    for _ in range(HALVINGS):
        if abs(int(after.index) - int(chord.before.index)) <= 1:
            break
        middle = chord.at(0.5 * (low + high))
        if bool(differ(chord.before, middle)):
            high, after = 0.5 * (low + high), middle
        else:
            low = 0.5 * (low + high)
    return low, high, after


def _root(function: Callable[[float], float], low: float, high: float) -> float:
    """The root of a function between two ends with different signs, by the Illinois form of false position.

    Every third step halves, so that a function that is flat on one side cannot stall it.
    """
    below, above = function(low), function(high)
    for number in range(MOST_ROOT_STEPS):
        if high - low <= RESOLUTION or below == above:
            break
        guess = low - below * (high - low) / (above - below)
        if number % 3 == 2 or not low < guess < high:
            guess = 0.5 * (low + high)
        value = function(guess)
        if value == 0.0:
            return guess
        if (value > 0.0) == (above > 0.0):
            high, above, below = guess, value, 0.5 * below
        else:
            low, below, above = guess, value, 0.5 * above
    return 0.5 * (low + high)


def _on_parent(curve: Curve, turning: Singular) -> Singular | None:
    """The singular point near the turning point of an arm, located on the parent."""
    return next(filter(None, (_on_parent_from(curve, turning, offset) for offset in OFFSETS)), None)


def _on_parent_from(curve: Curve, turning: Singular, offset: float) -> Singular | None:
    """The singular point on the parent between the points of the arms so far from the turning point."""
    centre, tangent = turning.z[None], turning.tangent[None]
    base = torch.cat([centre - offset * tangent, centre + offset * tangent])
    arms, good = curve.corrected(base, Plane(base, torch.cat([tangent, tangent])))
    middle = arms.mean(0, keepdim=True)
    guess = torch.cat([middle, 2.0 * centre - middle])
    ends, converged = curve.corrected(guess, Plane(guess, curve.along_s(2, 1.0)))
    here = curve.points(ends, curve.along_s(2, 1.0))
    near = (ends - centre).norm(dim=1).amax() <= offset
    one, other = here.take(torch.tensor([0])), here.take(torch.tensor([1]))
    if not (good.all() and converged.all() and near) or bool(one.index == other.index):
        return None
    chord, number = Chord(curve, one, other), int(torch.minimum(one.index, other.index))
    root = _root(lambda fraction: float(chord.at(fraction).eigenvalues[0, number]), 0.0, 1.0)
    there = chord.at(root).z
    return Singular(z=there[0], tangent=unit(arms[1:] - arms[:1])[0]) if bool(curve.holds(there)[0]) else None
