"""The map of a page: minima in the plane, joined by the transition states between them."""

from bokeh.models import ColumnDataSource
from bokeh.plotting import figure

from landscape.report.data import PageData
from landscape.report.views.figures import ACCENT, FAINT, add_hover, frame
from landscape.report.views.tree_places import short

HEIGHT = 460


def map_view(data: PageData, minima: ColumnDataSource) -> figure:
    """The plot of the map; both axes have one scale."""
    plot = frame("map", "", "", height=HEIGHT, tap=True, match_aspect=True)
    plot.axis.visible = False
    plot.grid.visible = False
    plot.multi_line("xs", "ys", source=edges(data), line_width=0.6, line_alpha=0.6, tags=[FAINT])
    way = ColumnDataSource({"x": [], "y": []}, name="way_in_map")
    plot.line("x", "y", source=way, line_width=2.6, tags=[ACCENT])
    point = plot.scatter(
        "map_x", "map_y", source=minima, size=8, fill_color="colour", fill_alpha="alpha", line_color=None, name="points"
    )
    point.nonselection_glyph = None
    chosen = ColumnDataSource({"x": [], "y": []}, name="chosen_in_map")
    plot.scatter("x", "y", source=chosen, size=15, fill_color=None, line_width=2.4, tags=[ACCENT])
    add_hover(plot, point)
    return plot


def edges(data: PageData) -> ColumnDataSource:
    """One line for each pair of minima of the page that a transition state joins."""
    pairs = sorted({tuple(sorted(pair)) for pair in data.ts_minima[data.inside].tolist()})
    x, y = (list(map(short, axis)) for axis in data.plane.places.T.tolist())
    return ColumnDataSource(
        {
            "xs": [[x[one], x[other]] for one, other in pairs],
            "ys": [[y[one], y[other]] for one, other in pairs],
        },
        name="edges",
    )
