"""Tables of numbers as text, one row a line, as Fortran programs and numpy read and write them.

A float is written with 17 significant digits, so that it reads back as the same number. Readers take any whitespace
between numbers, and Fortran's D as the sign of an exponent.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from landscape.errors import ExchangeError
from landscape.exchange.folders import MOST_BYTES, read_bytes

FLOAT = "{:25.17g}"


def write_rows(path: Path, form: str, rows: Iterable[Sequence[object]]) -> None:
    """Write rows of values, each by the format `form`, one row a line."""
    path.write_text("".join(f"{form.format(*row)}\n" for row in rows), encoding="ascii")


def read_rows(path: Path, columns: Sequence[int], most: int = MOST_BYTES) -> np.ndarray:
    """Numbers [rows, columns] of a text file, each row of one of the numbers of columns.

    Raises `ExchangeError` for a row of another length or a word that is no number.
    """
    rows: list[list[float]] = []
    allowed = " or ".join(map(str, columns))
    for number, line in enumerate(read_bytes(path, most).splitlines(), 1):
        words = line.split()
        if not words:
            continue
        if len(words) not in columns or (rows and len(words) != len(rows[0])):
            raise ExchangeError(
                f"{path}: expected {allowed} columns in every line, found {len(words)} in line {number}: is this the "
                "right --format?"
            )
        rows.append([_number(path, number, word) for word in words])
    return np.array(rows, dtype=np.float64).reshape(len(rows), -1 if rows else columns[0])


def _number(path: Path, line: int, word: bytes) -> float:
    try:
        return float(word.lower().replace(b"d", b"e"))
    except ValueError:
        raise ExchangeError(
            f"{path}: expected numbers, found {word[:20].decode('ascii', 'replace')!r} in line {line}: restore the file"
        ) from None


def whole_numbers(path: Path, values: np.ndarray) -> np.ndarray:
    """Values as int64. Raises `ExchangeError` if one is no whole number that fits."""
    if not (np.isfinite(values) & (values == np.rint(values)) & (np.abs(values) < 2.0**53)).all():
        raise ExchangeError(f"{path}: expected whole numbers to name minima, found others: restore the file")
    return values.astype(np.int64)
