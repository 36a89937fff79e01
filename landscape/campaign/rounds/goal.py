"""The goal of a search: the minima that are wanted, and which of the criteria of completeness hold for them.

Everything follows from the committed tables. Shapes: n wanted minima.
"""

import math
from dataclasses import dataclass

import numpy as np

from landscape.config.run_file import Settings
from landscape.database.tables import Tables
from landscape.graph.depth import components
from landscape.graph.far_sides import far_sides
from landscape.graph.targets import target_rows
from landscape.statistics.capture import captures, energy_strata
from landscape.studies.effort import fallen_in_last_doubling

MOST_UNKNOWN = 0.05  # of the estimated number of minima, in every stratum of energy
MOST_FALLEN = 0.05  # of the merge energies, in the last doubling of the effort


@dataclass(frozen=True, kw_only=True)
class Criteria:
    """The state of a search."""

    wanted: np.ndarray  # int64[n], rows of the wanted minima, the lowest first
    minima_known: bool  # two ways of finding them agree that hardly any is missing
    connected: bool
    barriers_converged: bool  # hardly any merge energy fell in the last doubling of the effort


class Goal:
    """The goal of a run file."""

    def __init__(self, settings: Settings) -> None:
        self.explore, self.fraction = settings.explore, settings.connect.target
        self.tolerance = settings.identity.energy_tolerance

    def wanted(self, tables: Tables) -> np.ndarray:
        """Rows int64[n] of the wanted minima, the lowest first."""
        below = None if math.isinf(self.explore.energy) else self.explore.energy
        return target_rows(tables.minima.energy, self.explore.lowest, below)

    def criteria(self, tables: Tables) -> Criteria:
        """The criteria as the tables have them."""
        wanted = self.wanted(tables)
        fell = fallen_in_last_doubling(tables, wanted, self.tolerance)
        return Criteria(
            wanted=wanted,
            minima_known=self._known(tables, wanted),
            connected=self._connected(tables, wanted),
            barriers_converged=fell is not None and fell.share < MOST_FALLEN,
        )

    def _known(self, tables: Tables, wanted: np.ndarray) -> bool:
        """Whether Chapman's estimate is hardly above what is known, in every stratum of energy."""
        states, minima = tables.transition_states, tables.minima
        far = far_sides(len(minima), states.minima, states.found_from)
        if not len(wanted) or far is None:
            return False
        parts = captures(minima.hits[wanted] > 0, far[wanted], energy_strata(minima.energy[wanted]))
        return all(part.estimate <= (1.0 + MOST_UNKNOWN) * part.known for part in parts)

    def _connected(self, tables: Tables, wanted: np.ndarray) -> bool:
        """Whether the wanted fraction of the minima is connected with the lowest of them."""
        if not len(wanted):
            return False
        label = components(len(tables.minima), tables.transition_states.minima)[wanted]
        return bool((label == label[0]).mean() >= self.fraction)
