"""The goal of a search: the minima to be found, the part of them to be connected, and the searches from each."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from landscape.config.run_file import Settings
from landscape.config.tables import ConnectConfig, ExploreConfig
from landscape.database.records import ProblemRecord
from landscape.graph.targets import target_rows


@dataclass(frozen=True)
class Goal:
    """The goal given by a run file."""

    lowest: int  # number of wanted minima of lowest energy; 0: all
    energy: float  # largest energy of wanted minima
    fraction: float  # part of the wanted minima to be connected with the lowest
    searches: int  # least number of single-ended searches from each wanted minimum

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """The goal of a run file."""
        return cls._of(settings.explore, settings.connect)

    @classmethod
    def stored(cls, record: ProblemRecord, source: str = "database") -> Self:
        """The goal of the run file with which a database was made; a continued search may have had another goal.

        Raises DatabaseError if the text of the run file is damaged; the error names the database by `source`.
        """
        tables = record.tables(source)
        explore, connect = (tables.get(name, {}) for name in ("explore", "connect"))
        return cls._of(ExploreConfig.from_table(explore, source), ConnectConfig.from_table(connect, source))

    @classmethod
    def _of(cls, explore: ExploreConfig, connect: ConnectConfig) -> Self:
        return cls(explore.lowest, explore.energy, connect.target, min(explore.searches, connect.single_ended))

    def rows(self, energy: np.ndarray) -> np.ndarray:
        """Rows int64[n] of the wanted minima among those of energy [M], the lowest first."""
        return target_rows(energy, self.lowest, self.energy)
