"""Data sets in files: .npz and .h5 with arrays `inputs` and `targets`, .csv with the label in its last column.

Only regular files are read, only data that are in the file itself, and no array above the limit `DATA` of
`landscape.limits`.

A reader is a function of a path that returns arrays by name, and a row of `READERS`. The conditions that make arrays a
data set are checked in `landscape.problems.data.datasets`. N samples, d inputs, k targets.
"""

import csv
import math
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np

from landscape.errors import DataError, MissingDataError
from landscape.limits import DATA
from landscape.problems.data.csv_files import read_csv
from landscape.trial import crash

REQUIRED = ("inputs", "targets")
OPTIONAL = ("test_inputs", "test_targets")
UNREADABLE = (OSError, EOFError, LookupError, ValueError, RuntimeError, MemoryError, zlib.error)
_HEADERS = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}


def read_file(path: Path) -> dict[str, np.ndarray]:
    """The arrays `inputs`, `targets` and, if the file has them, `test_inputs` and `test_targets`.

    The suffix is one of `READERS`. Raises `DataError` if the file is missing, does not match its suffix or lacks an
    array.
    """
    kind = path.suffix.lower()
    try:
        if not path.is_file():
            found = "a folder" if path.is_dir() else "a pipe or a device" if path.exists() else "nothing"
            raise MissingDataError(
                f"{path}: expected a data file, found {found} there; paths are relative to the current folder"
            )
        return READERS[kind](path)
    except (*UNREADABLE, zipfile.BadZipFile, csv.Error) as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise DataError(f"{path}: expected a readable {kind} file, found: {reason}") from error


def _read_npz(path: Path) -> dict[str, np.ndarray]:
    if not zipfile.is_zipfile(path):
        raise DataError(f"{path}: expected an archive written by numpy.savez, found another kind of file")
    with zipfile.ZipFile(path) as archive:
        members = {member.filename.removesuffix(".npy"): member for member in archive.infolist()}
        names = _wanted(path, list(members))
        for name in names:
            _check_declared(path, name, archive, members[name])
    with np.load(path, allow_pickle=False) as arrays:
        return {name: arrays[name] for name in names}


def _check_declared(path: Path, name: str, archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> None:
    """Raises `DataError` if the header of an array declares another size than there is, or one above the limit."""
    with archive.open(member) as file:
        version = np.lib.format.read_magic(file)
        if version not in _HEADERS:
            raise DataError(f"{path}: expected numbers in {name}, found an array of format {version}: save it again")
        shape, _, dtype = _HEADERS[version](file)
        there = member.file_size - file.tell()
    numbers = math.prod(shape)
    DATA.require_room(path, name, numbers)
    if numbers * dtype.itemsize != there and not dtype.hasobject:
        raise DataError(
            f"{path}: expected {numbers * dtype.itemsize} bytes in {name}, as it declares, found {there}; the file is "
            "damaged, save it again"
        )


def _read_h5(path: Path) -> dict[str, np.ndarray]:
    if failing := crash(path):
        raise DataError(f"{path}: expected a readable .h5 file, found one on which HDF5 {failing}: save it again")
    with h5py.File(path, "r") as file:
        return {name: _plain(path, file, name) for name in _wanted(path, list(file))}


def _plain(path: Path, file: h5py.File, name: str) -> np.ndarray:
    """An array that is in the file itself. Raises `DataError` for links and for data in other places."""
    link = file.get(name, getlink=True)
    found = file[name] if isinstance(link, h5py.HardLink) else link
    if not isinstance(found, h5py.Dataset) or found.shape is None or found.is_virtual or found.external:
        kind = "data of other files" if isinstance(found, h5py.Dataset) and found.shape else type(found).__name__
        raise DataError(f"{path}: expected an array {name} in the file itself, found {kind}; store the array there")
    DATA.require_room(path, name, found.size)
    return np.asarray(found)


def _wanted(path: Path, found: list[str | bytes]) -> list[str]:
    missing = [name for name in REQUIRED if name not in found]
    if missing:
        raise DataError(
            f"{path}: expected the arrays inputs and targets, found {', '.join(map(str, found)) or 'none'}; "
            f"store the missing {' and '.join(missing)}"
        )
    return [name for name in REQUIRED + OPTIONAL if name in found]


READERS: dict[str, Callable[[Path], dict[str, np.ndarray]]] = {".npz": _read_npz, ".h5": _read_h5, ".csv": read_csv}
"""The readers by suffix; `landscape.config.fields.FILE_SUFFIXES` lists the suffixes for run files."""
