"""Rounds of searches for transition states that start from single minima."""

import numpy as np

from landscape.campaign.rounds.connecting import ClimbTask, Searching, SearchPlan
from landscape.campaign.rounds.phase import rounds_done, task_starts
from landscape.database.tables import Tables
from landscape.limits import SEARCH

# A single-ended search has one guess and a pair has several, so a task takes more searches.
SEARCHES_PER_PAIR = 4


class SingleEnded(Searching):
    """Rounds of single-ended searches, until every wanted minimum has had its number of searches."""

    kind = "single_ended"

    def planned_rounds(self, tables: Tables) -> int:
        """Number of rounds: those done, and those that the present minima still need."""
        left: int = sum(self._due(tables)[1].tolist())
        return rounds_done(tables, self.kind) + -(-left // self._round_size)

    def plan(self, tables: Tables) -> SearchPlan[ClimbTask] | None:
        """The next searches: minima with the fewest searches come first, among equals the lowest."""
        rows = self._next(tables)
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

    def _next(self, tables: Tables) -> np.ndarray:
        """Rows int64[S] of the minima at which the next searches start. Raises ConfigError for too many of them."""
        wanted, due, done = self._due(tables)
        due = np.minimum(due, self._round_size)  # no minimum has more of them in a round
        searches, size = min(sum(due.tolist()), self._round_size), tables.minima.parameters.shape[1]
        SEARCH.require_room("[connect] pairs", f"{searches} searches from points of {size} parameters", searches * size)
        place = np.repeat(np.arange(len(wanted)), due)
        turn = np.arange(len(place)) - np.repeat(np.cumsum(due) - due, due) + done[place]
        return np.asarray(wanted[place[np.argsort(turn, kind="stable")]][: self._round_size])

    def _due(self, tables: Tables) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Rows int64[M] of the wanted minima, and the numbers of searches that each still lacks and has had."""
        origins = tables.attempts.minima[tables.attempts.method == self.kind, 0]
        wanted = self.goal.rows(tables.minima.energy)
        done = np.bincount(origins, minlength=len(tables.minima))[wanted]
        return wanted, np.maximum(self.table.single_ended - done, 0), done

    @property
    def _round_size(self) -> int:
        """Number of searches of a round."""
        return SEARCHES_PER_PAIR * self.table.pairs
