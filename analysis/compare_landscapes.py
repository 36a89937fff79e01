"""Print a table that compares landscapes: a row for each quantity, a column for each database.

The quantities are the numbers of minima and of transition states, up to symmetry and with all symmetric copies, the
number of different energies of the minima, the connected fraction of the minima, the lowest energy, the height of the
highest minimum above it, the barriers (the climb from a minimum to the lowest known transition state that leaves it, an
upper bound), and properties of the minima. Barriers and properties are given at the lowest minimum, then as the least,
the median and the largest value. Quantities that a database does not have are blank.
Energies of different losses are different quantities: compare them within a column.
"""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import click
import numpy as np

from landscape.database.database import Database
from landscape.database.store import open_store
from landscape.errors import PropertyError
from landscape.graph.depth import component_fraction
from landscape.plots.scripts import Script, write
from landscape.statistics.copies import copies
from landscape.statistics.ranks import tie_groups
from landscape.studies.columns import column, column_family

NAMES = ("accuracy", "test_accuracy", "pgd_accuracy", "certified_accuracy_ibp", "sensitivity_logits")


@click.command(cls=Script)
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("-o", "--output", type=click.Path(path_type=Path), help="The table as CSV, all digits.")
@click.option("--property", "names", multiple=True, metavar="NAME", help="Properties to compare instead of the usual.")
def main(files: tuple[Path, ...], output: Path | None, names: tuple[str, ...]) -> None:
    """Compare the landscapes of database FILEs."""
    table = {str(file): _of_file(file, names) for file in files}
    for line in aligned(table):
        click.echo(line)
    if output:
        write(output, csv_text(table))


def quantities(db: Database, names: Sequence[str] = ()) -> Iterator[tuple[str, float]]:
    """The rows of one landscape, with the properties `names`, by default those of `NAMES` that it has.

    Raises PropertyError for an unknown name, and if there are no minima.
    """
    minima, states = db.minima, db.transition_states
    if not len(minima):
        raise PropertyError("Expected minima in the database, found none: find some with 'landscape run'.")
    yield "minima", len(minima)
    yield "minima, with copies", copies(minima.log_orbit_size).sum()
    yield "minima, different energies", 1 + tie_groups(minima.energy[None]).max()
    yield "transition states", len(states)
    yield "transition states, with copies", copies(states.log_orbit_size).sum()
    yield "connected fraction of the minima", component_fraction(minima.energy, states.energy, states.minima)
    yield "lowest energy", minima.energy.min()
    yield "highest minimum above the lowest", np.ptp(minima.energy)
    yield from _spread("barrier", column(db, "escape_barrier").values, minima.energy)
    for name in names or [name for name in NAMES if name in db.properties("minima")]:
        for one in column_family(db, name):
            yield from _spread(one.name, one.values, minima.energy)


def aligned(table: Mapping[str, Mapping[str, float]]) -> list[str]:
    """The table as lines of text, in which files are columns."""
    rows = [["", *table], *([name, *(_text(one.get(name)) for one in table.values())] for name in _names(table))]
    widths = [max(map(len, cells)) for cells in zip(*rows, strict=True)]
    return [
        "  ".join(
            [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
        )
        for row in rows
    ]


def csv_text(table: Mapping[str, Mapping[str, float]]) -> str:
    """The table as CSV, all digits."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["quantity", *table])
    writer.writerows([name, *(one.get(name, "") for one in table.values())] for name in _names(table))
    return text.getvalue()


def _of_file(file: Path, names: Sequence[str]) -> dict[str, float]:
    with Database(open_store(file)) as db:
        return {name: float(value) for name, value in quantities(db, names)}


def _spread(name: str, values: np.ndarray, energy: np.ndarray) -> Iterator[tuple[str, float]]:
    """Rows on values [M]: that at the lowest minimum, then the least, the median and the largest known value."""
    yield f"{name}, lowest minimum", values[energy.argmin()]
    known = values[np.isfinite(values)]
    for what, quantile in (("least", 0.0), ("median", 0.5), ("largest", 1.0)):
        yield f"{name}, {what}", np.quantile(known, quantile) if len(known) else np.nan


def _names(table: Mapping[str, Mapping[str, float]]) -> list[str]:
    """The names of all rows, in order."""
    return list(dict.fromkeys(name for one in table.values() for name in one))


def _text(value: float | None) -> str:
    return "" if value is None or np.isnan(value) else f"{value:.6g}"


if __name__ == "__main__":
    main()
