"""The campaign: rounds of independent tasks, each ended by one atomic commit.

    plan from the committed tables -> run the tasks on a pool -> assimilate in task order -> commit

The next round is that of the first phase that has work: basin-hopping, then single-ended searches, then
connecting, then measuring. Since plans look at committed tables only, the result does not depend on the number
of ranks, and a run that was stopped anywhere continues at its last commit.
"""

import time
from collections.abc import Callable, Sequence
from enum import Enum
from functools import partial
from typing import Any

from landscape.database.store import Store
from landscape.errors import PropertyError
from landscape.explore.assimilation import Known
from landscape.explore.connecting import Connect, SingleEnded
from landscape.explore.context import Context
from landscape.explore.copies import News
from landscape.explore.evaluating import Evaluate
from landscape.explore.hopping import BasinHopping
from landscape.explore.interrupt import Interrupt
from landscape.explore.locating import Locate, Surroundings
from landscape.explore.measuring import Depths, Measure, MeasureTraining, chosen_groups
from landscape.explore.phases import Phase, Plan, rounds_done
from landscape.explore.pool import Abandoned, Pool
from landscape.explore.profiling import Profiles
from landscape.explore.progress import Progress
from landscape.objective import Objective
from landscape.problems.problem import Problem
from landscape.properties.catalogue import DEPTHS
from landscape.properties.profiles import require_paths

MakePhase = Callable[[Context, Known], Phase]
LOCATING: tuple[MakePhase, ...] = (Locate, Surroundings)
EVALUATIONS = "evaluations"
ALL_PHASES: tuple[MakePhase, ...] = (BasinHopping, SingleEnded, Connect, Measure, Depths)


def measuring(groups: Sequence[str] | None, *, paths: bool = False) -> tuple[MakePhase, ...]:
    """Phases that measure these groups of properties, or all that the problem admits, and along `paths`."""
    minima = (partial(Measure, groups=groups), Depths)
    return (*minima, Profiles) if paths else minima


def asked_for(objective: Objective, names: Sequence[str], *, paths: bool) -> tuple[MakePhase, ...]:
    """Phases that measure the named properties, all without names, and along `paths`; those alone without names.

    Raises PropertyError for what cannot be measured.
    """
    if paths and isinstance(objective, Problem):
        require_paths(objective)
    return measuring(() if paths and not names else chosen_groups(objective, names), paths=paths)


def asked_of_training(objective: Objective, names: Sequence[str]) -> tuple[MakePhase, ...]:
    """Phases that measure the named properties of the end points of training, all without names; `EVALUATIONS` is the
    name of what their evaluations measure. Raises PropertyError for what cannot be measured.
    """
    own = [name for name in names if name != EVALUATIONS]
    if around := [name for name in own if name in DEPTHS]:
        raise PropertyError(
            f"expected properties of end points, found '{around[0]}', which minima have: 'landscape locate' tells that "
            "of the minima below end points"
        )
    groups = () if names and not own else chosen_groups(objective, own)
    phases: tuple[MakePhase, ...] = (partial(MeasureTraining, groups=groups),)
    return (*phases, Evaluate) if not names or EVALUATIONS in names else phases


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
