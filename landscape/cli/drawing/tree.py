"""`landscape tree`: the disconnectivity graph of a database."""

from pathlib import Path
from typing import Any

import click

from landscape.campaign.pools.launch import launcher_rank
from landscape.cli.options import FILE
from landscape.database.database import open_database
from landscape.plots.tree import save_tree


@click.command()
@FILE
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="Figure: .svg, .pdf or .png.")
@click.option("--colour", metavar="NAME", help="Property to colour by: NAME, NAME@EPSILON or NAME[INDEX].")
@click.option(
    "--order",
    type=click.Choice(("energy", "size", "value")),
    default="energy",
    show_default=True,
    help="What puts branches in the middle (energy, size), or from left to right (value, that of --colour).",
)
@click.option(
    "--levels",
    type=click.IntRange(min=0),
    help="Merge at so many levels, at exact energies with 0; as many as can be seen by default.",
)
@click.option(
    "--scale",
    type=click.Choice(("auto", "linear", "log", "symlog")),
    default="auto",
    show_default=True,
    help="Axis of energies above the lowest minimum.",
)
@click.option(
    "--threshold",
    type=click.FloatRange(min=0.0),
    default=0.0,
    help="Draw minima that climbs below this energy connect as one.",
)
@click.option(
    "--lowest",
    type=click.IntRange(min=1),
    help="Draw so many lowest minima only; else at most 400, of longest branches.",
)
@click.option("--labels", is_flag=True, help="Write the row of each minimum below it.")
@click.option("--marks", metavar="NAME,NAME", help="Mark the end points of these regimes of training, or of all.")
@click.option(
    "--group",
    "groups",
    multiple=True,
    metavar="NAME=ROWS",
    help="Colour a group of minima: robust=0,3,7-9, or robust=FILE with rows in a file. Repeat for more groups.",
)
@click.option("--superbasins", type=float, metavar="ENERGY", help="Colour minima that are connected below this energy.")
@click.option("--temperature", type=float, metavar="T", help="Draw free energies at this temperature.")
@click.option("--metric", metavar="NAME", help="Place each minimum at its value of this property.")
def tree(file: Path, output: Path, **choice: Any) -> None:
    """Draw the disconnectivity graph of the database FILE.

    \b
    landscape tree iris.h5 -o iris-tree.svg --colour adversarial_loss@0.3
    landscape tree iris.h5 -o iris-tree.pdf --threshold 1e-4 --group robust=0,3,7-9
    landscape tree iris.h5 -o iris-free.pdf --temperature 1e-7

    A line ends at the energy of a minimum, above the lowest one. Lines meet at the lowest energy at which minima are
    known to be connected, an upper bound, or at the next level above. Energies of --threshold and --superbasins are
    those of the axis. A branch has a colour if all its minima share one value or group, and is grey otherwise. Minima
    without a known connection are counted beside the tree; a large set of them is a tree with a dashed line.

    --marks draws the end points of training below the minima that 'landscape locate' found for them; the area of a mark
    is in proportion to their number. Free energies are those of harmonic wells, with the symmetric copies of each
    minimum, in units of the energy; the caption says if the temperature is beyond the range where wells are harmonic.
    """  # noqa: D301 - click wants the backspace character itself
    with open_database(file) as db:
        if not launcher_rank():
            click.echo(f"{output}: {save_tree(db, output, choice)}")
