import itertools

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings

from landscape.thermodynamics.graph_transformation import rates_between
from landscape.thermodynamics.pathways import fastest_path, lowest_path
from landscape.thermodynamics.rates import Network, network
from tests.thermodynamics.landscapes import EXAMPLES, FCC, ICOSAHEDRAL, Passes, Wells, landscapes, lj38, passes, wells


def parts(found: Network, to: list[int], start: list[int]) -> dict[tuple[int, ...], float]:
    """Parts of the steady-state rate of all simple paths that neither come back to `start` nor go on in `to`."""
    graph = nx.Graph()
    graph.add_nodes_from(range(len(found.log_occupation)))
    for (a, b), flux in zip(found.pairs.tolist(), np.exp(found.log_flux).tolist(), strict=True):
        graph.add_edge(a, b, flux=flux)
    occupied = np.exp(found.log_occupation)
    escape = {row: sum(edge["flux"] for edge in graph[row].values()) for row in graph}
    rates = {}
    for begin, end in itertools.product(start, to):
        for path in nx.all_simple_paths(graph, begin, end):
            if not {*path[1:-1]} & {*to, *start}:
                fluxes = [graph[a][b]["flux"] for a, b in itertools.pairwise(path)]
                through = np.prod([escape[row] for row in path[1:-1]])
                rates[tuple(path)] = float(np.prod(fluxes) / through / occupied[start].sum())
    return rates


def test_the_fastest_path_of_lj38_is_that_of_pathsample() -> None:
    """From pathsample_dijkstra.out beside the database; its path is printed backwards, with minima from 1."""
    found = fastest_path(network(*lj38(), 0.1), [FCC], [ICOSAHEDRAL])
    assert [row + 1 for row in reversed(found.minima)] == [2, 1, 4, 3, 12, 6, 10, 9, 8]
    assert [row + 1 for row in reversed(found.states)] == [1, 9, 2, 11, 8, 10, 6, 5]
    assert np.exp(found.log_rate) == pytest.approx(0.1078101912e-17, rel=2e-9)


@settings(max_examples=EXAMPLES)
@given(landscape=landscapes())
def test_the_fastest_path_has_the_largest_part_of_all_paths(landscape: tuple[Wells, Passes]) -> None:
    low, high = landscape
    count = min(len(low.energy), 7)
    inside = (high.minima < count).all(axis=1)
    few = Wells(**{name: column[:count] for name, column in vars(low).items()})
    found = network(few, Passes(**{name: column[inside] for name, column in vars(high).items()}), 0.4)
    to, start = [0, *range(4, 5)][: max(1, count // 3)], [count - 1]
    every = parts(found, to, start)
    path = fastest_path(found, to, start)
    assert every[path.minima] == pytest.approx(max(every.values()), rel=1e-10)
    assert np.exp(path.log_rate) == pytest.approx(max(every.values()), rel=1e-10)
    assert path.log_rate <= rates_between(found, to, start).log_steady_state + 1e-12


@settings(max_examples=EXAMPLES)
@given(landscape=landscapes())
def test_the_lowest_path_is_that_of_the_spanning_tree(landscape: tuple[Wells, Passes]) -> None:
    low, high = landscape
    found = network(low, high, 0.4)
    graph = nx.MultiGraph()
    for row, ((a, b), energy) in enumerate(zip(high.minima.tolist(), high.energy.tolist(), strict=True)):
        if a != b:
            graph.add_edge(a, b, key=row, weight=energy)
    tree = nx.minimum_spanning_tree(graph)
    last = len(low.energy) - 1
    path = lowest_path(found, high.energy, [0], [last])
    assert list(path.minima) == nx.shortest_path(tree, last, 0)
    for state, (a, b) in zip(path.states, itertools.pairwise(path.minima), strict=True):
        assert list(tree[a][b]) == [state]


def test_the_two_paths_differ_where_the_lowest_way_is_long() -> None:
    """A ladder of twenty low barriers beside one step over a slightly higher one, at a high temperature."""
    ladder = [(row, row + 1) for row in range(20)]
    high = passes([*ladder, (0, 20)], [1.0] * 20 + [1.05])
    found = network(wells([0.0] * 21), high, 1.0)
    assert fastest_path(found, [20], [0]).minima == (0, 20)
    assert lowest_path(found, high.energy, [20], [0]).minima == tuple(range(21))
