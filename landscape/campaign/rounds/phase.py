"""Phases of a campaign: each plans the rounds of one kind and assimilates their results.

A plan depends on the committed tables alone, never on time, ranks or the memory of a process; so a resumed run
continues as if it had never stopped.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar, runtime_checkable

import numpy as np

from landscape.campaign.context import Context
from landscape.campaign.rounds.assimilation import Assimilation, LandscapeIndex
from landscape.database.records import Commit, PropertyRows
from landscape.database.tables import Tables
from landscape.properties.measure import MeasuredProperty


def joined(parts: Sequence[Mapping[str, MeasuredProperty]]) -> dict[str, MeasuredProperty]:
    """The concatenated values of several tasks, at least one."""
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
    """Rows of the properties of a table from `start` on; `settings` are common, `own` are further ones by name."""
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
    """One piece of a round, independent of the others."""

    def run(self, context: Context) -> Any:  # noqa: ANN401 - every kind of task has its own result
        """The result, picklable and of numpy only."""


TaskType = TypeVar("TaskType", bound=Task)


@dataclass(frozen=True, kw_only=True)
class Plan(Generic[TaskType]):
    """The tasks of one round."""

    tasks: Sequence[TaskType]


PlanType = TypeVar("PlanType", bound=Plan[Any])


class Phase(Protocol[PlanType]):
    """The rounds of one kind."""

    kind: str

    def plan(self, tables: Tables) -> PlanType | None:
        """The next round, or None if there is none now; rounds of other phases may lead to one later."""

    def assimilate(self, tables: Tables, plan: PlanType, results: Sequence[Any], seconds: float) -> Commit:
        """The commit of the planned round, from the results in the order of its tasks."""

    def planned_rounds(self, tables: Tables) -> int:
        """The largest number of rounds of this kind, those done included; for progress."""


@runtime_checkable
class Turns(Protocol):
    """Rounds of several kinds that take turns."""

    def next(self, tables: Tables) -> tuple[Phase[Any], Plan[Any]] | None:
        """The kind whose turn it is and the plan of its round, or None if there is none now."""


MakePhase = Callable[[Context, LandscapeIndex], Phase[Any] | Turns]


def rounds_done(tables: Tables, kind: str) -> int:
    """Number of committed rounds of a kind."""
    return int(np.sum(tables.rounds.kind == kind))


def task_starts(items: int, size: int) -> list[int]:
    """First item of each task when `items` are divided into tasks of `size`."""
    return list(range(0, items, size))


class Survey(ABC):
    """The round that computes properties of a whole table, `depth` among them, again whenever `counts` have changed."""

    kind: str
    target: str

    def __init__(self, context: Context, index: LandscapeIndex) -> None:
        self.context, self.index = context, index

    def planned_rounds(self, tables: Tables) -> int:
        """Rounds done, and one more if the landscape has changed."""
        return rounds_done(tables, self.kind) + (self.plan(tables) is not None)

    def plan(self, tables: Tables) -> Plan[Task] | None:
        """A round without tasks: the coordinator computes the properties while assimilating."""
        stored = tables.properties[self.target].get("depth")
        current = stored is not None and dict(stored.settings) == self.counts(tables)
        return None if current or not len(tables.minima) else Plan(tasks=())

    def assimilate(self, tables: Tables, plan: Plan[Task], results: Sequence[object], seconds: float) -> Commit:
        """The commit of the properties."""
        del results
        return Assimilation(self.index, tables).commit(
            kind=self.kind, tasks=len(plan.tasks), evaluations=0, seconds=seconds, properties=self.rows(tables)
        )

    def counts(self, tables: Tables) -> dict[str, object]:
        """The sizes of the tables on which the properties depend; they are stored as settings."""
        return {"minima": len(tables.minima), "transition_states": len(tables.transition_states)}

    @abstractmethod
    def rows(self, tables: Tables) -> tuple[PropertyRows, ...]:
        """The properties of all rows of the table."""
