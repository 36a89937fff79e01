"""Tables of samples as text, as programs and spreadsheets write them: a row a sample, the label in the last column.

Columns are separated by commas, semicolons or tabs; beside the last two, numbers may have decimal commas. A first row
of names is left out, as is a first column without a name that numbers the rows, which pandas writes. What may be such a
row or column, or may be data, is refused. N samples, d inputs.
"""

import csv
import io
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from landscape.errors import DataError
from landscape.limits import DATA

DELIMITERS = (";", "\t", ",")
NUMBER = r"[+-]?(\d+\{0}?\d*|\{0}\d+)([eE][+-]?\d+)?"
"""A number with the decimal sign {0}."""
LABEL_NAMES = ("label", "labels", "target", "targets", "class", "species", "y")
INDEX_NAMES = ("index", "id")
FEWEST_COUNTED = 3  # rows from which a first column 0, 1, 2, ... is taken for their numbers

Row = tuple[int, list[str]]
"""Number of a row in the file, and its cells."""


@dataclass(frozen=True)
class _Table:
    """The rows of a file that are not blank, and the sign before decimals."""

    path: Path
    rows: list[Row]
    decimal: str

    def is_number(self, cell: str) -> bool:
        """True for a cell that is a number as this file writes it."""
        return re.fullmatch(NUMBER.format(self.decimal), cell, re.ASCII) is not None

    def value(self, cell: str) -> float:
        """The number in a cell."""
        return float(cell.replace(self.decimal, "."))


def read_csv(path: Path) -> dict[str, np.ndarray]:
    """The arrays `inputs` float64[N, d] and `targets` int64[N], or float64[N] if some label has a decimal sign.

    Raises `DataError` for a table that is no such table or may be read in two ways, `csv.Error` for open quotes.
    """
    DATA.require_room(path, "the file", path.stat().st_size // 8)
    table = _table(path)
    header: list[str] = []
    if table.rows and _is_header(table, table.rows[0][1]):
        header = table.rows[0][1]
        table = replace(table, rows=table.rows[1:])
    if not table.rows:
        raise DataError(f"{path}: expected rows of numbers with the label last, found no such row")
    names = header or [str(column) for column in range(1, len(table.rows[0][1]) + 1)]
    _check_widths(table, names)
    while header and re.fullmatch(r"(Unnamed: [\d.]+)?", names[0]) and len(names) > 1:
        _check_unnamed(table, names[0])
        names = names[1:]
        table = replace(table, rows=[(number, cells[1:]) for number, cells in table.rows])
    if len(names) < 2:
        raise DataError(
            f"{path}: expected an input and a label at least, with commas, semicolons or tabs between, found one column"
        )
    _check_columns(table, names, header)
    values = np.array([list(_values(table, row, names)) for row in table.rows])
    labels = [cells[-1] for _, cells in table.rows]
    whole = all(re.fullmatch(r"[+-]?\d+", label, re.ASCII) for label in labels)
    return {"inputs": values[:, :-1], "targets": np.array([int(label) for label in labels]) if whole else values[:, -1]}


def _table(path: Path) -> _Table:
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(
            f"{path}: expected text in UTF-8, found another encoding at byte {error.start + 1}; save it as CSV UTF-8"
        ) from error
    named = re.match(r"sep=(.)\r?\n", text, re.IGNORECASE)  # a line that spreadsheets write
    first = 1 if named else 0
    lines = list(io.StringIO(text, newline=""))[first:]
    delimiter = named[1] if named else _delimiter(lines)
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    rows = [(first + reader.line_num, [cell.strip() for cell in row]) for row in reader]
    rows = [row for row in rows if any(row[1])]
    commas = delimiter != "," and any("," in cell for _, cells in rows[1:] for cell in cells)
    return _Table(path, rows, "," if commas else ".")


def _delimiter(lines: Sequence[str]) -> str:
    """The delimiter in the last line that is not blank, outside quotes: it is no header, whose names may have any."""
    last = next((line for line in reversed(lines) if line.strip()), "")
    plain = re.sub(r'"[^"]*"', "", last)
    return next((delimiter for delimiter in DELIMITERS if delimiter in plain), ",")


def _is_header(table: _Table, cells: list[str]) -> bool:
    """True for names of columns. Raises `DataError` for numbers of columns that may be a sample."""
    named = cells if cells[0] else cells[1:]
    numbers = [(place, cell) for place, cell in enumerate(named) if table.is_number(cell)]
    if not numbers:
        return True
    counts = any(all(cell == str(place + first) for place, cell in numbers) for first in (0, 1))
    if counts and len(cells) > 1 and len(numbers) == len(cells):
        raise DataError(
            f"{table.path}: expected samples, or names of the columns, in the first row, found {', '.join(cells)}, "
            "which may be numbers of the columns; leave them out (pandas: header=False), or put another sample first"
        )
    return counts and (not cells[0] or not table.is_number(cells[-1]))


def _check_widths(table: _Table, names: list[str]) -> None:
    for number, cells in table.rows:
        if len(cells) != len(names):
            raise DataError(f"{table.path}: expected {len(names)} columns in row {number}, found {len(cells)}")


def _check_unnamed(table: _Table, name: str) -> None:
    """Raises `DataError` unless the first column can only be names or numbers of the rows."""
    cells = [cells[0] for _, cells in table.rows]
    whole = [cell.isdecimal() for cell in cells]
    index = len(set(cells)) == len(cells) and (all(whole) or not any(map(table.is_number, cells)))
    if not index:
        raise DataError(
            f"{table.path}: expected a name for every column, or a first column without one that numbers the rows, "
            f"found {cells[0]!r}, ... in the column {name!r}; name it, or leave it out (pandas: index=False)"
        )


def _check_columns(table: _Table, names: list[str], header: list[str]) -> None:
    """Raises `DataError` for a label that does not stand last, and for a first column that may number the rows."""
    known = [name.lower() in LABEL_NAMES for name in names]
    if any(known[:-1]) and not known[-1]:
        raise DataError(
            f"{table.path}: expected the label in the last column, found the column {names[known.index(True)]} before "
            f"{names[-1]}; move it to the end"
        )
    cells = [cells[0] for _, cells in table.rows]
    counted = any(cells == [str(first + row) for row in range(len(cells))] for first in (0, 1))
    if len(names) > 2 and (names[0].lower() in INDEX_NAMES or (counted and len(cells) >= FEWEST_COUNTED)):
        raise DataError(
            f"{table.path}: expected inputs in the first column, found {', '.join(cells[:3])}, ..."
            f"{f' in the column {names[0]}' if header else ''}, which may be numbers of the rows; leave them out "
            "(pandas: index=False), or, if they are inputs, put the column in another place under another name"
        )


def _values(table: _Table, row: Row, names: list[str]) -> Iterator[float]:
    number, cells = row
    for place, (name, cell) in enumerate(zip(names, cells, strict=True), 1):
        value = table.value(cell) if table.is_number(cell) else math.nan
        if not math.isfinite(value):
            found = repr(cell) if cell else "an empty cell"
            advice = "; number the classes from 0" if place == len(names) else ""
            found += ", beside decimal commas" if table.decimal == "," and "." in cell else ""
            raise DataError(
                f"{table.path}: expected a finite number in row {number}, column {name}, found {found}{advice}"
            )
        yield value
