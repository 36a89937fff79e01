"""Layout of a tree: the trunk in the middle, short branches close to it, slanted lines without crossings."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from landscape.errors import PropertyError
from landscape.graph.layout import CHAMFER, DROP, Layout, Order, layout, metric_layout, shared_values
from landscape.graph.superbasins import build_tree
from landscape.graph.tree import DisconnectivityTree

ORDERS: tuple[Order, ...] = ("energy", "size", "value")


def random_tree(seed: int, count: int = 12, states: int = 14, levels: int | None = None) -> DisconnectivityTree:
    random = np.random.default_rng(seed)
    energy, pairs = random.random(count), random.integers(0, count, (states, 2))
    return build_tree(energy, energy[pairs].max(axis=1) + random.random(states), pairs, levels=levels)


def chain(count: int) -> DisconnectivityTree:
    """A trunk down to minimum 0 from which one minimum after the other branches off."""
    pairs = np.stack([np.zeros(count - 1, dtype=np.int64), np.arange(1, count)], axis=1)
    return build_tree(np.arange(float(count)), np.arange(1.0, count) + 0.5, pairs)


def segments(tree: DisconnectivityTree, places: Layout) -> np.ndarray:
    """Slanted and upright pieces [S, 2, 2] of all lines, without those of length zero."""
    lines = places.lines[tree.parent >= 0]
    pieces = np.concatenate([lines[:, place : place + 2] for place in range(3)])
    return np.asarray(pieces[np.abs(pieces[:, 1] - pieces[:, 0]).max(axis=1) > 1e-9])


def crossings(pieces: np.ndarray) -> int:
    """Number of pairs of pieces that meet in a point inside both."""
    start, way = pieces[:, 0], pieces[:, 1] - pieces[:, 0]
    turn = way[:, None, 0] * way[None, :, 1] - way[:, None, 1] * way[None, :, 0]
    between = start[None, :] - start[:, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        s = (between[..., 0] * way[None, :, 1] - between[..., 1] * way[None, :, 0]) / turn
        t = (between[..., 0] * way[:, None, 1] - between[..., 1] * way[:, None, 0]) / turn
    inside = (np.abs(turn) > 1e-12) & (s > 1e-6) & (s < 1 - 1e-6) & (t > 1e-6) & (t < 1 - 1e-6)
    return int(np.count_nonzero(inside))


@given(st.integers(0, 10_000), st.sampled_from(ORDERS), st.sampled_from([None, 3, 10]))
def test_no_lines_cross(seed: int, order: Order, levels: int | None) -> None:
    tree = random_tree(seed, count=20, states=40, levels=levels)
    places = layout(tree, order, np.random.default_rng(seed).random(tree.n_leaves))
    assert crossings(segments(tree, places)) == 0


@given(st.integers(0, 10_000), st.sampled_from(ORDERS))
def test_upright_lines_of_one_energy_keep_apart(seed: int, order: Order) -> None:
    tree = random_tree(seed)
    x = layout(tree, order, np.arange(float(tree.n_leaves))).x
    top = np.append(tree.height, np.inf)[tree.parent]
    for one in range(len(x)):
        for other in range(one):
            if max(tree.height[one], tree.height[other]) < min(top[one], top[other]):
                assert abs(x[one] - x[other]) > 0.5 - 1e-9, (one, other)


@given(st.integers(0, 10_000), st.sampled_from([None, 5]))
def test_lines_slant_at_once_and_never_upwards_nor_past_their_node(seed: int, levels: int | None) -> None:
    tree = random_tree(seed, levels=levels)
    inner = tree.parent >= 0
    node, knee, end, merge = np.moveaxis(layout(tree).lines[inner], 1, 0)
    drop = np.diff(tree.levels).min() if levels and len(tree.levels) > 1 else DROP * np.ptp(tree.height)
    np.testing.assert_array_equal(knee[:, 0], node[:, 0])
    np.testing.assert_array_equal(merge[:, 1], tree.height[tree.parent[inner]])
    np.testing.assert_array_equal(end[:, 1], merge[:, 1])
    assert (knee[:, 1] >= node[:, 1] - 1e-12).all()
    slanted = knee[:, 0] != end[:, 0]
    assert (merge[slanted, 1] - knee[slanted, 1] <= drop + 1e-9).all()
    assert (knee[slanted, 1] < merge[slanted, 1]).all()


def test_the_trunk_stands_in_the_middle_and_is_straight() -> None:
    tree = chain(21)
    x = layout(tree).x
    assert np.ptp(x[tree.n_leaves :]) == 0.0
    assert abs(x[0] - x[-1]) <= 0.5
    assert x.max() - x[-1] == pytest.approx(x[-1] - x.min(), abs=1.0)


def test_short_branches_hang_close_to_the_trunk_over_what_lies_lower() -> None:
    # five minima of a wide basin, and one far above it with next to no barrier
    pairs = np.array([[0, 1], [0, 2], [0, 3], [0, 4], [0, 5]])
    tree = build_tree(np.array([0.0, 0.1, 0.1, 0.1, 0.1, 0.9]), np.array([0.5, 0.5, 0.5, 0.5, 0.91]), pairs)
    x = layout(tree).x
    assert np.ptp(x[:5]) == 4.0
    assert abs(x[5] - x[0]) == 0.5


def test_room_below_the_minima_keeps_branches_apart() -> None:
    tree = chain(12)
    assert np.ptp(layout(tree, gap=0.3).x) > np.ptp(layout(tree).x)


def test_two_branches_of_equal_size_stand_on_either_side_of_their_merge() -> None:
    tree = build_tree(np.array([0.0, 0.2]), np.array([1.0]), np.array([[0, 1]]))
    places = layout(tree)
    assert places.x[2] == (places.x[0] + places.x[1]) / 2.0
    np.testing.assert_allclose(places.lines[:2, 1, 1], 1.0 - DROP)
    assert np.isnan(places.lines[2]).all()


def test_a_line_is_slanted_for_one_level() -> None:
    tree = build_tree(np.zeros(2), np.array([1.0]), np.array([[0, 1]]), levels=[0.5, 1.0])
    assert layout(tree).lines[:2, :, 1].tolist() == [[0.0, 0.5, 1.0, 1.0]] * 2


def test_a_few_branches_are_a_fan_and_many_a_comb_with_short_slants() -> None:
    few, many = (build_tree(np.zeros(n), np.ones(n - 1), np.array([[0, k] for k in range(1, n)])) for n in (5, 20))
    fan, comb = layout(few).lines[:5], layout(many).lines[:20]
    np.testing.assert_array_equal(fan[:, 2], fan[:, 3])
    assert np.abs(comb[:, 1, 0] - comb[:, 2, 0]).max() == pytest.approx(CHAMFER)
    assert np.ptp(comb[:, 2, 0]) > 10.0
    assert (comb[:, 2, 1] == 1.0).all()


def test_in_a_metric_layout_minima_stand_at_their_values_and_merges_at_the_mean() -> None:
    tree = build_tree(np.zeros(3), np.array([1.0, 2.0]), np.array([[0, 1], [1, 2]]))
    places = metric_layout(tree, np.array([1.0, 4.0, 10.0]))
    np.testing.assert_allclose(places.x, [1.0, 4.0, 10.0, 2.5, 5.0])
    np.testing.assert_array_equal(places.lines[:4, 2], places.lines[:4, 3])
    with pytest.raises(PropertyError, match="finite values"):
        metric_layout(tree, np.array([1.0, np.nan, 2.0]))


def test_the_largest_branch_is_the_trunk_by_size() -> None:
    # minimum 0 is lowest but alone; 1, 2, 3 form a basin
    tree = build_tree(np.arange(4.0), np.array([3.5, 3.6, 9.0]), np.array([[1, 2], [2, 3], [0, 1]]))
    by_size, by_energy = layout(tree, "size").x, layout(tree, "energy").x
    top = len(by_size) - 1
    basin = int(tree.parent[tree.parent[2]]) if tree.parent[tree.parent[2]] != top else int(tree.parent[2])
    assert by_size[top] == by_size[basin]
    assert by_energy[0] < by_energy[top] < by_energy[basin]


def test_values_run_from_left_to_right_and_unknown_ones_come_last() -> None:
    tree = build_tree(np.zeros(4), np.ones(3), np.array([[0, 1], [1, 2], [2, 3]]))
    x = layout(tree, "value", np.array([3.0, np.nan, 1.0, 2.0])).x
    assert np.argsort(x[:4]).tolist() == [2, 3, 0, 1]


def test_components_stand_side_by_side() -> None:
    tree = build_tree(np.array([0.0, 0.5, 0.1]), np.empty(0), np.empty((0, 2), dtype=np.int64))
    assert sorted(layout(tree).x.tolist()) == [-1.0, 0.0, 1.0]


def test_values_and_orders_are_checked() -> None:
    tree = chain(3)
    with pytest.raises(PropertyError, match="3 values to order the leaves by, found none"):
        layout(tree, "value")
    with pytest.raises(PropertyError, match=r"shape \[2\]"):
        layout(tree, "value", np.zeros(2))
    with pytest.raises(PropertyError, match="found 'width'"):
        layout(tree, "width")  # type: ignore[arg-type]


def test_a_branch_has_the_value_that_its_minima_share() -> None:
    tree = build_tree(np.zeros(4), np.array([1.0, 1.5, 2.0]), np.array([[0, 1], [2, 3], [1, 2]]))
    values = shared_values(tree, np.array([7.0, 7.0, 7.0, np.nan]))
    np.testing.assert_array_equal(values, [7.0, 7.0, 7.0, np.nan, 7.0, np.nan, np.nan])


def test_nothing_can_be_placed() -> None:
    tree = build_tree(np.empty(0), np.empty(0), np.empty((0, 2), dtype=np.int64))
    assert layout(tree).x.shape == (0,)
