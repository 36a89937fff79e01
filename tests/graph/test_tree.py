"""Trees of a part of the minima, against the whole tree and minimax paths found by brute force."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from landscape.errors import PropertyError
from landscape.graph.superbasins import build_tree
from landscape.graph.tree import persistence, prune, thin
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
