"""Places of a tree: intervals without gaps, the trunk in the middle, lines that do not cross."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from landscape.errors import PropertyError
from landscape.properties.layout import Order, branch_corners, layout, shared_values
from landscape.properties.tree import DisconnectivityTree, build_tree

ORDERS: tuple[Order, ...] = ("energy", "size", "value")


def random_tree(seed: int, count: int = 12, states: int = 14, levels: int | None = None) -> DisconnectivityTree:
    random = np.random.default_rng(seed)
    energy, pairs = random.random(count), random.integers(0, count, (states, 2))
    return build_tree(energy, energy[pairs].max(axis=1) + random.random(states), pairs, levels=levels)


def chain(count: int) -> DisconnectivityTree:
    """A trunk down to minimum 0 from which one minimum after the other branches off."""
    pairs = np.stack([np.zeros(count - 1, dtype=np.int64), np.arange(1, count)], axis=1)
    return build_tree(np.arange(float(count)), np.arange(1.0, count) + 0.5, pairs)


def leaves_below(tree: DisconnectivityTree) -> list[list[int]]:
    below: list[list[int]] = [[leaf] for leaf in range(tree.n_leaves)] + [[] for _ in tree.parent[tree.n_leaves :]]
    for node, parent in enumerate(tree.parent.tolist()):
        if parent >= 0:
            below[parent] += below[node]
    return below


@given(st.integers(0, 500), st.sampled_from(ORDERS))
def test_every_branch_owns_an_interval(seed: int, order: Order) -> None:
    tree = random_tree(seed)
    places = layout(tree, order, np.random.default_rng(seed).random(tree.n_leaves))
    assert np.array_equal(places.x[places.leaves], np.arange(tree.n_leaves))
    for node, leaves in enumerate(leaves_below(tree)):
        x = np.sort(places.x[leaves])
        assert x[-1] - x[0] == len(leaves) - 1
        assert x[0] <= places.x[node] <= x[-1]


@given(st.integers(0, 200), st.sampled_from(ORDERS))
def test_upright_lines_meet_no_line_across_of_another_branch(seed: int, order: Order) -> None:
    tree = random_tree(seed)
    places = layout(tree, order, np.arange(float(tree.n_leaves)))
    corners = branch_corners(tree, places)
    inner = np.flatnonzero(tree.parent >= 0)
    for across in inner:
        (left, height), (right, _) = sorted(corners[across, 1:].tolist())
        for upright in inner:
            x, low, high = places.x[upright], tree.height[upright], tree.height[tree.parent[upright]]
            assert not (left < x < right and low < height < high), (across, upright)


def test_the_trunk_stands_in_the_middle_and_is_straight() -> None:
    tree = chain(21)
    x = layout(tree).x
    assert x[0] == 10.0
    assert np.ptp(x[tree.n_leaves + 4 :]) == 0.0
    distance = np.abs(x[1:21] - x[0])
    assert (np.diff(distance) >= 0).all(), "branches go outwards in order of energy"


def test_the_largest_branch_is_the_trunk_by_size() -> None:
    # minimum 0 is lowest but alone; 1, 2, 3 form a basin
    tree = build_tree(np.arange(4.0), np.array([3.5, 3.6, 9.0]), np.array([[1, 2], [2, 3], [0, 1]]))
    assert layout(tree, "energy").leaves[0] == 0
    assert layout(tree, "size").leaves[-1] == 0


def test_values_run_from_left_to_right_and_unknown_ones_come_last() -> None:
    tree = build_tree(np.zeros(4), np.ones(3), np.array([[0, 1], [1, 2], [2, 3]]))
    assert layout(tree, "value", np.array([3.0, np.nan, 1.0, 2.0])).leaves.tolist() == [2, 3, 0, 1]


def test_values_and_orders_are_checked() -> None:
    tree = chain(3)
    with pytest.raises(PropertyError, match="3 values to order the leaves by, found none"):
        layout(tree, "value")
    with pytest.raises(PropertyError, match=r"shape \[2\]"):
        layout(tree, "value", np.zeros(2))
    with pytest.raises(PropertyError, match="found 'width'"):
        layout(tree, "width")  # type: ignore[arg-type]


def test_lines_turn_one_level_below_the_merge() -> None:
    tree = build_tree(np.zeros(2), np.array([1.0]), np.array([[0, 1]]), levels=[0.5, 1.0])
    corners = branch_corners(tree, layout(tree))
    assert corners[:2, :, 1].tolist() == [[0.0, 0.5, 1.0]] * 2
    assert np.isnan(corners[2]).all()


def test_a_branch_has_the_value_that_its_minima_share() -> None:
    tree = build_tree(np.zeros(4), np.array([1.0, 1.5, 2.0]), np.array([[0, 1], [2, 3], [1, 2]]))
    values = shared_values(tree, np.array([7.0, 7.0, 7.0, np.nan]))
    np.testing.assert_array_equal(values, [7.0, 7.0, 7.0, np.nan, 7.0, np.nan, np.nan])


def test_nothing_can_be_placed() -> None:
    tree = build_tree(np.empty(0), np.empty(0), np.empty((0, 2), dtype=np.int64))
    assert layout(tree).x.shape == (0,)
