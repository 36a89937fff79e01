"""The tree against minimax paths found by brute force, and the depths read off it."""

import itertools
import time

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from landscape.errors import PropertyError
from landscape.properties.depth import barrier_to_global, component_fraction, depth, escape_barrier
from landscape.properties.tree import DisconnectivityTree, build_tree, disconnectivity_tree, persistence, prune, thin

Landscape = tuple[np.ndarray, np.ndarray, np.ndarray]
NO_STATES = (np.empty(0), np.empty((0, 2), dtype=np.int64))


@st.composite
def landscapes(draw: st.DrawFn) -> Landscape:
    """Few minima, many or few transition states, heights that repeat, degenerate rearrangements included."""
    count = draw(st.integers(1, 9))
    energy = np.array(draw(st.lists(st.integers(0, 5), min_size=count, max_size=count)), dtype=np.float64)
    row = st.integers(0, count - 1)
    pairs = draw(st.lists(st.tuples(row, row, st.integers(1, 6)), max_size=16))
    ts_minima = np.array([(a, b) for a, b, _ in pairs], dtype=np.int64).reshape(-1, 2)
    climb = np.array([c for _, _, c in pairs], dtype=np.float64)
    return energy, energy[ts_minima].max(axis=1, initial=0.0) + climb / 4.0, ts_minima


def minimax(landscape: Landscape) -> dict[tuple[int, int], float]:
    """Lowest highest transition state on any path, from all simple paths of a minimum spanning tree."""
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


@given(landscapes())
def test_minima_merge_at_the_minimax_energy(landscape: Landscape) -> None:
    tree, expected = build_tree(*landscape), minimax(landscape)
    for first in range(tree.n_leaves):
        for second in range(first):
            assert merge_height(tree, first, second) == expected.get((first, second))


@given(landscapes())
def test_the_tree_is_well_formed(landscape: Landscape) -> None:
    tree = build_tree(*landscape)
    children = tree.children()
    assert np.array_equal(tree.minimum, np.arange(tree.n_leaves))
    assert all(not below for below in children[: tree.n_leaves])
    assert all(len(below) > 1 for below in children[tree.n_leaves :])
    for node, parent in enumerate(tree.parent.tolist()):
        assert parent == -1 or (parent > node and tree.height[parent] >= tree.height[node])
        assert parent == -1 or node < tree.n_leaves or tree.height[parent] > tree.height[node]
    assert tree.size[tree.roots].sum() == tree.n_leaves
    for node, below in enumerate(children):
        leaves = [leaf for leaf in range(tree.n_leaves) if node in ancestors(tree, leaf)]
        assert tree.size[node] == len(leaves)
        assert tree.height[tree.lowest[node]] == min(tree.height[leaves])
        assert below == sorted(below)


@given(landscapes(), st.integers(1, 7))
def test_levels_lift_merges_to_the_next_level(landscape: Landscape, count: int) -> None:
    exact, levelled = build_tree(*landscape), build_tree(*landscape, levels=count)
    for first in range(exact.n_leaves):
        for second in range(first):
            height, lifted = merge_height(exact, first, second), merge_height(levelled, first, second)
            assert (height is None) == (lifted is None)
            if height is not None:
                assert lifted == levelled.levels[np.searchsorted(levelled.levels, height)]


def test_transition_states_above_the_highest_level_join_nothing() -> None:
    tree = build_tree(np.zeros(3), np.array([1.0, 5.0]), np.array([[0, 1], [1, 2]]), levels=[0.5, 2.0])
    assert len(tree.roots) == 2
    assert tree.height[-1] == 2.0


def test_merges_of_equal_height_are_one_node_with_many_branches() -> None:
    tree = build_tree(np.arange(4.0), np.full(3, 9.0), np.array([[0, 1], [2, 3], [1, 2]]))
    assert tree.parent.tolist() == [4, 4, 4, 4, -1]


def test_degenerate_rearrangements_and_repeated_states_change_nothing() -> None:
    tree = build_tree(np.zeros(2), np.array([0.5, 1.0, 2.0]), np.array([[0, 0], [0, 1], [1, 0]]))
    assert tree.parent.tolist() == [2, 2, -1]
    assert tree.height[2] == 1.0


@pytest.mark.parametrize("count", [0, 1, 5])
def test_minima_without_transition_states_are_trees_of_one(count: int) -> None:
    tree = build_tree(np.arange(float(count)), *NO_STATES)
    assert tree.parent.tolist() == [-1] * count
    assert build_tree(np.arange(float(count)), *NO_STATES, levels=3).n_leaves == count


@given(landscapes(), st.integers(1, 9))
def test_pruning_keeps_the_lowest_minima_and_their_merges(landscape: Landscape, keep: int) -> None:
    tree = build_tree(*landscape)
    pruned = prune(tree, keep)
    kept = np.sort(np.argsort(landscape[0], kind="stable")[:keep])
    assert np.array_equal(pruned.minimum, kept)
    for i, first in enumerate(kept):
        for j, second in enumerate(kept[:i]):
            assert merge_height(pruned, i, j) == merge_height(tree, int(first), int(second))
    assert all(len(below) > 1 for below in pruned.children()[pruned.n_leaves :])


