"""The figure of `disconnectivity.py`: the lines of a tree, their labels and axes."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from landscape.errors import PropertyError
from landscape.graph.branch_packing import TWIG
from landscape.graph.layout import GAP, Layout, Order, layout
from landscape.graph.tree import DisconnectivityTree
from landscape.plots.figures import UNKNOWN
from landscape.plots.marks import Marks, depth_in_points, draw_legend, draw_marks
from landscape.plots.tree_colours import NEUTRAL, are_neutral, branch_colours, colour_scale, draw_colour_bar
from landscape.studies.columns import Column

UNCONNECTED = (0.0, (3.0, 2.0))
HEIGHT = 4.2  # inches
UNIT = 0.22  # inches between upright lines, where there is room
LABEL_SIZE = 5.5  # points
THINNEST = 0.5  # points: thinner lines vanish in print
LEGEND_WIDTH = 1.6  # inches


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A placed tree in the units of the axes, with energies counted from `offset`."""

    tree: DisconnectivityTree
    places: Layout
    values: np.ndarray | None  # float64[L]
    offset: float
    low: float
    high: float
    margin: float  # below the lowest minimum, in parts of the span

    @property
    def energies(self) -> np.ndarray:
        """Heights [N] of the nodes on the axis."""
        return self.tree.height - self.offset

    @property
    def span(self) -> float:
        """Energy from the lowest minimum to the highest merge; never 0."""
        return self.high - self.low

    @property
    def top(self) -> float:
        """The height at which components end."""
        return self.high + 0.05 * self.span


def draw(
    tree: DisconnectivityTree, colour: Column | None, *, order: Order, labels: bool, marks: Marks | None = None
) -> Figure:
    """The figure of a tree, its minima coloured by the values [M] of `colour` at their rows, with marks below them.

    Raises PropertyError if no value of `colour` is known, or if branches are ordered by value without a `colour`.
    """
    if order == "value" and colour is None:
        raise PropertyError("Expected a property to order by value, found none: add --colour NAME.")
    if not tree.n_leaves:
        return _nothing()
    height = min(HEIGHT + 0.04 * tree.n_leaves, 9.0) if labels else HEIGHT
    room = depth_in_points(marks, tree.minimum) if marks else 0.0
    label_gap = (room + 2.0 * LABEL_SIZE * labels) / (72.0 * 0.85 * height)
    picture = _picture(tree, colour, order, label_gap=label_gap)
    width = _width(picture, bar=colour is not None, labels=labels)
    figure = Figure(figsize=(width + (LEGEND_WIDTH if marks else 0.0), height))
    axes = figure.add_subplot()
    known = np.empty(0) if picture.values is None else picture.values[np.isfinite(picture.values)]
    scale = colour_scale(colour.name, known) if colour else None
    _draw_lines(axes, picture, scale)
    if labels:
        _draw_labels(axes, picture)
    if marks:
        draw_marks(
            figure, axes, marks, tree.minimum, picture.places.x[: tree.n_leaves], picture.energies[: tree.n_leaves]
        )
        draw_legend(figure, marks, tree.minimum)
    _finish_axes(axes, picture)
    if colour and scale:
        draw_colour_bar(figure, axes, colour, known, scale)
    return figure


def _width(picture: Picture, *, bar: bool, labels: bool) -> float:
    """Width in inches: from one to two columns of a journal, wider only to keep labels apart."""
    digits = len(str(int(picture.tree.minimum.max())))
    unit = max(UNIT, (0.65 * digits + 0.5) * LABEL_SIZE / 72.0 / TWIG) if labels else UNIT
    width = unit * (float(np.ptp(picture.places.x)) + 2.0) + 0.7 + (0.7 if bar else 0.0)
    return float(np.clip(width, 3.4, 60.0 if labels else 7.2))


