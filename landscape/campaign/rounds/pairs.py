"""Pair selection: the pairs of minima to connect next. Names and ideas are those of PATHSAMPLE.

A strategy is a function that is declared by `@strategy` and goes by its name in `connect.strategies`, in messages, in
the README and in `Attempts.method`. It sees the landscape as a `PairView` and yields pairs (i, j), i < j, best first.
Pairs that are connected directly, or that failed more than `retries` times, are never chosen.

Up to `ALL_PAIRS_UP_TO` minima every pair is considered. With more minima each round considers a sample of its own:
minima outside the component of the global minimum, drawn at random, and their neighbours in energy inside and outside
of it. Which of them are connected is known from the whole landscape.

Shapes: M minima, T transition states, V minima in view.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from landscape.errors import ConfigError
from landscape.graph.depth import barrier_to_global, components
from landscape.messages import did_you_mean

ALL_PAIRS_UP_TO = 2048  # minima: their distances take 2 million alignments and 32 MiB
DRAWN = 64  # minima outside the component that are drawn for a sample
NEIGHBOURS_INSIDE, NEIGHBOURS_OUTSIDE = 4, 2  # of each that is drawn

Pair = tuple[int, int]


@dataclass(frozen=True, kw_only=True)
class PairView:
    """The landscape as strategies see it: the minima `rows`, numbered by their place among them."""

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
        """bool[V, V]: pairs that may be chosen."""
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
    """Rows int64[V], rising, of the minima in view, for energies [M].

    `inside` bool[M] is the component of the global minimum. Of more than `ALL_PAIRS_UP_TO` minima at least one must be
    outside of it.
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
    """Of the rows `others`, the `count` nearest in energy to each of `rows`, half of them below it, in one array."""
    others = others[np.argsort(energy[others], kind="stable")]
    next_above = np.searchsorted(energy[others], energy[rows], side="right")
    steps = np.arange(count) - count // 2
    near = np.clip(next_above[:, None] + steps, 0, len(others) - 1)
    return np.asarray(others[near].ravel())


def places(pairs: np.ndarray, rows: np.ndarray, n_minima: int) -> np.ndarray:
    """Places [L, 2] in `rows` [V] of those pairs [K, 2] of minima that are both among these rows."""
    place = np.full(n_minima, -1)
    place[rows] = np.arange(len(rows))
    found = place[pairs]
    return np.asarray(found[(found >= 0).all(axis=1)])


Strategy = Callable[[PairView, np.random.Generator], Iterator[Pair]]
STRATEGIES: dict[str, Strategy] = {}
"""Pair strategies by name, in the order of their codes in a new file."""


def strategy(choose: Strategy) -> Strategy:
    """Declare a pair strategy by the name of its function; the first line of its docstring describes it."""
    STRATEGIES[choose.__name__] = choose
    return choose


def require_strategies(names: Sequence[str], source: str) -> None:
    """Raise `ConfigError` if there is no pair strategy of one of these names; `source` says where they come from."""
    for place, name in enumerate(names):
        if name not in STRATEGIES:
            known = did_you_mean(name, STRATEGIES)
            found = f'expected the name of a pair strategy, found "{name}"; {known}'
            raise ConfigError(f"{source}: [connect] strategies[{place}]: {found}")


def select_pairs(
    view: PairView, strategies: Sequence[str], count: int, random: np.random.Generator
) -> list[tuple[Pair, str]]:
    """Up to `count` distinct pairs of rows, each with the strategy that chose it; the strategies take turns."""
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
    """A pair with the smaller number first."""
    return (int(i), int(j)) if i < j else (int(j), int(i))


@strategy
def missing(view: PairView, _: np.random.Generator) -> Iterator[Pair]:
    """Untried steps on the shortest ways to the global minimum.

    Dijkstra with weights 0 for connected pairs, squared distance for open ones, infinity after failure (Carr et al.
    2005).
    """
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


@strategy
def unconnected(view: PairView, _: np.random.Generator) -> Iterator[Pair]:
    """Each minimum outside the component of the global minimum with its nearest one inside."""
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


@strategy
def gmin(view: PairView, _: np.random.Generator) -> Iterator[Pair]:
    """Each minimum outside the component of the global minimum with the global minimum."""
    lowest = int(np.argmin(view.energy))
    outside = np.flatnonzero(~view.component & view.open[lowest])
    for i in outside[np.argsort(view.distance[outside, lowest], kind="stable")]:
        yield _ordered(i, lowest)


@strategy
def untrap(view: PairView, _: np.random.Generator) -> Iterator[Pair]:
    """Minima high above the global minimum, or behind high barriers, with their nearest lower minimum.

    Strodel, Whittleston and Wales (2007).
    """
    barrier = barrier_to_global(view.all_energy, view.ts_energy, view.ts_minima)[view.rows]
    depth = view.energy - view.energy.min()
    score = np.where(depth > 0, np.nan_to_num(barrier, nan=np.inf) / np.where(depth > 0, depth, 1.0), -np.inf)
    lower = view.energy[None] < view.energy[:, None]
    reach = np.where(view.open & lower, view.distance, np.inf)
    for i in np.lexsort((depth, -score)):
        j = int(np.argmin(reach[i]))
        if np.isfinite(reach[i, j]):
            yield _ordered(i, j)


@strategy
def closest(view: PairView, _: np.random.Generator) -> Iterator[Pair]:
    """The nearest open pairs."""
    i, j = np.nonzero(np.triu(view.open))
    for place in np.argsort(view.distance[i, j], kind="stable"):
        yield int(i[place]), int(j[place])


@strategy
def random(view: PairView, random: np.random.Generator) -> Iterator[Pair]:
    """Open pairs at random."""
    i, j = np.nonzero(np.triu(view.open))
    for place in random.permutation(len(i)):
        yield int(i[place]), int(j[place])
