"""Pair selection: which minima to try to connect next. Names and ideas are those of PATHSAMPLE.

A `PairView` is what the strategies see of the landscape; each strategy yields pairs (i, j), i < j, best first.
Pairs that are connected directly, or that failed once more than `retries`, are never offered.

    missing      steps not tried yet on the shortest ways to the global minimum: Dijkstra on weights 0 for
                 connected pairs, squared distance for open ones, infinity after failure (Carr et al. 2005)
    unconnected  each minimum outside the component of the global minimum with its nearest one inside
    gmin         each minimum outside that component with the global minimum
    untrap       minima that lie high above the global minimum in energy, or behind high barriers, with the
                 nearest lower minimum (Strodel, Whittleston and Wales 2007)
    closest      the nearest open pairs
    random       open pairs at random

Up to `ALL_PAIRS_UP_TO` minima every pair is looked at. Of more minima, whose pairs are too many, each round looks at
a sample of its own: minima outside the component of the global minimum, drawn at random, and their neighbours in
energy on both sides of its border. Which of them are connected is known from the whole landscape.

Shapes: M minima, T transition states, V minima in view.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from landscape.graph.depth import barrier_to_global, components

ALL_PAIRS_UP_TO = 2048  # minima: their distances take 2 million alignments and 32 MiB
DRAWN = 64  # minima outside the component, where there is a sample
NEIGHBOURS_INSIDE, NEIGHBOURS_OUTSIDE = 4, 2  # of each that is drawn

Pair = tuple[int, int]


@dataclass(frozen=True, kw_only=True)
class PairView:
    """The landscape as pair selection sees it: the minima `rows`, numbered by their place in it."""

    rows: np.ndarray  # int64[V], rising; the global minimum is among them
    distance: np.ndarray  # [V, V], aligned
    tries: np.ndarray  # int64[V, V], symmetric: attempts so far
    all_energy: np.ndarray  # [M]
    ts_energy: np.ndarray  # [T]
    ts_minima: np.ndarray  # int64[T, 2], rows
    retries: int

    @property
    def energy(self) -> np.ndarray:
        """Energies [V]."""
        return np.asarray(self.all_energy[self.rows])

    @cached_property
    def joined(self) -> np.ndarray:
        """bool[V, V]: pairs with a transition state between them."""
        joined = np.zeros(self.distance.shape, dtype=bool)
        joined[tuple(places(self.ts_minima, self.rows, len(self.all_energy)).T)] = True
        return joined | joined.T

    @cached_property
    def open(self) -> np.ndarray:
        """bool[V, V]: pairs that may be tried."""
        return ~self.joined & (self.tries <= self.retries) & ~np.eye(len(self.rows), dtype=bool)

    @cached_property
    def connected(self) -> np.ndarray:
        """bool[V, V]: pairs with a path between them."""
        label = components(len(self.all_energy), self.ts_minima)[self.rows]
        return np.asarray(label[:, None] == label)

    @property
    def component(self) -> np.ndarray:
        """bool[V]: minima connected with the global minimum."""
        return np.asarray(self.connected[np.argmin(self.energy)])


def rows_in_view(energy: np.ndarray, inside: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Rows int64[V], rising, of the minima energy [M] to choose pairs among; `inside` [M] is the component.

    At least one minimum must be outside the component of the global minimum if there are many.
    """
    if len(energy) <= ALL_PAIRS_UP_TO:
        return np.arange(len(energy))
    outside = np.flatnonzero(~inside)
    drawn = random.choice(outside, min(DRAWN, len(outside)), replace=False)
    near = [
        _neighbours(energy, drawn, np.flatnonzero(inside), NEIGHBOURS_INSIDE),
        _neighbours(energy, drawn, outside, NEIGHBOURS_OUTSIDE),
    ]
    return np.unique(np.concatenate([[np.argmin(energy)], drawn, *near]))


def _neighbours(energy: np.ndarray, rows: np.ndarray, others: np.ndarray, count: int) -> np.ndarray:
    """The `count` next of the rows `others` in energy to each of `rows`, half of them below it, in one array."""
    others = others[np.argsort(energy[others], kind="stable")]
    next_above = np.searchsorted(energy[others], energy[rows], side="right")
    steps = np.arange(count) - count // 2
    near = np.clip(next_above[:, None] + steps, 0, len(others) - 1)
    return np.asarray(others[near].ravel())


