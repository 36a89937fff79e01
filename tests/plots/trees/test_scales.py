"""Axes of heights, and levels that are chosen so that lines can be seen."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from landscape.errors import PropertyError
from landscape.graph.superbasins import build_tree
from landscape.graph.tree import DisconnectivityTree
from landscape.plots.trees.scales import SEEN, height_scale, with_levels


def twigs(count: int, barrier: float) -> DisconnectivityTree:
    """A trunk with minima at equal distances from 0 to 1, each of which a barrier joins to the next lower one."""
    energy = np.linspace(0.0, 1.0, count)
    pairs = np.stack([np.arange(count - 1), np.arange(1, count)], axis=1)
    return build_tree(energy, energy[1:] + barrier, pairs)


@pytest.mark.parametrize("kind", ["linear", "log", "symlog"])
def test_places_are_those_of_the_axis_of_matplotlib(kind: str) -> None:
    scale = height_scale(kind, twigs(30, 0.01))  # type: ignore[arg-type]
    heights = np.array([0.05, 0.3, 0.9])
    axes = Figure().add_subplot()
    scale.apply(axes)
    axes.set_ylim(0.01, 1.0)
    pixels = axes.transData.transform(np.stack([np.zeros(3), heights], axis=1))[:, 1]
    places = scale.forward(heights)
    slope = np.ptp(pixels) / np.ptp(places)
    np.testing.assert_allclose(pixels - pixels[0], slope * (places - places[0]), atol=1e-9)
    np.testing.assert_allclose(scale.back(places), heights, rtol=1e-12)


def test_the_axis_suits_the_data() -> None:
    assert height_scale("auto", twigs(30, 0.01)).kind == "linear"
    energy = np.append(np.linspace(0.0, 0.01, 20), 1.0)
    pairs = np.stack([np.zeros(20, dtype=np.int64), np.arange(1, 21)], axis=1)
    assert height_scale("auto", build_tree(energy, energy[1:] + 0.01, pairs)).kind == "symlog"
    with pytest.raises(PropertyError, match="found 'cubic'"):
        height_scale("cubic", twigs(3, 0.1))  # type: ignore[arg-type]


def test_merges_stay_exact_where_lines_can_be_seen_and_are_lifted_to_levels_where_not() -> None:
    deep, flat = twigs(20, 0.2), twigs(200, 1e-4)
    scale = height_scale("linear", deep)
    assert with_levels(deep, scale, None) is deep
    lifted = with_levels(flat, scale, None)
    leaves = slice(flat.n_leaves)
    assert 8 <= len(lifted.levels) <= 30
    length = lifted.height[lifted.parent[leaves]] - lifted.height[leaves]
    assert np.quantile(length, 0.25) >= SEEN * np.ptp(lifted.height)
    assert set(lifted.height[lifted.n_leaves :]) <= set(lifted.levels)


def test_the_number_of_levels_can_be_chosen() -> None:
    tree = twigs(200, 1e-4)
    scale = height_scale("linear", tree)
    assert with_levels(tree, scale, 0) is tree
    levels = with_levels(tree, scale, 17).levels
    assert len(levels) == 17
    np.testing.assert_allclose(np.diff(levels), np.ptp(tree.height) / 17)
    assert levels[-1] == tree.height.max()
    for wrong in (-1, 10**12):
        with pytest.raises(PropertyError, match=f"Expected 0 to 10000 levels, found {wrong}"):
            with_levels(tree, scale, wrong)


def test_levels_of_a_logarithmic_axis_are_at_equal_ratios() -> None:
    tree = twigs(50, 0.01)
    scale = height_scale("log", tree)
    levels = with_levels(tree, scale, 5).levels
    np.testing.assert_allclose(levels[1:] / levels[:-1], (tree.height.max() / scale.threshold) ** 0.2)