def _picture(tree: DisconnectivityTree, colour: Column | None, order: Order, *, label_gap: float) -> Picture:
    values = colour.values[tree.minimum] if colour else None
    low, high = float(tree.height.min()), float(tree.height.max())
    if high == low:  # a single energy: any scale will do
        high = low + (abs(low) or 1.0)
    step = 10.0 ** np.ceil(np.log10(high - low))
    offset = float(np.floor(low / step) * step) if high - low < 1e-3 * max(abs(low), abs(high)) else 0.0
    return Picture(
        tree=tree,
        places=layout(tree, order, values, gap=max(GAP, label_gap)),
        values=values,
        offset=offset,
        low=low - offset,
        high=high - offset,
        margin=max(0.05, label_gap),
    )


def _nothing() -> Figure:
    figure = Figure(figsize=(3.4, 1.2))
    figure.text(0.5, 0.5, "no minima", ha="center", va="center", color=NEUTRAL)
    return figure


def _draw_lines(axes: Axes, picture: Picture, scale: Normalize | None) -> None:
    """Draw all branches, lower ones over higher ones, so that coloured branches lie over grey ones."""
    tree, colours = picture.tree, branch_colours(picture.tree, picture.values, scale)
    width = float(np.clip(80.0 / tree.n_leaves, THINNEST, 1.2))
    lines = picture.places.lines - [0.0, picture.offset]
    inner = np.flatnonzero(tree.parent >= 0)[::-1]  # parents first
    widths = np.where(are_neutral(colours), 0.75 * width, width)
    _add_lines(axes, lines[inner], colours[inner], widths[inner])
    roots = tree.roots
    low = np.stack([picture.places.x[roots], picture.energies[roots]], axis=1)
    stems = np.stack([low, np.where([True, False], low, picture.top)], axis=1)
    _add_lines(axes, stems, colours[roots], widths[roots], linestyles=UNCONNECTED if len(roots) > 1 else "solid")


def _add_lines(axes: Axes, lines: np.ndarray, colours: np.ndarray, widths: np.ndarray, **style: Any) -> None:
    """Add lines [B, corners, 2] of colours [B, 4] and widths [B]."""
    axes.add_collection(
        LineCollection(list(lines), colors=colours, linewidths=widths, capstyle="round", joinstyle="round", **style)
    )


def _draw_labels(axes: Axes, picture: Picture) -> None:
    for leaf, row in enumerate(picture.tree.minimum):
        axes.annotate(
            str(row),
            (picture.places.x[leaf], picture.energies[leaf]),
            xytext=(0, -2),
            textcoords="offset points",
            ha="center",
            va="top",
            fontsize=LABEL_SIZE,
        )


def _finish_axes(axes: Axes, picture: Picture) -> None:
    x = picture.places.x
    axes.xaxis.set_visible(False)
    axes.spines["bottom"].set_visible(False)
    axes.set_xlim(float(x.min()) - 1.0, float(x.max()) + 1.0)
    axes.set_ylim(picture.low - picture.margin * picture.span, picture.top)
    axes.set_ylabel("Energy")
    if np.ptp(picture.tree.height) == 0.0:
        axes.set_yticks([picture.low], [f"{picture.low:.6g}"])
    else:
        axes.yaxis.set_major_locator(MaxNLocator(nbins=7, steps=[1, 2, 2.5, 5, 10]))
    if picture.offset:
        digits = max(0, -int(np.ceil(np.log10(picture.span))))
        sign = "\N{MINUS SIGN}" if picture.offset > 0 else "+"
        axes.set_ylabel(f"Energy {sign} {abs(picture.offset):.{digits}f}")
    _draw_legend(axes, picture)


def _draw_legend(axes: Axes, picture: Picture) -> None:
    """Draw the legend of dashes and light grey above the axes, if the figure has any."""
    keys = []
    if len(picture.tree.roots) > 1:
        keys.append(Line2D([], [], color=NEUTRAL, linewidth=0.8, linestyle=UNCONNECTED, label="no known connection"))
    if picture.values is not None and not np.isfinite(picture.values).all():
        keys.append(Line2D([], [], color=UNKNOWN, linewidth=1.2, label="value unknown"))
    if keys:
        axes.legend(handles=keys, loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=len(keys), borderaxespad=0.2)
