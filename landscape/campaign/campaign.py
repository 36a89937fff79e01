"""The campaign: rounds of independent tasks, each ended by one atomic commit.

    plan from the committed tables -> run the tasks on a pool -> assimilate in task order -> commit

The next round is that of the first phase that has work (`sequences.py` has their order). Since plans look at
committed tables only, the result does not depend on the number of ranks, and a run that was stopped anywhere continues
at its last commit.
"""

import time
from enum import Enum
from typing import Any

from landscape.campaign.context import Context
from landscape.campaign.interrupt import Interrupt
from landscape.campaign.pools.pool import Abandoned, Pool
from landscape.campaign.progress import Progress
from landscape.campaign.rank_copies import News
from landscape.campaign.rounds.assimilation import Known
from landscape.campaign.rounds.phase import MakePhase, Phase, Plan, rounds_done
from landscape.database.store import Store


class Ending(Enum):
    """How a campaign ended."""

    COMPLETE = "complete"
    STOPPED = "stopped between two rounds"
    GIVEN_UP = "stopped inside a round, which was not committed"


class Campaign:
    """Runs the rounds of the coordinating process."""

    def __init__(
        self, context: Context, store: Store, pool: Pool, progress: Progress, phases: tuple[MakePhase, ...]
    ) -> None:
        self.store = store
        self.pool = pool
        self.progress = progress
        known = Known(context, store.tables)
        self.news = News()
        self.phases: tuple[Phase, ...] = tuple(phase(context, known) for phase in phases)

    def run(self, interrupt: Interrupt) -> Ending:
        """Rounds until no phase has work or a stop is asked for. A round that fails commits nothing."""
        last_seconds: dict[str, float] = {}
        while (following := self._next()) is not None:
            phase, plan = following
            if interrupt.stop_before(last_seconds.get(phase.kind, 0.0)):
                return Ending.STOPPED
            began = time.monotonic()
            try:
                self._round(phase, plan, interrupt)
            except Abandoned:
                return Ending.GIVEN_UP
            last_seconds[phase.kind] = time.monotonic() - began
        return Ending.COMPLETE

    def _next(self) -> tuple[Phase, Plan] | None:
        for phase in self.phases:
            plan = phase.plan(self.store.tables)
            if plan is not None:
                return phase, plan
        return None

    def _round(self, phase: Phase, plan: Plan, interrupt: Interrupt) -> None:
        tables, began = self.store.tables, time.monotonic()
        number = rounds_done(tables, phase.kind) + 1
        self.progress.begin(phase.kind, number, phase.planned_rounds(tables), len(plan.tasks))
        if (news := self.news.since(tables.minima)) is not None:
            self.pool.tell(news)
        results: list[Any] = self.pool.run(plan.tasks, self.progress.task_done, interrupt.give_up_round)
        commit = phase.assimilate(tables, plan, results, time.monotonic() - began)
        self.store.commit(commit)
        self.progress.commit(commit, self.store.tables)
