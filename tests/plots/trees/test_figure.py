"""The lines, colours and labels of the figure of a tree."""

from pathlib import Path

import numpy as np
import pytest
from landscape.plots.tree_colours import NEUTRAL
from landscape.plots.tree_figures import draw
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgba

from landscape.database.database import Database
from landscape.database.store import open_store
from landscape.graph.superbasins import build_tree, disconnectivity_tree
from landscape.plots.figures import COLOURS, UNKNOWN
from landscape.studies.columns import Column, column
from tests.analysis.synthetic import funnel, write_database


def values(numbers: list[float]) -> Column:
    return Column(
        name="trace", property="trace", epsilon=None, description="trace", units="count", values=np.array(numbers)
    )


@pytest.fixture(scope="module")
def hundred(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_database(tmp_path_factory.mktemp("tree") / "hundred.h5", funnel(100))


def test_branches_are_coloured_by_what_their_minima_share() -> None:
    tree = build_tree(np.zeros(4), np.array([1.0, 1.5, 2.0]), np.array([[0, 1], [2, 3], [1, 2]]), levels=4)
    figure = draw(tree, values([5.0, 5.0, 7.0, np.nan]), order="energy", labels=False)
    lines = next(c for c in figure.axes[0].collections if isinstance(c, LineCollection))
    segments = list(zip(lines.get_segments(), np.asarray(lines.get_colors()), strict=True))
    of_merges = sorted(tuple(colour) for corners, colour in segments if corners[0][1] > 0)
    of_minima = sorted(tuple(colour) for corners, colour in segments if corners[0][1] == 0)
    assert of_minima == sorted([COLOURS(0.0), COLOURS(0.0), COLOURS(1.0), to_rgba(UNKNOWN)])
    assert of_merges == sorted([COLOURS(0.0), to_rgba(NEUTRAL)])


def test_energies_that_hardly_differ_are_counted_from_an_offset() -> None:
    energy = 0.123456 + 1e-7 * np.arange(3.0)
    tree = build_tree(energy, energy[1:] + 1e-7, np.array([[0, 1], [1, 2]]))
    axes = draw(tree, None, order="energy", labels=False).axes[0]
    assert axes.get_ylabel() == "Energy \N{MINUS SIGN} 0.123456"
    assert abs(axes.get_ylim()[1]) < 1e-5


def test_labels_name_the_rows_of_the_minima_below_them() -> None:
    tree = build_tree(np.array([1.0, 0.0]), np.array([2.0]), np.array([[0, 1]]))
    axes = draw(tree, None, order="energy", labels=True).axes[0]
    assert sorted((text.get_text(), text.xy[1]) for text in axes.texts) == [("0", 1.0), ("1", 0.0)]  # type: ignore[attr-defined]


def test_lines_of_minima_are_drawn_over_those_of_merges_and_have_no_dots() -> None:
    tree = build_tree(np.zeros(4), np.array([1.0, 1.5, 2.0]), np.array([[0, 1], [2, 3], [1, 2]]))
    axes = draw(tree, values([1.0, 2.0, 3.0, 4.0]), order="energy", labels=False).axes[0]
    assert all(isinstance(collection, LineCollection) for collection in axes.collections)
    colours = np.asarray(axes.collections[0].get_colors())  # type: ignore[attr-defined]
    grey = (colours == to_rgba(NEUTRAL)).all(axis=1)
    assert grey.tolist() == [True, True, False, False, False, False]


def test_the_colour_bar_has_a_short_name_with_epsilon_and_units(hundred: Path) -> None:
    with Database(open_store(hundred)) as db:
        tree = disconnectivity_tree(db)
        figures = [
            draw(tree, column(db, name), order="energy", labels=False) for name in ("robust_accuracy@0.3", "hits")
        ]
    titles = [figure.axes[1].get_ylabel() for figure in figures]
    assert titles == ["robust accuracy, $\\varepsilon$ = 0.3 (fraction of\nsamples)", "hits (count)"]


def test_labels_do_not_overlap(hundred: Path) -> None:
    with Database(open_store(hundred)) as db:
        figure = draw(disconnectivity_tree(db), None, order="energy", labels=True)
    figure.canvas.draw()
    boxes = [text.get_window_extent() for text in figure.axes[0].texts]
    assert not any(one.overlaps(other) for place, one in enumerate(boxes) for other in boxes[:place])
