"""Rounds that measure: properties of every minimum, then what depends on the whole landscape.

Rows are measured once; a database that has grown is measured from the first row that lacks a property.
Depths and barriers are made again whenever minima or transition states were added.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict

import numpy as np

from landscape.database.records import Commit, PropertyRows
from landscape.database.tables import Tables
from landscape.explore.assimilation import Assimilation, Known
from landscape.explore.context import Context
from landscape.explore.phases import Plan, rounds_done, task_starts
from landscape.explore.tasks import MeasureTask
from landscape.problems.problem import Problem
from landscape.properties.catalogue import DESCRIPTIONS
from landscape.properties.depth import barrier_to_global, depth, escape_barrier
from landscape.properties.measure import MeasuredProperty, available_groups
from landscape.properties.settings import MeasureSettings

TASK_MINIMA = 16
ROUND_TASKS = 16
DEPTHS = {
    "depth": "energy above the lowest minimum",
    "escape_barrier": "lowest barrier to another minimum",
    "barrier_to_global": "lowest barrier on the way to the lowest minimum",
}


class Measure:
    """Rounds that measure all groups a problem admits."""

    kind = "measure"

    def __init__(self, context: Context, known: Known) -> None:
        self.context, self.known = context, known
        table, seed = context.settings.measure, context.settings.run.seed
        self.settings = MeasureSettings(
            tuple(table.epsilon), table.pgd_steps, table.pgd_restarts, seed, table.input_bounds
        )

    def planned_rounds(self, tables: Tables) -> int:
        """Rounds done and those that the minima known now still need."""
        left = len(tables.minima) - self._measured(tables)
        return rounds_done(tables, self.kind) + -(-left // (TASK_MINIMA * ROUND_TASKS))

    def plan(self, tables: Tables) -> Plan | None:
        """The next minima that lack properties."""
        problem = self.context.objective
        start = self._measured(tables)
        if not isinstance(problem, Problem) or start == len(tables.minima):
            return None
        theta = tables.minima.parameters[start : start + TASK_MINIMA * ROUND_TASKS]
        groups = available_groups(problem)
        tasks = [
            MeasureTask(theta=theta[first : first + TASK_MINIMA], groups=groups, settings=self.settings)
            for first in task_starts(len(theta), TASK_MINIMA)
        ]
        return Plan(tasks=tasks)

    def assimilate(
        self, tables: Tables, plan: Plan, results: Sequence[Mapping[str, MeasuredProperty]], seconds: float
    ) -> Commit:
        """Adds the values of the measured rows."""
        start = self._measured(tables)
        rows = tuple(
            PropertyRows(
                target="minima",
                name=name,
                start=start,
                values=np.concatenate([result[name].values for result in results]),
                description=first.description,
                units=first.units,
                settings=self._settings(),
            )
            for name, first in results[0].items()
        )
        return Assimilation(self.known, tables).commit(
            kind=self.kind, tasks=len(plan.tasks), evaluations=0, seconds=seconds, properties=rows
        )

    def _settings(self) -> dict[str, object]:
        """The settings as JSON gives them back."""
        stored: dict[str, object] = json.loads(json.dumps(asdict(self.settings)))
        return stored

    def _measured(self, tables: Tables) -> int:
        """Minima that were measured with these settings."""
        stored = [p for name, p in tables.properties["minima"].items() if name in DESCRIPTIONS]
        if not stored or any(dict(p.settings) != self._settings() for p in stored):
            return 0
        return min(len(p.values) for p in stored)


class Depths:
    """The round that computes depths and barriers of all minima, where the landscape has changed."""

    kind = "depths"

    def __init__(self, context: Context, known: Known) -> None:
        self.context, self.known = context, known

    def planned_rounds(self, tables: Tables) -> int:
        """Those done, and one more if the landscape has changed."""
        return rounds_done(tables, self.kind) + (self.plan(tables) is not None)

    def plan(self, tables: Tables) -> Plan | None:
        """A round without tasks: the coordinator does it while assimilating."""
        stored = tables.properties["minima"].get("depth")
        current = stored is not None and dict(stored.settings) == self._counts(tables)
        return None if current or not len(tables.minima) else Plan(tasks=())

    def assimilate(self, tables: Tables, plan: Plan, results: Sequence[object], seconds: float) -> Commit:
        """Adds depths and barriers."""
        del results
        energy, states = tables.minima.energy, tables.transition_states
        values = {
            "depth": depth(energy),
            "escape_barrier": escape_barrier(energy, states.energy, states.minima),
            "barrier_to_global": barrier_to_global(energy, states.energy, states.minima),
        }
        rows = tuple(
            PropertyRows(
                target="minima",
                name=name,
                start=0,
                values=values[name],
                description=description,
                units="energy",
                settings=self._counts(tables),
            )
            for name, description in DEPTHS.items()
        )
        return Assimilation(self.known, tables).commit(
            kind=self.kind, tasks=len(plan.tasks), evaluations=0, seconds=seconds, properties=rows
        )

    def _counts(self, tables: Tables) -> dict[str, object]:
        return {"minima": len(tables.minima), "transition_states": len(tables.transition_states)}
