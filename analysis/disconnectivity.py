"""Draw the disconnectivity graph of a database file.

A vertical line ends at the energy of a minimum; lines meet at the lowest energy at which minima are connected. Without
--levels that energy is exact and lines meet at right angles; with --levels they meet slanted at the next of so many
equal steps, as in the classical picture. Components with no known path between them rise to the top, dashed.

With --colour the branch of each minimum has the colour of its value. A branch above a merge keeps a colour only where
all its minima share one value, and is grey otherwise, as groups are coloured in the field: a mean would show a value
that no minimum has. Unknown values are light grey.
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
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import ListedColormap, Normalize, to_rgba_array
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from landscape.database.database import Database
from landscape.database.store import open_store
from landscape.errors import LandscapeError, PropertyError
from landscape.properties.columns import Column, column
from landscape.properties.layout import Layout, Order, branch_corners, layout, shared_values
from landscape.properties.tree import DisconnectivityTree, disconnectivity_tree, prune

STYLE = Path(__file__).with_name("paper.mplstyle")
FORMATS = (".svg", ".pdf", ".png")
COLOURS = ListedColormap(mpl.colormaps["viridis"](np.linspace(0.0, 0.92, 256)), name="viridis, readable on white")
PLAIN = "0.1"
NEUTRAL = "0.35"  # above merges of different values
ACROSS = "0.7"
UNKNOWN = "0.75"
UNCONNECTED = (0.0, (3.0, 2.0))


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A placed tree in the units of the axes, with energies counted from `offset`."""

    tree: DisconnectivityTree
    places: Layout
    values: np.ndarray | None  # float64[L]
    offset: float
    low: float
    high: float

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
@click.option("--lowest", type=click.IntRange(min=1), help="Draw so many lowest minima only.")
@click.option("--labels", is_flag=True, help="Write the row of each minimum below it.")
@click.option("--levels", type=click.IntRange(min=1), help="Merge at so many equal energy levels.")
def main(
    file: Path, output: Path, colour: str | None, order: Order, lowest: int | None, labels: bool, levels: int | None
) -> None:
    """Draw the disconnectivity graph of the database FILE."""
    try:
        _require_figure_file(output)
        with Database(open_store(file)) as db:
            tree = disconnectivity_tree(db, levels=levels)
            tree = prune(tree, lowest) if lowest else tree
            chosen = column(db, colour) if colour else None
        with matplotlib.style.context(STYLE):
            save(draw(tree, chosen, order=order, labels=labels), output)
    except LandscapeError as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(2)
    click.echo(f"{output}: minima {tree.n_leaves}, components {len(tree.roots)}")


def draw(tree: DisconnectivityTree, colour: Column | None, *, order: Order, labels: bool) -> Figure:
    """The figure of a tree, its minima coloured by the values [M] of `colour` at their rows.

    Raises PropertyError where nothing is known of `colour`, or where it is missing for the order by value.
    """
    if order == "value" and colour is None:
        raise PropertyError("Expected a property to order by value, found none: add --colour NAME.")
    figure = Figure(figsize=_size(tree, colour, labels=labels))
    axes = figure.add_subplot()
    axes.xaxis.set_visible(False)
    axes.spines["bottom"].set_visible(False)
    if not tree.n_leaves:
        _draw_nothing(axes)
        return figure
    picture = _picture(tree, colour, order)
    known = np.empty(0) if picture.values is None else picture.values[np.isfinite(picture.values)]
    scale = _scale(colour.name, known) if colour else None
    _draw_lines(axes, picture, scale)
    _draw_minima(axes, picture, scale)
    if labels:
        _draw_labels(axes, picture)
    _finish_axes(axes, picture)
    if colour and scale:
        _draw_colour_bar(figure, axes, colour, known, scale)
    return figure


def save(figure: Figure, output: Path) -> None:
    """Write the figure, without a date in it. Raises PropertyError where the file cannot be written."""
    dates = {".svg": {"Date": None}, ".pdf": {"CreationDate": None}}
    try:
        figure.savefig(output, metadata=dates.get(output.suffix.lower()))
    except OSError as error:
        raise PropertyError(f"Expected to write {output}, found: {error.strerror}: choose another place.") from error


def _require_figure_file(output: Path) -> None:
    if output.suffix.lower() not in FORMATS:
        raise PropertyError(
            f"Expected a figure file ending in {', '.join(FORMATS)}, found '{output}': change its ending."
        )


def _size(tree: DisconnectivityTree, colour: Column | None, *, labels: bool) -> tuple[float, float]:
    """Width and height in inches: from one to two columns of a journal, wider only to keep labels apart."""
    leaves = tree.n_leaves
    width = min(7.2, 3.4 + 0.045 * max(leaves - 12, 0)) + (0.6 if colour else 0.0)
    if labels:
        width = max(width, 0.085 * leaves + 1.6)
    return min(width, 60.0), 3.6 if leaves <= 40 else 4.4


