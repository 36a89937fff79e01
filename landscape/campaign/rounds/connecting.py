"""Searches for transition states: from single minima (`single_ended.py`), and between pairs (`double_ended.py`).

Rounds of both commit an attempt with its outcome for every search, together with its results. The outcome of a search
is the best outcome of its guesses. Shapes: M minima, S searches, P parameters.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
import torch

from landscape.campaign.context import Context
from landscape.campaign.identity import DistinctMinima, PointIndex, distinct_minima
from landscape.campaign.rounds.assimilation import Assimilation, LandscapeIndex
from landscape.campaign.rounds.phase import Plan, TaskType
from landscape.database.records import Attempts, Commit, TransitionStates
from landscape.database.tables import Tables
from landscape.optimize.newton import StationaryPoints
from landscape.search.transition_states import OUTCOME_NAMES, Found, Outcome, climb, connect
from landscape.studies.completeness.goal import Goal


@dataclass(frozen=True, kw_only=True)
class ConnectResult:
    """Distinct minima and transition states of a task, with the reasons of failed guesses."""

    minima: DistinctMinima  # [M]
    transition_states: TransitionStates  # [T]; joins rows of the field `minima`; `found_from` is not known yet
    search: np.ndarray  # int64[T]: the search that found each
    known: tuple[tuple[int, int], ...]  # (search, row) of each guess that led to a committed transition state
    failures: tuple[tuple[int, Outcome], ...]  # (search, reason) of each guess that failed
    evaluations: int

    def without(self, committed: PointIndex) -> Self:
        """The same result; minima in the index `committed` are reduced to their rows."""
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
        return connect_result(context, found, counter.evaluations)


@dataclass(frozen=True, kw_only=True)
class ClimbTask:
    """Single-ended searches from minima, one for each row."""

    minima: np.ndarray  # [S, P]
    seeds: tuple[tuple[int, ...], ...]

    def run(self, context: Context) -> ConnectResult:
        """Transition states near the minima, by eigenvector-following."""
        context, counter = context.counted()
        found = climb(context.objective, _tensor(context, self.minima), list(self.seeds), context.search)
        return connect_result(context, found, counter.evaluations)


def connect_result(context: Context, found: Found, evaluations: int) -> ConnectResult:
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
        lowest_positive_eigenvalue=points.second_eigenvalue.cpu().numpy(),
        sides_ambiguous=found.ambiguous,
        found_from=np.full((len(theta), 2), -1),
    )
    return ConnectResult(
        minima=minima,
        transition_states=states,
        search=found.search,
        known=found.known,
        failures=found.failures,
        evaluations=evaluations,
    )


def _interleaved(found: Found) -> StationaryPoints:
    """The minima of both sides in one batch; the two minima of a transition state are adjacent."""
    columns = {}
    for name in StationaryPoints.__dataclass_fields__:
        both = torch.stack([getattr(side, name) for side in found.sides], 1)
        columns[name] = both.flatten(0, 1)
    return StationaryPoints(**columns)


def _tensor(context: Context, theta: np.ndarray) -> torch.Tensor:
    """Parameters as a tensor on the device of the objective."""
    return torch.tensor(theta, dtype=torch.float64, device=context.objective.device)


@dataclass(frozen=True, kw_only=True)
class SearchPlan(Plan[TaskType]):
    """The tasks of a round of searches, and the ends and method of each search."""

    starts: Sequence[int]  # the first search of each task
    ends: np.ndarray  # int64[S, 2]: rows of minima, the second -1 for a single-ended search
    methods: np.ndarray  # str[S]: as in `Attempts.method`


class Searching:
    """Assimilation of single-ended and double-ended searches, with a record of all attempts."""

    kind: str

    def __init__(self, context: Context, index: LandscapeIndex) -> None:
        self.context, self.index = context, index
        self.table, self.goal = context.settings.connect, Goal.of(context.settings)

    def assimilate(
        self, tables: Tables, plan: SearchPlan[Any], results: Sequence[ConnectResult], seconds: float
    ) -> Commit:
        """The commit of minima and transition states, with one attempt for each search.

        In a flat valley, rounding may put a transition state no higher than one of its minima; its outcome is "no
        descent".
        """
        assimilation = Assimilation(self.index, tables)
        outcomes = np.full(len(plan.ends), Outcome.NO_DESCENT, dtype=np.int64)
        known_states = np.full(len(plan.ends), -1)
        for start, result in zip(plan.starts, results, strict=True):
            rows = assimilation.add_distinct(result.minima, counted=False)
            states = result.transition_states
            for place, search in enumerate(start + result.search):
                sides = rows[states.minima[place]]
                if not assimilation.is_above(float(states.energy[place]), sides):
                    continue
                row, new = assimilation.add_transition_state(states, place, sides, plan.ends[search])
                if not new:
                    known_states[search] = row
                outcomes[search] = min(outcomes[search], _outcome(sides, plan.ends[search], new=new))
            for search, row in result.known:
                outcome = _outcome(tables.transition_states.minima[row], plan.ends[start + search], new=False)
                outcomes[start + search] = min(outcomes[start + search], outcome)
                known_states[start + search] = row
            for search, reason in result.failures:
                outcomes[start + search] = min(outcomes[start + search], reason)
        round_number = np.full(len(outcomes), len(tables.rounds))
        return assimilation.commit(
            kind=self.kind,
            tasks=len(plan.tasks),
            evaluations=sum(result.evaluations for result in results),
            seconds=seconds,
            attempts=Attempts(
                minima=plan.ends,
                method=plan.methods,
                outcome=np.array(OUTCOME_NAMES)[outcomes],
                round=round_number,
                state=known_states,
            ),
        )


def _outcome(sides: np.ndarray, ends: np.ndarray, *, new: bool) -> Outcome:
    """The outcome of a search from the rows `ends` that found a transition state between the rows `sides`."""
    if set(sides.tolist()) == set(ends.tolist()):
        return Outcome.CONNECTED
    if sides[0] == sides[1]:
        return Outcome.SAME_MINIMUM
    return Outcome.NEW_TRANSITION_STATE if new else Outcome.KNOWN_TRANSITION_STATE
