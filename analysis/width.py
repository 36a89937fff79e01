"""Tabulate and draw landscapes of networks of several widths and depths, as `runs/width.sh` makes them.

The table has a row for each landscape, in which a number that is not known is blank. One figure shows the landscapes of
one data set, one hidden layer and one l2 against the number of units; another shows networks of one to several layers
against the number of samples.
"""

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path

import click
import matplotlib.style
import numpy as np

from landscape.database.database import open_database
from landscape.errors import PropertyError
from landscape.plots.figures import STYLE, save
from landscape.plots.scripts import Script, write
from landscape.plots.width_figures import draw_layers, draw_widths, is_grid, is_sweep
from landscape.studies.width import Row, row_of, with_misses

FIGURES = {"widths": (is_sweep, draw_widths), "layers": (is_grid, draw_layers)}
ORDER = ("folder", "layers", "units")


@click.command(cls=Script)
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Folder of table and figures, by default FOLDER.")
def main(folder: Path, output: Path | None) -> None:
    """Write width.csv and the figures on all databases in the folders of FOLDER, a folder for each study over width."""
    files = sorted(folder.glob("*/*.h5"))
    if not files:
        raise PropertyError(f"Expected databases in the folders of {folder}, found none: make some with runs/width.sh.")
    rows = with_misses(sorted((_of_file(file) for file in files), key=lambda row: [row[name] for name in ORDER]))
    place = output or folder
    write(place / "width.csv", csv_text(rows))
    click.echo(f"{place / 'width.csv'}: {len(rows)} landscapes")
    for name, (has, draw) in FIGURES.items():
        if has(rows):
            with matplotlib.style.context(STYLE):
                save(draw(rows), place / f"{name}.svg")
            click.echo(f"written to {place / name}.svg")


def csv_text(rows: Sequence[Mapping[str, str | float]]) -> str:
    """The table as CSV with eight digits; what is not known is blank."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(rows[0])
    writer.writerows([_text(value) for value in row.values()] for row in rows)
    return text.getvalue()


def _of_file(file: Path) -> Row:
    with open_database(file) as db:
        try:
            return {"folder": file.parent.name, "landscape": file.stem, **row_of(db)}
        except PropertyError as error:
            raise PropertyError(f"{file}: {error}") from error


def _text(value: str | float) -> str:
    return value if isinstance(value, str) else "" if np.isnan(value) else f"{value:.8g}"


if __name__ == "__main__":
    main()
