"""Pair strategies that serve the goal: the wanted minima connected, by barriers as low as possible.

Shapes: V minima in view, K components, B borders.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from heapq import heapify, heappop, heappush

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra, minimum_spanning_tree

from landscape.campaign.pairs.view import Pair, PairView, ordered
from landscape.graph.superbasins import build_tree

OFFERS_OF_A_BORDER = 64  # largest number in a round


def focus(view: PairView, _: np.random.Generator) -> Iterator[Pair]:
    """Steps of the shortest tree that connects the wanted minima, by way of any others.

    Boruvka's algorithm over the components with wanted minima. Ways between components are found by Dijkstra's
    algorithm with squared distances as weights, so known minima on the way divide a long step. One run from all
    components with wanted minima at once is enough (Mehlhorn, Inf. Process. Lett. 27, 125, 1988). No pair lies within a
    component.
    """
    names, component = np.unique(view.label, return_inverse=True)
    wanted = np.unique(component[view.wanted])
    if len(wanted) < 2:
        return
    steps = _Steps.between(view, component)
    graph = csr_array((steps.cost, steps.ends.T), shape=(len(names), len(names)))
    length, previous, source = dijkstra(graph, directed=False, indices=wanted, return_predecessors=True, min_only=True)
    bridge = length[steps.ends].sum(axis=1) + steps.cost
    number = {tuple(ends): place for place, ends in enumerate(steps.ends.tolist())}
    for place in _spanning(source[steps.ends], bridge, len(names)):
        for end in steps.ends[place].tolist():
            yield from (steps.pair(number[ordered(*link)]) for link in _links(previous, end))
        yield steps.pair(place)


def _links(previous: np.ndarray, node: int) -> Iterator[Pair]:
    """The edges of the way back from a node to its source, whose predecessor is negative."""
    while (before := int(previous[node])) >= 0:
        yield node, before
        node = before


@dataclass(frozen=True, kw_only=True)
class _Steps:
    """The cheapest open pair between any two of K components."""

    ends: np.ndarray  # int64[E, 2]: the components, the smaller number first
    cost: np.ndarray  # [E], positive
    minima: np.ndarray  # int64[E, 2]

    @classmethod
    def between(cls, view: PairView, component: np.ndarray) -> "_Steps":
        """The steps between the components int64[V] of the minima."""
        i, j = np.nonzero(np.triu(np.isfinite(view.cost) & ~view.connected))
        order = np.argsort(view.cost[i, j], kind="stable")
        i, j = i[order], j[order]
        ends = np.sort(np.stack([component[i], component[j]], axis=1), axis=1)
        ends, first = np.unique(ends, axis=0, return_index=True)
        minima = np.stack([i[first], j[first]], axis=1)
        return cls(ends=ends, cost=np.maximum(view.cost[i, j][first], 1e-300), minima=minima)

    def pair(self, step: int) -> Pair:
        """The minima of a step."""
        i, j = self.minima[step].tolist()
        return ordered(i, j)


def _spanning(ends: np.ndarray, cost: np.ndarray, count: int) -> list[int]:
    """Places of the edges [E, 2] of the minimum spanning forest of `count` nodes, in the order of their costs [E]."""
    joins = np.flatnonzero((ends[:, 0] != ends[:, 1]) & np.isfinite(cost))
    joins = joins[np.argsort(cost[joins], kind="stable")]
    pairs, first = np.unique(np.sort(ends[joins], axis=1), axis=0, return_index=True)
    ranks = csr_array((first + 1.0, tuple(pairs.T)), shape=(count, count))  # in this sparse graph 0 means no edge
    chosen = np.sort(minimum_spanning_tree(ranks).data.astype(np.int64)) - 1
    return [int(place) for place in joins[chosen]]


def borders(view: PairView, _: np.random.Generator) -> Iterator[Pair]:
    """Near pairs across the merges of the tree of the wanted minima, where a lower way may lead.

    A merge is the present barrier between two superbasins. A pair has one minimum in each. Merges come in rising order
    of 1 + their tries, times the cost of their nearest open pair.
    """
    queue: list[tuple[float, int, int, list[tuple[float, Pair]]]] = []
    for number, (inside, outside) in enumerate(_borders(view)):
        cost = view.cost[np.ix_(inside, outside)]
        near = np.argsort(cost, axis=None, kind="stable")[:OFFERS_OF_A_BORDER]
        near = near[np.isfinite(cost.flat[near])]
        pairs = np.stack([inside[near // len(outside)], outside[near % len(outside)]], axis=1).tolist()
        tries = int(view.tries[np.ix_(inside, outside)].sum())
        offers = [(float(cost.flat[place]), ordered(*pair)) for place, pair in zip(near, pairs, strict=True)]
        if offers:
            queue.append(((1 + tries) * offers[0][0], number, tries, offers))
    heapify(queue)
    while queue:
        number, tries, offers = heappop(queue)[1:]
        yield offers[0][1]
        if others := offers[1:]:
            heappush(queue, ((2 + tries) * others[0][0], number, tries + 1, others))


def _borders(view: PairView) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Places in view of the minima on the two sides of each merge of wanted minima; the side of the higher one first.

    A merge joins the branch of a wanted minimum with that of a lower one.
    """
    tree = build_tree(view.all_energy, view.ts_energy, view.ts_minima)
    place = np.full(len(view.all_energy), -1)
    place[view.rows] = np.arange(len(view.rows))
    wanted = np.zeros(len(view.all_energy), dtype=bool)
    wanted[view.rows] = view.wanted
    below: list[np.ndarray] = [own[own >= 0] for own in place[:, None]]
    for node, children in enumerate(tree.children()):
        if not children:
            continue
        below.append(np.concatenate([below[child] for child in children]))
        for child in children:
            if tree.lowest[child] != tree.lowest[node] and wanted[tree.lowest[child]] and len(below[child]):
                others = np.concatenate([below[other] for other in children if other != child])
                if len(others):
                    yield below[child], others
