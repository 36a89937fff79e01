"""Tabulate and draw the regimes of training in databases.

Several files must hold the same regimes on several subsets of the data; intervals are then over the subsets. Intervals
of a single file are over its seeds.

The script writes into the folder: regimes.csv, every mean with its interval; report.txt, the printed text; robust.svg,
a forest plot of accuracies by family, one row per regime and one panel per epsilon; clean.svg, clean against attacked
accuracy, one point per seed or subset; and curve-NAME.svg for every ingredient of training that has at least three
strengths. 'landscape answer' tests hypotheses about regimes.

--only restricts the figures to the named regimes and evaluations, in the given order.
"""

import shlex
from contextlib import ExitStack
from pathlib import Path

import click
import matplotlib.style

from landscape.database.database import Database
from landscape.database.store import open_store
from landscape.errors import PropertyError
from landscape.plots.figures import STYLE, save
from landscape.plots.regime_figures import figures
from landscape.plots.scripts import Script, write
from landscape.studies.locations import locations_report
from landscape.studies.regimes.table import over_subsets, regimes_of
from landscape.studies.regimes.table_text import csv_text, table_text


@click.command(cls=Script)
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="Folder for tables and figures.")
@click.option("--only", metavar="NAME,NAME", help="Regimes and evaluations to draw, in this order.")
def main(files: tuple[Path, ...], output: Path, only: str | None) -> None:
    """Tabulate and draw the regimes of training in the database FILE, or in one for each subset of the data."""
    with ExitStack() as stack:
        databases = [stack.enter_context(Database(open_store(file))) for file in files]
        tables = [regimes_of(db) for db in databases]
        table = over_subsets(tables) if len(tables) > 1 else tables[0]
        lines = list(table_text(table))
        if len(databases) == 1 and "minimum" in databases[0].properties("training"):
            lines += ["", *locations_report(databases[0])]
    names = only.split(",") if only else list(table.names)
    for name in names:
        table.row(name)
    _make_folder(output)
    write(output / "regimes.csv", csv_text(table))
    command = shlex.join(["python", "analysis/regimes.py", *map(str, files), "-o", str(output)])
    write(output / "report.txt", "\n".join([f"made by: {command}", "", *lines]) + "\n")
    with matplotlib.style.context(STYLE):
        for name, figure in figures(table, names):
            save(figure, output / f"{name}.svg")
    for line in lines:
        click.echo(line)


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        found = "a file" if folder.exists() else error.strerror
        raise PropertyError(
            f"Expected a folder {folder}, or a place to make it, found {found}: choose another."
        ) from error


if __name__ == "__main__":
    main()
