"""Minima with all their properties, and transition states, as comma-separated values.

Columns are named as everywhere: pgd_accuracy@0.3 is the accuracy under attack at epsilon 0.3. Numbers have all their
digits; an unknown number is an empty cell.
"""

import csv
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from landscape.database.views.frames import plain_columns
from landscape.exchange.format import Export, Format


def write(export: Export, folder: Path) -> Iterator[str]:
    """Write minima.csv and transition_states.csv."""
    db = export.db
    _write_table(folder / "minima.csv", "minimum", plain_columns(db.minima, db.properties("minima")))
    states = db.transition_states
    plain = {name: getattr(states, name) for name in states.column_names() if name != "parameters"}
    columns = {
        label: part
        for name, values in plain.items()
        for label, part in ({name: values} if values.ndim == 1 else _two(name, values)).items()
    }
    _write_table(folder / "transition_states.csv", "transition_state", columns)
    yield from ()


def _two(name: str, values: np.ndarray) -> dict[str, np.ndarray]:
    """The two columns of values [T, 2]."""
    return {f"{name}[{place}]": values[:, place] for place in (0, 1)}


def _write_table(path: Path, index: str, columns: Mapping[str, np.ndarray]) -> None:
    """Write columns [M] with their row numbers first."""
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow((index, *columns))
        rows = zip(*([_cell(value) for value in values.tolist()] for values in columns.values()), strict=True)
        table.writerows((number, *row) for number, row in enumerate(rows))


def _cell(value: object) -> str:
    """A value as text that reads back as the same value; empty for NaN."""
    return "" if value != value else repr(value)  # noqa: PLR0124 - only NaN differs from itself


CSV = Format(
    name="csv", summary="minima.csv with all properties, and transition_states.csv, for spreadsheets and R", write=write
)
