"""The disconnectivity tree of a page: a line for each minimum that can be selected, and lines above merges."""

import numpy as np
from bokeh.models import ColumnDataSource
from bokeh.plotting import figure

from landscape.graph.layout import Layout
from landscape.report.data import PageData
from landscape.report.figures import ACCENT, add_hover, frame
from landscape.report.minima_source import PLAIN

HEIGHT = 460


def tree_view(data: PageData, places: Layout, minima: ColumnDataSource) -> figure:
    """The plot of the tree; energies are counted from the lowest minimum."""
    plot = frame("tree", "", "energy above the lowest minimum", height=HEIGHT, tap=True)
    plot.xaxis.visible = False
    inner = inner_branches(data, places)
    plot.multi_line("xs", "ys", source=inner, line_color="colour", line_alpha="alpha", line_width=1.2, name="inner")
    branch = plot.multi_line(
        "branch_x", "branch_y", source=minima, line_color="colour", line_alpha="alpha", line_width=1.6, name="branches"
    )
    way = ColumnDataSource({"xs": [], "ys": []}, name="way_in_tree")
    plot.multi_line("xs", "ys", source=way, line_width=2.6, tags=[ACCENT])
    tip = plot.scatter(
        "tree_x", "above", source=minima, size=6, fill_color="colour", fill_alpha="alpha", line_color=None, name="tips"
    )
    chosen = ColumnDataSource({"x": [], "y": []}, name="chosen_in_tree")
    plot.scatter("x", "y", source=chosen, size=13, fill_color=None, line_width=2.4, tags=[ACCENT])
    for one in (branch, tip):
        one.nonselection_glyph = None
    add_hover(plot, tip)
    return plot


def inner_branches(data: PageData, places: Layout) -> ColumnDataSource:
    """The line above each merge [N - n], in order of the nodes; those at the top of a component are empty."""
    lines = places.lines[data.shown :] - np.array([0.0, data.energy[0]])
    drawn = np.isfinite(lines).all(axis=(1, 2))
    return ColumnDataSource(
        {
            "xs": [line[:, 0].tolist() if one else [] for line, one in zip(lines, drawn, strict=True)],
            "ys": [line[:, 1].tolist() if one else [] for line, one in zip(lines, drawn, strict=True)],
            "colour": [PLAIN] * len(lines),
            "alpha": np.ones(len(lines)),
        },
        name="inner",
    )
