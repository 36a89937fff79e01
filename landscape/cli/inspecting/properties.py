"""`landscape properties`: a list of what was measured."""

from pathlib import Path

import click

from landscape.campaign.pools.launch import launcher_rank
from landscape.cli.options import FILE
from landscape.database.database import open_database
from landscape.studies.contents import contents


@click.command()
@FILE
def properties(file: Path) -> None:
    """List the stored properties of minima, transition states, end points of training and sampled quenches.

    Each line has the name, the values of a row (@ and the epsilons, if it has one for each), the rows that have it,
    the units and the meaning. Columns are named in the same way elsewhere: pgd_accuracy@0.3.

    \b
    landscape properties iris.h5
    """  # noqa: D301 - click wants the backspace character itself
    with open_database(file) as db:
        lines = list(contents(db))
    if not launcher_rank():
        click.echo("\n".join(lines))
