"""`landscape info`: an overview of a database."""

from pathlib import Path

import click

from landscape.campaign.pools.launch import launcher_rank
from landscape.cli.options import FILE
from landscape.database.database import open_database
from landscape.database.hdf5 import require_unchanged
from landscape.studies.overview import overview

UNCHANGED = "digests: nothing was changed after the last commit"
NO_DIGESTS = "digests: none, the file is of an earlier version; changes after its last commit are not found"


@click.command()
@FILE
@click.option(
    "--lowest",
    type=click.IntRange(min=0),
    default=10,
    show_default=True,
    metavar="N",
    help="Minima to list, the lowest first.",
)
def info(file: Path, lowest: int) -> None:
    """Show what a database holds: counts, coverage, completeness, the lowest minima, the last rounds."""
    with open_database(file) as db:
        changes = db.store.changes()
        require_unchanged(file, changes)
        if not launcher_rank():
            click.echo(overview(db, lowest))
            click.echo(f"\n{UNCHANGED if changes is not None else NO_DIGESTS}")
