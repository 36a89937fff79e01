"""The landscape as pair strategies see it.

Pairs that are joined by a transition state, or that failed more than `retries` times, are never chosen.

Up to `ALL_PAIRS_UP_TO` minima every pair is considered. With more minima each round considers a sample: the wanted
minima, some minima drawn at random outside the component of the global minimum, and the neighbours in energy of the
drawn ones, inside the component and outside. Connections within the sample are those of the whole landscape.

Shapes: M minima, T transition states, V minima in view.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from landscape.graph.depth import components

ALL_PAIRS_UP_TO = 2048  # minima: their distances take 2 million alignments and 32 MiB
WANTED_AT_MOST = 512  # if more are wanted, the lowest ones are taken
DRAWN = 64  # minima outside the component that are drawn for a sample
NEIGHBOURS_INSIDE, NEIGHBOURS_OUTSIDE = 4, 2  # of each minimum drawn
RETRY_COST = 9.0  # factor of the squared distance for each try

Pair = tuple[int, int]


@dataclass(frozen=True, kw_only=True)
class PairView:
    """The landscape as strategies see it: the minima `rows`, numbered by their places in `rows`."""

    rows: np.ndarray  # int64[V], rising; the global minimum is among them
    wanted: np.ndarray  # bool[V]: minima to be connected, by barriers as low as possible
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
    def cost(self) -> np.ndarray:
        """Costs [V, V] of a try: squared distances of open pairs, infinite for others.

        A pair counts as three times as long after each try, so all pairs of similar length are tried once before any is
        tried again.
        """
        return np.where(self.open, self.distance**2 * RETRY_COST**self.tries, np.inf)

    @cached_property
    def label(self) -> np.ndarray:
        """Number int64[V] of the component of each minimum: equal for minima with a path between them."""
        return np.asarray(components(len(self.all_energy), self.ts_minima)[self.rows])

    @cached_property
    def connected(self) -> np.ndarray:
        """bool[V, V]: pairs with a path between them."""
        return np.asarray(self.label[:, None] == self.label)

    @property
    def component(self) -> np.ndarray:
        """bool[V]: minima connected with the global minimum."""
        return np.asarray(self.connected[np.argmin(self.energy)])


def rows_in_view(energy: np.ndarray, inside: np.ndarray, wanted: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Rows int64[V], rising, of the minima in view, for energies [M].

    `inside` bool[M] is the component of the global minimum, `wanted` int64[n] are the rows of the minima that are to be
    connected.
    """
    if len(energy) <= ALL_PAIRS_UP_TO:
        return np.arange(len(energy))
    lowest = wanted[np.argsort(energy[wanted], kind="stable")][:WANTED_AT_MOST]
    outside = np.flatnonzero(~inside)
    if not len(outside):
        return np.unique(np.append(lowest, np.argmin(energy)))
    drawn = random.choice(outside, min(DRAWN, len(outside)), replace=False)
    near = [
        _neighbours(energy, drawn, np.flatnonzero(inside), NEIGHBOURS_INSIDE),
        _neighbours(energy, drawn, outside, NEIGHBOURS_OUTSIDE),
    ]
    return np.unique(np.concatenate([[np.argmin(energy)], lowest, drawn, *near]))


def _neighbours(energy: np.ndarray, rows: np.ndarray, others: np.ndarray, count: int) -> np.ndarray:
    """Neighbours in energy of all `rows`, in one array: for each row the `count` nearest among the rows `others`.

    Half of the neighbours of a row lie below it.
    """
    others = others[np.argsort(energy[others], kind="stable")]
    next_above = np.searchsorted(energy[others], energy[rows], side="right")
    steps = np.arange(count) - count // 2
    near = np.clip(next_above[:, None] + steps, 0, len(others) - 1)
    return np.asarray(others[near].ravel())


def ordered(i: int, j: int) -> Pair:
    """A pair with the smaller number first."""
    return (int(i), int(j)) if i < j else (int(j), int(i))


def places(pairs: np.ndarray, rows: np.ndarray, n_minima: int) -> np.ndarray:
    """Places [L, 2] in `rows` [V] of the pairs [K, 2] of minima; pairs with a minimum outside `rows` are left out."""
    place = np.full(n_minima, -1)
    place[rows] = np.arange(len(rows))
    found = place[pairs]
    return np.asarray(found[(found >= 0).all(axis=1)])
