"""Steps along curves of stationary points: an Euler predictor, a Newton corrector, and control of the length by angle.

A step along the tangent is corrected in the plane across it, so that a curve is followed through its turning points.
A step is taken again with half the length if the corrector does not converge, moves the point far, or turns the tangent
by more than `MOST_TURN`; the next length aims at a turn of `WANTED_TURN`. A step that would leave the interval of the
parameter ends on its end exactly. All curves of a batch step together, each with its own length.

Shapes: W curves, Q = P + 1 coordinates.
"""

from dataclasses import dataclass
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from landscape.search.continuation.curve import Curve, Plane, Points

WANTED_TURN = 0.08  # radians
MOST_TURN = 0.25
MOST_SHIFT = 0.3  # of the corrector, in lengths of the step
LONGEST, SHORTEST = 0.5, 1e-7
PART = 0.04  # of the interval, the longest step along it
CORRECTIONS = 5


@dataclass(frozen=True, kw_only=True)
class Heads:
    """The ends of curves that are being followed, and the lengths [W] of their next steps."""

    points: Points
    length: Float[Tensor, " W"]


class Step(NamedTuple):
    """The heads after a step, those before it where it was refused."""

    heads: Heads
    taken: Bool[Tensor, " W"]
    landed: Bool[Tensor, " W"]
    """True at an end of the interval."""
    lost: Bool[Tensor, " W"]
    """True where even the shortest step was refused."""


def step(curve: Curve, heads: Heads) -> Step:
    """One step of every curve, in the direction of its tangent."""
    here = heads.points
    left, longest = _room(curve, here)
    length = torch.minimum(heads.length, longest)
    lands = left <= length
    length = torch.where(lands, left, length)
    base = here.z + length[:, None] * here.tangent
    normal = torch.where(lands[:, None], curve.along_s(len(here), 1.0), here.tangent)
    base[:, -1] = torch.where(lands, _end_ahead(curve, here), base[:, -1])
    z, converged = curve.corrected(base, Plane(base, normal), CORRECTIONS)
    z[:, -1] = torch.where(lands, base[:, -1], z[:, -1])
    there = curve.points(z, here.tangent)
    turn = (here.tangent * there.tangent).sum(1).clamp(-1.0, 1.0).arccos()
    low, high = sorted(curve.interval.ends)
    inside = (z[:, -1] >= low) & (z[:, -1] <= high)
    near = (z - base).norm(dim=1) <= MOST_SHIFT * length
    taken = converged & near & inside & (turn <= MOST_TURN)
    factor = torch.where(taken, (WANTED_TURN / turn.clamp_min(1e-9)).clamp(0.5, 2.0), 0.5)
    following = Heads(points=_chosen(taken, there, here), length=(factor * length).clamp_max(LONGEST))
    return Step(following, taken, taken & lands, ~taken & (length < SHORTEST))


def _end_ahead(curve: Curve, here: Points) -> Float[Tensor, " W"]:
    """The end of the interval to which s moves."""
    low, high = sorted(curve.interval.ends)
    return torch.where(here.rises, torch.full_like(here.energy, high), torch.full_like(here.energy, low))


def _room(curve: Curve, here: Points) -> tuple[Float[Tensor, " W"], Float[Tensor, " W"]]:
    """Lengths to the end of the interval along the tangent, and the longest of a step."""
    low, high = sorted(curve.interval.ends)
    speed = here.tangent[:, -1].abs().clamp_min(1e-12)
    return (_end_ahead(curve, here) - here.z[:, -1]).abs() / speed, PART * (high - low) / speed


def _chosen(first: Bool[Tensor, " W"], one: Points, other: Points) -> Points:
    """The rows of `one` where `first` is true, else those of `other`."""
    return Points(
        z=torch.where(first[:, None], one.z, other.z),
        energy=torch.where(first, one.energy, other.energy),
        tangent=torch.where(first[:, None], one.tangent, other.tangent),
        eigenvalues=torch.where(first[:, None], one.eigenvalues, other.eigenvalues),
    )
