"""The store on disk: one HDF5 file, written by one writer, readable by anybody at any time.

`Hdf5Store` joins the lock of the writer (`lock.py`), the replacement of the whole file (`whole_file.py`), writing
(`writing.py`) and reading (`reading.py`). A commit extends the tables in memory without reading them again; columns
that were not in memory are read from the new file on first use. Records handed out earlier keep showing the commit that
they were read from.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Self

import h5py

from landscape.database.checks import checked
from landscape.database.failures import FAILURES, reason
from landscape.database.integrity.declared import require_chunks, require_stored
from landscape.database.integrity.digests import Digests
from landscape.database.lock import WriterLock, asks_exclusive
from landscape.database.reading import Snapshot, damaged
from landscape.database.records import TARGETS, Commit, Header, ProblemRecord
from landscape.database.tables import Tables
from landscape.database.whole_file import replace_file
from landscape.database.writing import TABLES, write_commit, write_new
from landscape.errors import DatabaseError
from landscape.trial import crash

NAMED = 3
"""Changed items that a message names."""


class Hdf5Store:
    """A store in an HDF5 file; see `landscape.database.store.Store`. Make one with `create` or `open`."""

    def __init__(self, snapshot: Snapshot, lock: WriterLock | None) -> None:
        self.path: Path | None = snapshot.path
        self.record: ProblemRecord
        self.header: Header
        self.tables: Tables
        self.record, self.header, self.tables = snapshot.read()
        self.snapshot = snapshot
        self.lock = lock
        self.digests = Digests()  # of the last commit, for the writer

    @classmethod
    def create(cls, path: Path, record: ProblemRecord, header: Header, names: Mapping[str, Sequence[str]]) -> Self:
        """A new database file, open for writing.

        `names` are the names that the codes in the columns of attempts have at first.

        Raises:
            DatabaseError: the file exists, its folder is missing or cannot be written to, or another writer is at work.
        """
        path = path.resolve()
        require_place(path)
        lock = WriterLock(path, exclusive=asks_exclusive(record, path))
        return cls.locked(path, lock, lambda: create_file(path, record, header, names))

    @classmethod
    def open(cls, path: Path, *, writable: bool, exclusive: bool = False) -> Self:
        """The database in an existing file; only opening for writing takes the lock.

        The lock is the existence of its file if `exclusive`, or if the stored run file asks for that.

        Raises:
            DatabaseError: there is no such file, it is not a whole database, or another writer is at work.
        """
        path = path.resolve()
        if failing := crash(path):
            raise DatabaseError(f"{path} is damaged (HDF5 {failing} on it): restore it from a copy")
        if not writable:
            return cls(Snapshot(path), None)
        snapshot = Snapshot(path)  # complain about the file before a lock appears beside it
        with snapshot.file:
            exclusive = asks_exclusive(snapshot.problem(), path) or exclusive
        return cls.locked(path, WriterLock(path, exclusive=exclusive))

    @classmethod
    def locked(cls, path: Path, lock: WriterLock, prepare: Callable[[], None] = lambda: None) -> Self:
        """The store after `prepare` has run under the lock; any failure releases the lock."""
        try:
            prepare()
            store = cls(Snapshot(path), lock)
            store.digests = store.snapshot.digests()
            require_unchanged(path, store.snapshot.changes(store.digests))
            require_growing(path, store.snapshot)
            require_rows(path, store.snapshot)
        except BaseException:
            lock.release()
            raise
        return store

    @property
    def n_rounds(self) -> int:
        return len(self.tables.rounds)

    @property
    def closed(self) -> bool:
        return not self.snapshot.file

    def commit(self, commit: Commit) -> None:
        path = self.snapshot.path
        self.require_writable()
        ready = checked(commit, self.tables, self.record.n_parameters)
        try:
            digests = replace_file(path, lambda file: self.write(file, ready))
        except FAILURES as error:
            raise DatabaseError(
                f"{path}: round {self.n_rounds} could not be committed, {reason(error)}, then resume; "
                f"the {self.n_rounds} rounds committed before are intact"
            ) from error
        self.snapshot, self.digests = Snapshot(path), digests
        self.record = self.record.reread(self.snapshot.reader("problem"))
        self.tables = self.tables.after(ready, self.snapshot.reader)

    def write(self, file: h5py.File, commit: Commit) -> Digests:
        """Write a checked commit to the copy of the file; refused if another program has changed the file.

        Returns the digests after it.
        """
        found = int(file["rounds"].attrs["count"])
        if found != self.n_rounds:
            raise DatabaseError(
                f"{self.path} has {found} rounds, expected {self.n_rounds}: another program changed it, open it again"
            )
        return write_commit(file, commit, self.digests)

    def changes(self) -> list[str] | None:
        return self.snapshot.changes(self.snapshot.digests())

    def require_writable(self) -> None:
        """Raise DatabaseError if this store cannot commit."""
        path = self.snapshot.path
        self.snapshot.require_open()
        if self.lock is None:
            raise DatabaseError(f"{path} is open for reading only: open it with writable=True to commit")
        if not path.exists() or not os.path.samestat(path.stat(), self.snapshot.identity):
            raise DatabaseError(
                f"{path} was replaced or removed by another program after {self.n_rounds} rounds: "
                "put it back, or open it again"
            )

    def close(self) -> None:
        self.snapshot.file.close()
        if self.lock is not None:
            self.lock.release()


def require_unchanged(path: Path, changes: Sequence[str] | None) -> None:
    """Raise DatabaseError, which names the changed items, if anything was changed after the last commit."""
    if changes:
        more = f" and {len(changes) - NAMED} more" if len(changes) > NAMED else ""
        raise DatabaseError(
            f"{path} is damaged, {', '.join(changes[:NAMED])}{more} changed after the last commit: "
            "restore it from a copy, or see with 'landscape verify' what holds"
        )


def require_growing(path: Path, snapshot: Snapshot) -> None:
    """Raise DatabaseError if a column or property of the file cannot take further rows."""
    places = [f"{name}/{column}" for name, table in TABLES.items() for column in table.column_names()]
    for target in TARGETS:
        group = f"properties/{target}"
        places += [f"{group}/{name}" for name in (snapshot.item(group) if snapshot.has(group) else ())]
    for place in places:
        if snapshot.has(place) and snapshot.item(place).maxshape[0] is not None:
            raise DatabaseError(f"{path} cannot be continued, {place} cannot grow: open it for reading alone")


def require_rows(path: Path, snapshot: Snapshot) -> None:
    """Raise DatabaseError if a column, known or not, has chunks of other sizes than declared, or rows beyond those that
    count which the file does not store: to cut them off, HDF5 would look for each.
    """
    counts = {name: snapshot.item(name).attrs["count"] for name in TABLES if snapshot.has(name)}
    for place, item in snapshot.items.items():
        count = counts.get(place.rpartition("/")[0])
        if count is not None and isinstance(item, h5py.Dataset) and item.maxshape[:1] == (None,):
            try:
                require_chunks(item)
                if len(item) > count:
                    require_stored(item, len(item))
            except ValueError as error:
                raise damaged(path, error) from error


def require_place(path: Path) -> None:
    """Refuse a path at which no new file can be made."""
    if path.is_dir():
        raise DatabaseError(
            f"{path} is a folder, expected the name of a new file: give one in it, as {path / 'landscape.h5'}"
        )
    if path.exists():
        raise DatabaseError(f"{path} exists already: resume it (--resume), remove it or choose another name")
    if not path.parent.is_dir():
        raise DatabaseError(f"{path.parent} is no folder to put {path.name} into: create it or choose another")


def create_file(path: Path, record: ProblemRecord, header: Header, names: Mapping[str, Sequence[str]]) -> None:
    """Write the file of a database without commits."""
    require_place(path)
    try:
        replace_file(path, lambda file: write_new(file, record, header, names), create=True)
    except FAILURES as error:
        raise DatabaseError(f"{path} could not be created, {reason(error)}, then start again") from error
