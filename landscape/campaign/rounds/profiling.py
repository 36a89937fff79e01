"""Rounds that measure energy and robustness along the path through every transition state, on request only."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from landscape.campaign.context import Context
from landscape.campaign.rounds.assimilation import Assimilation, LandscapeIndex
from landscape.campaign.rounds.epsilons import EPSILON, with_stored
from landscape.campaign.rounds.measuring import ProfileTask
from landscape.campaign.rounds.phase import Plan, joined, property_rows, rounds_done, task_starts
from landscape.database.records import Commit, Property
from landscape.database.tables import Tables
from landscape.properties.measure import MeasuredProperty
from landscape.properties.path_profiles import require_paths

TASK_STATES = 4
ROUND_TASKS = 16


class Profiles:
    """Rounds that measure along the path through each transition state.

    Raises PropertyError for a problem without such paths.
    """

    kind = "paths"

    def __init__(self, context: Context, index: LandscapeIndex) -> None:
        self.context, self.index, self.settings = context, index, context.measuring
        require_paths(context.require_problem())

    def planned_rounds(self, tables: Tables) -> int:
        """Number of rounds: those done, and those that the present transition states still need."""
        left = len(tables.transition_states) - self._measured(tables)
        return rounds_done(tables, self.kind) + -(-left // (TASK_STATES * ROUND_TASKS))

    def plan(self, tables: Tables) -> Plan[ProfileTask] | None:
        """The next transition states without paths."""
        start, states = self._measured(tables), tables.transition_states
        rows = np.arange(start, min(len(states), start + TASK_STATES * ROUND_TASKS))
        parts = [rows[first : first + TASK_STATES] for first in task_starts(len(rows), TASK_STATES)]
        theta, ends = states.parameters, tables.minima.parameters
        epsilon = tuple(self._settings(tables)[EPSILON])
        tasks = [ProfileTask(theta=theta[part], ends=ends[states.minima[part]], epsilon=epsilon) for part in parts]
        return Plan(tasks=tasks) if tasks else None

    def assimilate(
        self,
        tables: Tables,
        plan: Plan[ProfileTask],
        results: Sequence[Mapping[str, MeasuredProperty]],
        seconds: float,
    ) -> Commit:
        """The commit of the values of the measured rows."""
        rows = property_rows("transition_states", self._measured(tables), joined(results), self._settings(tables))
        return Assimilation(self.index, tables).commit(
            kind=self.kind, tasks=len(plan.tasks), evaluations=0, seconds=seconds, properties=rows
        )

    def _measured(self, tables: Tables) -> int:
        """Number of transition states whose paths were measured with these settings."""
        stored, settings = self._stored(tables), self._settings(tables)
        if not stored or any(dict(one.settings) != settings for one in stored):
            return 0
        return min(len(one.values) for one in stored)

    def _settings(self, tables: Tables) -> dict[str, Any]:
        """The settings, with the epsilons of values that differ in nothing else; all are measured together."""
        return with_stored(self.settings, self._stored(tables))

    def _stored(self, tables: Tables) -> list[Property]:
        """The stored properties along paths."""
        return [one for name, one in tables.properties["transition_states"].items() if name.startswith("path_")]
