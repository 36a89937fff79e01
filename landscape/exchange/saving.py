"""Writing all that a store holds into a new file at once, for databases that no search wrote round by round."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import h5py
import numpy as np

from landscape.database.failures import FAILURES, reason
from landscape.database.hdf5 import require_place
from landscape.database.integrity.digests import Digests
from landscape.database.lock import WriterLock, asks_exclusive
from landscape.database.records import PropertyRows
from landscape.database.store import Store
from landscape.database.tables import Tables
from landscape.database.trained_points import Training
from landscape.database.whole_file import replace_file
from landscape.database.writing import TABLES, append_table, write_new, write_property, write_training
from landscape.errors import DatabaseError


def save(store: Store, path: Path, names: Mapping[str, Sequence[str]]) -> None:
    """Write the store into a new file: wholly or not at all.

    `names` are the names that the codes in the columns of attempts have at first. Raises `DatabaseError` if the file
    exists, its folder does not or cannot be written to, or another writer is at work.
    """
    path = path.resolve()
    require_place(path)
    lock = WriterLock(path, exclusive=asks_exclusive(store.record, path))
    try:
        require_place(path)
        replace_file(path, lambda file: _write(file, store, names), create=True)
    except FAILURES as error:
        raise DatabaseError(f"{path} could not be created, {reason(error)}, then start again") from error
    finally:
        lock.release()


def _write(file: h5py.File, store: Store, names: Mapping[str, Sequence[str]]) -> None:
    """Write problem, header and tables; counts and digests come last."""
    write_new(file, store.record, store.header, names)
    tables = store.tables
    filled = {name: table for name in TABLES if len(table := getattr(tables, name))}
    counts = {name: append_table(file, name, table) for name, table in filled.items() if name != "training"}
    if tables.regimes:
        ended = Training(points=tables.training, regimes=tables.regimes, evaluations=tables.evaluations)
        counts["training"] = write_training(file, ended)
    _write_properties(file, tables)
    for name, count in counts.items():
        file[name].attrs["count"] = count
    Digests.of(file).write(file)


def _write_properties(file: h5py.File, tables: Tables) -> None:
    """Write the properties of all tables."""
    for target, known in tables.properties.items():
        for name, stored in known.items():
            rows = PropertyRows(
                target=target,
                name=name,
                start=0,
                values=np.asarray(stored.values),
                description=stored.description,
                units=stored.units,
                settings=stored.settings,
            )
            write_property(file[f"properties/{target}"], rows)
