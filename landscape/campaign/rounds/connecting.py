"""Rounds that search for transition states: from single minima, and between pairs.

Both commit an attempt with its outcome for every search, together with its results. The outcome of a search is the best
outcome of its guesses. Shapes: M minima, S searches, P parameters.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
import torch

from landscape.campaign.context import Context
from landscape.campaign.identity import DistinctMinima, PointIndex, distinct_minima
from landscape.campaign.rounds.assimilation import Assimilation, LandscapeIndex
from landscape.campaign.rounds.pairs import STRATEGIES, PairView, places, rows_in_view, select_pairs
from landscape.campaign.rounds.phase import Plan, TaskType, rounds_done, task_starts
from landscape.database.records import Attempts, Commit, TransitionStates
from landscape.database.tables import Tables
from landscape.graph.depth import connected_with_lowest
from landscape.numerics.streams import stream
from landscape.optimize.newton import StationaryPoints
from landscape.search.transition_states import OUTCOME_NAMES, Found, Outcome, climb, connect


@dataclass(frozen=True, kw_only=True)
class ConnectResult:
    """Distinct minima and transition states of a task, with the reasons of the failures."""

    minima: DistinctMinima  # [M]
    transition_states: TransitionStates  # [T]; their `minima` are rows of `minima` above, `found_from` is not known yet
    search: np.ndarray  # int64[T]: the search each came from
    failures: tuple[tuple[int, Outcome], ...]  # (search, reason) of each guess that failed
    evaluations: int

    def without(self, committed: PointIndex) -> Self:
        """The same result; minima in the index of committed ones are reduced to their rows."""
        return replace(self, minima=self.minima.without(committed))


@dataclass(frozen=True, kw_only=True)
class ConnectTask:
    """Double-ended searches between pairs of minima; `last` is aligned with `first`."""

    first: np.ndarray  # [S, P]
    last: np.ndarray  # [S, P]
    images: np.ndarray  # int64[S]

    def run(self, context: Context) -> ConnectResult:
        """Transition states on elastic bands between the pairs."""
        context, counter = context.counted()
        first, last = _tensor(context, self.first), _tensor(context, self.last)
        found = connect(context.objective, first, last, self.images, context.search)
        return _connect_result(context, found, counter.evaluations)


@dataclass(frozen=True, kw_only=True)
class ClimbTask:
    """Single-ended searches from minima, one for each row."""

    minima: np.ndarray  # [S, P]
    seeds: tuple[tuple[int, ...], ...]

    def run(self, context: Context) -> ConnectResult:
        """Transition states near the minima, by eigenvector-following."""
        context, counter = context.counted()
        found = climb(context.objective, _tensor(context, self.minima), list(self.seeds), context.search)
        return _connect_result(context, found, counter.evaluations)


def _connect_result(context: Context, found: Found, evaluations: int) -> ConnectResult:
    """The result of a task, with distinct minima and canonical transition states."""
    minima, rows = distinct_minima(context, _interleaved(found))
    points, symmetry = found.points, context.objective.symmetry
    theta = symmetry.canonical(points.theta.cpu().numpy())
    states = TransitionStates(
        parameters=theta,
        energy=points.energy.cpu().numpy(),
        rms_gradient=points.rms_gradient.cpu().numpy(),
        eigenvalue=points.values[:, 0].cpu().numpy(),
        minima=rows.reshape(-1, 2),
        log_determinant=points.log_determinant.cpu().numpy(),
        log_orbit_size=symmetry.log_orbit_size(theta),
        lowest_positive_eigenvalue=_lowest_positive(points).cpu().numpy(),
        sides_ambiguous=np.zeros(len(theta), dtype=bool),
        found_from=np.full((len(theta), 2), -1),
    )
    return ConnectResult(
        minima=minima,
        transition_states=states,
        search=found.search,
        failures=found.failures,
        evaluations=evaluations,
    )


def _lowest_positive(points: StationaryPoints) -> torch.Tensor:
    """The second eigenvalue [T] of transition states [T], which is their lowest positive one; nan where P = 1."""
    return torch.cat([points.values, torch.full_like(points.values[:, :1], torch.nan)], 1)[:, 1]


def _interleaved(found: Found) -> StationaryPoints:
    """The minima of both sides in one batch, the two of a transition state next to each other."""
    columns = {}
    for name in StationaryPoints.__dataclass_fields__:
        both = torch.stack([getattr(side, name) for side in found.sides], 1)
        columns[name] = both.flatten(0, 1)
    return StationaryPoints(**columns)


def _tensor(context: Context, theta: np.ndarray) -> torch.Tensor:
    """Parameters as a tensor on the device of the objective."""
    return torch.tensor(theta, dtype=torch.float64, device=context.objective.device)


RETRY_IMAGES = 1.5
# A single-ended search has one guess where a pair has several, so a task takes more of them.
SEARCHES_PER_PAIR = 4


@dataclass(frozen=True, kw_only=True)
class SearchPlan(Plan[TaskType]):
    """The tasks of a round of searches, and the ends and method of each search."""

    starts: Sequence[int]  # the first search of each task
    ends: np.ndarray  # int64[S, 2]: rows of minima, the second -1 for a single-ended search
    methods: np.ndarray  # str[S]: as in `Attempts.method`


class _Searching:
    """Assimilation of searches of either kind, with the account of attempts."""

    kind: str

    def __init__(self, context: Context, index: LandscapeIndex) -> None:
        self.context, self.index = context, index
        self.table = context.settings.connect

    def assimilate(
        self, tables: Tables, plan: SearchPlan[Any], results: Sequence[ConnectResult], seconds: float
    ) -> Commit:
        """The commit of minima and transition states, with one attempt for each search.

        A transition state that rounding puts no higher than one of its minima, in a flat valley, has no descent to it.
        """
        assimilation = Assimilation(self.index, tables)
        outcomes = np.full(len(plan.ends), Outcome.NO_DESCENT, dtype=np.int64)
        for start, result in zip(plan.starts, results, strict=True):
            rows = assimilation.add_distinct(result.minima, counted=False)
            states = result.transition_states
            for place, search in enumerate(start + result.search):
                sides = rows[states.minima[place]]
                if not assimilation.is_above(float(states.energy[place]), sides):
                    continue
                new = assimilation.add_transition_state(states, place, sides, plan.ends[search])
                outcomes[search] = min(outcomes[search], _outcome(sides, plan.ends[search], new=new))
            for search, reason in result.failures:
                outcomes[start + search] = min(outcomes[start + search], reason)
        round_number = np.full(len(outcomes), len(tables.rounds))
        return assimilation.commit(
            kind=self.kind,
            tasks=len(plan.tasks),
            evaluations=sum(result.evaluations for result in results),
            seconds=seconds,
            attempts=Attempts(
                minima=plan.ends, method=plan.methods, outcome=np.array(OUTCOME_NAMES)[outcomes], round=round_number
            ),
        )


class SingleEnded(_Searching):
    """Rounds of single-ended searches, until every minimum has had its number of them."""

    kind = "single_ended"

    def planned_rounds(self, tables: Tables) -> int:
        """Rounds done and those that the present minima still need."""
        return rounds_done(tables, self.kind) + -(-len(self._due(tables)) // self._round_size)

    def plan(self, tables: Tables) -> SearchPlan[ClimbTask] | None:
        """The next searches, minima in the order of their rows."""
        rows = self._due(tables)[: self._round_size]
        if not len(rows) or not self.context.objective.smooth:
            return None
        seed, number = self.context.settings.run.seed, len(tables.rounds)
        size = SEARCHES_PER_PAIR * self.table.task_pairs
        starts = task_starts(len(rows), size)
        tasks = [
            ClimbTask(
                minima=tables.minima.parameters[rows[start : start + size]],
                seeds=tuple((seed, number, search) for search in range(start, min(start + size, len(rows)))),
            )
            for start in starts
        ]
        ends = np.stack([rows, np.full_like(rows, -1)], axis=1)
        return SearchPlan(tasks=tasks, starts=starts, ends=ends, methods=np.full(len(rows), self.kind))

    def _due(self, tables: Tables) -> np.ndarray:
        """Row of the minimum of each search that is still to be made."""
        origins = tables.attempts.minima[tables.attempts.method == self.kind, 0]
        done = np.bincount(origins, minlength=len(tables.minima))
        return np.repeat(np.arange(len(done)), np.maximum(self.table.single_ended - done, 0))

    @property
    def _round_size(self) -> int:
        """Number of searches of a round."""
        return SEARCHES_PER_PAIR * self.table.pairs


class Connect(_Searching):
    """Rounds of searches between pairs, until the landscape is connected or no rounds or pairs are left."""

    kind = "connect"

    def planned_rounds(self, tables: Tables) -> int:
        """Rounds that the run file allows."""
        del tables
        return self.table.rounds

    def plan(self, tables: Tables) -> SearchPlan[ConnectTask] | None:
        """The next pairs, each aligned."""
        if rounds_done(tables, self.kind) >= self.table.rounds or not self.context.objective.smooth:
            return None
        pairs = self._pairs(tables)
        if not pairs:
            return None
        ends = np.array([pair for pair, _ in pairs], dtype=np.int64)
        methods = np.array([name for _, name in pairs])
        first = tables.minima.parameters[ends[:, 0]]
        last = self.index.symmetry.align(tables.minima.parameters[ends[:, 1]], first)
        images = self._images(tables, ends, np.linalg.norm(last - first, axis=1))
        # Long bands go first: no long task starts last, and bands of equal length share their calls.
        order = np.argsort(-images, kind="stable")
        starts = task_starts(len(ends), self.table.task_pairs)
        parts = [order[start : start + self.table.task_pairs] for start in starts]
        return SearchPlan(
            tasks=[ConnectTask(first=first[part], last=last[part], images=images[part]) for part in parts],
            starts=starts,
            ends=ends[order],
            methods=methods[order],
        )

    def _pairs(self, tables: Tables) -> list[tuple[tuple[int, int], str]]:
        """The next pairs of rows, each with the strategy that chose it; none once the landscape is connected."""
        states, minima = tables.transition_states, tables.minima
        inside = connected_with_lowest(minima.energy, states.minima)
        if len(minima) < 2 or inside.mean() >= self.table.target:
            return []
        random = stream(self.context.settings.run.seed, len(tables.rounds))
        rows = rows_in_view(minima.energy, inside, random)
        view = PairView(
            rows=rows,
            distance=self.index.distances(minima.parameters, rows),
            tries=_tries(tables, rows),
            all_energy=minima.energy,
            ts_energy=states.energy,
            ts_minima=states.minima,
            retries=self.table.retries,
        )
        return select_pairs(view, self.table.strategies, self.table.pairs, random)

    def _images(self, tables: Tables, ends: np.ndarray, length: np.ndarray) -> np.ndarray:
        """Numbers of images int64[S] of the bands: in proportion to length, and more at each retry."""
        images = np.clip(self.table.image_density * length, self.table.min_images, self.table.max_images)
        rows, place = np.unique(ends, return_inverse=True)
        tries = _tries(tables, rows)[tuple(place.reshape(ends.shape).T)]
        more: np.ndarray = np.rint(images * RETRY_IMAGES**tries).astype(np.int64)
        return more


def _tries(tables: Tables, rows: np.ndarray) -> np.ndarray:
    """Numbers of attempts int64[V, V], symmetric, of the pairs among the minima `rows` [V]."""
    tries = np.zeros((len(rows), len(rows)), dtype=np.int64)
    ends = tables.attempts.minima[tables.attempts.minima[:, 1] >= 0]
    np.add.at(tries, tuple(places(ends, rows, len(tables.minima)).T), 1)
    return tries + tries.T


def _outcome(sides: np.ndarray, ends: np.ndarray, *, new: bool) -> Outcome:
    """The outcome of a search from the rows `ends` that led to a transition state between the rows `sides`."""
    if set(sides.tolist()) == set(ends.tolist()):
        return Outcome.CONNECTED
    if sides[0] == sides[1]:
        return Outcome.SAME_MINIMUM
    return Outcome.NEW_TRANSITION_STATE if new else Outcome.KNOWN_TRANSITION_STATE


METHOD_NAMES = (*STRATEGIES, SingleEnded.kind)
"""Names in `Attempts.method`, in the order of their codes in a new file."""
