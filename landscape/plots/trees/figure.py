"""Drawing of a tree: its lines, the rug of unconnected minima, labels, legends and axes.

Shapes: L leaves, N nodes.
"""

import textwrap
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from landscape.graph.branch_packing import TWIG
from landscape.graph.layout import Layout
from landscape.plots.figures import UNKNOWN, label_y
from landscape.plots.trees.colours import NEUTRAL, are_neutral, branch_colours, draw_colour_bar, group_keys, title
from landscape.plots.trees.marks import depth_in_points, draw_legend, draw_marks
from landscape.plots.trees.picture import Picture

UNCONNECTED = (0.0, (3.0, 2.0))
HEIGHT = 4.2  # inches
UNIT = 0.22  # inches between upright lines, where there is room
LABEL_SIZE = 5.5  # points
THINNEST, THICKEST = 0.6, 1.3  # points: thinner lines vanish in print
LEGEND_WIDTH = 1.6  # inches
RUG = 0.025  # width of the rug, in parts of that of the tree
CAPTION_SIZE = 6.5  # points
INCHES_A_LETTER = 0.047  # of captions


@dataclass(frozen=True, kw_only=True)
class Size:
    """Size of a figure in inches, and the part of its height that stays free below each minimum."""

    width: float
    height: float
    gap: float


def figure_size(picture: Picture) -> Size:
    """The size of a figure: from one to two columns of a journal, wider only to keep labels apart."""
    if not picture.tree.n_leaves:
        return Size(width=3.4, height=1.4, gap=0.0)
    tall = picture.labels and picture.metric is None
    height = min(HEIGHT + 0.04 * picture.tree.n_leaves, 9.0) if tall else HEIGHT
    room = depth_in_points(picture.marks, picture.tree.minimum) if picture.marks else 0.0
    gap = (room + 2.0 * LABEL_SIZE * picture.labels) / (72.0 * 0.8 * height)
    digits = len(str(int(picture.tree.minimum.max())))
    unit = max(UNIT, (0.65 * digits + 0.5) * LABEL_SIZE / 72.0 / TWIG) if tall else UNIT
    places = 20.0 if picture.metric is not None else float(np.ptp(picture.layout(gap).x)) + 2.0
    width = unit * places + 0.7 + (0.7 if picture.colour else 0.0)
    width = float(np.clip(width, 3.4, 60.0 if tall else 7.2)) + (LEGEND_WIDTH if picture.marks else 0.0)
    return Size(width=width, height=height, gap=gap)


def draw(axes: Axes, picture: Picture, size: Size) -> None:
    """Draw a picture into axes of a size. Raises PropertyError if no value of its colour is known."""
    axes.xaxis.set_ticks([])
    if not picture.tree.n_leaves:
        axes.set_axis_off()
        axes.text(0.5, 0.5, "no minima", ha="center", va="center", color=NEUTRAL, transform=axes.transAxes)
        return
    places = picture.layout(size.gap)
    picture.scale.apply(axes)
    _draw_lines(axes, picture, places)
    right = _draw_rug(axes, picture, places)
    _finish_axes(axes, picture, places, right, max(0.04, size.gap))
    _draw_legend(axes, picture)
    if picture.labels:
        _draw_labels(axes, picture, places)
    if picture.marks:
        leaves = slice(picture.tree.n_leaves)
        ends = picture.scale.back(picture.tree.height[leaves])
        draw_marks(axes, picture.marks, picture.tree.minimum, places.x[leaves], ends)
        draw_legend(axes, picture.marks, picture.tree.minimum)
    draw_colour_bar(axes, picture)
    axes.set_xlabel(_caption(picture, size.width), fontsize=CAPTION_SIZE, color="0.25")


def _draw_lines(axes: Axes, picture: Picture, places: Layout) -> None:
    """Draw all branches, lower ones over higher ones, and branches over the levels on which they meet."""
    tree, colours = picture.tree, branch_colours(picture)
    lines = places.lines.copy()
    lines[..., 1] = picture.scale.back(lines[..., 1].ravel()).reshape(lines.shape[:2])
    width = float(np.clip(80.0 / tree.n_leaves, THINNEST, THICKEST))
    inner = np.flatnonzero(tree.parent >= 0)[::-1]  # parents first
    widths = np.where(are_neutral(colours), 0.8 * width, width)
    along = inner[lines[inner, 2, 0] != lines[inner, 3, 0]]
    _add_lines(axes, lines[along, 2:], colours[tree.parent[along]], widths[tree.parent[along]])
    _add_lines(axes, lines[inner, :3], colours[inner], widths[inner])
    roots = tree.roots
    low = np.stack([places.x[roots], picture.scale.back(tree.height[roots])], axis=1)
    stems = np.stack([low, np.where([True, False], low, _limits(picture, 0.0)[1])], axis=1)
    _add_lines(axes, stems, colours[roots], widths[roots], linestyles=UNCONNECTED if len(roots) > 1 else "solid")


