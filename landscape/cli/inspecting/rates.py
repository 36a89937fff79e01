"""`landscape rates`: rates and paths between two sets of minima."""

from pathlib import Path
from typing import get_args

import click

from landscape.campaign.pools.launch import launcher_rank
from landscape.cli.options import FILE, whole_numbers
from landscape.database.database import open_database
from landscape.studies.thermal.rates import kinetics
from landscape.studies.thermal.rates_text import rates_text
from landscape.thermodynamics.rates import Dynamics


@click.command()
@FILE
@click.option(
    "--from", "start", callback=whole_numbers, required=True, metavar="ROWS", help="Minima to leave: 3 or 3,7."
)
@click.option("--to", "goal", callback=whole_numbers, required=True, metavar="ROWS", help="Minima to reach: 3 or 3,7.")
@click.option("-T", "--temperature", type=float, required=True, help="Temperature in units of the energy.")
@click.option(
    "--dynamics",
    type=click.Choice(get_args(Dynamics)),
    default="kramers",
    show_default=True,
    help="Noisy gradient flow (kramers), or particles of unit mass, as other programs of the field have it (tst).",
)
def rates(file: Path, start: list[int], goal: list[int], temperature: float, dynamics: Dynamics) -> None:
    """Show rates, first passage times and paths between two sets of minima of FILE, both ways.

    Rows are those of 'landscape info', from 0. The two sets must be connected by known transition states. Rates of
    elementary steps are harmonic; the rate between the sets is exact for these steps.
    """
    with open_database(file) as db:
        found = kinetics(db, start, goal, temperature, dynamics)
    if launcher_rank():
        return
    for line in rates_text(found):
        click.echo(line)
