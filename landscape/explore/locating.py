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
from landscape.properties.locations import LOCATION, SURROUNDINGS, Landing, equal_levels, surroundings

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
        return assimilation.commit(
            kind=self.kind,
            tasks=len(plan.tasks),
            evaluations=sum(result.evaluations for result in results),
            seconds=seconds,
            properties=tuple(self._rows(tables, name, values[name]) for name in LOCATION),
        )

    def _rows(self, tables: Tables, name: str, values: np.ndarray) -> PropertyRows:
        description, units = LOCATION[name]
        return PropertyRows(
            target="training",
            name=name,
            start=_located(tables),
            values=values,
            description=description,
            units=units,
            settings={"names": [landing.name.lower() for landing in Landing]} if name == "landing" else {},
        )


class Surroundings:
    """The round that says how deep the minima of the end points are and in which superbasins, once that has changed."""

    kind = "surroundings"

    def __init__(self, context: Context, known: Known) -> None:
        self.context, self.known = context, known

    def planned_rounds(self, tables: Tables) -> int:
        """Those done, and one more if the landscape has changed."""
        return rounds_done(tables, self.kind) + (self.plan(tables) is not None)

    def plan(self, tables: Tables) -> Plan | None:
        """A round without tasks: the coordinator does it while assimilating."""
        stored = tables.properties["training"].get("superbasin")
        counts = self._counts(tables)
        current = stored is not None and all(stored.settings.get(name) == count for name, count in counts.items())
        return None if current or not counts["located"] or not len(tables.minima) else Plan(tasks=())

    def assimilate(self, tables: Tables, plan: Plan, results: Sequence[object], seconds: float) -> Commit:
        """Adds what surrounds the end points."""
        del results
        energy, states = tables.minima.energy, tables.transition_states
        levels = equal_levels(energy, states.energy, states.minima)
        stored = tables.properties["training"]["minimum"].values
        minimum = np.nan_to_num(stored, nan=-1.0).astype(np.int64)
        values = surroundings(minimum, energy, states.energy, states.minima, levels)
        rows = tuple(
            PropertyRows(
                target="training",
                name=name,
                start=0,
                values=values[name],
                description=description,
                units=units,
                settings=self._counts(tables) | ({"levels": levels.tolist()} if name == "superbasin" else {}),
            )
            for name, (description, units) in SURROUNDINGS.items()
        )
        return Assimilation(self.known, tables).commit(
            kind=self.kind, tasks=len(plan.tasks), evaluations=0, seconds=seconds, properties=rows
        )

    def _counts(self, tables: Tables) -> dict[str, object]:
        return {
            "minima": len(tables.minima),
            "transition_states": len(tables.transition_states),
            "located": _located(tables),
        }


def _located(tables: Tables) -> int:
    """End points that were located."""
    stored = tables.properties["training"].get("minimum")
    return 0 if stored is None else len(stored.values)
