"""Tracks: arcs joined where one continues the other smoothly through an event.

The symmetric branch of a pitchfork and the two curves of a transcritical point keep their track, while their index
changes. Folds and the arms of pitchforks begin or end a track. Tracks are numbered in the order of the points at the
first end, then by the event at which they begin and by their index. The points of a track run from the first end to the
last.

Shapes: K points of all tracks, P parameters.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch

from landscape.search.continuation.arcs import Arc, End
from landscape.search.continuation.curve import Curve
from landscape.search.continuation.diagram import EVENT, FIRST, LAST, LOST, Diagram


@dataclass(frozen=True, kw_only=True)
class TrackPoints:
    """The points of all tracks, track after track.

    `number` is that of the point among those at the first or the last end of the interval, -1 between them. `lost` is
    true for all points of a track that ends at neither an end nor an event.
    """

    track: np.ndarray  # int64[K]
    value: np.ndarray  # [K]
    theta: np.ndarray  # [K, P]
    energy: np.ndarray  # [K]
    index: np.ndarray  # int64[K]
    number: np.ndarray  # int64[K]
    lost: np.ndarray  # bool[K]


@dataclass(frozen=True, kw_only=True)
class Tracks:
    """The tracks of a diagram: their points, and the track of each branch of each event, -1 where none was followed."""

    points: TrackPoints
    branches: tuple[tuple[int, ...], ...]


def tracks_of(curve: Curve, diagram: Diagram) -> Tracks:
    """The tracks of a diagram."""
    direction = curve.interval.direction
    chains = sorted(_chains(diagram, direction), key=lambda chain: _order(chain, diagram, direction))
    places = {id(arc): track for track, chain in enumerate(chains) for arc in chain}
    claimed = {end: places[id(arc)] for end, arc in diagram.claims.items() if id(arc) in places}
    branches = tuple(
        tuple(claimed.get(End(EVENT, number, place), -1) for place in range(len(event.branches)))
        for number, event in enumerate(diagram.events)
    )
    return Tracks(points=_points(curve, chains), branches=branches)


def _chains(diagram: Diagram, direction: float) -> Iterator[list[Arc]]:
    """Arcs that continue one another, in the order of the interval."""
    following = dict[int, Arc]()
    continued = set[int]()
    for number, event in enumerate(diagram.events):
        for pair in event.through:
            ends = [diagram.claims.get(End(EVENT, number, place)) for place in pair]
            before, after = ends if direction > 0.0 else reversed(ends)
            if before is not None and after is not None and id(before) not in following and id(after) not in continued:
                following[id(before)] = after
                continued.add(id(after))
    for arc in diagram.arcs:
        if id(arc) not in continued:
            chain = [arc]
            while id(chain[-1]) in following:
                chain.append(following[id(chain[-1])])
            yield chain


def _order(chain: list[Arc], diagram: Diagram, direction: float) -> tuple[float, ...]:
    """The place of a chain among the others: the points of the first end in their order, then by the first event."""
    ends = [end for arc in chain for end in (arc.begin, arc.end)]
    first = min((end.number for end in ends if end.place == FIRST), default=math.inf)
    met = [(direction * float(diagram.events[end.number].z[-1]), end.number) for end in ends if end.place == EVENT]
    return first, *min(met, default=(math.inf, 0)), chain[0].index


def _points(curve: Curve, chains: list[list[Arc]]) -> TrackPoints:
    rows = [
        (track, z, energy, arc.index, number, any(one.end.place == LOST for one in chain))
        for track, chain in enumerate(chains)
        for arc in chain
        for z, energy, number in _oriented(arc, curve.interval.direction)
    ]
    track, z, energy, index, number, lost = zip(*rows, strict=True)
    every = torch.stack(z)
    return TrackPoints(
        track=np.array(track, dtype=np.int64),
        value=_values(curve, every),
        theta=every[:, :-1].cpu().numpy(),
        energy=np.array(energy),
        index=np.array(index, dtype=np.int64),
        number=np.array(number, dtype=np.int64),
        lost=np.array(lost, dtype=np.bool_),
    )


def _values(curve: Curve, z: torch.Tensor) -> np.ndarray:
    """Values of the parameter; exactly those of the ends at the ends."""
    s, ends = z[:, -1].cpu().numpy(), curve.interval.ends
    values = curve.interval.value(z[:, -1]).cpu().numpy()
    values = np.where(s == ends[0], curve.interval.start, np.where(s == ends[1], curve.interval.end, values))
    return np.asarray(values, dtype=np.float64)


def _oriented(arc: Arc, direction: float) -> list[tuple[torch.Tensor, float, int]]:
    """The points of an arc in the order of the interval, with their energies and numbers at its ends."""
    numbers = [-1] * len(arc.points)
    for place, end in ((0, arc.begin), (-1, arc.end)):
        if end.place in (FIRST, LAST):
            numbers[place] = end.number
    rows = [(z, energy, number) for (z, energy), number in zip(arc.points, numbers, strict=True)]
    return rows if (rows[-1][0][-1] - rows[0][0][-1]) * direction >= 0.0 else rows[::-1]
