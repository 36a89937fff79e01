"""Phases of a campaign: how each kind of round is planned and what becomes of its results.

A plan depends on the committed tables alone, never on time, on ranks or on what an earlier process remembered;
so a resumed run continues as if nothing had happened.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from landscape.campaign.context import Context
from landscape.campaign.rounds.assimilation import Assimilation, Known
from landscape.database.records import Commit, PropertyRows
from landscape.database.tables import Tables
from landscape.properties.measure import MeasuredProperty


def joined(parts: Sequence[Mapping[str, MeasuredProperty]]) -> dict[str, MeasuredProperty]:
    """What tasks measured one after the other, of which there is at least one."""
    return {
        name: first._replace(values=np.concatenate([part[name].values for part in parts]))
        for name, first in parts[0].items()
    }


def property_rows(
    target: str,
    start: int,
    found: Mapping[str, MeasuredProperty],
    settings: Mapping[str, object],
    own: Mapping[str, Mapping[str, object]] | None = None,
) -> tuple[PropertyRows, ...]:
    """Properties by name for the rows of a table from `start` on, with the settings of all and each with its own."""
    return tuple(
        PropertyRows(
            target=target,
            name=name,
            start=start,
            values=one.values,
            description=one.description,
            units=one.units,
            settings={**settings, **(own or {}).get(name, {})},
        )
        for name, one in found.items()
    )


class Task(Protocol):
    """One piece of a round."""

    def run(self, context: Context) -> Any:  # noqa: ANN401 - every kind of task has its own result
        """The result, picklable and of numpy only."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The tasks of one round, and for searches of transition states what the searches are."""

    tasks: Sequence[Task]
    ends: np.ndarray | None = None  # int64[S, 2]: the minima of each search, the second -1 for a single-ended one
    methods: np.ndarray | None = None  # int64[S]
    starts: Sequence[int] = ()  # the first search of each task


class Phase(Protocol):
    """One kind of round."""

    kind: str

    def plan(self, tables: Tables) -> Plan | None:
        """The next round, or None if there is nothing to do now (there may be later, after other phases)."""

    def assimilate(self, tables: Tables, plan: Plan, results: Sequence[Any], seconds: float) -> Commit:
        """The commit of the round that `plan` began, from the results in the order of its tasks."""

    def planned_rounds(self, tables: Tables) -> int:
        """Rounds of this kind that there will be at most, those done included; for progress."""


MakePhase = Callable[[Context, Known], Phase]


def rounds_done(tables: Tables, kind: str) -> int:
    """Committed rounds of a kind."""
    return int(np.sum(tables.rounds.kind == kind))


def task_starts(items: int, size: int) -> list[int]:
    """First item of each task when `items` are cut into tasks of `size`."""
    return list(range(0, items, size))


class Survey(ABC):
    """The round that makes properties of a table, `depth` among them, where what `counts` tells has changed."""

    kind: str
    target: str

    def __init__(self, context: Context, known: Known) -> None:
        self.context, self.known = context, known

    def planned_rounds(self, tables: Tables) -> int:
        """Those done, and one more if the landscape has changed."""
        return rounds_done(tables, self.kind) + (self.plan(tables) is not None)

    def plan(self, tables: Tables) -> Plan | None:
        """A round without tasks: the coordinator does it while assimilating."""
        stored = tables.properties[self.target].get("depth")
        current = stored is not None and dict(stored.settings) == self.counts(tables)
        return None if current or not len(tables.minima) else Plan(tasks=())

    def assimilate(self, tables: Tables, plan: Plan, results: Sequence[object], seconds: float) -> Commit:
        """Adds the properties."""
        del results
        return Assimilation(self.known, tables).commit(
            kind=self.kind, tasks=len(plan.tasks), evaluations=0, seconds=seconds, properties=self.rows(tables)
        )

    def counts(self, tables: Tables) -> dict[str, object]:
        """The sizes of the tables that the properties depend on: their settings."""
        return {"minima": len(tables.minima), "transition_states": len(tables.transition_states)}

    @abstractmethod
    def rows(self, tables: Tables) -> tuple[PropertyRows, ...]:
        """The properties, of all rows of the table."""
