"""The figure of curves over the temperature: what is drawn where, within the page."""

import io

import matplotlib.style
import numpy as np

from landscape.database.database import Database
from landscape.plots.figures import STYLE
from landscape.plots.thermal_figures import draw_curves
from landscape.studies.thermal.curves import thermodynamics
from tests.analysis.synthetic import build_store, funnel

NAMES = ["robust_accuracy@0.1", "robust_accuracy@0.3", "adversarial_loss@0.1"]


def test_curves_are_whole_within_the_range_and_dashed_beyond() -> None:
    found = thermodynamics(Database(build_store(None, funnel(30))), np.geomspace(1e-4, 1.0, 50))
    figure = draw_curves(found, NAMES)
    assert len(figure.axes) == 3  # heat capacity, two families
    assert 0 < found.in_range.sum() < 50
    whole, dashed = figure.axes[1].lines[:2]
    np.testing.assert_array_equal(whole.get_xdata(), found.curves.temperature[found.in_range])
    np.testing.assert_array_equal(whole.get_ydata(), found.averages[NAMES[0]].value[found.in_range])
    np.testing.assert_array_equal(np.asarray(dashed.get_xdata())[1:], found.curves.temperature[~found.in_range])
    assert dashed.get_linestyle() == "--"


def test_all_text_is_on_the_page() -> None:
    found = thermodynamics(Database(build_store(None, funnel(30))))
    with matplotlib.style.context(STYLE):
        figure = draw_curves(found, NAMES)
        figure.savefig(io.BytesIO(), format="png", dpi=figure.dpi)
    page = figure.bbox
    labels = [label for axes in figure.axes for label in (axes.xaxis.label, axes.yaxis.label)]
    keys = [text for axes in figure.axes if (legend := axes.get_legend()) for text in legend.get_texts()]
    assert len(figure.texts) == 1  # the caption
    for text in [*figure.texts, *labels, *keys]:
        box = text.get_window_extent()
        assert page.x0 <= box.x0 < box.x1 <= page.x1 or not text.get_text(), text.get_text()
        assert page.y0 <= box.y0 < box.y1 <= page.y1 or not text.get_text(), text.get_text()
