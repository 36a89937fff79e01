"""A store seen in units of length: what searches read and commit, while the store keeps the user's own units.

A unit is a power of two, so that nothing is rounded on the way but log-determinants. Shapes: P parameters.
"""

import math
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from landscape.database.lazy import Table
from landscape.database.records import Commit, Header, ProblemRecord
from landscape.database.store import Store
from landscape.database.tables import Tables

T = TypeVar("T", bound=Table)

POWERS = {
    "parameters": 1,
    "step": 1,
    "rms_gradient": -1,
    "lowest_eigenvalue": -2,
    "lowest_positive_eigenvalue": -2,
    "eigenvalue": -2,
}
"""The power of a length in the unit of each column that has one."""


class InUnitsOfLength:
    """A `Store` whose parameters are in units of `unit`; `store` has them in the user's units."""

    def __init__(self, store: Store, unit: float) -> None:
        self._store, self._unit = store, unit
        self._seen: tuple[Tables, Tables] | None = None

    @property
    def path(self) -> Path | None:
        """See `Store`."""
        return self._store.path

    @property
    def record(self) -> ProblemRecord:
        """See `Store`."""
        return self._store.record

    @property
    def header(self) -> Header:
        """See `Store`."""
        return self._store.header

    @property
    def n_rounds(self) -> int:
        """See `Store`."""
        return self._store.n_rounds

    @property
    def closed(self) -> bool:
        """See `Store`."""
        return self._store.closed

    @property
    def tables(self) -> Tables:
        """The tables of the last commit in units of length."""
        if self._seen is None or self._seen[0] is not self._store.tables:
            kept = self._store.tables
            seen = replace(
                kept,
                minima=self._in_units(kept.minima, 0),
                transition_states=self._in_units(kept.transition_states, 1),
                walkers=self._in_units(kept.walkers, 0),
            )
            self._seen = kept, seen
        return self._seen[1]

    def commit(self, commit: Commit) -> None:
        """See `Store`."""
        self._store.commit(
            replace(
                commit,
                minima=self._multiplied(commit.minima, self._unit, 0),
                transition_states=self._multiplied(commit.transition_states, self._unit, 1),
                walkers=None if commit.walkers is None else self._multiplied(commit.walkers, self._unit, 0),
            )
        )

    def close(self) -> None:
        """See `Store`."""
        self._store.close()

    def _in_units(self, table: T, index: int) -> T:
        return self._multiplied(table, 1.0 / self._unit, index)

    def _multiplied(self, table: T, factor: float, index: int) -> T:
        """A table of points of this index with all lengths multiplied by a factor."""
        columns = {name: getattr(table, name) for name in table.column_names()}
        for name in POWERS.keys() & columns.keys():
            columns[name] = columns[name] * factor ** POWERS[name]
        if "log_determinant" in columns:
            positive = self.record.n_parameters - index
            columns["log_determinant"] = columns["log_determinant"] - 2.0 * positive * math.log(factor)
        return type(table)(**columns)
