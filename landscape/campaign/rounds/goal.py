"""The goal of a search: the minima that it is to complete, and the criteria by which it ends.

Everything follows from the committed tables.
"""

import numpy as np

from landscape.campaign.context import Context
from landscape.database.tables import Tables
from landscape.graph.targets import target_rows
from landscape.studies.criteria import Criteria


class Goal:
    """The goal of a run file."""

    def __init__(self, context: Context) -> None:
        settings = context.settings
        self.explore, self.fraction = settings.explore, settings.connect.target
        self.tolerance = context.identity.energy_tolerance

    def wanted(self, tables: Tables) -> np.ndarray:
        """Rows int64[n] of the wanted minima, the lowest first."""
        return target_rows(tables.minima.energy, self.explore.lowest, self.explore.energy)

    def criteria(self, tables: Tables) -> Criteria:
        """The criteria as the tables have them."""
        return Criteria.of(tables, self.wanted(tables), self.tolerance, self.fraction)
