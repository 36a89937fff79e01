"""Commits to a file in which a damage changed nothing that can be read."""

from contextlib import closing
from pathlib import Path

import numpy as np

from landscape.database.records import TARGETS, Commit, PropertyRows
from landscape.database.store import Store, open_store

COMMITS = 5
"""So many that tables with few rows in a chunk need new chunks, and HDF5 uses its free space."""


def continue_file(path: Path) -> None:
    """Commit the last rows of all tables again, and all properties, some times.

    Raises:
        DatabaseError: the file or a commit is refused.
    """
    with closing(open_store(path, writable=True)) as store:
        for _ in range(COMMITS):
            store.commit(last_rows(store))


def last_rows(store: Store) -> Commit:
    """A commit of up to two last rows of each table, and of all properties as they are."""
    tables, last = store.tables, slice(-2, None)
    minima = tables.minima.take(last)
    hits = [*tables.minima.hits.tolist(), *minima.hits.tolist()]
    return Commit(
        kind="merge",
        tasks=1,
        evaluations=1,
        seconds=1.0,
        minima=minima,
        hits=np.array(hits),
        transition_states=tables.transition_states.take(last),
        attempts=tables.attempts.take(last),
        walkers=tables.walkers,
        properties=tuple(
            PropertyRows(
                target=target,
                name=name,
                start=0,
                values=rows.values,
                description=rows.description,
                units=rows.units,
                settings=rows.settings,
            )
            for target in TARGETS
            for name, rows in tables.properties[target].items()
        ),
    )
