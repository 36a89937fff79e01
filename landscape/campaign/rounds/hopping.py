"""Rounds of basin-hopping: all walkers advance, then adapt, and exhausted ones start afresh.

The state of the walkers is a committed table: current minimum, step, temperature, and the number of steps since the
last new minimum. Half of the walkers without a minimum begin at a minimum that no quench of hopping has reached yet, if
there are any; the others begin at a fresh start. For networks a task also brings some committed minima, with which the
walkers exchange units. They are drawn from all wanted minima with equal probability: minima that are hard to find serve
as often as others, and new ones lead to still newer ones. Shapes: W walkers, M minima.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from landscape.campaign.context import Context
from landscape.campaign.identity import DistinctMinima, PointIndex, PointRows, distinct_minima
from landscape.campaign.rounds.assimilation import Assimilation, LandscapeIndex
from landscape.campaign.rounds.phase import Plan, rounds_done, task_starts
from landscape.database.records import Commit, Walkers
from landscape.database.tables import Tables
from landscape.numerics.streams import stream
from landscape.search.basin_hopping import Hoppers, hop
from landscape.search.moves import KnownMinima
from landscape.studies.completeness.goal import Goal


@dataclass(frozen=True, kw_only=True)
class WalkSummary:
    """Summary of any number of steps of walkers: all that their next round depends on."""

    current: np.ndarray  # int64[W]: the minimum of each walker, -1 for none
    hopped: np.ndarray  # int64[W]: counted steps that began at a minimum
    reached: np.ndarray  # int64[W]: those of them that ended at a minimum, the same or another
    other: np.ndarray  # int64[W]: those of them that ended at another minimum
    accepted: np.ndarray  # int64[W]: those of the steps to another minimum that were accepted
    visits: np.ndarray  # int64[V, 2]: walker and minimum of each visit, repeated visits once

    @classmethod
    def of(cls, at: np.ndarray, minimum: np.ndarray, accepted: np.ndarray, exchanged: np.ndarray) -> Self:
        """The summary of walkers that started from minima at[W] and whose steps led to the minima `minimum`[W, S].

        -1 stands for no minimum. A step that `exchanged` units may visit a minimum, but is not among the counted steps.
        """
        current, hopped, other = at, np.zeros(minimum.shape, dtype=bool), np.zeros(minimum.shape, dtype=bool)
        for step in range(minimum.shape[1]):
            hopped[:, step] = (current >= 0) & ~exchanged[:, step]
            other[:, step] = hopped[:, step] & (minimum[:, step] >= 0) & (minimum[:, step] != current)
            current = np.where(accepted[:, step], minimum[:, step], current)
        walker, place = np.nonzero(minimum >= 0)
        return cls(
            current=current,
            hopped=hopped.sum(axis=1),
            reached=(hopped & (minimum >= 0)).sum(axis=1),
            other=other.sum(axis=1),
            accepted=(other & accepted).sum(axis=1),
            visits=np.unique(np.stack([walker, minimum[walker, place]], axis=1), axis=0),
        )


@dataclass(frozen=True, kw_only=True)
class HopResult:
    """Distinct minima of a task, first those that it was sent, and the summary of its walkers by numbers of these
    minima.
    """

    minima: DistinctMinima  # [M]
    walk: WalkSummary
    evaluations: int
    left: int = 0  # quenches that left the box

    def without(self, committed: PointIndex) -> Self:
        """The same result; minima in the index `committed` are reduced to rows, and visits to them left out."""
        minima, visits = self.minima.without(committed), self.walk.visits
        walk = replace(self.walk, visits=visits[minima.row[visits[:, 1]] < 0])
        return replace(self, minima=minima, walk=walk)


@dataclass(frozen=True, kw_only=True)
class HopTask:
    """Advance some walkers by some basin-hopping steps."""

    minima: PointRows  # the current minima of the walkers, and others to exchange units with
    at: np.ndarray  # int64[W]: place of the current minimum in `minima`, -1 for a fresh start
    step: np.ndarray  # [W]
    temperature: np.ndarray  # [W]
    stream: tuple[int, int, int]  # seed, round and number of the first walker; further walkers have the next numbers
    steps: int

    @property
    def hoppers(self) -> Hoppers:
        """The walkers."""
        seed, number, first = self.stream
        nowhere = np.full((1, self.minima.parameters.shape[1] + 1), np.nan)
        current = np.concatenate([np.column_stack([self.minima.parameters, self.minima.energy]), nowhere])[self.at]
        return Hoppers(
            theta=current[:, :-1],
            energy=current[:, -1],
            step=self.step,
            temperature=self.temperature,
            seeds=tuple((seed, number, first + walker) for walker in range(len(self.at))),
        )

    def run(self, context: Context) -> HopResult:
        """The summary of the walk, with its distinct minima."""
        known = KnownMinima(self.minima.parameters, context.units)
        context, counter = context.counted()
        hops = hop(
            context.objective,
            self.hoppers,
            self.steps,
            starts=context.starts,
            known=known,
            method=context.quench,
            batch=len(self.at),
        )
        minima, numbers = distinct_minima(context, hops.minima, self.minima)
        minimum = np.append(numbers, -1)[hops.reached]
        walk = WalkSummary.of(self.at, minimum, hops.accepted, ~hops.walked)
        return HopResult(minima=minima, walk=walk, evaluations=counter.evaluations, left=hops.left)


# Adaptation as in pele's basin-hopping: this fraction of the steps should lead to another minimum, and of those this
# fraction should be accepted; once a round, one factor moves step and temperature towards these targets.
OTHER_MINIMUM_TARGET = 0.8
ACCEPTED_TARGET = 0.3
ADAPTATION = 0.95
# Number of minima drawn for a task; the walkers of the task exchange units with them.
DRAWN = 64
# A step stays within this factor of its first value: where minima are few, no step reaches another one often enough.
STEP_RANGE = 10.0


class BasinHopping:
    """Rounds of basin-hopping: every walker advances by `round_steps`."""

    kind = "basin_hopping"

    def __init__(self, context: Context, index: LandscapeIndex) -> None:
        self.context, self.index = context, index
        self.table, self.goal = context.settings.basin_hopping, Goal.of(context.settings)

    def planned_rounds(self, tables: Tables) -> int:  # noqa: ARG002 - part of the protocol
        """Rounds for the steps of the run file."""
        return -(-self.table.steps // self.table.round_steps)

    def plan(self, tables: Tables) -> Plan[HopTask] | None:
        """Tasks of `task_walkers` walkers each."""
        number = rounds_done(tables, self.kind)
        if number >= self.planned_rounds(tables):
            return None
        walkers, steps = self._placed(tables), self._steps(number)
        starts = task_starts(len(walkers), self.table.task_walkers)
        room = np.empty(len(tables.minima), dtype=np.int64)
        wanted = self.goal.rows(tables.minima.energy)
        tasks = [self._task(tables, wanted, walkers, start, steps, room) for start in starts]
        return Plan(tasks=tasks)

    def assimilate(self, tables: Tables, plan: Plan[HopTask], results: Sequence[HopResult], seconds: float) -> Commit:
        """The commit of minima, hits and moved, adapted walkers."""
        assimilation = Assimilation(self.index, tables)
        before, steps, moved = self._walkers(tables), self._steps(rounds_done(tables, self.kind)), []
        for task, result in zip(plan.tasks, results, strict=True):
            rows, (_, _, first) = assimilation.add_distinct(result.minima, counted=True), task.stream
            some = before.take(slice(first, first + len(task.at)))
            moved.append(self._moved(some, result.walk, rows, len(tables.minima), steps))
        return assimilation.commit(
            kind=self.kind,
            tasks=len(plan.tasks),
            evaluations=sum(result.evaluations for result in results),
            seconds=seconds,
            walkers=Walkers.concatenated(moved),
            left=sum(result.left for result in results),
        )

    def _walkers(self, tables: Tables) -> Walkers:
        """The walkers before the next round; new ones before the first."""
        if len(tables.walkers):
            return tables.walkers
        count = self.table.walkers
        return Walkers(
            minimum=np.full(count, -1),
            step=np.full(count, self.table.step),
            temperature=np.full(count, self.context.temperature),
            stale=np.zeros(count, dtype=np.int64),
        )

    def _placed(self, tables: Tables) -> Walkers:
        """The walkers before the next round, with a minimum for half of those that have none."""
        walkers = self._walkers(tables)
        unvisited = np.flatnonzero(tables.minima.hits == 0)
        lost = np.flatnonzero(walkers.minimum < 0)[::2]
        if not len(unvisited) or not len(lost):
            return walkers
        random = stream(self.context.settings.run.seed, len(tables.rounds), len(walkers))
        minimum = walkers.minimum.copy()
        minimum[lost] = random.choice(unvisited, len(lost))
        return replace(walkers, minimum=minimum)

    def _steps(self, number: int) -> int:
        """Steps of each walk in a round."""
        return min(self.table.round_steps, self.table.steps - number * self.table.round_steps)

    def _task(
        self, tables: Tables, wanted: np.ndarray, walkers: Walkers, start: int, steps: int, room: np.ndarray
    ) -> HopTask:
        """The task of the walkers from number `start` on, with wanted minima; for `room` see `rows_and_places`."""
        some = walkers.take(slice(start, start + self.table.task_walkers))
        seed = (self.context.settings.run.seed, len(tables.rounds), start)
        standing = some.minimum >= 0
        row, place = rows_and_places(np.append(some.minimum[standing], self._drawn(wanted, seed)), room)
        at = np.full(len(standing), -1)
        at[standing] = place[: np.count_nonzero(standing)]
        return HopTask(
            minima=PointRows.of(tables.minima, row),
            at=at,
            step=some.step,
            temperature=some.temperature,
            stream=seed,
            steps=steps,
        )

    def _drawn(self, wanted: np.ndarray, seed: tuple[int, int, int]) -> np.ndarray:
        """Rows of minima whose units are exchanged, drawn with equal probability from all wanted ones."""
        if not self.context.units:
            return np.empty(0, dtype=np.int64)
        return stream(*seed, DRAWN).choice(wanted, min(DRAWN, len(wanted)), replace=False)

    def _moved(self, walkers: Walkers, walk: WalkSummary, rows: np.ndarray, committed: int, steps: int) -> Walkers:
        """Walkers after `steps` steps among minima rows[M] of the table; rows from `committed` on are new."""
        walker, minimum = walk.visits.T
        stale = walkers.stale + steps
        stale[walker[rows[minimum] >= committed]] = 0
        exhausted = stale >= self.table.patience
        hopped = walk.hopped > 0
        step = walkers.step * _adaptation(hopped, walk.other < OTHER_MINIMUM_TARGET * walk.reached)
        return Walkers(
            minimum=np.where(exhausted, -1, np.append(rows, -1)[walk.current]),
            step=step.clip(self.table.step / STEP_RANGE, self.table.step * STEP_RANGE),
            temperature=walkers.temperature * _adaptation(hopped, walk.accepted < ACCEPTED_TARGET * walk.other),
            stale=np.where(exhausted, 0, stale),
        )


def rows_and_places(numbers: np.ndarray, room: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The distinct values of numbers [N], rising, and the place [N] of each number among them: a faster np.unique.

    Numbers are indices into the scratch memory `room`, int64[M], whose contents do not matter.
    """
    order = np.arange(len(numbers))
    room[numbers] = order
    found = np.sort(numbers[room[numbers] == order])
    room[found] = order[: len(found)]
    return found, room[numbers]


def _adaptation(hopped: np.ndarray, too_small: np.ndarray) -> np.ndarray:
    """Factors [W] that raise or lower an adapted quantity; 1 for walkers without a step from a minimum."""
    return np.where(hopped, np.where(too_small, 1.0 / ADAPTATION, ADAPTATION), 1.0)
