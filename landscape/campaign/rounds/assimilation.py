"""Assimilation of a round into one commit: points are looked up among the committed ones, new ones get numbers.

`LandscapeIndex` is the coordinator's index of the committed points, rebuilt from the file when a run is resumed.
`Assimilation` collects one round in task order. New points enter the index at once, so a round whose commit fails must
end the campaign. Shapes: M minima, T transition states, P parameters.
"""

import numpy as np

from landscape.campaign.context import Context
from landscape.campaign.identity import DistinctMinima, PointIndex
from landscape.database.points.saddles import Saddles
from landscape.database.records import Attempts, Commit, Minima, PropertyRows, TransitionStates, Walkers
from landscape.database.tables import Tables

DISTANCES_OF = 4096  # minima: 128 MiB


class LandscapeIndex:
    """Indexes of all minima, transition states and saddles so far, and the aligned distances between the minima."""

    def __init__(self, context: Context, tables: Tables) -> None:
        self.symmetry = context.objective.symmetry
        identity = context.identity
        self.minima = PointIndex(self.symmetry, identity)
        self.minima.fill(tables.minima.energy, tables.minima.parameters)
        self.states = PointIndex(self.symmetry, identity)
        self.states.fill(tables.transition_states.energy, tables.transition_states.parameters)
        self.saddles = PointIndex(self.symmetry, identity)
        self.saddles.fill(tables.saddles.energy, tables.saddles.parameters)
        self._measured = np.zeros(0, dtype=np.int64)  # rows of the minima in `_distance`, in the order of its axes
        self._distance = np.zeros((0, 0))

    def distances(self, parameters: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """Aligned distances [V, V] between the minima `rows` [V] of parameters [M, P].

        Distances of up to `DISTANCES_OF` minima are kept: a later call computes only those of minima that are new to
        it.
        """
        if len(np.union1d(self._measured, rows)) > DISTANCES_OF:
            self._measured, self._distance = rows[:0], np.zeros((0, 0))
        known = len(self._measured)
        self._measured = np.append(self._measured, np.setdiff1d(rows, self._measured))
        distance = np.zeros((len(self._measured), len(self._measured)))
        distance[:known, :known] = self._distance
        for place in range(max(known, 1), len(distance)):
            distance[place, :place] = distance[:place, place] = self._from(parameters, place)
        self._distance = distance
        order = np.argsort(self._measured)
        chosen = order[np.searchsorted(self._measured, rows, sorter=order)]
        return np.asarray(distance[np.ix_(chosen, chosen)])

    def _from(self, parameters: np.ndarray, place: int) -> np.ndarray:
        """Distances of a measured minimum from those measured before it. The reference of two minima is always the one
        with the larger row, so the last bit does not depend on the order in which they are measured.
        """
        row, before = self._measured[place], self._measured[:place]
        others, own = parameters[before], np.broadcast_to(parameters[row], (place, parameters.shape[1]))
        first = (before < row)[:, None]
        return self.symmetry.distance(np.where(first, others, own), np.where(first, own, others))


class Assimilation:
    """The points of one round, collected for its commit."""

    def __init__(self, index: LandscapeIndex, tables: Tables) -> None:
        self.index = index
        index.minima.settle(tables.minima.parameters)
        index.states.settle(tables.transition_states.parameters)
        index.saddles.settle(tables.saddles.parameters)
        self._old_hits = tables.minima.hits.copy()
        self._old_energy = tables.minima.energy
        self.n_parameters = tables.minima.parameters.shape[1]
        self._new_hits: list[int] = []
        self._minima: list[tuple[Minima, int]] = []
        self._states: list[tuple[TransitionStates, int]] = []
        self._saddles: list[Saddles] = []
        # For each new transition state, the rows of the minima on its sides and of those from which it was found.
        self._joins: list[tuple[np.ndarray, np.ndarray]] = []

    def add_distinct(self, found: DistinctMinima, *, counted: bool) -> np.ndarray:
        """Add the minima of a task, and their hits if `counted`; returns their rows int64[M] in the table."""
        committed = found.row >= 0
        rows = found.row.copy()
        rows[~committed] = self.add_minima(found.unknown, counted=counted)
        if counted:
            np.add.at(self._old_hits, rows[committed], found.hits[committed])
        return rows

    def add_minima(self, found: Minima, *, counted: bool) -> np.ndarray:
        """Add those of the minima that are new, and all hits if `counted`; returns the rows int64[M] in the table."""
        rows = np.empty(len(found), dtype=np.int64)
        for place, (energy, theta) in enumerate(zip(found.energy.tolist(), found.parameters, strict=True)):
            size = len(self.index.minima)
            rows[place] = row = self.index.minima.find_or_add(energy, theta)
            if row == size:
                self._minima.append((found, place))
                self._new_hits.append(0)
            if counted:
                self._count(row, int(found.hits[place]))
        return rows

    def _count(self, row: int, hits: int) -> None:
        """Add hits to a committed or new row."""
        if row < len(self._old_hits):
            self._old_hits[row] += hits
        else:
            self._new_hits[row - len(self._old_hits)] += hits

    def is_above(self, energy: float, minima: np.ndarray) -> bool:
        """True if an energy is higher than the table's energies of the minima in rows `minima`."""
        return all(energy > self._energy(row) for row in minima.tolist())

    def _energy(self, row: int) -> float:
        """The energy of a committed or new row."""
        if row < len(self._old_energy):
            return float(self._old_energy[row])
        found, place = self._minima[row - len(self._old_energy)]
        return float(found.energy[place])

    def add_transition_state(
        self, found: TransitionStates, place: int, sides: np.ndarray, found_from: np.ndarray
    ) -> tuple[int, bool]:
        """Add row `place` of a task's transition states, which joins the minima in rows `sides` [2] and was found by a
        search from the minima in rows `found_from` [2]. Returns its row in the table and True if it is new.
        """
        size = len(self.index.states)
        row = self.index.states.find_or_add(float(found.energy[place]), found.parameters[place])
        if row < size:
            return row, False
        self._states.append((found, place))
        self._joins.append((np.sort(sides), found_from))
        return row, True

    def add_saddles(self, found: Saddles) -> None:
        """Add those of the saddles that are new."""
        new = []
        for energy, theta in zip(found.energy.tolist(), found.parameters, strict=True):
            size = len(self.index.saddles)
            new.append(self.index.saddles.find_or_add(energy, theta) == size)
        self._saddles.append(found.take(np.array(new, dtype=bool)))

    def commit(
        self,
        *,
        kind: str,
        tasks: int,
        evaluations: int,
        seconds: float,
        attempts: Attempts | None = None,
        walkers: Walkers | None = None,
        properties: tuple[PropertyRows, ...] = (),
        left: int = 0,
    ) -> Commit:
        """The commit of the round with all points added."""
        new_hits = np.array(self._new_hits, dtype=np.int64)
        return Commit(
            kind=kind,
            tasks=tasks,
            evaluations=evaluations,
            seconds=seconds,
            minima=self._new_minima(new_hits),
            hits=np.concatenate([self._old_hits, new_hits]),
            transition_states=self._new_states(),
            attempts=attempts or Attempts.empty(self.n_parameters),
            walkers=walkers,
            saddles=Saddles.concatenated(self._saddles) if self._saddles else None,
            properties=properties,
            left=left,
        )

    def _new_minima(self, hits: np.ndarray) -> Minima:
        """The new minima as a table."""
        if not self._minima:
            return Minima.empty(self.n_parameters)
        names = [name for name in Minima.column_names() if name != "hits"]
        columns = {name: np.array([getattr(found, name)[place] for found, place in self._minima]) for name in names}
        return Minima(**columns, hits=hits)

    def _new_states(self) -> TransitionStates:
        """The new transition states as a table."""
        if not self._states:
            return TransitionStates.empty(self.n_parameters)
        names = [name for name in TransitionStates.column_names() if name not in ("minima", "found_from")]
        columns = {name: np.array([getattr(found, name)[place] for found, place in self._states]) for name in names}
        sides, origins = (np.array(rows, dtype=np.int64) for rows in zip(*self._joins, strict=True))
        return TransitionStates(**columns, minima=sides, found_from=origins)
