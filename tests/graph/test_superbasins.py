"""The tree against minimax paths found by brute force."""

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from landscape.errors import PropertyError
from landscape.graph.superbasins import build_tree, disconnectivity_tree
from tests.studies.small_landscapes import NO_STATES, Landscape, ancestors, landscapes, merge_height, minimax


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
