"""Pair strategies whose names and ideas are those of PATHSAMPLE. Shapes: V minima in view."""

from collections.abc import Iterator

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from landscape.campaign.pairs.view import Pair, PairView, ordered
from landscape.graph.depth import barrier_to_global


def missing(view: PairView, _: np.random.Generator) -> Iterator[Pair]:
    """Untried steps on the shortest ways to the global minimum.

    Dijkstra with weights 0 for connected pairs, squared distance for open ones, infinity after failure (Carr et al.
    2005).
    """
    lowest = int(np.argmin(view.energy))
    connected, open_pairs = view.connected, view.open & ~view.connected
    i, j = np.nonzero(open_pairs | connected)
    weight = np.where(connected, 0.0, view.distance**2)[i, j]
    steps = csr_array((weight, (i, j)), shape=connected.shape)  # in a sparse graph a stored zero is an edge
    length, previous = dijkstra(steps, directed=False, indices=lowest, return_predecessors=True)
    outside = np.flatnonzero(~view.component & np.isfinite(length))
    for i in outside[np.argsort(length[outside], kind="stable")]:
        place = int(i)
        while place != lowest:
            before = int(previous[place])
            if open_pairs[place, before]:
                yield ordered(place, before)
            place = before


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
                yield ordered(i, nearest[i])


def gmin(view: PairView, _: np.random.Generator) -> Iterator[Pair]:
    """Each minimum outside the component of the global minimum with the global minimum."""
    lowest = int(np.argmin(view.energy))
    outside = np.flatnonzero(~view.component & view.open[lowest])
    for i in outside[np.argsort(view.distance[outside, lowest], kind="stable")]:
        yield ordered(i, lowest)


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
            yield ordered(i, j)


def closest(view: PairView, _: np.random.Generator) -> Iterator[Pair]:
    """The nearest open pairs."""
    i, j = np.nonzero(np.triu(view.open))
    for place in np.argsort(view.distance[i, j], kind="stable"):
        yield int(i[place]), int(j[place])


def random(view: PairView, random: np.random.Generator) -> Iterator[Pair]:
    """Open pairs at random."""
    i, j = np.nonzero(np.triu(view.open))
    for place in random.permutation(len(i)):
        yield int(i[place]), int(j[place])
