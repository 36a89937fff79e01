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

Shapes: M minima, T transition states.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import connected_components, dijkstra

from landscape.properties.depth import barrier_to_global

Pair = tuple[int, int]


@dataclass(frozen=True, kw_only=True)
class PairView:
    """The landscape as pair selection sees it."""

    energy: np.ndarray  # [M]
    distance: np.ndarray  # [M, M], aligned
    tries: np.ndarray  # int64[M, M], symmetric: attempts so far
    ts_energy: np.ndarray  # [T]
    ts_minima: np.ndarray  # int64[T, 2]
    retries: int

    @property
    def joined(self) -> np.ndarray:
        """bool[M, M]: pairs with a transition state between them."""
        joined = np.zeros(self.distance.shape, dtype=bool)
        joined[self.ts_minima[:, 0], self.ts_minima[:, 1]] = True
        return joined | joined.T

    @property
    def open(self) -> np.ndarray:
        """bool[M, M]: pairs that may be tried."""
        return ~self.joined & (self.tries <= self.retries) & ~np.eye(len(self.energy), dtype=bool)

    @property
    def component(self) -> np.ndarray:
        """bool[M]: minima connected with the global minimum."""
        n = len(self.energy)
        edges = coo_array((np.ones(len(self.ts_minima)), self.ts_minima.T), shape=(n, n))
        labels = connected_components(edges, directed=False)[1]
        return np.asarray(labels == labels[np.argmin(self.energy)])


def select_pairs(
    view: PairView, strategies: Sequence[str], count: int, random: np.random.Generator
) -> list[tuple[Pair, str]]:
    """Up to `count` different pairs with the strategy that chose each, the strategies taking turns."""
    if len(view.energy) < 2 or not view.open.any():
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
    return list(chosen.items())


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
    for rank in range(int(component.sum())):
        nearest = np.argsort(reach, axis=1, kind="stable")[:, rank]
        length = reach[np.arange(len(reach)), nearest]
        for i in np.argsort(length, kind="stable"):
            if np.isfinite(length[i]):
                yield _ordered(i, nearest[i])


def _untrap(view: PairView, _: np.random.Generator) -> Iterator[Pair]:
    barrier = barrier_to_global(view.energy, view.ts_energy, view.ts_minima)
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
    open_pairs, joined = view.open, view.joined
    i, j = np.nonzero(open_pairs | joined)
    weight = np.where(joined, 0.0, view.distance**2)[i, j]
    steps = csr_array((weight, (i, j)), shape=joined.shape)  # of a sparse graph, a stored zero is an edge
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
