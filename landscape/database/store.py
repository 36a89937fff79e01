"""Stores of committed rounds, in memory or in a file.

`Store` is the protocol that exploration and analysis rely on: tables to read and one way to write, `commit`, which
happens wholly or not at all. `MemoryStore` keeps the tables in memory, `Hdf5Store` also in a file; both pass the same
tests. `tables.py` defines the effect of a commit and `checks.py` its conditions, once for both stores.
"""

import platform
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

import h5py
import numpy as np

from landscape.database.checks import checked
from landscape.database.hdf5 import Hdf5Store
from landscape.database.records import Commit, Header, ProblemRecord
from landscape.database.tables import Tables
from landscape.errors import DatabaseError
from landscape.version import __version__


class Store(Protocol):
    """A store of committed rounds. `path` is None in memory; `tables` are those after the last commit."""

    path: Path | None
    record: ProblemRecord
    header: Header
    tables: Tables

    @property
    def n_rounds(self) -> int:
        """The number of committed rounds."""

    @property
    def closed(self) -> bool:
        """True if `close` was called."""

    def require_writable(self) -> None:
        """Raise DatabaseError if a commit would be refused, whatever is in it: ask before the work of a round."""

    def commit(self, commit: Commit) -> None:
        """Add a round: all of it or nothing.

        Raises:
            DatabaseError: the commit does not fit the tables, the store is closed or open for reading only, or its file
                cannot be written, for instance on a full disk. The store is unchanged then.
        """

    def changes(self) -> list[str] | None:
        """The items of the file that were changed after the last commit, as TABLE/COLUMN or PATH@ATTRIBUTE.

        None for a file of an earlier version, which has no digests. This reads the whole file.
        """

    def close(self) -> None:
        """Close the file and release the writer's lock; columns that were not read yet cannot be read any more."""


class MemoryStore:
    """A store in memory."""

    def __init__(self, record: ProblemRecord, header: Header) -> None:
        self.path: Path | None = None
        self.record = record
        self.header = header
        self.tables = Tables.empty(record.n_parameters)
        self.closed = False

    @property
    def n_rounds(self) -> int:
        return len(self.tables.rounds)

    def require_writable(self) -> None:
        if self.closed:
            raise DatabaseError("the database in memory is closed: commit before closing it")

    def commit(self, commit: Commit) -> None:
        self.require_writable()
        self.tables = self.tables.after(checked(commit, self.tables, self.record.n_parameters))

    def changes(self) -> list[str] | None:
        return []

    def close(self) -> None:
        self.closed = True


def create_store(
    path: Path | str | None,
    record: ProblemRecord,
    outcome_names: Sequence[str],
    method_names: Sequence[str],
    software: Mapping[str, str] | None = None,
) -> Store:
    """A new store, in a file or (path None) in memory.

    `outcome_names` and `method_names` are the first names of these columns of `Attempts`, in the order of their codes
    in the file; a commit may add more. `software` adds versions by name to those of Python, numpy, h5py and landscape.

    Raises:
        DatabaseError: the file exists, its folder does not or cannot be written to, or another writer is at work.
    """
    created = datetime.now(UTC).isoformat(timespec="seconds")
    header = Header(software=versions() | dict(software or {}), created=created)
    if path is None:
        return MemoryStore(record, header)
    return Hdf5Store.create(Path(path), record, header, {"outcome": outcome_names, "method": method_names})


def open_store(path: Path | str, *, writable: bool = False, exclusive: bool = False) -> Store:
    """The store in an existing file. Only with `writable` is the lock taken, and are commits accepted.

    The lock is of the kind "exclusive" (`lock.py`) if `exclusive`, or if the stored run file asks for it.

    Raises:
        DatabaseError: there is no such file, it is not a whole database of a known version, or, with `writable`,
            another writer is at work.
    """
    return Hdf5Store.open(Path(path), writable=writable, exclusive=exclusive)


def versions() -> dict[str, str]:
    """Versions of the software that writes the database."""
    own = {"landscape": __version__, "python": platform.python_version()}
    return own | {"numpy": np.__version__, "h5py": h5py.__version__}
