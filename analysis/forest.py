"""Draw the forest plot of an answer: mean correlations of each data set with their intervals.

`landscape answer STUDY...` writes the file to draw. A thick line is the 95 % interval of the mean over replicates, a
thin line that of a further replicate; correlations within the grey band count as no relation.
"""

import csv
from pathlib import Path

import click
import matplotlib.style

from landscape.errors import PropertyError
from landscape.plots.figures import STYLE, require_figure_file, save
from landscape.plots.forest import Row, draw_forest
from landscape.plots.scripts import Script


@click.command(cls=Script)
@click.argument("file", metavar="ANSWER.csv", type=click.Path(path_type=Path))
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="Figure: .svg, .pdf or .png.")
def main(file: Path, output: Path) -> None:
    """Draw the answer in the file ANSWER.csv, which 'landscape answer' has written."""
    require_figure_file(output)
    rows = _read(file)
    with matplotlib.style.context(STYLE):
        save(draw_forest(rows), output)
    click.echo(f"{output}: data sets {len({row['data_set'] for row in rows})}")


def _read(file: Path) -> list[Row]:
    try:
        rows: list[Row] = list(csv.DictReader(file.read_text(encoding="utf-8").splitlines()))
    except (OSError, UnicodeDecodeError) as error:
        found = error.strerror if isinstance(error, OSError) else "no text"
        raise PropertyError(f"Expected to read {file}, found: {found}: run 'landscape answer' first.") from error
    if not any(row.get("landscape") == "all" and {"data_set", "predicted_low"} <= {*row} for row in rows):
        raise PropertyError(f"Expected {file} to be an answer, found other rows: run 'landscape answer' first.")
    return rows


if __name__ == "__main__":
    main()
