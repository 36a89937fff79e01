"""`landscape export`: a database in the formats of other programs."""

from pathlib import Path

import click

from landscape.campaign.pools.launch import launcher_rank
from landscape.cli.options import FILE, whole_numbers
from landscape.database.database import open_database
from landscape.exchange.formats import FORMATS, chosen_rows, exported

KINDS = "".join(f"\n\n{name}: {one.summary}" for name, one in FORMATS.items())
CHOSEN = " and ".join(name for name, one in FORMATS.items() if one.chosen)


@click.command(epilog=f"The formats:{KINDS}")
@FILE
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="Folder to make.")
@click.option("--format", "name", type=click.Choice(list(FORMATS)), required=True, help="What to write, see below.")
@click.option("--minima", callback=whole_numbers, metavar="ROW,...", help=f"With {CHOSEN}: the minima to write.")
@click.option("--lowest", type=click.IntRange(min=1), help=f"With {CHOSEN}: write the lowest minima, 10 by default.")
def export(file: Path, output: Path, name: str, minima: list[int] | None, lowest: int | None) -> None:
    """Write a database for other programs; nothing is left behind by an export that fails.

    \b
    landscape export iris.h5 -o iris-pathsample --format pathsample
    landscape export iris.h5 -o iris-networks --format networks --lowest 3
    """  # noqa: D301 - click wants the backspace character itself
    form = FORMATS[name]
    if not form.chosen and (minima is not None or lowest is not None):
        raise click.UsageError(f"expected --minima and --lowest with {CHOSEN} only, found {name}: leave them out")
    if launcher_rank():
        return
    with open_database(file) as db:
        rows = chosen_rows(db, tuple(minima or ()), lowest)
        lines = exported(db, output, form, rows)
        if form.chosen:
            told = f"{len(rows)} of {len(db.minima)} minima"
        else:
            told = f"{len(db.minima)} minima and {len(db.transition_states)} transition states"
    for line in lines:
        click.echo(f"landscape: {line}", err=True)
    click.echo(f"{told} written to {output}")
