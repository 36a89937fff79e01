"""Rounds that locate end points of training in the landscape, and the round that says what is around them.

An end point is quenched on the common energy, that of [problem]. Where the minimum below it is new, it joins the
landscape as any other, verified minimum, but without a hit: hits are the quenches of the search, from which coverage is
estimated, and training is no part of that. The first round that follows may connect it.
"""

from collections.abc import Sequence

import numpy as np

from landscape.database.records import Commit, PropertyRows
from landscape.database.tables import Tables
from landscape.explore.assimilation import Assimilation, Known
from landscape.explore.context import Context
from landscape.explore.location_tasks import LocateResult, LocateTask
from landscape.explore.phases import Plan, rounds_done, task_starts
from landscape.explore.property_rows import property_rows
from landscape.explore.surveying import Survey
from landscape.properties.locations import LOCATION, SURROUNDINGS, Landing, equal_levels, minimum_rows, surroundings
from landscape.properties.measure import MeasuredProperty

TASK_POINTS = 8
ROUND_TASKS = 4


class Locate:
    """Rounds that locate the end points that were not located yet."""

    kind = "locate"

    def __init__(self, context: Context, known: Known) -> None:
        self.context, self.known = context, known

    def planned_rounds(self, tables: Tables) -> int:
        """Rounds done and those that the end points known now still need."""
        left = len(tables.training) - _located(tables)
        return rounds_done(tables, self.kind) + -(-left // (TASK_POINTS * ROUND_TASKS))

    def plan(self, tables: Tables) -> Plan | None:
        """The next end points."""
        start = _located(tables)
        theta = tables.training.parameters[start : start + TASK_POINTS * ROUND_TASKS]
        tasks = [LocateTask(theta=theta[first : first + TASK_POINTS]) for first in task_starts(len(theta), TASK_POINTS)]
        return Plan(tasks=tasks) if tasks else None

    def assimilate(self, tables: Tables, plan: Plan, results: Sequence[LocateResult], seconds: float) -> Commit:
        """Adds the locations, and the minima that are new."""
        assimilation = Assimilation(self.known, tables)
        minimum = []
        for result in results:
            rows = assimilation.finds(result.minima, counted=False).astype(np.float64)
            minimum.append(np.append(rows, np.nan)[result.minimum])
        values = {name: np.concatenate([result.columns[name] for result in results]) for name in results[0].columns}
        values |= {
            "minimum": np.concatenate(minimum),
            "landing": np.concatenate([result.landing for result in results]).astype(np.float64),
        }
        found = {name: MeasuredProperty(values[name], *told) for name, told in LOCATION.items()}
        own = {"landing": {"names": [landing.name.lower() for landing in Landing]}}
        return assimilation.commit(
            kind=self.kind,
            tasks=len(plan.tasks),
            evaluations=sum(result.evaluations for result in results),
            seconds=seconds,
            properties=property_rows("training", _located(tables), found, {}, own),
        )


class Surroundings(Survey):
    """The round that says how deep the minima of the end points are and in which superbasins, once that has changed."""

    kind, target = "surroundings", "training"

    def plan(self, tables: Tables) -> Plan | None:
        """A round without tasks, if end points were located."""
        return super().plan(tables) if _located(tables) else None

    def counts(self, tables: Tables) -> dict[str, object]:
        """With the end points that were located."""
        return super().counts(tables) | {"located": _located(tables)}

    def rows(self, tables: Tables) -> tuple[PropertyRows, ...]:
        """What surrounds the end points."""
        energy, states = tables.minima.energy, tables.transition_states
        levels = equal_levels(energy, states.energy, states.minima)
        minimum = minimum_rows(tables.properties[self.target]["minimum"])
        values = surroundings(minimum, energy, states.energy, states.minima, levels)
        found = {name: MeasuredProperty(values[name], *told) for name, told in SURROUNDINGS.items()}
        own = {"superbasin": {"levels": levels.tolist()}}
        return property_rows(self.target, 0, found, self.counts(tables), own)


def _located(tables: Tables) -> int:
    """End points that were located."""
    stored = tables.properties["training"].get("minimum")
    return 0 if stored is None else len(stored.values)
