"""Places of a tree on the axes of energies and of order."""

import numpy as np

from landscape.graph.superbasins import build_tree
from landscape.report.views.tree_places import split_lines, tree_places
from tests.analysis.synthetic import funnel


def test_both_axes_show_the_same_merges_in_the_same_order() -> None:
    _, energy, pairs, ts_energy = funnel(40)
    tree = build_tree(energy, ts_energy, pairs)
    places = tree_places(tree)
    heights = places.energy.lines[:, 0, 1]
    steps = places.order.lines[:, 0, 1]
    drawn = np.isfinite(heights)
    np.testing.assert_allclose(heights[drawn], (tree.height - energy.min())[drawn], atol=1e-15)
    np.testing.assert_array_equal(np.argsort(steps[drawn], kind="stable"), np.argsort(heights[drawn], kind="stable"))
    above = np.unique(tree.height - tree.height.min())
    assert all(label == f"{above[int(step)]:.2g}" for step, label in places.labels.items())
    assert places.labels[0.0] == "0"


def test_nodes_at_the_top_have_no_line() -> None:
    lines = np.array([[[0.0, 1.0], [0.0, 2.0], [1.0, 3.0]], np.full((3, 2), np.nan)])
    assert split_lines(lines) == ([[0.0, 0.0, 1.0], []], [[1.0, 2.0, 3.0], []])
