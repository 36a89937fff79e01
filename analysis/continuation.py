"""Draw the energy of stationary points against a key of the problem, with the events at which they are born or die.

`landscape continue` makes the tracks that this script draws, and prints the events.
"""

from pathlib import Path

import click
import matplotlib.style

from landscape.database.database import open_database
from landscape.errors import PropertyError
from landscape.plots.figures import STYLE, require_figure_file, save
from landscape.plots.scripts import Script
from landscape.plots.track_figures import draw_tracks


@click.command(cls=Script)
@click.argument("file", type=click.Path(path_type=Path))
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="Figure: .svg, .pdf or .png.")
@click.option(
    "--highest-index",
    type=click.IntRange(min=0),
    default=1,
    show_default=True,
    help="Draw points with at most so many negative eigenvalues.",
)
def main(file: Path, output: Path, highest_index: int) -> None:
    """Draw the tracks of the database FILE."""
    require_figure_file(output)
    with open_database(file) as db:
        if not len(db.tracks):
            raise PropertyError(f"{file}: expected tracks, found none: make some with 'landscape continue'")
        with matplotlib.style.context(STYLE):
            save(draw_tracks(db, highest_index=highest_index), output)
        click.echo(f"{output}: {len(db.events)} events")


if __name__ == "__main__":
    main()