def _add_lines(axes: Axes, lines: np.ndarray, colours: np.ndarray, widths: np.ndarray, **style: Any) -> None:
    """Add lines [B, corners, 2] of colours [B, 4] and widths [B]."""
    axes.add_collection(
        LineCollection(list(lines), colors=colours, linewidths=widths, capstyle="round", joinstyle="round", **style),
        autolim=False,
    )


def _draw_rug(axes: Axes, picture: Picture, places: Layout) -> float:
    """Draw minima without a connection as strokes beside the tree, and their number; the right end of the picture."""
    right, span = float(places.x.max()), float(np.ptp(places.x)) or 1.0
    count = len(picture.unconnected)
    if not count:
        return right
    left, end = right + 3.0 * RUG * span, right + 4.0 * RUG * span
    strokes = [[(left, height), (end, height)] for height in picture.unconnected.tolist()]
    axes.add_collection(LineCollection(strokes, colors=NEUTRAL, linewidths=THINNEST), autolim=False)
    axes.annotate(
        f"{count} without\nknown connection",
        (end, 1.0),
        xycoords=("data", "axes fraction"),
        xytext=(0, 2),
        textcoords="offset points",
        ha="right",
        va="bottom",
        fontsize=CAPTION_SIZE,
        color=NEUTRAL,
    )
    return end


def _draw_labels(axes: Axes, picture: Picture, places: Layout) -> None:
    ends = picture.scale.back(picture.tree.height[: picture.tree.n_leaves])
    for row, x, end in zip(picture.tree.minimum.tolist(), places.x.tolist(), ends.tolist(), strict=False):
        axes.annotate(
            str(row),
            (x, end),
            xytext=(0, -2),
            textcoords="offset points",
            ha="center",
            va="top",
            fontsize=LABEL_SIZE,
        )


def _limits(picture: Picture, margin: float) -> tuple[float, float]:
    """The ends of the axis of heights, with a margin below the lowest minimum in parts of the span."""
    beside = picture.scale.forward(picture.unconnected)
    low = min(float(picture.tree.height.min()), float(beside.min(initial=np.inf)))
    high = max(float(picture.tree.height.max()), float(beside.max(initial=-np.inf)))
    span = high - low or 1.0
    ends = picture.scale.back(np.array([low - margin * span, high + 0.04 * span]))
    return float(ends[0]), float(ends[1])


def _finish_axes(axes: Axes, picture: Picture, places: Layout, right: float, margin: float) -> None:
    beside = 1.0 if picture.metric is None else 0.03 * (float(np.ptp(places.x)) or 1.0)
    axes.set_xlim(float(places.x.min()) - beside, right + beside)
    axes.set_ylim(*_limits(picture, margin))
    if picture.metric is None:
        axes.spines["bottom"].set_visible(False)
    else:
        axes.xaxis.set_major_locator(MaxNLocator(nbins=7))
    if picture.scale.kind == "linear":
        axes.yaxis.set_major_locator(MaxNLocator(nbins=7, steps=[1, 2, 2.5, 5, 10]))
        label_y(axes, picture.label)
    else:
        axes.set_ylabel(picture.label)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)


def _caption(picture: Picture, width: float) -> str:
    """The caption, in lines that fit into a figure; below the name of the property of a metric tree."""
    metric = [title(picture.metric)] if picture.metric is not None else []
    bar, legend = (picture.colour is not None) * 0.8, (picture.marks is not None) * LEGEND_WIDTH
    letters = int((width - 0.8 - bar - legend) / INCHES_A_LETTER)
    whole = ". ".join(picture.caption)
    parts = [whole] if len(whole) <= letters else picture.caption
    return "\n".join([*metric, *(line for part in parts for line in textwrap.wrap(part, letters))])


def _draw_legend(axes: Axes, picture: Picture) -> None:
    """Draw the legend of groups, dashes and light grey above the axes, if the figure has any."""
    keys = group_keys(picture.groups)
    if len(picture.tree.roots) > 1:
        keys.append(Line2D([], [], color=NEUTRAL, linewidth=0.8, linestyle=UNCONNECTED, label="no known connection"))
    if picture.values is not None and not np.isfinite(picture.values).all():
        keys.append(Line2D([], [], color=UNKNOWN, linewidth=1.2, label="value unknown"))
    if keys:
        axes.figure.legend(handles=keys, loc="outside upper left", ncols=min(len(keys), 3))
