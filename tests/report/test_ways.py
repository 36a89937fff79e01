"""Ways out against networkx on random graphs, and against the merges of the disconnectivity tree."""

from itertools import pairwise

import networkx as nx
import numpy as np
import pytest

from landscape.graph.merges import connection_energy
from landscape.graph.superbasins import build_tree
from landscape.report.ways import Ways, ways_out


def random_graph(seed: int, minima: int = 30, states: int = 60) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Energies [M] and [T], and pairs [T, 2], some of them degenerate, some repeated; not all minima are connected."""
    random = np.random.default_rng(seed)
    energy = random.random(minima)
    pairs = random.integers(0, minima - 4, size=(states, 2))
    pairs[1] = pairs[0][::-1]
    return energy, energy[pairs].max(axis=1) + random.random(states), pairs


def highest(ways: Ways, ts_energy: np.ndarray, minimum: int) -> float:
    return max(float(ts_energy[ways.state[step]]) for step in ways.of(minimum)[:-1])


@pytest.mark.parametrize("seed", range(5))
def test_ways_are_paths_of_lowest_highest_state(seed: int) -> None:
    energy, ts_energy, pairs = random_graph(seed)
    root = int(energy.argmin())
    ways = ways_out(len(energy), ts_energy, pairs, root)
    graph = nx.Graph()
    graph.add_nodes_from(range(len(energy)))
    for (one, other), height in sorted(zip(pairs.tolist(), ts_energy, strict=True), key=lambda edge: -edge[1]):
        graph.add_edge(one, other, height=height)
    merge = connection_energy(build_tree(energy, ts_energy, pairs), root)
    for minimum in set(range(len(energy))) - {root}:
        way = ways.of(minimum)
        if not nx.has_path(graph, minimum, root):
            assert way == [minimum]
            assert ways.state[minimum] == -1
            continue
        assert way[-1] == root
        for step, following in pairwise(way):
            state = ways.state[step]
            assert set(pairs[state].tolist()) == {step, following}
            assert ts_energy[state] == graph.edges[step, following]["height"]
        assert highest(ways, ts_energy, minimum) == merge[minimum]


def test_the_root_has_no_way_and_nothing_joins_without_states() -> None:
    alone = ways_out(3, np.empty(0), np.empty((0, 2), dtype=np.int64), 1)
    assert [alone.of(minimum) for minimum in range(3)] == [[0], [1], [2]]
    degenerate = ways_out(2, np.array([1.0]), np.array([[1, 1]]), 0)
    assert degenerate.of(1) == [1]
