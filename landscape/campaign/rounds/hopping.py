"""Rounds of basin-hopping: all walkers advance, then move, adapt and are seeded afresh.

The state of the walkers is a committed table: the minimum each stands on, its step and temperature, and for how
many steps it has found nothing new. A task of a network also brings some known minima, to exchange units of: each as
likely as any other, so that those which are hard to find serve as often as those which are not, and newer ones lead
to still newer ones. Shapes: W walkers, M minima.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from landscape.campaign.context import Context
from landscape.campaign.identity import Finds, Index, Places, distinct_minima
from landscape.campaign.rounds.assimilation import Assimilation, Known
from landscape.campaign.rounds.phase import Plan, rounds_done, task_starts
from landscape.database.records import Commit, Walkers
from landscape.database.tables import Tables
from landscape.numerics.streams import stream
from landscape.search.basin_hopping import Hoppers, hop
from landscape.search.moves import KnownMinima


@dataclass(frozen=True, kw_only=True)
class Walked:
    """What the steps of walkers came to: all that their next round depends on, whatever the number of steps."""

    stands: np.ndarray  # int64[W]: the minimum each stands on, -1 for none
    hopped: np.ndarray  # int64[W]: steps from a minimum,
    reached: np.ndarray  # int64[W]: that led to a minimum,
    other: np.ndarray  # int64[W]: to another than the one it stood on,
    accepted: np.ndarray  # int64[W]: and were accepted
    visits: np.ndarray  # int64[V, 2]: walker and minimum, once each

    @classmethod
    def of(cls, at: np.ndarray, find: np.ndarray, accepted: np.ndarray, exchanged: np.ndarray) -> Self:
        """Of walkers that stood on minima at[W] and whose steps, but for those `exchanged`, led to find[W, S], -1 for
        none.
        """
        current, hopped, other = at, np.zeros(find.shape, dtype=bool), np.zeros(find.shape, dtype=bool)
        for step in range(find.shape[1]):
            hopped[:, step] = (current >= 0) & ~exchanged[:, step]
            other[:, step] = hopped[:, step] & (find[:, step] >= 0) & (find[:, step] != current)
            current = np.where(accepted[:, step], find[:, step], current)
        walker, place = np.nonzero(find >= 0)
        return cls(
            stands=current,
            hopped=hopped.sum(axis=1),
            reached=(hopped & (find >= 0)).sum(axis=1),
            other=other.sum(axis=1),
            accepted=(other & accepted).sum(axis=1),
            visits=np.unique(np.stack([walker, find[walker, place]], axis=1), axis=0),
        )


@dataclass(frozen=True, kw_only=True)
class HopResult:
    """Distinct minima of a task, first those it was sent, and what its steps came to in terms of them."""

    minima: Finds  # [M]
    walked: Walked
    evaluations: int

    def without(self, known: Index) -> Self:
        """The same result in terms of what is known; a visit to a minimum that is known is no news."""
        minima = self.minima.without(known)
        visits = self.walked.visits
        walked = replace(self.walked, visits=visits[minima.row[visits[:, 1]] < 0])
        return replace(self, minima=minima, walked=walked)


@dataclass(frozen=True, kw_only=True)
class HopTask:
    """Advance some walkers by some basin-hopping steps."""

    places: Places  # the minima that any of them stands on, and others to exchange units with
    at: np.ndarray  # int64[W]: which of these, -1 for a fresh start
    step: np.ndarray  # [W]
    temperature: np.ndarray  # [W]
    stream: tuple[int, int, int]  # seed, round and first walker, of which the others follow
    steps: int

    @property
    def hoppers(self) -> Hoppers:
        """The walkers."""
        seed, number, first = self.stream
        nowhere = np.full((1, self.places.parameters.shape[1] + 1), np.nan)
        known = np.concatenate([np.column_stack([self.places.parameters, self.places.energy]), nowhere])[self.at]
        return Hoppers(
            theta=known[:, :-1],
            energy=known[:, -1],
            step=self.step,
            temperature=self.temperature,
            seeds=tuple((seed, number, first + walker) for walker in range(len(self.at))),
        )

    def run(self, context: Context) -> HopResult:
        """The walk, made distinct."""
        known = KnownMinima(self.places.parameters, context.units)
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
        minima, numbers = distinct_minima(context, hops.finds, self.places)
        find = np.append(numbers, -1)[hops.find]
        walked = Walked.of(self.at, find, hops.accepted, ~hops.walked)
        return HopResult(minima=minima, walked=walked, evaluations=counter.evaluations)


# Adaptation as in pele's basin-hopping: this fraction of the steps should lead to another minimum, and of those
# this fraction should be accepted; one factor a round moves step and temperature towards it.
OTHER_MINIMUM_TARGET = 0.8
ACCEPTED_TARGET = 0.3
ADAPTATION = 0.95
# Minima drawn for a task, of which its walkers exchange units.
DRAWN = 64
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
        walkers, steps = self._walkers(tables), self._steps(number)
        starts = task_starts(len(walkers), self.table.task_walkers)
        room = np.empty(len(tables.minima), dtype=np.int64)
        tasks = [self._task(tables, walkers, start, steps, room) for start in starts]
        return Plan(tasks=tasks, starts=starts)

    def assimilate(self, tables: Tables, plan: Plan, results: Sequence[HopResult], seconds: float) -> Commit:
        """Adds minima and hits; moves, adapts and re-seeds the walkers."""
        assimilation = Assimilation(self.known, tables)
        before, steps, moved = self._walkers(tables), self._steps(rounds_done(tables, self.kind)), []
        for start, result in zip(plan.starts, results, strict=True):
            rows = assimilation.finds(result.minima, counted=True)
            some = before.take(slice(start, start + self.table.task_walkers))
            moved.append(self._moved(some, result.walked, rows, len(tables.minima), steps))
        return assimilation.commit(
            kind=self.kind,
            tasks=len(plan.tasks),
            evaluations=sum(result.evaluations for result in results),
            seconds=seconds,
            walkers=Walkers.concatenated(moved),
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

    def _steps(self, number: int) -> int:
        """Steps of each walk in a round."""
        return min(self.table.round_steps, self.table.steps - number * self.table.round_steps)

    def _task(self, tables: Tables, walkers: Walkers, start: int, steps: int, room: np.ndarray) -> HopTask:
        some = walkers.take(slice(start, start + self.table.task_walkers))
        seed = (self.context.settings.run.seed, len(tables.rounds), start)
        standing = some.minimum >= 0
        row, place = rows_and_places(np.append(some.minimum[standing], self._drawn(len(tables.minima), seed)), room)
        at = np.full(len(standing), -1)
        at[standing] = place[: np.count_nonzero(standing)]
        return HopTask(
            places=Places.of(tables.minima, row),
            at=at,
            step=some.step,
            temperature=some.temperature,
            stream=seed,
            steps=steps,
        )

    def _drawn(self, known: int, seed: tuple[int, int, int]) -> np.ndarray:
        """Rows of minima to exchange units of; all known ones are drawn alike, however often they were found."""
        if not self.context.units:
            return np.empty(0, dtype=np.int64)
        return stream(*seed, DRAWN).choice(known, min(DRAWN, known), replace=False)

    def _moved(self, walkers: Walkers, walked: Walked, rows: np.ndarray, n_known: int, steps: int) -> Walkers:
        """Walkers after steps among minima rows[M] of the table; rows from n_known on are new."""
        walker, minimum = walked.visits.T
        stale = walkers.stale + steps
        stale[walker[rows[minimum] >= n_known]] = 0
        exhausted = stale >= self.table.patience
        hopped = walked.hopped > 0
        step = walkers.step * _adaptation(hopped, walked.other < OTHER_MINIMUM_TARGET * walked.reached)
        return Walkers(
            minimum=np.where(exhausted, -1, np.append(rows, -1)[walked.stands]),
            step=step.clip(self.table.step / STEP_RANGE, self.table.step * STEP_RANGE),
            temperature=walkers.temperature * _adaptation(hopped, walked.accepted < ACCEPTED_TARGET * walked.other),
            stale=np.where(exhausted, 0, stale),
        )


def rows_and_places(numbers: np.ndarray, room: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The different ones of numbers [N], rising, and where among them each is [N], as sorting finds them too.

    Numbers are indices into `room`, int64[M], in which anything may stand.
    """
    order = np.arange(len(numbers))
    room[numbers] = order
    found = np.sort(numbers[room[numbers] == order])
    room[found] = order[: len(found)]
    return found, room[numbers]


def _adaptation(hopped: np.ndarray, raise_it: np.ndarray) -> np.ndarray:
    """Factors [W]; one for walkers that have not hopped, of which nothing is known."""
    return np.where(hopped, np.where(raise_it, 1.0 / ADAPTATION, ADAPTATION), 1.0)
