"""Landscapes of few minima as tables, and their minimax paths found by brute force."""

import itertools

import networkx as nx
import numpy as np
from hypothesis import strategies as st

from landscape.graph.tree import DisconnectivityTree

Landscape = tuple[np.ndarray, np.ndarray, np.ndarray]
NO_STATES = (np.empty(0), np.empty((0, 2), dtype=np.int64))


@st.composite
def landscapes(draw: st.DrawFn) -> Landscape:
    """Few minima, many or few transition states, with repeated heights and degenerate rearrangements."""
    count = draw(st.integers(1, 9))
    energy = np.array(draw(st.lists(st.integers(0, 5), min_size=count, max_size=count)), dtype=np.float64)
    row = st.integers(0, count - 1)
    pairs = draw(st.lists(st.tuples(row, row, st.integers(1, 6)), max_size=16))
    ts_minima = np.array([(a, b) for a, b, _ in pairs], dtype=np.int64).reshape(-1, 2)
    climb = np.array([c for _, _, c in pairs], dtype=np.float64)
    return energy, energy[ts_minima].max(axis=1, initial=0.0) + climb / 4.0, ts_minima


def minimax(landscape: Landscape) -> dict[tuple[int, int], float]:
    """Minimax energies of pairs of minima, from all simple paths of a minimum spanning tree."""
    energy, ts_energy, ts_minima = landscape
    graph = nx.MultiGraph()
    graph.add_nodes_from(range(len(energy)))
    graph.add_weighted_edges_from((a, b, e) for (a, b), e in zip(ts_minima.tolist(), ts_energy.tolist(), strict=True))
    spanning = nx.Graph(nx.minimum_spanning_tree(graph))
    found = {}
    for source, paths in nx.all_pairs_shortest_path(spanning):
        for target, path in paths.items():
            if source != target:
                found[source, target] = max(spanning[a][b]["weight"] for a, b in itertools.pairwise(path))
    return found


def ancestors(tree: DisconnectivityTree, node: int) -> list[int]:
    above = []
    while node >= 0:
        above.append(node)
        node = int(tree.parent[node])
    return above


def merge_height(tree: DisconnectivityTree, first: int, second: int) -> float | None:
    above = set(ancestors(tree, first))
    return next((float(tree.height[node]) for node in ancestors(tree, second) if node in above), None)
