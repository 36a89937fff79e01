"""`landscape thermodynamics`: occupations, heat capacity and thermal robustness of a landscape."""

from pathlib import Path

import click
import numpy as np

from landscape.campaign.pools.launch import launcher_rank
from landscape.cli.files import write_text
from landscape.cli.options import FILE, numbers
from landscape.database.database import open_database
from landscape.studies.thermal.curves import csv_text, thermodynamics
from landscape.studies.thermal.curves_text import thermodynamics_text
from landscape.thermodynamics.superposition import checked_temperatures

MOST = 10_000


def temperatures(context: click.Context, option: click.Parameter, text: str | None) -> np.ndarray | None:
    """Temperatures of LOW:HIGH:COUNT, in equal ratios, or of a list of numbers."""
    if text is None or ":" not in text:
        listed = numbers(context, option, text)
        if listed == []:
            raise click.BadParameter("expected temperatures such as 1e-3,1e-2 or 1e-4:1e-1:20, found none")
        return None if listed is None else checked_temperatures(np.array(listed))
    try:
        low, high, count = (kind(part) for kind, part in zip((float, float, int), text.split(":"), strict=True))
    except ValueError:
        raise click.BadParameter(f"expected LOW:HIGH:COUNT such as 1e-4:1e-1:20, found {text!r}") from None
    checked_temperatures(np.array([low, high]))
    if not (low < high and 2 <= count <= MOST):
        raise click.BadParameter(f"expected LOW below HIGH and 2 to {MOST} temperatures, found {text!r}")
    return np.geomspace(low, high, count)


@click.command(name="thermodynamics")
@FILE
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Write all curves to this CSV file, all digits.")
@click.option(
    "--temperatures",
    callback=temperatures,
    metavar="LOW:HIGH:COUNT",
    help="Temperatures in units of the energy, or a list such as 1e-3,1e-2; chosen from the data by default.",
)
def thermodynamics_command(file: Path, output: Path | None, temperatures: np.ndarray | None) -> None:
    """Show occupations, heat capacity and mean robustness of the landscape in FILE over the temperature.

    Minima are harmonic wells with their symmetric copies. The range of temperature in which this holds is printed with
    the curves. At T = 1/N the occupations are the Laplace approximation of the posterior of N samples.
    """
    with open_database(file) as db:
        found = thermodynamics(db, temperatures)
    if launcher_rank():
        return
    for line in thermodynamics_text(found):
        click.echo(line)
    if output:
        write_text(output, csv_text(found))
