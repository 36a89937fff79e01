"""Trees of a part of the minima, against the whole tree and minimax paths found by brute force."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from landscape.errors import PropertyError
from landscape.graph.merges import connection_energy
from landscape.graph.superbasins import build_tree
from landscape.graph.tree import at_levels, lasting, persistence, prune, thin
from tests.studies.small_landscapes import NO_STATES, Landscape, landscapes, merge_height, minimax


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
    energy, paths = landscape[0] + 0.01 * np.arange(len(landscape[0])), minimax(landscape)  # all distinct
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


def test_pruning_to_nothing_is_refused() -> None:
    for part in (prune, thin):
        with pytest.raises(PropertyError, match="found 0"):
            part(build_tree(np.zeros(1), *NO_STATES), 0)


@given(st.integers(0, 1000), st.integers(1, 8))
def test_lifting_merges_to_levels_equals_building_with_levels(seed: int, count: int) -> None:
    random = np.random.default_rng(seed)
    energy, pairs = random.random(12), random.integers(0, 12, (16, 2))
    heights = energy[pairs].max(axis=1) + random.random(16)
    levels = np.sort(random.random(count)) * 2.0
    built = build_tree(energy, heights, pairs, levels=levels)
    lifted = at_levels(build_tree(energy, heights, pairs), levels)
    for name in ("minimum", "height", "levels"):
        np.testing.assert_array_equal(getattr(lifted, name), getattr(built, name), name)
    for leaf in range(12):
        np.testing.assert_array_equal(connection_energy(lifted, leaf), connection_energy(built, leaf))


def test_short_branches_are_drawn_with_the_branch_that_they_leave() -> None:
    pairs = np.array([[0, 1], [1, 2], [3, 4]])
    tree = build_tree(np.array([0.0, 1.0, 2.0, 0.5, 0.6]), np.array([1.5, 5.0, 0.65]), pairs)
    assert lasting(tree, 1.0).minimum.tolist() == [0, 2, 3]
    assert lasting(tree, 0.0).minimum.tolist() == [0, 1, 2, 3, 4]
    with pytest.raises(PropertyError, match="threshold"):
        lasting(tree, -1.0)
