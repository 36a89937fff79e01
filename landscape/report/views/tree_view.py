"""The disconnectivity tree of a page: a line for each minimum that can be selected, and lines above merges."""

import numpy as np
from bokeh.models import ColumnDataSource, FixedTicker, LinearAxis
from bokeh.plotting import figure

from landscape.report.data import PageData
from landscape.report.views.figures import ACCENT, add_hover, dress_axis, frame
from landscape.report.views.minima_source import PLAIN
from landscape.report.views.tree_places import TreePlaces, split_lines

HEIGHT = 500
LABEL = "energy above the lowest minimum"


def tree_view(data: PageData, places: TreePlaces, minima: ColumnDataSource) -> figure:
    """The plot of the tree, with an axis of energies and an axis of their order, of which the page shows one."""
    plot = frame("tree", "", LABEL, height=HEIGHT, tap=True)
    plot.xaxis.visible = False
    _add_axis_of_order(plot, places.labels)
    line = {"line_color": "colour", "line_alpha": "alpha"}
    plot.multi_line("tree_xs", "tree_ys", source=inner_branches(data, places), line_width=1.0, **line)
    branch = plot.multi_line("tree_xs", "tree_ys", source=minima, line_width=1.1, **line)
    way = ColumnDataSource({"xs": [], "ys": []}, name="way_in_tree")
    plot.multi_line("xs", "ys", source=way, line_width=2.4, tags=[ACCENT])
    tip = plot.scatter(
        "tree_x", "tree_y", source=minima, size=5, fill_color="colour", fill_alpha="alpha", line_color=None
    )
    chosen = ColumnDataSource({"x": [], "y": []}, name="chosen_in_tree")
    plot.scatter("x", "y", source=chosen, size=13, fill_color=None, line_width=2.4, tags=[ACCENT])
    for one in (branch, tip):
        one.nonselection_glyph = None
    add_hover(plot, tip)
    return plot


def inner_branches(data: PageData, places: TreePlaces) -> ColumnDataSource:
    """The line above each merge [N - n], in order of the nodes, on both axes."""
    columns: dict[str, object] = {}
    for axis, one in (("energy", places.energy), ("order", places.order)):
        columns[f"{axis}_xs"], columns[f"{axis}_ys"] = split_lines(one.lines[data.shown :])
    count = len(data.tree.parent) - data.shown
    columns |= {"tree_xs": columns["energy_xs"], "tree_ys": columns["energy_ys"]}
    return ColumnDataSource(columns | {"colour": [PLAIN] * count, "alpha": np.ones(count)}, name="inner")


def _add_axis_of_order(plot: figure, labels: dict[float, str]) -> None:
    """Add the axis of order, invisible until the page asks for it."""
    axis = LinearAxis(
        axis_label=f"{LABEL}, in order",
        ticker=FixedTicker(ticks=list(labels)),
        major_label_overrides=labels,
        visible=False,
    )
    dress_axis(axis)
    plot.add_layout(axis, "left")
