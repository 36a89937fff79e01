"""Draw the disconnectivity graph of a database file.

A line ends at the energy of a minimum; lines meet at the lowest energy at which minima are connected. Without --levels
that energy is exact; with --levels lines meet at the next of so many equal steps, as in the classical picture.
Components with no known path between them rise to the top, dashed.

With --colour the branch of each minimum has the colour of its value. A branch above a merge keeps a colour only where
all its minima share one value, and is grey otherwise, as groups are coloured in the field: a mean would show a value
that no minimum has. Unknown values are light grey.

With --marks the end points of training lie as marks below the minima that `landscape locate` found for them, a colour
and a shape for each regime; the area of a mark is in proportion to how many end points of the regime lie there.

Of many minima, whose lines would cover each other, those with the longest branches are drawn, which keeps the shape of
the whole; --lowest draws the lowest ones instead. The figure says how many there are.
"""

import sys
import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import click
import matplotlib as mpl
import matplotlib.style
import numpy as np
from figures import COLOURS, STYLE, UNKNOWN, require_figure_file, save
from marks import Marks, depth_in_points, draw_legend, draw_marks, marks_of
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import Normalize, to_rgba_array
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from landscape.database.database import Database
from landscape.database.store import open_store
from landscape.errors import LandscapeError, PropertyError
from landscape.messages import number_text
from landscape.properties.columns import Column, column, readable
from landscape.properties.layout import GAP, Layout, Order, layout, shared_values
from landscape.properties.locations import locations_of
from landscape.properties.packing import TWIG
from landscape.properties.superbasins import disconnectivity_tree
from landscape.properties.tree import DisconnectivityTree, prune, thin

PLAIN = "0.1"
NEUTRAL = "0.45"  # above merges of different values
UNCONNECTED = (0.0, (3.0, 2.0))
HEIGHT = 4.2  # inches
UNIT = 0.22  # inches between upright lines, where there is room
LABEL_SIZE = 5.5  # points
THINNEST = 0.5  # points: thinner lines vanish in print
LEGEND_WIDTH = 1.6  # inches
MOST = 400  # minima whose lines can be told apart on two columns


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
        """Where components end."""
        return self.high + 0.05 * self.span


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="Figure: .svg, .pdf or .png.")
@click.option("--colour", metavar="NAME", help="Property to colour by: NAME, NAME@EPSILON or NAME[INDEX].")
@click.option(
    "--order",
    type=click.Choice(get_args(Order)),
    default="energy",
    show_default=True,
    help="What puts branches in the middle (energy, size), or from left to right (value, that of --colour).",
)
@click.option(
    "--lowest",
    type=click.IntRange(min=1),
    help=f"Draw so many lowest minima only; else at most {MOST}, of longest branches.",
)
@click.option("--labels", is_flag=True, help="Write the row of each minimum below it.")
@click.option("--marks", metavar="NAME,NAME", help="Mark the end points of these regimes of training, or of all.")
@click.option("--levels", type=click.IntRange(min=1), help="Merge at so many equal energy levels.")
def main(
    file: Path,
    output: Path,
    colour: str | None,
    order: Order,
    lowest: int | None,
    labels: bool,
    marks: str | None,
    levels: int | None,
) -> None:
    """Draw the disconnectivity graph of the database FILE."""
    try:
        require_figure_file(output)
        with Database(open_store(file)) as db:
            tree, note = _drawn_part(disconnectivity_tree(db, levels=levels), lowest)
            chosen = column(db, colour) if colour else None
            marked = marks_of(locations_of(db), marks) if marks else None
        with matplotlib.style.context(STYLE):
            figure = draw(tree, chosen, order=order, labels=labels, marks=marked)
            if note:
                figure.supxlabel(note, fontsize="medium")
            save(figure, output)
    except LandscapeError as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(2)
    click.echo(f"{output}: minima {tree.n_leaves}, components {len(tree.roots)}" + (f" ({note})" if note else ""))


def _drawn_part(tree: DisconnectivityTree, lowest: int | None) -> tuple[DisconnectivityTree, str]:
    """The part of a tree that is drawn, and what it is, empty for the whole."""
    if tree.n_leaves <= (lowest or MOST):
        return tree, ""
    if lowest:
        return prune(tree, lowest), f"the {lowest} lowest of {tree.n_leaves} minima"
    return thin(tree, MOST), f"the {MOST} of {tree.n_leaves} minima with the longest branches"


