"""Draw the figures of the study of instability from the tables of `landscape instability`.

Figure A shows accuracy and stability of all minima, figure B stability against the size of the network, figure C the
energies at which minima with and without reliance on the cue are lowest. Landscapes whose cue is absent, shuffled or
standardised are controls, and are not drawn; of further draws of the same points only the first is.
"""

import csv
from pathlib import Path

import click
import matplotlib.style

from landscape.errors import PropertyError
from landscape.plots.figures import STYLE, save
from landscape.plots.instability_figures import Row, draw_crossover, draw_size, draw_stability
from landscape.plots.scripts import Script

FIGURES = {
    "A-stability": ("networks.csv", draw_stability),
    "B-size": ("networks.csv", draw_size),
    "C-crossover": ("landscapes.csv", draw_crossover),
}


@click.command(cls=Script)
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Folder of the figures, by default FOLDER.")
@click.option("--format", "suffix", type=click.Choice(["svg", "pdf", "png"]), default="svg", show_default=True)
def main(folder: Path, output: Path | None, suffix: str) -> None:
    """Draw the tables in FOLDER, which 'landscape instability -o FOLDER' has written."""
    for name, (table, draw) in FIGURES.items():
        rows, place = _read(folder / table), (output or folder) / f"{name}.{suffix}"
        with matplotlib.style.context(STYLE):
            save(draw(rows), place)
        click.echo(f"written to {place}")


def _read(file: Path) -> list[Row]:
    """The rows of landscapes with a cue, and networks of one hidden layer."""
    try:
        rows: list[Row] = list(csv.DictReader(file.read_text(encoding="utf-8").splitlines()))
    except (OSError, UnicodeDecodeError) as error:
        found = error.strerror if isinstance(error, OSError) else "no text"
        raise PropertyError(
            f"Expected to read {file}, found: {found}: run 'landscape instability FILE... -o {file.parent}' first."
        ) from error
    drawn = [row for row in rows if float(row["delta"]) > 0.0 and row["hidden"].isdigit()]
    drawn = [row for row in drawn if "True" not in (row["shuffled"], row["standardise"])]
    first: dict[tuple[str, ...], str] = {}
    for row in drawn:
        first.setdefault(_key(row), row["landscape"])
    drawn = [row for row in drawn if row["landscape"] == first[_key(row)]]
    if not drawn:
        raise PropertyError(f"Expected landscapes with a cue in {file}, found none: make some with 'landscape run'.")
    return drawn


def _key(row: Row) -> tuple[str, ...]:
    """The settings of a landscape, which further draws of its samples share."""
    return tuple(row[name] for name in ("K", "delta", "hidden", "activation", "l2"))


if __name__ == "__main__":
    main()