def places(pairs: np.ndarray, rows: np.ndarray, n_minima: int) -> np.ndarray:
    """Those of pairs [K, 2] of minima that both are among `rows` [V], as places in it."""
    place = np.full(n_minima, -1)
    place[rows] = np.arange(len(rows))
    found = place[pairs]
    return np.asarray(found[(found >= 0).all(axis=1)])


def select_pairs(
    view: PairView, strategies: Sequence[str], count: int, random: np.random.Generator
) -> list[tuple[Pair, str]]:
    """Up to `count` different pairs of rows with the strategy that chose each, the strategies taking turns."""
    if not view.open.any():
        return []
    offers = {name: STRATEGIES[name](view, random) for name in strategies}
    chosen: dict[Pair, str] = {}
    while offers and len(chosen) < count:
        for name in list(offers):
            pair = next((p for p in offers[name] if p not in chosen), None)
            if pair is None:
                del offers[name]
            elif len(chosen) < count:
                chosen[pair] = name
    return [(_ordered(*view.rows[list(pair)]), name) for pair, name in chosen.items()]


def _ordered(i: int, j: int) -> Pair:
    return (int(i), int(j)) if i < j else (int(j), int(i))


def _closest(view: PairView, _: np.random.Generator) -> Iterator[Pair]:
    i, j = np.nonzero(np.triu(view.open))
    for place in np.argsort(view.distance[i, j], kind="stable"):
        yield int(i[place]), int(j[place])


def _random(view: PairView, random: np.random.Generator) -> Iterator[Pair]:
    i, j = np.nonzero(np.triu(view.open))
    for place in random.permutation(len(i)):
        yield int(i[place]), int(j[place])


def _gmin(view: PairView, _: np.random.Generator) -> Iterator[Pair]:
    lowest = int(np.argmin(view.energy))
    outside = np.flatnonzero(~view.component & view.open[lowest])
    for i in outside[np.argsort(view.distance[outside, lowest], kind="stable")]:
        yield _ordered(i, lowest)


def _unconnected(view: PairView, _: np.random.Generator) -> Iterator[Pair]:
    component = view.component
    reach = np.where(view.open & component[None] & ~component[:, None], view.distance, np.inf)
    if not len(reach):
        return
    order = np.argsort(reach, axis=1, kind="stable")
    for rank in range(int(component.sum())):
        nearest = order[:, rank]
        length = reach[np.arange(len(reach)), nearest]
        for i in np.argsort(length, kind="stable"):
            if np.isfinite(length[i]):
                yield _ordered(i, nearest[i])


def _untrap(view: PairView, _: np.random.Generator) -> Iterator[Pair]:
    barrier = barrier_to_global(view.all_energy, view.ts_energy, view.ts_minima)[view.rows]
    depth = view.energy - view.energy.min()
    score = np.where(depth > 0, np.nan_to_num(barrier, nan=np.inf) / np.where(depth > 0, depth, 1.0), -np.inf)
    lower = view.energy[None] < view.energy[:, None]
    reach = np.where(view.open & lower, view.distance, np.inf)
    for i in np.lexsort((depth, -score)):
        j = int(np.argmin(reach[i]))
        if np.isfinite(reach[i, j]):
            yield _ordered(i, j)


def _missing(view: PairView, _: np.random.Generator) -> Iterator[Pair]:
    lowest = int(np.argmin(view.energy))
    connected, open_pairs = view.connected, view.open & ~view.connected
    i, j = np.nonzero(open_pairs | connected)
    weight = np.where(connected, 0.0, view.distance**2)[i, j]
    steps = csr_array((weight, (i, j)), shape=connected.shape)  # of a sparse graph, a stored zero is an edge
    length, previous = dijkstra(steps, directed=False, indices=lowest, return_predecessors=True)
    outside = np.flatnonzero(~view.component & np.isfinite(length))
    for i in outside[np.argsort(length[outside], kind="stable")]:
        place = int(i)
        while place != lowest:
            before = int(previous[place])
            if open_pairs[place, before]:
                yield _ordered(place, before)
            place = before


STRATEGIES: dict[str, Callable[[PairView, np.random.Generator], Iterator[Pair]]] = {
    "missing": _missing,
    "unconnected": _unconnected,
    "gmin": _gmin,
    "untrap": _untrap,
    "closest": _closest,
    "random": _random,
}
