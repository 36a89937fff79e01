"""A view of a store in units of length, for searches; the store itself keeps the user's own units.

A unit is a power of two, so conversion rounds nothing but log-determinants. Shapes: P parameters.
"""

import math
from dataclasses import replace
from typing import TypeVar

from landscape.database.lazy import Table
from landscape.database.records import Commit
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
    "softest_eigenvalue": -2,
}
"""The power of a length in the unit of each column that has one."""


def in_units_of_length(store: Store, unit: float) -> Store:
    """The store with parameters in units of `unit`; the store itself if the unit is 1."""
    return store if unit == 1.0 else InUnitsOfLength(store, unit)


class InUnitsOfLength:
    """A `Store` whose parameters are in units of `unit`; the wrapped `store` has the user's units."""

    def __init__(self, store: Store, unit: float) -> None:
        self._store, self._unit = store, unit
        self.path, self.record, self.header = store.path, store.record, store.header
        self.tables = self._seen()

    @property
    def n_rounds(self) -> int:
        """See `Store`."""
        return self._store.n_rounds

    @property
    def closed(self) -> bool:
        """See `Store`."""
        return self._store.closed

    def require_writable(self) -> None:
        """See `Store`."""
        self._store.require_writable()

    def commit(self, commit: Commit) -> None:
        """See `Store`."""
        self._store.commit(
            replace(
                commit,
                minima=self._multiplied(commit.minima, self._unit, 0),
                transition_states=self._multiplied(commit.transition_states, self._unit, 1),
                walkers=None if commit.walkers is None else self._multiplied(commit.walkers, self._unit, 0),
                saddles=None if commit.saddles is None else self._multiplied(commit.saddles, self._unit, 0),
            )
        )
        self.tables = self._seen()

    def _seen(self) -> Tables:
        """The tables of the store in units of length."""
        kept, factor = self._store.tables, 1.0 / self._unit
        return replace(
            kept,
            minima=self._multiplied(kept.minima, factor, 0),
            transition_states=self._multiplied(kept.transition_states, factor, 1),
            walkers=self._multiplied(kept.walkers, factor, 0),
            saddles=self._multiplied(kept.saddles, factor, 0),
        )

    def changes(self) -> list[str] | None:
        """See `Store`."""
        return self._store.changes()

    def close(self) -> None:
        """See `Store`."""
        self._store.close()

    def _multiplied(self, table: T, factor: float, left_out: int) -> T:
        """A table with all lengths multiplied by a factor; its determinants leave out `left_out` eigenvalues."""
        columns = {name: getattr(table, name) for name in table.column_names()}
        for name in POWERS.keys() & columns.keys():
            columns[name] = columns[name] * factor ** POWERS[name]
        if "log_determinant" in columns:
            counted = self.record.n_parameters - left_out
            columns["log_determinant"] = columns["log_determinant"] - 2.0 * counted * math.log(factor)
        return type(table)(**columns)
