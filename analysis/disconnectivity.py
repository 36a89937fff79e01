"""Draw the disconnectivity graph of a database file.

A line ends at the energy of a minimum; lines meet at the lowest energy at which minima are known to be connected, an
upper bound of the true lowest energy. Without --levels lines meet at exactly this energy; with --levels they meet at
the next of so many equally spaced levels, as in the classical picture. Components without a known path between them
rise to the top as dashed lines.

With --colour the branch of each minimum has the colour of its value. A branch above a merge has a colour only if all
its minima share one value, and is grey otherwise, as is usual in the field: a mean would show a value that no minimum
has. Unknown values are light grey.

With --marks the end points of training are drawn as marks below the minima that `landscape locate` found for them. Each
regime has a colour and a shape; the area of a mark is in proportion to the number of its end points.

If there are so many minima that their lines would cover each other, only those with the longest branches are drawn,
which keeps the shape of the whole; --lowest draws the lowest minima instead. The figure states both numbers.
"""

from pathlib import Path
from typing import get_args

import click
import matplotlib.style

from landscape.database.database import Database
from landscape.database.store import open_store
from landscape.graph.layout import Order
from landscape.graph.superbasins import disconnectivity_tree
from landscape.graph.tree import DisconnectivityTree, prune, thin
from landscape.plots.figures import STYLE, require_figure_file, save
from landscape.plots.marks import marks_of
from landscape.plots.scripts import Script
from landscape.plots.tree_figures import draw
from landscape.studies.columns import column
from landscape.studies.locations import locations_of

MOST = 400  # minima whose lines can be told apart on two columns


@click.command(cls=Script)
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
    click.echo(f"{output}: minima {tree.n_leaves}, components {len(tree.roots)}" + (f" ({note})" if note else ""))


def _drawn_part(tree: DisconnectivityTree, lowest: int | None) -> tuple[DisconnectivityTree, str]:
    """The part of a tree that is drawn, and a note on it, empty for the whole tree."""
    if tree.n_leaves <= (lowest or MOST):
        return tree, ""
    if lowest:
        return prune(tree, lowest), f"the {lowest} lowest of {tree.n_leaves} minima"
    return thin(tree, MOST), f"the {MOST} of {tree.n_leaves} minima with the longest branches"


if __name__ == "__main__":
    main()
