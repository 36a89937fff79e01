"""Arcs: pieces of curves of stationary points between two singular points or ends of the interval.

On an arc the Hessian is regular, so the index is constant and s runs in one direction. `trace` follows a batch of arcs
from their seeds; every arc ends at an end of the interval, at a singular point, or is lost where even the shortest step
fails.

Shapes: K points of an arc, Q = P + 1 coordinates.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import torch
from jaxtyping import Float
from torch import Tensor

from landscape.numerics.batching import walkers_in_hand
from landscape.search.continuation.curve import Curve, Points
from landscape.search.continuation.locating import differ
from landscape.search.continuation.steps import Heads, step

FIRST_LENGTH = 1e-2
AT_A_TIME = 128
MATRICES = 6  # of all coordinates that a step holds for each arc: Hessian, bordered matrix, factors, copies


@dataclass(frozen=True)
class End:
    """An end of an arc: `place` is "first" or "last" for the ends of the interval, "event", or "lost".

    `number` is that of the point at an end of the interval, or of the event; `branch` that of the event's branch.
    """

    place: str
    number: int = -1
    branch: int = -1


@dataclass(frozen=True, kw_only=True)
class Seed:
    """The beginning of an arc: a point z [Q], the tangent [Q] along which it is followed, and what it is."""

    z: Float[Tensor, " Q"]
    tangent: Float[Tensor, " Q"]
    begin: End


@dataclass(kw_only=True, eq=False)
class Arc:
    """The points of an arc in the order in which it was followed, and its two ends."""

    points: list[tuple[Tensor, float]] = field(default_factory=list)  # z [Q] and energy
    index: int
    begin: End
    end: End = End("lost")


@dataclass(frozen=True, kw_only=True)
class Traced:
    """An arc without its last end, and the two points, batches of one, between which something happens, if anything."""

    arc: Arc
    crossing: tuple[Points, Points] | None
    landed: bool


def trace(curve: Curve, seeds: Sequence[Seed], stop: Callable[[], bool] = lambda: False) -> list[Traced]:
    """Follow arcs from their seeds; arcs that `stop` ends early are lost."""
    coordinates = curve.family.n_parameters + 1
    size = min(AT_A_TIME, walkers_in_hand(MATRICES * coordinates**2, curve.family.device))
    return [one for start in range(0, len(seeds), size) for one in _trace(curve, seeds[start : start + size], stop)]


def _trace(curve: Curve, seeds: Sequence[Seed], stop: Callable[[], bool]) -> list[Traced]:
    z = torch.stack([seed.z for seed in seeds])
    points = curve.points(z, torch.stack([seed.tangent for seed in seeds]))
    heads = Heads(points=points, length=torch.full((len(z),), FIRST_LENGTH, dtype=z.dtype, device=z.device))
    index = points.index.tolist()
    arcs = [Arc(index=index[row], begin=seed.begin) for row, seed in enumerate(seeds)]
    crossing: dict[int, tuple[Points, Points]] = {}
    landed, rows = set[int](), list(range(len(seeds)))
    _record(arcs, rows, points, torch.ones(len(z), dtype=torch.bool))
    while rows and not stop():
        found = step(curve, heads)
        crossed = differ(heads.points, found.heads.points) & found.taken
        for place in crossed.nonzero()[:, 0].tolist():
            pair = torch.tensor([place], device=z.device)
            crossing[rows[place]] = heads.points.take(pair), found.heads.points.take(pair)
        _record(arcs, rows, found.heads.points, found.taken & ~crossed)
        landed |= {rows[place] for place in (found.landed & ~crossed).nonzero()[:, 0].tolist()}
        left = (~(crossed | found.landed | found.lost)).nonzero()[:, 0]
        rows = [rows[place] for place in left.tolist()]
        heads = Heads(points=found.heads.points.take(left), length=found.heads.length[left])
    return [Traced(arc=arc, crossing=crossing.get(row), landed=row in landed) for row, arc in enumerate(arcs)]


def _record(arcs: list[Arc], rows: list[int], points: Points, taken: Tensor) -> None:
    """Append the points that were taken to their arcs."""
    for place in taken.nonzero()[:, 0].tolist():
        arcs[rows[place]].points.append((points.z[place], float(points.energy[place])))
