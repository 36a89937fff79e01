"""Data sets in files: .npz and .h5 with arrays `inputs` and `targets`, .csv with the label in its last column.

A reader is a function of a path that returns arrays by name, and a row of `READERS`. The conditions that make arrays a
data set are checked in `landscape.problems.data.datasets`. N samples, d inputs, k targets.
"""

import csv
import math
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import h5py
import numpy as np

from landscape.errors import DataError, MissingDataError

REQUIRED = ("inputs", "targets")
OPTIONAL = ("test_inputs", "test_targets")


def read_file(path: Path) -> dict[str, np.ndarray]:
    """The arrays `inputs`, `targets` and, if the file has them, `test_inputs` and `test_targets`.

    The suffix is one of `READERS`. Raises `DataError` if the file is missing, does not match its suffix or lacks an
    array.
    """
    kind = path.suffix.lower()
    try:
        if not path.is_file():
            found = "a folder" if path.is_dir() else "nothing"
            raise MissingDataError(
                f"{path}: expected a data file, found {found} there; paths are relative to the current folder"
            )
        return READERS[kind](path)
    except (OSError, EOFError, ValueError, RuntimeError, zlib.error, zipfile.BadZipFile, csv.Error) as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise DataError(f"{path}: expected a readable {kind} file, found: {reason}") from error


def _read_npz(path: Path) -> dict[str, np.ndarray]:
    if not zipfile.is_zipfile(path):
        raise DataError(f"{path}: expected an archive written by numpy.savez, found another kind of file")
    with np.load(path, allow_pickle=False) as archive:
        return {name: archive[name] for name in _wanted(path, list(archive))}


def _read_h5(path: Path) -> dict[str, np.ndarray]:
    with h5py.File(path, "r") as file:
        links = {name: file.get(name, getlink=True) for name in file}
        found = [name for name, link in links.items() if isinstance(link, h5py.HardLink) and _is_plain(file[name])]
        return {name: np.asarray(file[name]) for name in _wanted(path, found)}


def _is_plain(item: h5py.Dataset | h5py.Group) -> bool:
    """True for a dataset whose values are in the file itself."""
    return isinstance(item, h5py.Dataset) and not item.is_virtual and not item.external


def _wanted(path: Path, found: list[str]) -> list[str]:
    missing = [name for name in REQUIRED if name not in found]
    if missing:
        raise DataError(
            f"{path}: expected the arrays inputs and targets, found {', '.join(found) or 'none'}; "
            f"store the missing {' and '.join(missing)}"
        )
    return [name for name in REQUIRED + OPTIONAL if name in found]


def _read_csv(path: Path) -> dict[str, np.ndarray]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file, strict=True)
        rows = [(reader.line_num, row) for row in reader if row]
    header = rows.pop(0)[1] if rows and not any(_is_number(cell) for cell in rows[0][1]) else None
    if not rows:
        raise DataError(f"{path}: expected rows of numbers with the label last, found no such row")
    names = header or [str(column) for column in range(1, len(rows[0][1]) + 1)]
    if len(names) < 2:
        raise DataError(f"{path}: expected at least one input and a label, separated by commas, found one column")
    table = [list(_cells(path, line, row, names)) for line, row in rows]
    labels = [row[-1] for _, row in rows]
    whole = all(label.strip().lstrip("+-").isdecimal() for label in labels)
    targets = np.array([int(label) if whole else float(label) for label in labels])
    return {"inputs": np.array([row[:-1] for row in table], dtype=np.float64), "targets": targets}


def _cells(path: Path, line: int, row: list[str], names: list[str]) -> Iterator[float]:
    if len(row) != len(names):
        raise DataError(f"{path}: expected {len(names)} columns in row {line}, found {len(row)}")
    for place, (name, cell) in enumerate(zip(names, row, strict=True), 1):
        if not (_is_number(cell) and math.isfinite(float(cell))):
            found = repr(cell) if cell.strip() else "an empty cell"
            advice = "; number the classes from 0" if place == len(names) else ""
            raise DataError(
                f"{path}: expected a finite number in row {line}, column {name.strip()}, found {found}{advice}"
            )
        yield float(cell)


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


READERS: dict[str, Callable[[Path], dict[str, np.ndarray]]] = {".npz": _read_npz, ".h5": _read_h5, ".csv": _read_csv}
"""The readers by suffix; `landscape.config.fields.FILE_SUFFIXES` lists the suffixes for run files."""
