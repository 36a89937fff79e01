"""Rounds of basin-hopping: all walkers advance, then move, adapt and are seeded afresh.

The state of the walkers is a committed table: the minimum each stands on, its step and temperature, and for how
many steps it has found nothing new. Shapes: W walkers, S steps.
"""

from collections.abc import Sequence

import numpy as np

from landscape.database.records import Commit, Walkers
from landscape.database.tables import Tables
from landscape.explore.assimilation import Assimilation, Known
from landscape.explore.context import Context
from landscape.explore.phases import Plan, rounds_done, task_starts
from landscape.explore.tasks import HopResult, HopTask
from landscape.search.basin_hopping import Hoppers

# Adaptation as in pele's basin-hopping: this fraction of the steps should lead to another minimum, and of those
# this fraction should be accepted; one factor a round moves step and temperature towards it.
OTHER_MINIMUM_TARGET = 0.8
ACCEPTED_TARGET = 0.3
ADAPTATION = 0.95
# A step stays within this factor of the first: where there are few minima no step reaches another often enough.
STEP_RANGE = 10.0


class BasinHopping:
    """Rounds of basin-hopping: every walker advances by `round_steps`."""

    kind = "basin_hopping"

    def __init__(self, context: Context, known: Known) -> None:
        self.context, self.known = context, known
        self.table = context.settings.basin_hopping

    def planned_rounds(self, tables: Tables) -> int:  # noqa: ARG002 - part of the protocol
        """Rounds that the steps of the run file make."""
        return -(-self.table.steps // self.table.round_steps)

    def plan(self, tables: Tables) -> Plan | None:
        """Tasks of `task_walkers` walkers each."""
        number = rounds_done(tables, self.kind)
        if number >= self.planned_rounds(tables):
            return None
        steps = min(self.table.round_steps, self.table.steps - number * self.table.round_steps)
        walkers = self._walkers(tables)
        size = self.table.task_walkers
        tasks = [
            HopTask(hoppers=self._hoppers(tables, walkers, np.arange(len(walkers))[start : start + size]), steps=steps)
            for start in task_starts(len(walkers), size)
        ]
        return Plan(tasks=tasks)

    def assimilate(self, tables: Tables, plan: Plan, results: Sequence[HopResult], seconds: float) -> Commit:
        """Adds minima and hits; moves, adapts and re-seeds the walkers."""
        assimilation = Assimilation(self.known, tables)
        finds, accepted = [], []
        for result in results:
            rows = assimilation.minima(result.minima, counted=True)
            finds.append(np.where(result.find >= 0, rows[result.find] if len(rows) else -1, -1))
            accepted.append(result.accepted)
        walkers = self._moved(
            self._walkers(tables), np.concatenate(finds), np.concatenate(accepted), len(tables.minima)
        )
        return assimilation.commit(
            kind=self.kind,
            tasks=len(plan.tasks),
            evaluations=sum(result.evaluations for result in results),
            seconds=seconds,
            walkers=walkers,
        )

    def _walkers(self, tables: Tables) -> Walkers:
        if len(tables.walkers):
            return tables.walkers
        count = self.table.walkers
        return Walkers(
            minimum=np.full(count, -1),
            step=np.full(count, self.table.step),
            temperature=np.full(count, self.table.temperature),
            stale=np.zeros(count, dtype=np.int64),
        )

    def _hoppers(self, tables: Tables, walkers: Walkers, rows: np.ndarray) -> Hoppers:
        minimum = walkers.minimum[rows]
        standing = minimum >= 0
        theta = np.full((len(rows), tables.minima.parameters.shape[1]), np.nan)
        energy = np.full(len(rows), np.nan)
        theta[standing] = tables.minima.parameters[minimum[standing]]
        energy[standing] = tables.minima.energy[minimum[standing]]
        seed, number = self.context.settings.run.seed, len(tables.rounds)
        return Hoppers(
            theta=theta,
            energy=energy,
            step=walkers.step[rows],
            temperature=walkers.temperature[rows],
            seeds=tuple((seed, number, int(row)) for row in rows),
        )

    def _moved(self, walkers: Walkers, find: np.ndarray, accepted: np.ndarray, n_known: int) -> Walkers:
        """Walkers after steps that led to rows find[W, S]; rows from n_known on are new."""
        current = walkers.minimum.copy()
        other = np.zeros(find.shape, dtype=bool)
        for step in range(find.shape[1]):
            other[:, step] = (find[:, step] >= 0) & (find[:, step] != current) & (current >= 0)
            current = np.where(accepted[:, step], find[:, step], current)
        stale = np.where((find >= n_known).any(axis=1), 0, walkers.stale + find.shape[1])
        exhausted = stale >= self.table.patience
        reached = (find >= 0).sum(axis=1)
        step = walkers.step * _adaptation(other.sum(axis=1) < OTHER_MINIMUM_TARGET * reached)
        return Walkers(
            minimum=np.where(exhausted, -1, current),
            step=step.clip(self.table.step / STEP_RANGE, self.table.step * STEP_RANGE),
            temperature=walkers.temperature
            * _adaptation((accepted & other).sum(axis=1) < ACCEPTED_TARGET * other.sum(axis=1)),
            stale=np.where(exhausted, 0, stale),
        )


def _adaptation(raise_it: np.ndarray) -> np.ndarray:
    return np.where(raise_it, 1.0 / ADAPTATION, ADAPTATION)