@given(landscapes())
def test_persistence_is_the_climb_to_a_lower_minimum(landscape: Landscape) -> None:
    energy, paths = landscape[0] + 0.01 * np.arange(len(landscape[0])), minimax(landscape)  # no two are equal
    found = persistence(build_tree(energy, *landscape[1:]))
    for leaf in range(len(energy)):
        others = {other: height for (first, other), height in paths.items() if first == leaf}
        lower = [height for other, height in others.items() if energy[other] < energy[leaf]]
        expected = min(lower) if lower else max(others.values(), default=energy[leaf])
        assert found[leaf] == expected - energy[leaf]


@given(landscapes(), st.integers(1, 9))
def test_thinning_keeps_the_longest_branches_and_their_merges(landscape: Landscape, keep: int) -> None:
    tree = build_tree(*landscape)
    thinned, length = thin(tree, keep), persistence(tree)
    kept = thinned.minimum
    assert len(kept) == min(keep, tree.n_leaves)
    assert length[kept].min() >= np.delete(length, kept).max(initial=-np.inf)
    for i, first in enumerate(kept):
        for j, second in enumerate(kept[:i]):
            assert merge_height(thinned, i, j) == merge_height(tree, int(first), int(second))


def test_a_hundred_thousand_minima_take_seconds() -> None:
    random = np.random.default_rng(0)
    energy, ts_minima = random.random(100_000), random.integers(0, 100_000, (300_000, 2))
    ts_energy = energy[ts_minima].max(axis=1) + random.random(300_000)
    start = time.perf_counter()
    tree = build_tree(energy, ts_energy, ts_minima)
    assert time.perf_counter() - start < 10.0
    assert tree.n_leaves == 100_000


def test_a_chain_of_merges_is_no_recursion() -> None:
    count = 5000
    pairs = np.stack([np.arange(count - 1), np.arange(1, count)], axis=1)
    tree = build_tree(np.zeros(count), np.arange(1.0, count), pairs)
    assert len(tree.parent) == 2 * count - 1
    assert np.isfinite(barrier_to_global(np.zeros(count), np.arange(1.0, count), pairs)).all()


def test_anything_with_the_two_tables_has_a_tree() -> None:
    class Points:
        class minima:  # noqa: N801
            energy = np.zeros(2)

        class transition_states:  # noqa: N801
            energy = np.ones(1)
            minima = np.array([[0, 1]])

    assert disconnectivity_tree(Points()).parent.tolist() == [2, 2, -1]


@pytest.mark.parametrize(
    ("tables", "message"),
    [
        ((np.zeros(2), np.ones(2), np.array([[0, 1]])), "found .2., .2. and .1, 2."),
        ((np.zeros(2), np.ones(1), np.array([[0, 2]])), "minima 0 to 1, found rows 0 to 2"),
        ((np.array([0.0, np.nan]), np.ones(1), np.array([[0, 1]])), "finite energies"),
    ],
)
def test_tables_that_do_not_fit_are_refused(tables: Landscape, message: str) -> None:
    with pytest.raises(PropertyError, match=message):
        build_tree(*tables)


@pytest.mark.parametrize("levels", [0, [2.0, 1.0], [], [np.nan]])
def test_levels_must_rise(levels: int | list[float]) -> None:
    with pytest.raises(PropertyError, match="level"):
        build_tree(np.zeros(2), np.ones(1), np.array([[0, 1]]), levels=levels)


def test_pruning_to_nothing_is_refused() -> None:
    for part in (prune, thin):
        with pytest.raises(PropertyError, match="found 0"):
            part(build_tree(np.zeros(1), *NO_STATES), 0)


@given(landscapes())
@settings(max_examples=50)
def test_depths_agree_with_brute_force(landscape: Landscape) -> None:
    energy, ts_energy, ts_minima = landscape
    paths, lowest = minimax(landscape), int(np.argmin(energy))
    to_global = [0.0 if m == lowest else paths.get((lowest, m), np.nan) - energy[m] for m in range(len(energy))]
    np.testing.assert_array_equal(barrier_to_global(*landscape), to_global)
    escapes = [
        min((e for (a, b), e in zip(ts_minima, ts_energy, strict=True) if a != b and m in (a, b)), default=np.nan)
        for m in range(len(energy))
    ]
    np.testing.assert_array_equal(escape_barrier(*landscape), np.array(escapes) - energy)
    assert component_fraction(*landscape) == np.isfinite(to_global).mean()
    np.testing.assert_array_equal(depth(energy), energy - energy.min())


def test_depths_of_nothing_are_empty() -> None:
    assert depth(np.empty(0)).shape == (0,)
    assert escape_barrier(np.empty(0), *NO_STATES).shape == (0,)
    assert barrier_to_global(np.empty(0), *NO_STATES).shape == (0,)
    assert np.isnan(component_fraction(np.empty(0), *NO_STATES))
