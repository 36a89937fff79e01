"""Verification of what is not computed again: changes after the last commit, the hash of the data, numbers of rows.

A digest vouches that values are those that were committed. Sums hold whatever was done to the digests: every point came
with a round, which counted it.
"""

from collections.abc import Iterator

import numpy as np

from landscape.campaign.context import Context
from landscape.database.database import Database
from landscape.database.lazy import known

ELSE = "training, hits, attempts, walkers and rounds"
AS_COMMITTED = "are as committed, by their digests; they were not computed again"
NOT_CHECKED = "were not checked: the file is of an earlier version, without digests"


def content_faults(db: Database, context: Context) -> tuple[list[str], str]:
    """A line for every item that was changed after the last commit, and every sum that does not hold; and what is known
    of the content that no computation vouches for, to be completed by `unchecked_line`.

    Raises:
        DatabaseError: the digests of the file are damaged.
    """
    changes = db.store.changes()
    named = [f"{name}: changed after the last commit" for name in changes or ()]
    unchecked = NOT_CHECKED if changes is None else AS_COMMITTED
    return [*named, *_data_faults(context), *_sum_faults(db)], unchecked


def unchecked_line(properties: str, known: str) -> str:
    """A line on what was not computed again; `properties` are words for such properties, empty if there are none."""
    return f"{properties}, {ELSE} {known}" if properties else f"{ELSE} {known}"


def _data_faults(context: Context) -> Iterator[str]:
    """A fault if the stored data have another hash than the file says."""
    if context.problem is not None and (found := context.problem.data.digest()) != context.problem.data.sha256:
        yield f"data: SHA-256 {context.problem.data.sha256} in the file, {found} recomputed"


def _sum_faults(db: Database) -> Iterator[str]:
    """Faults of tables that do not have the rows that all rounds together added; older rounds did not count."""
    for what, table, column in (
        ("minima", db.minima, db.rounds.new_minima),
        ("transition states", db.transition_states, db.rounds.new_transition_states),
    ):
        added = known(column).sum()
        if not np.isnan(added) and len(table) != added:
            yield f"{what}: {len(table)} in the file, {added:.0f} added by its rounds"
