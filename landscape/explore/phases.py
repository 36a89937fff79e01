"""Phases of a campaign: how each kind of round is planned and what becomes of its results.

A plan depends on the committed tables alone, never on time, on ranks or on what an earlier process remembered;
so a resumed run continues as if nothing had happened.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from landscape.database.records import Commit
from landscape.database.tables import Tables
from landscape.explore.tasks import Task


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


def rounds_done(tables: Tables, kind: str) -> int:
    """Committed rounds of a kind."""
    return int(np.sum(tables.rounds.kind == kind))


def task_starts(items: int, size: int) -> list[int]:
    """First item of each task when `items` are cut into tasks of `size`."""
    return list(range(0, items, size))
