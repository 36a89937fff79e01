"""Landscapes of a study at several values of a key, whose minima tracks join: one minimum at two values is one thing.

Shapes: N minima of all landscapes.
"""

from collections.abc import Sequence
from itertools import product

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from landscape.database.database import Database
from landscape.studies.continuation.balance import ends_of, matching_rows


def joined_minima(databases: Sequence[Database]) -> np.ndarray | None:
    """Numbers int64[N] of the minima of all databases, one database after the other; minima on one track share one.

    None if no tracks lead from one of the databases to another. Numbers rise from 0 in the order of the minima.

    Raises:
        DatabaseError: tracks lead to a database in which other points are found than when they were followed.
    """
    sizes = [len(db.minima) for db in databases]
    begins = np.concatenate([[0], np.cumsum(sizes)])
    pairs = [
        matching_rows(first, first, last) + begins[[one, other]]
        for (one, first), (other, last) in product(enumerate(databases), repeat=2)
        if _leads(first, last)
    ]
    if not pairs:
        return None
    rows, columns = np.concatenate(pairs).T
    graph = coo_array((np.ones(len(rows)), (rows, columns)), shape=(begins[-1], begins[-1]))
    numbers: np.ndarray = connected_components(graph, directed=False)[1]
    return numbers.astype(np.int64)


def _leads(first: Database, last: Database) -> bool:
    """True if tracks of the first database end at the problem of the other."""
    if not len(first.tracks):
        return False
    name = str(first.tracks.key[0]).partition(".")[2]
    (begins, started), (ends, ended) = _split(first, name), _split(last, name)
    return begins == ends and (started, ended) == ends_of(first.tracks)


def _split(db: Database, name: str) -> tuple[object, float]:
    """The problem without the key, and its value."""
    problem = dict(db.problem_record.tables(str(db.path))["problem"])
    value = float(problem.pop(name))
    return (problem, db.problem_record.sha256), value
