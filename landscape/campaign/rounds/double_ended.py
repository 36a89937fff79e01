"""Rounds of searches for transition states between pairs of minima. Shapes: S searches, V minima in view."""

import numpy as np

from landscape.campaign.pairs.selection import select_pairs
from landscape.campaign.pairs.view import PairView, places, rows_in_view
from landscape.campaign.rounds.connecting import ConnectTask, Searching, SearchPlan
from landscape.campaign.rounds.phase import rounds_done, task_starts
from landscape.database.tables import Tables
from landscape.graph.depth import connected_with_lowest
from landscape.numerics.streams import stream

RETRY_IMAGES = 1.5
# Tasks of a round with fewer pairs than allowed: few, since walkers side by side cost less.
TASKS = 2


class Connect(Searching):
    """Rounds of searches between pairs of minima, until no rounds or pairs are left."""

    kind = "connect"

    def planned_rounds(self, tables: Tables) -> int:
        """Rounds that the run file allows."""
        del tables
        return self.table.rounds

    def plan(self, tables: Tables) -> SearchPlan[ConnectTask] | None:
        """The next pairs, their two minima aligned."""
        if rounds_done(tables, self.kind) >= self.table.rounds or not self.context.objective.smooth:
            return None
        pairs = self._pairs(tables)
        if not pairs:
            return None
        ends = np.array([pair for pair, _ in pairs], dtype=np.int64)
        methods = np.array([name for _, name in pairs])
        first = tables.minima.parameters[ends[:, 0]]
        last = self.index.symmetry.align(tables.minima.parameters[ends[:, 1]], first)
        images = self._images(tables, ends, np.linalg.norm(last - first, axis=1))
        # Long bands go first, so that no long task starts last; bands of equal length share calls.
        order = np.argsort(-images, kind="stable")
        size = self.table.task_pairs
        if len(ends) < self.table.pairs:
            size = min(size, -(-len(ends) // TASKS))
        starts = task_starts(len(ends), size)
        parts = [order[start : start + size] for start in starts]
        return SearchPlan(
            tasks=[ConnectTask(first=first[part], last=last[part], images=images[part]) for part in parts],
            starts=starts,
            ends=ends[order],
            methods=methods[order],
        )

    def _pairs(self, tables: Tables) -> list[tuple[tuple[int, int], str]]:
        """The next pairs of rows, each with the strategy that chose it."""
        states, minima = tables.transition_states, tables.minima
        if len(minima) < 2:
            return []
        inside, wanted = connected_with_lowest(minima.energy, states.minima), self.goal.rows(tables.minima.energy)
        random = stream(self.context.settings.run.seed, len(tables.rounds))
        rows = rows_in_view(minima.energy, inside, wanted, random)
        view = PairView(
            rows=rows,
            wanted=np.isin(rows, wanted),
            distance=self.index.distances(minima.parameters, rows),
            tries=_tries(tables, rows),
            all_energy=minima.energy,
            ts_energy=states.energy,
            ts_minima=states.minima,
            retries=self.table.retries,
        )
        return select_pairs(view, self.table.strategies, self.table.pairs, random)

    def _images(self, tables: Tables, ends: np.ndarray, length: np.ndarray) -> np.ndarray:
        """Numbers of images int64[S] of the bands: in proportion to length, and more at each retry."""
        images = np.clip(self.table.image_density * length, self.table.min_images, self.table.max_images)
        rows, place = np.unique(ends, return_inverse=True)
        tries = _tries(tables, rows)[tuple(place.reshape(ends.shape).T)]
        more: np.ndarray = np.rint(images * RETRY_IMAGES**tries).astype(np.int64)
        return more


def _tries(tables: Tables, rows: np.ndarray) -> np.ndarray:
    """Numbers of attempts int64[V, V], symmetric, of the pairs among the minima `rows` [V]."""
    tries = np.zeros((len(rows), len(rows)), dtype=np.int64)
    ends = tables.attempts.minima[tables.attempts.minima[:, 1] >= 0]
    np.add.at(tries, tuple(places(ends, rows, len(tables.minima)).T), 1)
    return tries + tries.T
