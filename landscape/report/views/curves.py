"""Curves of a page: heat capacity, a property against epsilon, the profile of a way out, and a scatter of a pair.

The scripts of the page fill the sources of all but the first.
"""

import numpy as np
from bokeh.models import ColumnDataSource, Span
from bokeh.plotting import figure

from landscape.report.data import Thermodynamics
from landscape.report.views.figures import ACCENT, FAINT, INK, frame

HEIGHT = 300


def heat_capacity_view(thermodynamics: Thermodynamics) -> figure:
    """The heat capacity against temperature, with the end of the harmonic range and a mark that the page moves."""
    plot = frame("heat", "temperature", "heat capacity", height=HEIGHT, x_axis_type="log")
    curve = ColumnDataSource({"x": thermodynamics.temperature, "y": thermodynamics.heat_capacity}, name="heat_curve")
    plot.line("x", "y", source=curve, line_width=1.8, tags=[INK])
    if np.isfinite(thermodynamics.highest):
        end = Span(location=thermodynamics.highest, dimension="height", line_dash="dashed", line_color="gray")
        plot.add_layout(end)
    mark = ColumnDataSource({"x": [], "y": []}, name="heat_mark")
    plot.scatter("x", "y", source=mark, size=12, fill_color=None, line_width=2.4, tags=[ACCENT])
    return plot


def epsilon_view() -> figure:
    """A property against epsilon: bands of all minima, and the selected minimum."""
    plot = frame("epsilon", "epsilon", "", height=HEIGHT)
    band = starting("epsilon_band", "x", "low", "high", "lower", "upper", "median")
    plot.varea("x", "low", "high", source=band, fill_alpha=0.35, tags=[FAINT], legend_label="90 % of the minima")
    plot.varea("x", "lower", "upper", source=band, fill_alpha=0.6, tags=[FAINT], legend_label="half of the minima")
    plot.line("x", "median", source=band, line_width=1.4, line_dash="dashed", tags=[INK], legend_label="median")
    one = starting("epsilon_one", "x", "y")
    plot.line("x", "y", source=one, line_width=2.4, tags=[ACCENT], legend_label="selected minimum")
    plot.scatter("x", "y", source=one, size=8, tags=[ACCENT], line_color=None)
    _place_legend(plot)
    return plot


def profile_view() -> figure:
    """Energy along the way out of the selected minimum, and the adversarial loss at the largest epsilon."""
    plot = frame("profile", "distance along the way out", "above its lowest value", height=HEIGHT)
    energy = starting("profile_energy", "x", "y")
    plot.line("x", "y", source=energy, line_width=2.0, tags=[INK], legend_label="energy")
    loss = starting("profile_loss", "x", "y")
    plot.line("x", "y", source=loss, line_width=2.0, line_dash="dashed", tags=[ACCENT], legend_label="adversarial loss")
    points = starting("profile_minima", "x", "y")
    plot.scatter("x", "y", source=points, size=8, tags=[INK], line_color=None)
    _place_legend(plot)
    return plot


def scatter_view(minima: ColumnDataSource) -> figure:
    """One property against another, a point for each minimum."""
    plot = frame("scatter", " ", " ", height=HEIGHT + 40, tap=True)
    point = plot.scatter(
        "scatter_x", "scatter_y", source=minima, size=7, fill_color="colour", fill_alpha=0.85, line_color=None
    )
    point.nonselection_glyph = None
    chosen = ColumnDataSource({"x": [], "y": []}, name="chosen_in_scatter")
    plot.scatter("x", "y", source=chosen, size=14, fill_color=None, line_width=2.4, tags=[ACCENT])
    return plot


def starting(name: str, *columns: str) -> ColumnDataSource:
    """A source that the scripts of the page fill; until then it has two points, from which axes take their ranges."""
    return ColumnDataSource({column: [0.0, 1.0] for column in columns}, name=name)


def _place_legend(plot: figure) -> None:
    """Put the legend above the plot, where it covers nothing."""
    legend = plot.legend[0]
    plot.add_layout(legend, "above")
    legend.orientation = "horizontal"
    legend.border_line_color = legend.background_fill_color = None
    legend.label_text_font_size = "12px"
    legend.padding = legend.margin = 2
    legend.spacing = 10
    legend.glyph_width = 18
    legend.ncols = 2
