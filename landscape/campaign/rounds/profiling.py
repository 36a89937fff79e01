"""Rounds that measure energy and robustness along the path through every transition state; only when asked for."""

from collections.abc import Mapping, Sequence

import numpy as np

from landscape.campaign.context import Context
from landscape.campaign.rounds.assimilation import Assimilation, Known
from landscape.campaign.rounds.measuring import ProfileTask
from landscape.campaign.rounds.phase import Plan, joined, property_rows, rounds_done, task_starts
from landscape.database.records import Commit
from landscape.database.tables import Tables
from landscape.problems.problem import Problem
from landscape.properties.measure import MeasuredProperty
from landscape.properties.path_profiles import require_paths

TASK_STATES = 4
ROUND_TASKS = 16


class Profiles:
    """Rounds that measure along the paths of transition states, each once."""

    kind = "paths"

    def __init__(self, context: Context, known: Known) -> None:
        self.context, self.known, self.settings = context, known, context.measuring

    def planned_rounds(self, tables: Tables) -> int:
        """Rounds done and those that the transition states known now still need."""
        left = len(tables.transition_states) - self._measured(tables)
        return rounds_done(tables, self.kind) + -(-left // (TASK_STATES * ROUND_TASKS))

    def plan(self, tables: Tables) -> Plan | None:
        """The next transition states without paths. Raises PropertyError for a problem without exact Hessians."""
        problem, states = self.context.objective, tables.transition_states
        start = self._measured(tables)
        if not isinstance(problem, Problem):
            return None
        require_paths(problem)
        rows = np.arange(start, min(len(states), start + TASK_STATES * ROUND_TASKS))
        parts = [rows[first : first + TASK_STATES] for first in task_starts(len(rows), TASK_STATES)]
        theta, ends = states.parameters, tables.minima.parameters
        tasks = [ProfileTask(theta=theta[part], ends=ends[states.minima[part]]) for part in parts]
        return Plan(tasks=tasks) if tasks else None

    def assimilate(
        self, tables: Tables, plan: Plan, results: Sequence[Mapping[str, MeasuredProperty]], seconds: float
    ) -> Commit:
        """Adds the values of the measured rows."""
        rows = property_rows("transition_states", self._measured(tables), joined(results), self.settings)
        return Assimilation(self.known, tables).commit(
            kind=self.kind, tasks=len(plan.tasks), evaluations=0, seconds=seconds, properties=rows
        )

    def _measured(self, tables: Tables) -> int:
        """Transition states whose paths were measured with these settings."""
        stored = [one for name, one in tables.properties["transition_states"].items() if name.startswith("path_")]
        if not stored or any(dict(one.settings) != self.settings for one in stored):
            return 0
        return min(len(one.values) for one in stored)