def draw(
    tree: DisconnectivityTree, colour: Column | None, *, order: Order, labels: bool, marks: Marks | None = None
) -> Figure:
    """The figure of a tree, its minima coloured by the values [M] of `colour` at their rows, with marks below them.

    Raises PropertyError where nothing is known of `colour`, or where it is missing for the order by value.
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
    scale = _scale(colour.name, known) if colour else None
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
        _draw_colour_bar(figure, axes, colour, known, scale)
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


def _scale(name: str, known: np.ndarray) -> Normalize:
    if not len(known):
        raise PropertyError(f"Expected values of {name} to colour by, found none for these minima: measure them first.")
    low, high = float(known.min()), float(known.max())
    return (
        Normalize(low, high) if high > low else Normalize(low - (abs(low) or 1.0) * 0.5, low + (abs(low) or 1.0) * 0.5)
    )


def _nothing() -> Figure:
    figure = Figure(figsize=(3.4, 1.2))
    figure.text(0.5, 0.5, "no minima", ha="center", va="center", color=NEUTRAL)
    return figure


def _draw_lines(axes: Axes, picture: Picture, scale: Normalize | None) -> None:
    """All branches; those of minima over those above merges, in colour over grey."""
    tree, colours = picture.tree, _branch_colours(picture, scale)
    width = float(np.clip(80.0 / tree.n_leaves, THINNEST, 1.2))
    lines = picture.places.lines - [0.0, picture.offset]
    inner = np.flatnonzero(tree.parent >= 0)[::-1]  # parents first
    widths = np.where(_is_plain(colours), 0.75 * width, width)
    _add_lines(axes, lines[inner], colours[inner], widths[inner])
    roots = tree.roots
    low = np.stack([picture.places.x[roots], picture.energies[roots]], axis=1)
    stems = np.stack([low, np.where([True, False], low, picture.top)], axis=1)
    _add_lines(axes, stems, colours[roots], widths[roots], linestyles=UNCONNECTED if len(roots) > 1 else "solid")


def _is_plain(colours: np.ndarray) -> np.ndarray:
    return np.asarray((colours == to_rgba_array(NEUTRAL)).all(axis=1))


def _add_lines(axes: Axes, lines: np.ndarray, colours: np.ndarray, widths: np.ndarray, **style: Any) -> None:
    """Add lines [B, corners, 2] of colours [B, 4] and widths [B]."""
    axes.add_collection(
        LineCollection(list(lines), colors=colours, linewidths=widths, capstyle="round", joinstyle="round", **style)
    )


def _branch_colours(picture: Picture, scale: Normalize | None) -> np.ndarray:
    """A colour [N, 4] for every node: that of its minima where they agree."""
    tree = picture.tree
    if scale is None or picture.values is None:
        return to_rgba_array([PLAIN] * len(tree.parent))
    colours = to_rgba_array([UNKNOWN] * tree.n_leaves + [NEUTRAL] * (len(tree.parent) - tree.n_leaves))
    values = shared_values(tree, picture.values)
    colours[np.isfinite(values)] = COLOURS(scale(values[np.isfinite(values)]))
    return colours


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
    """What dashes and light grey mean, above the axes, where there are any."""
    keys = []
    if len(picture.tree.roots) > 1:
        keys.append(Line2D([], [], color=NEUTRAL, linewidth=0.8, linestyle=UNCONNECTED, label="no known connection"))
    if picture.values is not None and not np.isfinite(picture.values).all():
        keys.append(Line2D([], [], color=UNKNOWN, linewidth=1.2, label="value unknown"))
    if keys:
        axes.legend(handles=keys, loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=len(keys), borderaxespad=0.2)


def _draw_colour_bar(figure: Figure, axes: Axes, colour: Column, known: np.ndarray, scale: Normalize) -> None:
    bar = figure.colorbar(mpl.cm.ScalarMappable(scale, COLOURS), ax=axes, pad=0.02, aspect=30)
    bar.set_label(_title(colour))
    bar.outline.set_linewidth(0.6)
    if len(np.unique(known)) == 1:
        bar.set_ticks([known[0]])


def _title(colour: Column) -> str:
    """A short name with what was chosen and the units: pgd accuracy, epsilon = 0.3 (fraction of samples)."""
    name = colour.name if colour.epsilon is None else colour.property
    chosen = "" if colour.epsilon is None else f", $\\varepsilon$ = {number_text(colour.epsilon)}"
    units = f" ({colour.units})" if colour.units not in ("", "energy") else ""  # energies have no unit
    return "\n".join(textwrap.wrap(readable(name) + chosen + units, 56))


if __name__ == "__main__":
    main()
