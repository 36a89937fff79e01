"""Rounds of searches for saddles of index 2 and more, from known stationary points and from random starts.

All tasks of a round are of the same size; a task begins all its searches in one way, and the ways take turns. A search
may end on a minimum or a transition state: these join the landscape too, but minima without hits, which count quenches.
Rounds go on until their number has doubled without anything new. The alternating sum of Morse theory is not looked at:
it would be no check of a search that ends once it is 1.

Shapes: S searches, F points found, P parameters.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import torch

from landscape.campaign.context import Context
from landscape.campaign.identity import DistinctMinima, PointIndex, distinct_minima
from landscape.campaign.rounds.assimilation import Assimilation, LandscapeIndex
from landscape.campaign.rounds.connecting import ConnectResult, connect_result
from landscape.campaign.rounds.phase import Plan, rounds_done
from landscape.campaign.rounds.saddles.known_points import KnownPoints
from landscape.database.lazy import known
from landscape.database.points.saddles import LOWEST_INDEX, Saddles
from landscape.database.records import Commit
from landscape.database.tables import Tables
from landscape.numerics.streams import stream
from landscape.optimize.driver import take_rows
from landscape.optimize.newton import StationaryPoints, classify
from landscape.search.saddles.guesses import WAYS, Ends
from landscape.search.saddles.search import WholeSpectrum, stationary_points
from landscape.search.transition_states import refine

TASK_SEARCHES = 24
TASKS_PER_WAY = 2
FEWEST_ROUNDS = 4
NOWHERE = np.full(2, -1)  # the minima from which a transition state was found


@dataclass(frozen=True, kw_only=True)
class SaddlesResult:
    """Distinct points of a task."""

    saddles: Saddles  # [F]; `round` is not known yet
    minima: DistinctMinima
    connections: ConnectResult  # transition states, with the minima on their sides
    evaluations: int

    def without(self, committed: PointIndex) -> Self:
        """The same result; minima in the index `committed` are reduced to their rows."""
        minima, connections = self.minima.without(committed), self.connections.without(committed)
        return replace(self, minima=minima, connections=connections)


@dataclass(frozen=True, kw_only=True)
class SaddlesTask:
    """Searches that begin in one way, a name in `WAYS`; `most` is the highest index of the saddles that are kept."""

    way: str
    first: np.ndarray  # [S, P]
    last: np.ndarray  # [S, P]
    index: np.ndarray  # int64[S]: of `first`
    seeds: tuple[tuple[int, ...], ...]
    most: int

    def run(self, context: Context) -> SaddlesResult:
        """The stationary points to which the searches lead."""
        context, counter = context.counted()
        objective, search = context.objective, context.search
        first, last = (torch.tensor(ends, device=objective.device) for ends in (self.first, self.last))
        ends = Ends(
            first=first,
            last=last,
            index=self.index,
            random=[stream(*seed) for seed in self.seeds],
            most=self.most,
            starts=context.starts,
        )
        points = stationary_points(objective, WAYS[self.way].guesses(objective, ends), search.batch)
        saddles = _rows(points, LOWEST_INDEX, self.most)
        minima, _ = distinct_minima(context, _rows(points, 0, 0))
        states = _rows(points, 1, 1)
        found = refine(objective, states.theta, states.direction, list(range(len(states))), search)
        return SaddlesResult(
            saddles=distinct_saddles(context, saddles.theta),
            minima=minima,
            connections=connect_result(context, found, 0),
            evaluations=counter.evaluations,
        )


def _rows(points: StationaryPoints, lowest: int, highest: int) -> StationaryPoints:
    """The points with an index from `lowest` to `highest`."""
    return take_rows(points, ((points.index >= lowest) & (points.index <= highest)).nonzero()[:, 0])


def distinct_saddles(context: Context, theta: torch.Tensor) -> Saddles:
    """The table of the distinct saddles among theta [F, P], in canonical form and in order of first appearance."""
    symmetry = context.objective.symmetry
    canonical = symmetry.canonical(theta.cpu().numpy())
    energy = context.objective.energy(theta).cpu().numpy()
    index = PointIndex(symmetry, context.identity)
    numbers = [index.find_or_add(*point) for point in zip(energy.tolist(), canonical, strict=True)]
    first = np.sort(np.unique(np.array(numbers, dtype=np.int64), return_index=True)[1])
    points = classify(context.objective, theta[torch.tensor(first, device=theta.device)])
    spectrum = WholeSpectrum.of(points)
    return Saddles(
        parameters=canonical[first],
        energy=points.energy.cpu().numpy(),
        rms_gradient=points.rms_gradient.cpu().numpy(),
        index=points.index.cpu().numpy(),
        softest_eigenvalue=spectrum.softest_eigenvalue.cpu().numpy(),
        log_determinant=spectrum.log_determinant.cpu().numpy(),
        log_orbit_size=symmetry.log_orbit_size(canonical[first]),
        round=np.full(len(first), -1),
    )


class SearchSaddles:
    """Rounds of searches for saddles, if the run file asks for any."""

    kind = "saddles"

    def __init__(self, context: Context, index: LandscapeIndex) -> None:
        self.context, self.index, self.table = context, index, context.settings.saddles

    def planned_rounds(self, tables: Tables) -> int:
        """Rounds so far, with those that the run file allows for its highest index."""
        return rounds_done(tables, self.kind) - len(self._done(tables)) + self.table.rounds

    def plan(self, tables: Tables) -> Plan[SaddlesTask] | None:
        """The next searches; None once their number has doubled without anything new, and while no point is known."""
        done = self._done(tables)
        most = min(self.table.rounds, max(FEWEST_ROUNDS, 2 * _last_fruitful(tables, done)))
        points, seed = KnownPoints.of(tables), (self.context.settings.run.seed, len(tables.rounds))
        wanted = self.table.max_index and self.context.objective.smooth and len(points.index)
        if not wanted or len(done) >= most:
            return None
        ways = [way for way in WAYS for _ in range(TASKS_PER_WAY)]
        return Plan(tasks=[self._task(points, way, (*seed, number)) for number, way in enumerate(ways)])

    def _done(self, tables: Tables) -> np.ndarray:
        """The rounds int64[n] of this kind that kept saddles of as high an index, or of one that is not known."""
        rounds = tables.rounds
        lower = known(rounds.highest_index) < self.table.max_index
        return np.flatnonzero((rounds.kind == self.kind) & ~lower)

    def _task(self, points: KnownPoints, way: str, seed: tuple[int, ...]) -> SaddlesTask:
        """A task of searches in this way, or from fresh starts if no known point suits."""
        random, most = stream(*seed), self.table.max_index
        suited = points.suit(WAYS[way], most)
        if not len(suited):
            way, suited = "fresh", np.arange(len(points.index))
        rows, others = (points.drawn(suited, TASK_SEARCHES, random) for _ in range(2))
        first = points.parameters[rows]
        return SaddlesTask(
            way=way,
            first=first,
            last=points.partners(first, others, self.index.symmetry, random),
            index=points.index[rows],
            seeds=tuple((*seed, search) for search in range(TASK_SEARCHES)),
            most=most,
        )

    def assimilate(
        self, tables: Tables, plan: Plan[SaddlesTask], results: Sequence[SaddlesResult], seconds: float
    ) -> Commit:
        """The commit of all points that are new."""
        assimilation = Assimilation(self.index, tables)
        for result in results:
            assimilation.add_distinct(result.minima, counted=False)
            rows, states = (
                assimilation.add_distinct(result.connections.minima, counted=False),
                result.connections.transition_states,
            )
            for place, sides in enumerate(rows[states.minima]):
                if assimilation.is_above(float(states.energy[place]), sides):
                    assimilation.add_transition_state(states, place, sides, NOWHERE)
            numbered = np.full(len(result.saddles), len(tables.rounds))
            assimilation.add_saddles(replace(result.saddles, round=numbered))
        commit = assimilation.commit(
            kind=self.kind,
            tasks=len(plan.tasks),
            evaluations=sum(result.evaluations for result in results),
            seconds=seconds,
        )
        return replace(commit, highest_index=self.table.max_index)


def _last_fruitful(tables: Tables, rows: np.ndarray) -> int:
    """Number of the rounds `rows` int64[n] up to the last one that found something new; 0 if none did."""
    rounds = tables.rounds
    new = known(rounds.new_minima)[rows] + known(rounds.new_transition_states)[rows]
    new += np.isin(rows, tables.saddles.round)
    fruitful = np.flatnonzero(new > 0)
    return int(fruitful[-1]) + 1 if len(fruitful) else 0
