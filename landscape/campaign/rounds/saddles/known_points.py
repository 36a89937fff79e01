"""The stationary points of a database, and the choice of those from which searches for saddles begin.

Shapes: K known points of any index, S searches, P parameters.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np

from landscape.database.tables import Tables
from landscape.objective import Symmetry
from landscape.search.saddles.guesses import Way


@dataclass(frozen=True, kw_only=True)
class KnownPoints:
    """All stationary points of a database: minima, transition states and saddles."""

    parameters: np.ndarray  # [K, P]
    index: np.ndarray  # int64[K]

    @classmethod
    def of(cls, tables: Tables) -> Self:
        """The points of the tables."""
        minima, states, saddles = tables.minima, tables.transition_states, tables.saddles
        return cls(
            parameters=np.concatenate([minima.parameters, states.parameters, saddles.parameters]),
            index=np.concatenate([np.repeat([0, 1], [len(minima), len(states)]), saddles.index]),
        )

    def suit(self, way: Way, most: int) -> np.ndarray:
        """Rows int64[N] of the points from which searches for saddles up to the index `most` can begin in this way."""
        return np.flatnonzero((self.index >= way.lowest) & (self.index < most + (not way.below_most)))

    def drawn(self, rows: np.ndarray, count: int, random: np.random.Generator) -> np.ndarray:
        """Rows int64[S] drawn from some rows, first an index, then a point of it: few points of an index count much."""
        index = random.choice(np.unique(self.index[rows]), count)
        return np.array([random.choice(rows[self.index[rows] == one]) for one in index], dtype=np.int64)

    def partners(
        self, first: np.ndarray, rows: np.ndarray, symmetry: Symmetry, random: np.random.Generator
    ) -> np.ndarray:
        """Points [S, P] of the rows int64[S]: in half of the cases the copy nearest to first [S, P], else any copy."""
        anywhere = np.linalg.norm(first, axis=1, keepdims=True) * random.standard_normal(first.shape)
        towards = np.where(random.random((len(rows), 1)) < 0.5, first, anywhere)
        return symmetry.align(self.parameters[rows], towards)
