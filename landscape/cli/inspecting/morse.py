"""`landscape morse`: the alternating sum over all stationary points."""

import sys
from pathlib import Path

import click

from landscape.campaign.exits import FAILED
from landscape.campaign.pools.launch import launcher_rank
from landscape.cli.options import FILE
from landscape.database.database import open_database
from landscape.studies.morse import morse, morse_lines


@click.command(name="morse")
@FILE
def morse_command(file: Path) -> None:
    """Show the alternating sum of (-1)^index over all stationary points of FILE with their copies.

    The sum is 1 for all stationary points of a network with l2 > 0 (Morse theory); exit status 1 if it is not 1.
    Saddles of index 2 and more are searched for if the run file says so, as by --set saddles.max_index=4.
    """
    with open_database(file) as db:
        found = morse(db)
    if not launcher_rank():
        for line in morse_lines(found):
            click.echo(line)
    if found.count.total != 1:
        sys.exit(FAILED)
