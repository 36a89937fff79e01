"""Reading a database file: one open handle is one committed state.

Files are never changed in place, so a handle keeps showing the commit at which it was opened, whatever a writer does
meanwhile. Opening reads attributes and shapes only; columns are read through the handle on first use.

Columns that this program does not know are ignored. A column that the file lacks reads as missing values, unless the
column is essential.
"""

import json
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from landscape.database.failures import first_line, reason
from landscape.database.lazy import Read, read_only
from landscape.database.records import TARGETS, Array, Header, ProblemRecord, Property
from landscape.database.tables import Tables
from landscape.database.writing import (
    DATA,
    FORMAT,
    FORMAT_VERSION,
    LATER_TABLES,
    TABLES,
    axis_names,
    rearranged,
    stored_names,
)
from landscape.errors import DatabaseError

UNREADABLE = (OSError, RuntimeError, LookupError, ValueError, TypeError, AttributeError)
"""Errors that h5py and the decoding of attributes raise on a damaged file."""


class Snapshot:
    """An open database file whose content is not checked yet.

    Raises:
        DatabaseError: there is no such file, or it is not a whole HDF5 file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.file = opened(path)

    def read(self) -> tuple[ProblemRecord, Header, Tables]:
        """Problem, header and tables of the file; an array is read when it is first used.

        Raises:
            DatabaseError: the file is no database of a known version, or it is damaged.
        """
        try:
            require_format(self.path, self.file)
            record = self.read_record()
            return record, self.read_header(), self.read_tables(record.n_parameters)
        except UNREADABLE as error:
            raise damaged(self.path, error) from error

    def read_record(self) -> ProblemRecord:
        """The explored problem; its data are read when they are first used."""
        attrs, root = self.file["problem"].attrs, self.file.attrs
        return ProblemRecord.lazy(
            self.reader("problem"),
            toml=str(attrs["toml"]),
            run_toml=str(attrs["run_toml"]),
            n_parameters=int(attrs["n_parameters"]),
            sha256=str(attrs["sha256"]),
            energy_tolerance=float(root["energy_tolerance"]),
            distance_tolerance=float(root["distance_tolerance"]),
            index_test=str(root["index_test"]),
            image=_shape(attrs["image"]) if "image" in attrs else None,
            **{name: None for name in DATA if name not in self.file["problem"]},
        )

    def read_header(self) -> Header:
        """Versions of the software and time of creation."""
        return Header(software=json.loads(self.file.attrs["software"]), created=str(self.file.attrs["created"]))

    def read_tables(self, n_parameters: int) -> Tables:
        """All tables; a column is read when it is first used."""
        tables: dict[str, Any] = {name: self.read_table(name, n_parameters) for name in TABLES}
        regimes, evaluations = self.read_regimes()
        properties = {target: self.read_properties(target) for target in TARGETS}
        return Tables(**tables, regimes=regimes, evaluations=evaluations, properties=properties)

    def read_table(self, name: str, n_parameters: int) -> Any:  # noqa: ANN401 - its type is TABLES[name]
        """The table of that name; a column is read when it is first used."""
        if self.lacks(name):
            return TABLES[name].empty(n_parameters)
        group, rows = self.file[name], int(self.file[name].attrs["count"])
        for column, declared in TABLES[name].columns().items():
            if column not in group and not declared.essential:
                continue
            shape, found = declared.row_shape(n_parameters), group[column].shape
            if declared.names:
                shape = (*shape[:-1], len(axis_names(group, column)))
            if found[0] < rows or found[1:] != shape:
                raise ValueError(f"/{name}/{column} has shape {list(found)}, expected {[rows, *shape]}")
        return TABLES[name].lazy(self.reader(name), _rows=rows)

    def read_regimes(self) -> tuple[dict[str, str], dict[str, str]]:
        """The settings of the regimes and of the evaluations of training by name."""
        if self.lacks("training"):
            return {}, {}
        group = self.file["training"]
        regimes = named_texts(group["regime"].attrs["names"], group.attrs["settings"])
        return regimes, named_texts(group.attrs["evaluations"], group.attrs["evaluation_settings"])

    def lacks(self, name: str) -> bool:
        """True if the file is older than this table or group of properties."""
        return name.rpartition("/")[2] in LATER_TABLES and name not in self.file

    def read_properties(self, target: str) -> dict[str, Property]:
        """The properties of a table by name; values are read when they are first used."""
        if self.lacks(f"properties/{target}"):
            return {}
        return {name: self.read_property(f"properties/{target}/{name}") for name in self.file[f"properties/{target}"]}

    def read_property(self, path: str) -> Property:
        """The property at that path; its values are read when they are first used."""
        attrs = self.file[path].attrs
        return Property.lazy(
            self.reader(path),
            description=str(attrs["description"]),
            units=str(attrs["units"]),
            settings=json.loads(attrs["settings"]),
        )

    def reader(self, path: str) -> Read:
        """The function that reads the columns of the group, or the values of the property, at that path."""
        if path.startswith("properties/"):
            return lambda _: self.values(path)
        return partial(self.column if path in TABLES else self.array, path)

    def array(self, group: str, name: str) -> Array:
        """A whole dataset of a group."""
        return self.values(f"{group}/{name}")

    def column(self, table: str, name: str) -> Array:
        """The committed rows of a column of a table; missing values if the file lacks it."""
        group, declared = self.require_open()[table], TABLES[table].columns()[name]
        rows = int(group.attrs["count"])
        if name not in group:
            return read_only(declared.missing(rows, int(self.file["problem"].attrs["n_parameters"])))
        values = self.values(f"{table}/{name}", rows)
        if declared.names:
            return read_only(rearranged(values, axis_names(group, name), declared.names))
        return self.decoded(values, stored_names(group, name)) if declared.coded else values

    def decoded(self, codes: Array, names: Sequence[str]) -> Array:
        """The names of codes, empty for -1. Raises DatabaseError for a code without a name."""
        if len(codes) and not -1 <= codes.min() <= codes.max() < len(names):
            raise damaged(self.path, ValueError(f"codes from {codes.min()} to {codes.max()} for {len(names)} names"))
        return read_only(np.array([*names, ""])[codes])

    def values(self, path: str, rows: int | None = None) -> Array:
        """The leading `rows` rows of a dataset; all for None. Raises DatabaseError if the file is closed or damaged."""
        file = self.require_open()
        try:
            values = file[path][:rows]
            return read_only(np.strings.decode(values, "utf-8") if values.dtype.kind == "S" else values)
        except UNREADABLE as error:
            raise damaged(self.path, error) from error

    def require_open(self) -> h5py.File:
        """The handle. Raises DatabaseError if it is closed."""
        if not self.file:
            raise DatabaseError(f"{self.path} is closed: read what you need before closing it, or open it again")
        return self.file


def opened(path: Path) -> h5py.File:
    """The HDF5 file at that path, open for reading without HDF5's own lock: committed files do not change."""
    if path.is_dir():
        raise DatabaseError(f"{path} is a folder: name the database file in it")
    if not path.exists():
        raise DatabaseError(f"{path} does not exist: check the name, or make a database with 'landscape run'")
    try:
        with path.open("rb"):
            pass  # h5py.is_hdf5 does not distinguish an unreadable file from a file of another kind
        if h5py.is_hdf5(path):
            return h5py.File(path, "r", locking=False)
    except OSError as error:
        if "truncated" in str(error):
            found = f"an HDF5 file cut off at byte {path.stat().st_size}"
            raise DatabaseError(f"{path} is truncated, {found}: restore it from a whole copy") from error
        raise DatabaseError(f"{path} cannot be read, {reason(error)}") from error
    raise DatabaseError(f"{path} is not an HDF5 file ({path.stat().st_size} bytes): name a landscape database")


def _shape(sizes: Iterable[int]) -> tuple[int, int, int]:
    """Channels, height and width of an image."""
    channels, height, width = map(int, sizes)
    return channels, height, width


def require_format(path: Path, file: h5py.File) -> None:
    """Refuse HDF5 files of other programs, and databases of a later version."""
    if file.attrs.get("format") != FORMAT:
        raise DatabaseError(f"{path} is HDF5 but not a landscape database: expected the attribute format = {FORMAT!r}")
    version = int(file.attrs["format_version"])
    if version > FORMAT_VERSION:
        raise DatabaseError(
            f"{path} has format version {version}, newer than the {FORMAT_VERSION} that is known here: update landscape"
        )


def named_texts(names: Iterable[str], texts: Iterable[str]) -> dict[str, str]:
    """Texts by name, from two attributes."""
    return {str(name): str(text) for name, text in zip(names, texts, strict=True)}


def damaged(path: Path, error: Exception) -> DatabaseError:
    """The error for a file that should be readable but is not."""
    return DatabaseError(f"{path} is damaged ({first_line(error)}): restore it from a copy")
