"""The lines, colours and labels of the figure of a tree."""

from io import BytesIO
from itertools import cycle

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure

from landscape.database.database import Database
from landscape.plots.figures import COLOURS, UNKNOWN, family_style
from landscape.plots.trees.colours import NEUTRAL
from landscape.plots.trees.output import figure_of
from landscape.plots.trees.picture import Choice, picture_of
from tests.analysis.synthetic import (
    build_store,
    funnel,
    made_up_store,
    minima,
    property_rows,
    transition_states,
)

PAIRS = np.array([[0, 1], [2, 3], [1, 2]])
Pieces = list[tuple[np.ndarray, tuple[float, ...]]]


def drawn(energy: list[float], ts_energy: list[float], values: list[float] | None = None, **choice: object) -> Figure:
    """The figure of some minima, in a row, with a measured property `trace`."""
    place = np.arange(float(len(energy)))
    measured = () if values is None else (property_rows("minima", "trace", np.array(values), "trace", "count"),)
    states = transition_states(PAIRS[: len(ts_energy)], np.array(ts_energy))
    store = made_up_store(None, minima(np.stack([place, place], axis=1), np.array(energy)), states, measured)
    with Database(store) as db:
        colour = "trace" if values is not None else None
        return figure_of(picture_of(db, Choice(**{"colour": colour, "levels": 0, **choice})))  # type: ignore[arg-type]


def pieces(axes: Axes) -> Pieces:
    """Corners and colours of all lines."""
    return [
        (corners, tuple(colour))
        for lines in axes.collections
        if isinstance(lines, LineCollection)
        for corners, colour in zip(lines.get_segments(), cycle(np.asarray(lines.get_colors())), strict=False)
    ]


def test_branches_are_coloured_by_what_their_minima_share() -> None:
    axes = drawn([0.0] * 4, [1.0, 1.5, 2.0], [5.0, 5.0, 7.0, np.nan]).axes[0]
    branches = [(corners, colour) for corners, colour in pieces(axes) if len(corners) == 3]
    of_merges = sorted(colour for corners, colour in branches if corners[0][1] > 0)
    of_minima = sorted(colour for corners, colour in branches if corners[0][1] == 0)
    assert of_minima == sorted([COLOURS(0.0), COLOURS(0.0), COLOURS(1.0), to_rgba(UNKNOWN)])
    assert of_merges == sorted([COLOURS(0.0), to_rgba(NEUTRAL)])


def test_branches_of_a_group_have_its_colour_and_the_legend_its_name() -> None:
    figure = drawn([0.0] * 4, [1.0, 1.5, 2.0], groups=("robust=0-1", "other=2"))
    colours = [colour for corners, colour in pieces(figure.axes[0]) if len(corners) == 3]
    assert colours.count(to_rgba(family_style(0)[0])) == 3  # two minima and the merge that only they share
    assert colours.count(to_rgba(family_style(1)[0])) == 1
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["robust", "other"]


def test_heights_are_counted_from_the_lowest_minimum_and_the_axis_names_its_power_of_ten() -> None:
    axes = drawn([0.123456, 0.1234561, 0.1234562, 0.1234562], [0.1234563, 0.12345635]).axes[0]
    assert axes.get_ylabel() == "$E - E_{\\min}$ ($10^{-7}$)"
    assert axes.get_ylim()[1] < 1e-6
    assert min(corners[0][1] for corners, _ in pieces(axes)) == 0.0


def test_labels_name_the_rows_of_the_minima_below_them() -> None:
    axes = drawn([1.0, 0.0], [2.0], labels=True).axes[0]
    assert sorted((text.get_text(), text.xy[1]) for text in axes.texts) == [("0", 1.0), ("1", 0.0)]  # type: ignore[attr-defined]


def test_the_caption_has_the_landscape_and_the_number_of_minima() -> None:
    with Database(build_store(None, funnel(100))) as db:
        picture = picture_of(db, Choice(lowest=20))
        caption = figure_of(picture).axes[0].get_xlabel().replace("\n", " ")
    assert caption.startswith("iris, tanh network (P = 2), l2 = 0.001")
    assert "20 of 100 minima of lowest energy, " in caption
    assert "% connected with the lowest, E_min = 0.3" in caption


def test_the_caption_says_at_how_many_levels_lines_meet_and_what_a_log_axis_hides() -> None:
    caption = drawn([0.0, 0.2, 0.5, 0.4], [1.0, 1.5, 2.0], levels=3, scale="log").axes[0].get_xlabel()
    assert "merges at 3 levels, 0 drawn at the foot of the log axis, " in caption.replace("\n", " ")
    assert "levels" not in drawn([0.0, 0.2], [1.0]).axes[0].get_xlabel()


def test_names_with_dollar_signs_are_no_formulas() -> None:
    figure = drawn([0.0, 0.2], [1.0], groups=("$^$=0",))
    figure.savefig(BytesIO())
    assert figure.legends[0].get_texts()[0].get_text() == r"\$^\$"


def test_minima_without_a_connection_are_strokes_and_are_counted() -> None:
    axes = drawn([0.0, 0.2, 0.5, 0.4], [1.0]).axes[0]
    level = [corners for corners, _ in pieces(axes) if len(corners) == 2 and corners[0][1] == corners[1][1]]
    assert sorted(corners[0][1] for corners in level) == [0.4, 0.5]
    assert axes.texts[0].get_text() == "2 without\nknown connection"


def test_the_colour_bar_has_a_short_name_with_epsilon_and_units() -> None:
    titles = []
    for name in ("robust_accuracy@0.3", "hits"):
        with Database(build_store(None, funnel(100))) as db:
            titles.append(figure_of(picture_of(db, Choice(colour=name))).axes[1].get_ylabel())
    assert titles == ["robust accuracy, $\\varepsilon$ = 0.3 (fraction of\nsamples)", "hits (count)"]


@pytest.mark.parametrize("scale", ["linear", "log", "symlog"])
def test_lines_of_every_scale_end_at_the_energies_of_the_minima(scale: str) -> None:
    energy = np.array([0.0, 1e-3, 0.1, 1.0])
    figure = drawn(energy.tolist(), [0.01, 2.0, 3.0], scale=scale)
    axes = figure.axes[0]
    assert axes.get_yscale() == scale
    ends = sorted(corners[0][1] for corners, _ in pieces(axes) if len(corners) == 3)
    expected = sorted([*(energy if scale != "log" else np.maximum(energy, 5e-4)), 0.01, 2.0])  # a log axis has no 0
    np.testing.assert_allclose(ends, expected, rtol=1e-9, atol=1e-15)


def test_a_metric_tree_has_each_minimum_at_its_value() -> None:
    axes = drawn([0.0, 0.1, 0.2, 0.3], [1.0, 1.5, 2.0], [4.0, 1.0, 9.0, 2.0], metric="trace").axes[0]
    ends = {corners[0][1]: corners[0][0] for corners, _ in pieces(axes) if corners[0][1] < 0.5}
    assert [ends[height] for height in sorted(ends)] == pytest.approx([4.0, 1.0, 9.0, 2.0])
    assert axes.get_xlabel().startswith("trace (count)\n")
