"""The campaign: rounds of independent tasks, each ended by one atomic commit.

    plan from the committed tables -> run the tasks on a pool -> assimilate in task order -> commit

Each round belongs to the first phase that has work to do (`sequences.py` orders the phases). Plans depend on committed
tables only; so the result does not depend on the number of ranks, and a stopped run continues from its last commit.
"""

import time
from enum import Enum
from typing import Any

from landscape.campaign.context import Context
from landscape.campaign.interrupt import Interrupt
from landscape.campaign.pools.pool import Abandoned, Pool
from landscape.campaign.progress import Progress
from landscape.campaign.replicas import ReplicaUpdates, StateReplica
from landscape.campaign.rounds.assimilation import LandscapeIndex
from landscape.campaign.rounds.phase import MakePhase, Phase, Plan, Turns, rounds_done
from landscape.database.store import Store


class Ending(Enum):
    """The end of a campaign."""

    COMPLETE = "complete"
    STOPPED = "stopped between two rounds"
    GIVEN_UP = "stopped inside a round, which was not committed"


class Campaign:
    """The rounds of a campaign, run by the coordinating process."""

    def __init__(
        self, context: Context, store: Store, pool: Pool, progress: Progress, phases: tuple[MakePhase, ...]
    ) -> None:
        self.store = store
        self.pool = pool
        self.progress = progress
        index = LandscapeIndex(context, store.tables)
        self.updates, self.states = ReplicaUpdates(), StateReplica(context)
        self.phases = tuple(phase(context, index) for phase in phases)

    def run(self, interrupt: Interrupt) -> Ending:
        """Run rounds until no phase has work or a stop is requested. A round that fails commits nothing."""
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

    def _next(self) -> tuple[Phase[Any], Plan[Any]] | None:
        """The first phase with work to do, and the plan of its next round."""
        for phase in self.phases:
            if isinstance(phase, Turns):
                turn = phase.next(self.store.tables)
            else:
                plan = phase.plan(self.store.tables)
                turn = None if plan is None else (phase, plan)
            if turn is not None:
                return turn
        return None

    def _round(self, phase: Phase[Any], plan: Plan[Any], interrupt: Interrupt) -> None:
        """Run the tasks of a round and commit its results."""
        self.store.require_writable()
        tables, began = self.store.tables, time.monotonic()
        number = rounds_done(tables, phase.kind) + 1
        self.progress.begin(phase.kind, number, phase.planned_rounds(tables), len(plan.tasks))
        if (update := self.updates.following(tables)) is not None:
            self.states.receive(update)
            self.pool.broadcast(update)
        results: list[Any] = self.pool.run(plan.tasks, self.progress.task_done, interrupt.give_up_round)
        commit = phase.assimilate(tables, plan, results, time.monotonic() - began)
        self.store.commit(commit)
        self.progress.commit(commit, self.store.tables)
