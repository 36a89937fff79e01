"""Reading a database file: one open handle is one committed state.

Files are never changed in place, so a handle keeps showing the commit at which it was opened, whatever a writer does
meanwhile. Opening checks the whole file before any of it is believed: types, shapes and attributes, and the values of
the columns that have declared ones (`integrity/values.py`). It keeps none of them: columns are read through the handle
on first use.

Columns that this program does not know are ignored. A column that the file lacks reads as missing values, unless the
column is essential.
"""

from collections.abc import Mapping, Sequence
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from landscape.database.failures import first_line
from landscape.database.integrity.blocks import blocks
from landscape.database.integrity.declared import (
    COLUMNS,
    DATA,
    NAMES,
    described,
    image_shape,
    json_table,
    named_texts,
    names,
    positive,
    require_data,
    require_stored,
    require_values,
    text,
    texts,
    whole,
)
from landscape.database.integrity.digests import DIGESTS, Digests
from landscape.database.integrity.headers import require_unshared
from landscape.database.integrity.opening import opened, require_format
from landscape.database.integrity.plain import plain_items
from landscape.database.integrity.values import CHECKED, INDICES, REGIMES, unfit
from landscape.database.lazy import Column, Read, read_only
from landscape.database.records import TARGETS, Array, Header, ProblemRecord, Property
from landscape.database.sampled import QUENCHES, TRAINING
from landscape.database.tables import Tables
from landscape.database.writing import (
    LATER_TABLES,
    TABLES,
    WITH_DIGESTS,
    axis_names,
    rearranged,
    stored_names,
    stored_type,
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
        self.identity = path.stat()

    def changes(self, found: Digests) -> list[str] | None:
        """The items that were changed after the last commit, by their digests `found` now; None without stored ones.

        Raises DatabaseError if the stored digests are damaged.
        """
        try:
            version = whole(self.file.attrs, "format_version", 1)
            return found.changes(self.file) if version >= WITH_DIGESTS or DIGESTS in self.file else None
        except UNREADABLE as error:
            raise damaged(self.path, error) from error

    def digests(self) -> Digests:
        """The digests of what the file holds now. Raises DatabaseError if it cannot be read."""
        try:
            return Digests().after([("", self.require_open()), *self.items.items()])
        except UNREADABLE as error:
            raise damaged(self.path, error) from error

    def read(self) -> tuple[ProblemRecord, Header, Tables]:
        """Problem, header and tables of the file; an array is read when it is first used.

        Raises:
            DatabaseError: the file is no database of a known version, or it is damaged.
        """
        record = self.problem()
        try:
            header = self.read_header()
            tables = self.read_tables(record.n_parameters)
            self.check_values(tables, record.n_parameters)
        except UNREADABLE as error:
            raise damaged(self.path, error) from error
        return record, header, tables

    def problem(self) -> ProblemRecord:
        """The explored problem alone; raises as `read` does."""
        try:
            require_format(self.path, self.file)
            return self.read_record()
        except UNREADABLE as error:
            raise damaged(self.path, error) from error

    @cached_property
    def items(self) -> dict[str, h5py.Group | h5py.Dataset]:
        """All groups and datasets by path, opened once; raises ValueError unless they are plain and can be written."""
        found = plain_items(self.file)
        require_unshared(self.file, (self.file, *found.values()))
        return found

    def item(self, path: str) -> h5py.Group | h5py.Dataset:
        """The group or dataset at that path; raises LookupError if there is none."""
        return self.items[path] if path in self.items else self.file[path]  # below the second name of a group

    def has(self, path: str) -> bool:
        """True if there is a group or dataset at that path."""
        return path in self.items or path in self.file

    def read_record(self) -> ProblemRecord:
        """The explored problem; its data are read when they are first used."""
        group, root = self.item("problem"), self.file.attrs
        attrs = group.attrs
        require_data(group, [name for name in DATA if name in group])
        return ProblemRecord.lazy(
            self.reader("problem"),
            toml=text(attrs, "toml"),
            run_toml=text(attrs, "run_toml"),
            n_parameters=whole(attrs, "n_parameters", 1),
            sha256=text(attrs, "sha256"),
            energy_tolerance=positive(root, "energy_tolerance"),
            distance_tolerance=positive(root, "distance_tolerance"),
            index_test=text(root, "index_test"),
            image=image_shape(attrs) if "image" in attrs else None,
            **{name: None for name in DATA if name not in group},
        )

    def read_header(self) -> Header:
        """Versions of the software and time of creation."""
        attrs = self.file.attrs
        return Header(software=json_table(text(attrs, "software")), created=text(attrs, "created"))

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
        attrs = self.item(name).attrs
        rows = whole(attrs, "count")
        for column, declared in TABLES[name].columns().items():
            path = f"{name}/{column}"
            if not declared.essential and not self.has(path):
                continue
            shape = declared.row_shape(n_parameters)
            if declared.names:
                shape = (*shape[:-1], len(names(attrs, f"{column}{COLUMNS}")))
            if declared.coded and f"{column}{NAMES}" in attrs:
                names(attrs, f"{column}{NAMES}")
            dataset = self.item(path)
            require_values(dataset, stored_type(declared), rows, shape)
            require_stored(dataset, rows)
        return TABLES[name].lazy(self.reader(name), _rows=rows)

    def read_regimes(self) -> tuple[dict[str, str], dict[str, str]]:
        """The settings of the regimes and of the evaluations of training by name."""
        if self.lacks("training"):
            return {}, {}
        attrs = self.item("training").attrs
        regimes = named_texts(names(self.item("training/regime").attrs, "names"), texts(attrs, "settings"))
        return regimes, named_texts(names(attrs, "evaluations"), texts(attrs, "evaluation_settings"))

    def lacks(self, name: str) -> bool:
        """True if the file is older than this table or group of properties."""
        return name.rpartition("/")[2] in LATER_TABLES and not self.has(name)

    def read_properties(self, target: str) -> dict[str, Property]:
        """The properties of a table by name; values are read when they are first used."""
        if self.lacks(f"properties/{target}"):
            return {}
        rows = 0 if self.lacks(target) else whole(self.item(target).attrs, "count")
        found = self.item(f"properties/{target}")
        return {name: self.read_property(f"properties/{target}/{name}", rows) for name in found}

    def read_property(self, path: str, rows: int) -> Property:
        """The property at that path, of at most `rows` rows; its values are read when they are first used."""
        dataset = self.item(path)
        attrs, shape = dataset.attrs, dataset.shape
        if not shape or 0 in shape[1:] or shape[0] > rows:
            raise ValueError(f"/{path} holds {described(dataset)}, expected values of at most {rows} rows")
        require_values(dataset, np.dtype(np.float64), 0, shape[1:])
        require_stored(dataset, shape[0])
        return Property.lazy(
            self.reader(path),
            description=text(attrs, "description"),
            units=text(attrs, "units"),
            settings=json_table(text(attrs, "settings")),
        )

    def check_values(self, tables: Tables, n_parameters: int) -> None:
        """Raise ValueError for a value that a column may not have; columns are not kept."""
        ends = {name: len(getattr(tables, name)) for name in TABLES}
        ends |= {REGIMES: len(tables.regimes), INDICES: n_parameters + 1}
        for name, table in TABLES.items():
            for column, declared in table.columns().items():
                where, path = f"{name}.{column}", f"{name}/{column}"
                if (declared.coded or where in CHECKED) and self.has(path):
                    for values in blocks(self.item(path), 0, ends[name]):
                        self.check_codes(name, column, declared, values)
                        if fault := unfit(where, values, ends, declared):
                            raise ValueError(fault)
        if ends["sampled_pairs"]:
            self.check_pairs({QUENCHES: ends["sampled_quenches"], TRAINING: ends["training"]})

    def check_codes(self, table: str, column: str, declared: Column, values: Array) -> None:
        """Raise ValueError for a code without a name."""
        count = len(stored_names(self.item(table), column)) if declared.coded else 0
        if declared.coded and not -1 <= values.min() <= values.max() < count:
            raise ValueError(f"{table}.{column}: codes from {values.min()} to {values.max()} for {count} names")

    def check_pairs(self, ends: Mapping[str, int]) -> None:
        """Raise ValueError for a sampled pair of rows that the table of its ends does not have."""
        group = self.item("sampled_pairs")
        count = whole(group.attrs, "count")
        code, rows = group["ends_of"][:count], group["rows"][:count]
        for place, name in enumerate(["", *stored_names(group, "ends_of")], -1):
            if (code == place).any() and (name not in ends or (rows[code == place] >= ends[name]).any()):
                raise ValueError(f"sampled_pairs.rows must be rows of {' or '.join(ends)}, found others of {name!r}")

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
        """The names of codes, empty for -1."""
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


def damaged(path: Path, error: Exception) -> DatabaseError:
    """The error for a file that should be readable but is not."""
    return DatabaseError(f"{path} is damaged ({first_line(error)}): restore it from a copy")