def _picture(tree: DisconnectivityTree, colour: Column | None, order: Order) -> Picture:
    values = colour.values[tree.minimum] if colour else None
    low, high = float(tree.height.min()), float(tree.height.max())
    if high == low:  # a single energy: any scale will do
        high = low + (abs(low) or 1.0)
    step = 10.0 ** np.ceil(np.log10(high - low))
    offset = float(np.floor(low / step) * step) if high - low < 1e-3 * max(abs(low), abs(high)) else 0.0
    places = layout(tree, order, values)
    return Picture(tree=tree, places=places, values=values, offset=offset, low=low - offset, high=high - offset)


def _scale(name: str, known: np.ndarray) -> Normalize:
    if not len(known):
        raise PropertyError(f"Expected values of {name} to colour by, found none for these minima: measure them first.")
    low, high = float(known.min()), float(known.max())
    return (
        Normalize(low, high) if high > low else Normalize(low - (abs(low) or 1.0) * 0.5, low + (abs(low) or 1.0) * 0.5)
    )


def _draw_nothing(axes: Axes) -> None:
    axes.yaxis.set_visible(False)
    axes.spines["left"].set_visible(False)
    axes.text(0.5, 0.5, "no minima", transform=axes.transAxes, ha="center", va="center", color=NEUTRAL)


def _line_width(picture: Picture) -> float:
    return float(np.clip(80.0 / picture.tree.n_leaves, 0.4, 1.2))


def _draw_lines(axes: Axes, picture: Picture, scale: Normalize | None) -> None:
    tree, width = picture.tree, _line_width(picture)
    colours = _branch_colours(picture, scale)
    inner = np.flatnonzero(tree.parent >= 0)
    inner = inner[np.argsort(-tree.height[inner], kind="stable")]  # lower branches are drawn over higher ones
    lines = branch_corners(tree, picture.places)[inner] - [0.0, picture.offset]
    if len(tree.levels) or scale is None:
        _add_lines(axes, lines, colours[inner], width)
    else:  # right angles: the colour of a minimum belongs to the line above it, not to the way across
        _add_lines(axes, lines[:, 1:], to_rgba_array([ACROSS] * len(lines)), 0.7 * width)
        _add_lines(axes, lines[:, :2], colours[inner], width)
    roots = tree.roots
    low = np.stack([picture.places.x[roots], picture.energies[roots]], axis=1)
    stems = np.stack([low, np.where([True, False], low, picture.top)], axis=1)
    if len(roots) == 1:
        _add_lines(axes, stems, colours[roots], width)
    else:
        _add_lines(axes, stems, colours[roots], 0.7 * width, linestyles=UNCONNECTED)


def _add_lines(axes: Axes, lines: np.ndarray, colours: np.ndarray, width: float, **style: Any) -> None:
    """Add lines [B, corners, 2] of colours [B, 4]."""
    axes.add_collection(LineCollection(list(lines), colors=colours, linewidths=width, capstyle="butt", **style))


def _branch_colours(picture: Picture, scale: Normalize | None) -> np.ndarray:
    """A colour [N, 4] for every node: that of its minima where they agree."""
    tree = picture.tree
    if scale is None or picture.values is None:
        return to_rgba_array([PLAIN] * len(tree.parent))
    colours = to_rgba_array([UNKNOWN] * tree.n_leaves + [NEUTRAL] * (len(tree.parent) - tree.n_leaves))
    values = shared_values(tree, picture.values)
    colours[np.isfinite(values)] = COLOURS(scale(values[np.isfinite(values)]))
    return colours


def _draw_minima(axes: Axes, picture: Picture, scale: Normalize | None) -> None:
    """Dots where lines could be too short to show a colour, or where a minimum has no line of its own."""
    tree = picture.tree
    shown = np.arange(tree.n_leaves) if scale else tree.roots[tree.roots < tree.n_leaves]
    colours = _branch_colours(picture, scale)
    size = float(np.clip(600.0 / tree.n_leaves, 2.0, 12.0))
    axes.scatter(
        picture.places.x[shown],
        picture.energies[shown],
        s=size,
        color=colours[shown],
        linewidths=0,
        zorder=3,
    )


def _draw_labels(axes: Axes, picture: Picture) -> None:
    for leaf in picture.places.leaves:
        axes.annotate(
            str(picture.tree.minimum[leaf]),
            (picture.places.x[leaf], picture.energies[leaf]),
            xytext=(0, -4),
            textcoords="offset points",
            rotation=90,
            ha="center",
            va="top",
            fontsize=5.5,
        )


def _finish_axes(axes: Axes, picture: Picture) -> None:
    leaves = picture.tree.n_leaves
    axes.set_xlim(-0.5 - 0.01 * leaves, leaves - 0.5 + 0.01 * leaves)
    axes.set_ylim(picture.low - 0.05 * picture.span, picture.top)
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
    label = textwrap.wrap(colour.description[0].upper() + colour.description[1:], 56)
    if colour.units not in ("", "energy"):  # energies have no unit
        label = [*label[:-1], *textwrap.wrap(f"{label[-1]} ({colour.units})", 56)]
    bar = figure.colorbar(mpl.cm.ScalarMappable(scale, COLOURS), ax=axes, pad=0.02, aspect=30)
    bar.set_label("\n".join(label))
    bar.outline.set_linewidth(0.6)
    if len(np.unique(known)) == 1:
        bar.set_ticks([known[0]])


if __name__ == "__main__":
    main()
