"""Draw the heat capacity and the thermal robustness of a database over the temperature.

The part of the heat capacity that is due to changes between minima has peaks, marked by triangles, where minima take
over from others. Below it stand the thermal means of robustness. Where a mean accuracy falls with T, the deeper
ones of the occupied minima are more robust. The shaded range is that in which minima are harmonic wells; curves beyond
it are dashed and mean little. `landscape thermodynamics` prints the numbers and writes them to a CSV file.
"""

from pathlib import Path

import click
import matplotlib.style
import numpy as np

from landscape.database.database import open_database
from landscape.errors import PropertyError
from landscape.messages import listed
from landscape.plots.figures import STYLE, require_figure_file, save
from landscape.plots.scripts import Script
from landscape.plots.thermal_figures import draw_curves
from landscape.studies.thermal.curves import Thermodynamics, thermodynamics

FAMILIES = ("robust_accuracy", "adversarial_loss")  # drawn unless others are named
POINTS = 200


@click.command(cls=Script)
@click.argument("file", type=click.Path(path_type=Path))
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="Figure: .svg, .pdf or .png.")
@click.option(
    "--robustness",
    metavar="NAME,NAME",
    help="Properties to draw; by default accuracy under attack and adversarial loss.",
)
def main(file: Path, output: Path, robustness: str | None) -> None:
    """Draw heat capacity and mean robustness of the database FILE over the temperature."""
    require_figure_file(output)
    with open_database(file) as db:
        rough = thermodynamics(db).curves.temperature
        found = thermodynamics(db, np.geomspace(rough[0], rough[-1], POINTS))
    names = _chosen(found, robustness.split(",") if robustness else None)
    with matplotlib.style.context(STYLE):
        save(draw_curves(found, names), output)
    harmonic = f"harmonic up to T = {found.highest:.3g}" if np.isfinite(found.highest) else "harmonic range unknown"
    click.echo(f"{output}: {found.minima} minima, {harmonic}, drawn: {', '.join(names) or 'no robustness'}")


def _chosen(found: Thermodynamics, families: list[str] | None) -> list[str]:
    """Columns of the families, by default of the first that are known; raises PropertyError for an unknown one."""
    known = list(dict.fromkeys(name.partition("@")[0] for name in found.averages))
    for name in families or ():
        if name not in known:
            raise PropertyError(
                f"Expected a robustness that was measured, found '{name}': "
                + (f"known are {listed(known)}." if known else "none is; 'landscape measure' adds it.")
            )
    wanted = families or [name for name in FAMILIES if name in known]
    return [name for family in wanted for name in found.averages if name.partition("@")[0] == family]


if __name__ == "__main__":
    main()
