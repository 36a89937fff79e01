"""Rounds of searches for transition states that start from single minima."""

import numpy as np

from landscape.campaign.rounds.connecting import ClimbTask, Searching, SearchPlan
from landscape.campaign.rounds.phase import rounds_done, task_starts
from landscape.database.tables import Tables

# A single-ended search has one guess and a pair has several, so a task takes more searches.
SEARCHES_PER_PAIR = 4


class SingleEnded(Searching):
    """Rounds of single-ended searches, until every wanted minimum has had its number of searches."""

    kind = "single_ended"

    def planned_rounds(self, tables: Tables) -> int:
        """Number of rounds: those done, and those that the present minima still need."""
        return rounds_done(tables, self.kind) + -(-len(self._due(tables)) // self._round_size)

    def plan(self, tables: Tables) -> SearchPlan[ClimbTask] | None:
        """The next searches: minima with the fewest searches come first, among equals the lowest."""
        rows = self._due(tables)[: self._round_size]
        if not len(rows) or not self.context.objective.smooth:
            return None
        seed, number = self.context.settings.run.seed, len(tables.rounds)
        size = SEARCHES_PER_PAIR * self.table.task_pairs
        starts = task_starts(len(rows), size)
        tasks = [
            ClimbTask(
                minima=tables.minima.parameters[rows[start : start + size]],
                seeds=tuple((seed, number, search) for search in range(start, min(start + size, len(rows)))),
            )
            for start in starts
        ]
        ends = np.stack([rows, np.full_like(rows, -1)], axis=1)
        return SearchPlan(tasks=tasks, starts=starts, ends=ends, methods=np.full(len(rows), self.kind))

    def _due(self, tables: Tables) -> np.ndarray:
        """Row of the minimum at which each remaining search starts."""
        origins = tables.attempts.minima[tables.attempts.method == self.kind, 0]
        wanted = self.goal.rows(tables.minima.energy)
        done = np.bincount(origins, minlength=len(tables.minima))[wanted]
        due = np.maximum(self.table.single_ended - done, 0)
        place = np.repeat(np.arange(len(wanted)), due)
        turn = np.arange(len(place)) - np.repeat(np.cumsum(due) - due, due) + done[place]
        return wanted[place[np.argsort(turn, kind="stable")]]

    @property
    def _round_size(self) -> int:
        """Number of searches of a round."""
        return SEARCHES_PER_PAIR * self.table.pairs
