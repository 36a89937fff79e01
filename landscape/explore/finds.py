"""Minima that a task found, as they travel: a row of the database where that says it all, columns where it does not.

A task knows the minima it was sent, a rank the leading ones of the database (`copies.py`). Neither changes the
outcome: of the minima that a point agrees with, `Index` gives the one that was known first, so a row found in the
leading part of a table is the one that the whole table would have given.

Shapes: M distinct minima, U of them not known, P parameters.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np

from landscape.database.records import Minima
from landscape.explore.identity import Index


@dataclass(frozen=True, kw_only=True)
class Places:
    """Committed minima: rows, energies and parameters."""

    row: np.ndarray  # int64[M]
    energy: np.ndarray  # [M]
    parameters: np.ndarray  # [M, P]

    @classmethod
    def of(cls, minima: Minima, row: np.ndarray) -> Self:
        """The minima in rows `row` [M] of a table."""
        return cls(row=row, energy=minima.energy[row], parameters=minima.parameters[row])


@dataclass(frozen=True, kw_only=True)
class Finds:
    """Distinct minima of one task."""

    row: np.ndarray  # int64[M]: row of the database, -1 for those in `unknown`
    hits: np.ndarray  # int64[M]
    unknown: Minima  # [U], in order

    @classmethod
    def of(cls, minima: Minima) -> Self:
        """Minima none of which is known."""
        return cls(row=np.full(len(minima), -1), hits=minima.hits, unknown=minima)

    def without(self, known: Index) -> Self:
        """The same finds; of those that are known the row says it all."""
        minima, row = self.unknown, self.row.copy()
        pairs = zip(minima.energy.tolist(), minima.parameters, strict=True)
        found = np.array([known.find(energy, theta) for energy, theta in pairs], dtype=np.int64)
        row[row < 0] = found
        return type(self)(row=row, hits=self.hits, unknown=minima.take(found < 0))
