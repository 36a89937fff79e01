"""Strategies that aim at the wanted minima, against minimum spanning trees and minimax paths of networkx."""

from dataclasses import replace

import networkx as nx
import numpy as np
import pytest

from landscape.campaign.pairs.focus import borders, focus
from landscape.campaign.pairs.view import RETRY_COST, PairView
from tests.campaign.pairs.test_pairs import VIEW, tried

RANDOM = np.random.default_rng(0)
JOINED = replace(VIEW, ts_minima=np.array([[0, 1], [1, 2], [2, 3], [3, 4]]), ts_energy=np.array([5.0, 6.0, 7.0, 8.0]))


def wanting(view: PairView, *places: int) -> PairView:
    return replace(view, wanted=np.isin(np.arange(len(view.rows)), places))


def made_up(seed: int, joined: int, count: int = 30) -> PairView:
    """Minima at random in the plane, some of them joined."""
    random = np.random.default_rng(seed)
    place, energy = random.normal(size=(count, 2)), random.random(count)
    pairs = random.integers(0, count, (joined, 2))
    return PairView(
        rows=np.arange(count),
        wanted=random.random(count) < 0.5,
        distance=np.linalg.norm(place[:, None] - place, axis=2),
        tries=np.zeros((count, count), dtype=np.int64),
        all_energy=energy,
        ts_energy=energy[pairs].max(axis=1) + random.random(joined),
        ts_minima=pairs,
        retries=0,
    )


def test_a_long_way_goes_by_way_of_minima_that_are_not_wanted() -> None:
    assert list(focus(wanting(VIEW, 0, 4), RANDOM)) == [(2, 3), (1, 2), (3, 4)]
    assert list(focus(wanting(VIEW, 2, 3), RANDOM)) == [(2, 3)]


def test_nothing_is_offered_once_the_wanted_minima_are_connected() -> None:
    assert list(focus(wanting(VIEW, 0, 1), RANDOM)) == []
    assert list(focus(wanting(VIEW, 2), RANDOM)) == []
    assert list(focus(JOINED, RANDOM)) == []


def test_a_pair_is_tried_again_only_where_all_others_are_much_longer() -> None:
    once = tried(wanting(VIEW, 1, 2), (1, 2), 1)
    assert list(focus(once, RANDOM)) == [(0, 2)]  # length 3; that of the failed pair is 2
    far = replace(once, distance=np.where(once.distance == 3.0, 7.0, once.distance))
    assert list(focus(far, RANDOM)) == [(1, 2)]
    assert (1, 2) not in list(focus(tried(far, (1, 2), VIEW.retries + 1), RANDOM))


@pytest.mark.parametrize("seed", range(5))
def test_focus_is_the_shortest_tree_of_ways_between_wanted_components(seed: int) -> None:
    view = made_up(seed, joined=12)
    offered = list(focus(view, RANDOM))
    assert all(view.label[i] != view.label[j] and i < j for i, j in offered)
    graph = nx.Graph()
    for i in range(30):
        for j in range(i):
            inside = view.label[i] == view.label[j]
            graph.add_edge(i, j, weight=0.0 if inside else float(view.distance[i, j] ** 2))
    length = dict(nx.all_pairs_dijkstra_path_length(graph))
    components = {int(view.label[place]): place for place in np.flatnonzero(view.wanted)}
    closure = nx.Graph()
    closure.add_weighted_edges_from(
        (a, b, length[a][b]) for a in components.values() for b in components.values() if a < b
    )
    expected = nx.minimum_spanning_tree(closure).size(weight="weight")
    steps = {pair: float(view.distance[pair] ** 2) for pair in offered}
    assert sum(steps.values()) <= expected * (1.0 + 1e-12)  # several ways may share a step
    connected = nx.Graph([*offered, *view.ts_minima.tolist()])
    connected.add_nodes_from(range(30))
    owner = {node: number for number, part in enumerate(nx.connected_components(connected)) for node in part}
    assert len({owner[place] for place in components.values()}) == 1


def test_near_pairs_across_every_merge_are_offered_the_least_tried_merge_first() -> None:
    assert list(borders(JOINED, RANDOM))[:3] == [(0, 2), (1, 3), (2, 4)]
    assert list(borders(wanting(JOINED, 0, 4), RANDOM)) == [(2, 4), (1, 4), (0, 4)]
    assert next(borders(wanting(JOINED, 2), RANDOM)) == (0, 2)
    assert list(borders(tried(JOINED, (0, 2), 3), RANDOM))[:2] == [(1, 3), (2, 4)]


@pytest.mark.parametrize("seed", range(5))
def test_a_border_pair_lies_on_both_sides_of_a_merge_of_a_wanted_minimum(seed: int) -> None:
    view = made_up(seed, joined=60)
    graph = nx.Graph()
    for (i, j), energy in zip(view.ts_minima.tolist(), view.ts_energy.tolist(), strict=True):
        if i != j and energy < graph.edges.get((i, j), {"energy": np.inf})["energy"]:
            graph.add_edge(i, j, energy=energy)
    tree = nx.minimum_spanning_tree(graph, weight="energy")
    offered = list(borders(view, RANDOM))
    assert offered
    assert len(set(offered)) == len(offered)
    for i, j in offered:
        assert view.open[i, j]
        path = nx.shortest_path(tree, i, j)
        highest = max(path[:-1], key=lambda node: tree.edges[node, path[path.index(node) + 1]]["energy"])
        energy = tree.edges[highest, path[path.index(highest) + 1]]["energy"]
        below = tree.copy()
        below.remove_edges_from([edge for edge in tree.edges if tree.edges[edge]["energy"] >= energy])
        sides = [nx.node_connected_component(below, place) for place in (i, j)]
        assert sides[0].isdisjoint(sides[1])
        lowest = [min(side, key=view.all_energy.__getitem__) for side in sides]
        assert view.wanted[max(lowest, key=view.all_energy.__getitem__)]


def test_the_cost_of_a_retry() -> None:
    view = tried(VIEW, (1, 2), 2)
    assert view.cost[1, 2] == view.cost[2, 1] == RETRY_COST**2 * 4.0
    assert np.isinf(view.cost[0, 1])  # joined
    assert np.isinf(tried(VIEW, (1, 2), 3).cost[1, 2])
