"""Rounds that search for transition states: from single minima, and between pairs.

Both keep an account of every attempt with its outcome, in the same commit as its result. The outcome of a
search is the best that any of its guesses came to. Shapes: M minima, S searches, P parameters.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import torch

from landscape.campaign.context import Context
from landscape.campaign.identity import Finds, Index, distinct_minima
from landscape.campaign.rounds.assimilation import Assimilation, Known
from landscape.campaign.rounds.pairs import STRATEGIES, PairView, places, rows_in_view, select_pairs
from landscape.campaign.rounds.phase import Plan, rounds_done, task_starts
from landscape.database.records import Attempts, Commit, TransitionStates
from landscape.database.tables import Tables
from landscape.graph.depth import connected_with_lowest
from landscape.numerics.streams import stream
from landscape.optimize.newton import StationaryPoints
from landscape.search.transition_states import Found, Outcome, climb, connect


@dataclass(frozen=True, kw_only=True)
class ConnectResult:
    """Distinct minima and the transition states of a task, with the reasons of the failures."""

    minima: Finds  # [M]
    transition_states: TransitionStates  # [T]; their `minima` are rows of `minima` above
    search: np.ndarray  # int64[T]: the search each came from
    failures: tuple[tuple[int, Outcome], ...]  # (search, reason) of each guess that led nowhere
    evaluations: int

    def without(self, known: Index) -> Self:
        """The same result; of minima that are known the row says it all."""
        return replace(self, minima=self.minima.without(known))


@dataclass(frozen=True, kw_only=True)
class ConnectTask:
    """Search between pairs of minima; `last` is aligned with `first`."""

    first: np.ndarray  # [S, P]
    last: np.ndarray  # [S, P]
    images: np.ndarray  # int64[S]

    def run(self, context: Context) -> ConnectResult:
        """Transition states on the bands between the pairs."""
        context, counter = context.counted()
        first, last = _tensor(context, self.first), _tensor(context, self.last)
        found = connect(context.objective, first, last, self.images, context.search)
        return _connect_result(context, found, counter.evaluations)


@dataclass(frozen=True, kw_only=True)
class ClimbTask:
    """Single-ended searches from minima, one a row."""

    minima: np.ndarray  # [S, P]
    seeds: tuple[tuple[int, ...], ...]

    def run(self, context: Context) -> ConnectResult:
        """Transition states above the minima."""
        context, counter = context.counted()
        found = climb(context.objective, _tensor(context, self.minima), list(self.seeds), context.search)
        return _connect_result(context, found, counter.evaluations)


def _connect_result(context: Context, found: Found, evaluations: int) -> ConnectResult:
    minima, rows = distinct_minima(context, _interleaved(found))
    points = found.points
    states = TransitionStates(
        parameters=context.objective.symmetry.canonical(points.theta.cpu().numpy()),
        energy=points.energy.cpu().numpy(),
        rms_gradient=points.rms_gradient.cpu().numpy(),
        eigenvalue=points.values[:, 0].cpu().numpy(),
        minima=rows.reshape(-1, 2),
    )
    return ConnectResult(
        minima=minima,
        transition_states=states,
        search=found.search,
        failures=found.failures,
        evaluations=evaluations,
    )


def _interleaved(found: Found) -> StationaryPoints:
    """The minima of both sides, the two of one transition state next to each other."""
    columns = {}
    for name in StationaryPoints.__dataclass_fields__:
        both = torch.stack([getattr(side, name) for side in found.sides], 1)
        columns[name] = both.flatten(0, 1)
    return StationaryPoints(**columns)


def _tensor(context: Context, theta: np.ndarray) -> torch.Tensor:
    return torch.tensor(theta, dtype=torch.float64, device=context.objective.device)


METHOD_NAMES = (*STRATEGIES, "single_ended")
SINGLE_ENDED = METHOD_NAMES.index("single_ended")
RETRY_IMAGES = 1.5
# A single-ended search has one guess where a pair has several, so a task takes more of them.
SEARCHES_PER_PAIR = 4


class _Searching:
    """What both kinds of search share: assimilation and the account of attempts."""

    kind: str

    def __init__(self, context: Context, known: Known) -> None:
        self.context, self.known = context, known
        self.table = context.settings.connect

    def assimilate(self, tables: Tables, plan: Plan, results: Sequence[ConnectResult], seconds: float) -> Commit:
        """Adds minima and transition states; one attempt a search.

        A transition state that rounding puts no higher than one of its minima, in a flat valley, has no descent to it.
        """
        assert plan.ends is not None  # noqa: S101 - a plan of searches says what they are
        assert plan.methods is not None  # noqa: S101 - and by which method
        assimilation = Assimilation(self.known, tables)
        outcomes = np.full(len(plan.ends), Outcome.NO_DESCENT, dtype=np.int64)
        for start, result in zip(plan.starts, results, strict=True):
            rows = assimilation.finds(result.minima, counted=False)
            states = result.transition_states
            for place, search in enumerate(start + result.search):
                sides = rows[states.minima[place]]
                if not assimilation.is_above(float(states.energy[place]), sides):
                    continue
                new = assimilation.transition_state(states, place, sides)
                outcomes[search] = min(outcomes[search], _outcome(sides, plan.ends[search], new=new))
            for search, reason in result.failures:
                outcomes[start + search] = min(outcomes[start + search], reason)
        round_number = np.full(len(outcomes), len(tables.rounds))
        return assimilation.commit(
            kind=self.kind,
            tasks=len(plan.tasks),
            evaluations=sum(result.evaluations for result in results),
            seconds=seconds,
            attempts=Attempts(minima=plan.ends, method=plan.methods, outcome=outcomes, round=round_number),
        )


class SingleEnded(_Searching):
    """Searches from single minima, until every minimum has had its share."""

    kind = "single_ended"

    def planned_rounds(self, tables: Tables) -> int:
        """Rounds that the minima known now make."""
        return rounds_done(tables, self.kind) + -(-len(self._due(tables)) // self._round_size)

    def plan(self, tables: Tables) -> Plan | None:
        """The next searches, minima in the order of their rows."""
        rows = self._due(tables)[: self._round_size]
        if not len(rows) or not self.context.objective.smooth:
            return None
        seed, number, size = (
            self.context.settings.run.seed,
            len(tables.rounds),
            SEARCHES_PER_PAIR * self.table.task_pairs,
        )
        starts = task_starts(len(rows), size)
        tasks = [
            ClimbTask(
                minima=tables.minima.parameters[rows[start : start + size]],
                seeds=tuple((seed, number, search) for search in range(start, min(start + size, len(rows)))),
            )
            for start in starts
        ]
        ends = np.stack([rows, np.full_like(rows, -1)], axis=1)
        return Plan(tasks=tasks, ends=ends, methods=np.full(len(rows), SINGLE_ENDED), starts=starts)

    def _due(self, tables: Tables) -> np.ndarray:
        """Row of a minimum for each search that is still to be made."""
        origins = tables.attempts.minima[tables.attempts.method == SINGLE_ENDED, 0]
        done = np.bincount(origins, minlength=len(tables.minima))
        return np.repeat(np.arange(len(done)), np.maximum(self.table.single_ended - done, 0))

    @property
    def _round_size(self) -> int:
        return SEARCHES_PER_PAIR * self.table.pairs


class Connect(_Searching):
    """Searches between pairs, until the landscape is connected or rounds or pairs are used up."""

    kind = "connect"

    def planned_rounds(self, tables: Tables) -> int:
        """Rounds that the run file allows."""
        del tables
        return self.table.rounds

    def plan(self, tables: Tables) -> Plan | None:
        """The next pairs, each aligned."""
        if rounds_done(tables, self.kind) >= self.table.rounds or not self.context.objective.smooth:
            return None
        pairs = self._pairs(tables)
        if not pairs:
            return None
        ends = np.array([pair for pair, _ in pairs], dtype=np.int64)
        methods = np.array([METHOD_NAMES.index(name) for _, name in pairs])
        first = tables.minima.parameters[ends[:, 0]]
        last = self.known.symmetry.align(tables.minima.parameters[ends[:, 1]], first)
        images = self._images(tables, ends, np.linalg.norm(last - first, axis=1))
        # The longest first: no long task begins when the others end, and bands of equal length share their calls.
        order = np.argsort(-images, kind="stable")
        starts = task_starts(len(ends), self.table.task_pairs)
        parts = [order[start : start + self.table.task_pairs] for start in starts]
        return Plan(
            tasks=[ConnectTask(first=first[part], last=last[part], images=images[part]) for part in parts],
            ends=ends[order],
            methods=methods[order],
            starts=starts,
        )

    def _pairs(self, tables: Tables) -> list[tuple[tuple[int, int], str]]:
        states, minima = tables.transition_states, tables.minima
        inside = connected_with_lowest(minima.energy, states.minima)
        if len(minima) < 2 or inside.mean() >= self.table.target:
            return []
        random = stream(self.context.settings.run.seed, len(tables.rounds))
        rows = rows_in_view(minima.energy, inside, random)
        view = PairView(
            rows=rows,
            distance=self.known.distances(minima.parameters, rows),
            tries=_tries(tables, rows),
            all_energy=minima.energy,
            ts_energy=states.energy,
            ts_minima=states.minima,
            retries=self.table.retries,
        )
        return select_pairs(view, self.table.strategies, self.table.pairs, random)

    def _images(self, tables: Tables, ends: np.ndarray, length: np.ndarray) -> np.ndarray:
        """Images int64[S] of each band: by length, more at each retry."""
        images = np.clip(self.table.image_density * length, self.table.min_images, self.table.max_images)
        rows, place = np.unique(ends, return_inverse=True)
        tries = _tries(tables, rows)[tuple(place.reshape(ends.shape).T)]
        more: np.ndarray = np.rint(images * RETRY_IMAGES**tries).astype(np.int64)
        return more


def _tries(tables: Tables, rows: np.ndarray) -> np.ndarray:
    """int64[V, V], symmetric: how often each pair among the minima `rows` [V] was tried."""
    tries = np.zeros((len(rows), len(rows)), dtype=np.int64)
    ends = tables.attempts.minima[tables.attempts.minima[:, 1] >= 0]
    np.add.at(tries, tuple(places(ends, rows, len(tables.minima)).T), 1)
    return tries + tries.T


def _outcome(sides: np.ndarray, ends: np.ndarray, *, new: bool) -> Outcome:
    if set(sides.tolist()) == set(ends.tolist()):
        return Outcome.CONNECTED
    if sides[0] == sides[1]:
        return Outcome.SAME_MINIMUM
    return Outcome.NEW_TRANSITION_STATE if new else Outcome.KNOWN_TRANSITION_STATE
