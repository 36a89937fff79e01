"""Tabulate and draw landscapes of networks of several widths and depths, as `runs/width.sh` makes them.

The table has a row for each landscape: its size and data, the minima and the completeness of the search, the energies
and barriers, and the losses at the lowest minimum and over all minima. One figure shows the landscapes of one data set,
one hidden layer and one l2 against the number of units; another shows networks of one to several layers against the
number of samples. A number that is not known is blank: barriers without transition states, for instance.

Shapes: M minima, C minima that are connected with the lowest one, besides it.
"""

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path

import click
import matplotlib.style
import numpy as np

from landscape.database.database import Database, open_database
from landscape.errors import PropertyError
from landscape.graph.depth import barrier_to_global, connected_with_lowest, escape_barrier
from landscape.plots.figures import STYLE, save
from landscape.plots.scripts import Script, write
from landscape.plots.width_figures import draw_layers, draw_widths, is_grid, is_sweep
from landscape.statistics.coverage import coverage
from landscape.studies.completeness.criteria import Criteria
from landscape.studies.completeness.goal import Goal

GOAL = Goal(lowest=10, energy=np.inf, fraction=1.0, searches=10)
"""The minima whose completeness is judged, as in `runs/width-*.toml`."""
TOLERANCE = 1e-9  # of energies that two quenches of one minimum reach
LOSSES = {"train_loss": "clean_loss", "test_loss": "test_loss"}
ACCURACIES = {"train_accuracy": "accuracy", "test_accuracy": "test_accuracy"}
FIGURES = {"widths": (is_sweep, draw_widths), "layers": (is_grid, draw_layers)}
Row = dict[str, str | float]


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


ORDER = ("folder", "layers", "units")


def row_of(db: Database) -> Row:
    """The row of a landscape. Raises PropertyError if there are no minima, or no loss of one of them."""
    minima, record = db.minima, db.problem_record
    if not len(minima):
        raise PropertyError("Expected minima in the database, found none: find some with 'landscape run'.")
    table = record.tables(str(db.path))["problem"]
    seen, criteria = coverage(minima.hits), Criteria.of(db, GOAL, record.energy_tolerance)
    return {
        "dataset": " ".join([table["dataset"], *map(str, table.get("classes", ()))]),
        "l2": table["l2"],
        "layers": len(table["hidden"]),
        "units": max(table["hidden"], default=0),
        "parameters": record.n_parameters,
        "samples": len(_required(record.inputs)),
        "test_samples": len(_required(record.test_inputs)),
        "quenches": seen.quenches,
        "minima": len(minima),
        "met": seen.observed,
        "unseen": seen.unseen_mass,
        "chao1": seen.chao1,
        "chao1_high": seen.chao1_high,
        "transition_states": len(db.transition_states),
        "judged": len(criteria.target),
        "judged_connected": criteria.connected,
        "judged_expected": criteria.channels.expected,
        "judged_complete": "yes" if criteria.all_hold else "no",
        **_energies(db),
        **_losses(db),
    }


def with_misses(rows: Sequence[Row]) -> list[Row]:
    """The rows with a last column, "yes" if the lowest minimum known cannot be the lowest one.

    A network of fewer units with the same layers and data is a point of the landscape of a wider one, whose lowest
    minimum is therefore no higher (`landscape embed`).
    """

    def is_narrower(other: Row, row: Row) -> bool:
        same = (other["folder"], other["layers"]) == (row["folder"], row["layers"])
        return same and float(other["units"]) < float(row["units"])

    def misses(row: Row) -> bool:
        narrower = [float(other["lowest_energy"]) for other in rows if is_narrower(other, row)]
        return float(row["lowest_energy"]) > min(narrower, default=np.inf) + TOLERANCE

    return [{**row, "lowest_missed": "yes" if misses(row) else "no"} for row in rows]


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


def _energies(db: Database) -> Row:
    """Energies of all minima, the climb out of the lowest one, and medians over C minima of climb and depth."""
    energy, states = db.minima.energy, db.transition_states
    tables = energy, states.energy, states.minima
    lowest = int(energy.argmin())
    others = connected_with_lowest(energy, states.minima) & (np.arange(len(energy)) != lowest)
    return {
        "lowest_energy": energy[lowest],
        "median_energy": float(np.median(energy)),
        "spread": float(np.ptp(energy)),
        "escape_of_lowest": escape_barrier(*tables)[lowest],
        "connected": int(others.sum()),
        "barrier": _median(barrier_to_global(*tables)[others]),
        "depth": _median(energy[others] - energy[lowest]),
    }


def _losses(db: Database) -> Row:
    """Losses at the lowest minimum, then the least, the median and the largest of all minima, and accuracies there."""
    found: Row = {}
    lowest = int(db.minima.energy.argmin())
    for name, stored in LOSSES.items():
        values = _measured(db, stored)
        found[name] = values[lowest]
        for what, quantile in (("least", 0.0), ("median", 0.5), ("largest", 1.0)):
            found[f"{name}_{what}"] = float(np.quantile(values, quantile))
    return found | {name: _measured(db, stored)[lowest] for name, stored in ACCURACIES.items()}


def _measured(db: Database, name: str) -> np.ndarray:
    """The values [M] of a property of all minima."""
    stored = db.properties("minima")
    known = stored[name].values if name in stored else np.empty(0)
    if len(known) < len(db.minima) or np.isnan(known).any():
        raise PropertyError(
            f"Expected {name} of all minima, found it of {int(np.isfinite(known).sum())}: run "
            "'landscape measure FILE loss', of a problem with test samples."
        )
    return known


def _required(samples: np.ndarray | None) -> np.ndarray:
    if samples is None:
        raise PropertyError(
            "Expected training and test samples in the database, found none: set problem.test_fraction in the run file."
        )
    return samples


def _median(values: np.ndarray) -> float:
    return float(np.median(values)) if len(values) else float("nan")


def _text(value: str | float) -> str:
    return value if isinstance(value, str) else "" if np.isnan(value) else f"{value:.8g}"


if __name__ == "__main__":
    main()
