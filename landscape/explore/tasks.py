"""Tasks: pure functions of the context and a small picklable specification with its own random seeds.

Each task class is a specification; `run(context)` gives its result, as picklable and of numpy only. What a
task finds is made distinct inside the task, so that little travels. Energies are in units of the loss.
Shapes: W walkers, S steps, V visits, M distinct minima, T transition states, P parameters.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import torch

from landscape.database.records import Minima, TransitionStates
from landscape.explore.context import Context
from landscape.explore.finds import Finds, Places
from landscape.explore.identity import Index
from landscape.optimize.newton import StationaryPoints
from landscape.problems.problem import Problem
from landscape.properties.measure import MeasuredProperty, measure
from landscape.properties.profiles import profiles
from landscape.properties.settings import MeasureSettings
from landscape.search.basin_hopping import Hoppers, hop
from landscape.search.starts import ExchangeStarts
from landscape.search.transition_states import Found, Outcome, climb, connect
from landscape.training.train import Trained, train


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
        units = context.units if len(self.places.row) else ()
        context, counter = context.counted()
        hops = hop(
            context.objective,
            self.hoppers,
            self.steps,
            starts=context.starts,
            exchanges=ExchangeStarts(self.places.parameters, units) if units else None,
            method=context.quench,
            batch=len(self.at),
        )
        minima, numbers = distinct_minima(context, hops.finds, self.places)
        find = np.append(numbers, -1)[hops.find]
        walked = Walked.of(self.at, find, hops.accepted, hops.exchanged)
        return HopResult(minima=minima, walked=walked, evaluations=counter.evaluations)


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


@dataclass(frozen=True, kw_only=True)
class MeasureTask:
    """Measure groups of properties of some minima."""

    theta: np.ndarray  # [M, P]
    groups: tuple[str, ...]
    settings: MeasureSettings

    def run(self, context: Context) -> Mapping[str, MeasuredProperty]:
        """Values [M, ...] by name."""
        if not isinstance(context.objective, Problem):
            raise TypeError("only a Problem has properties to measure")
        return measure(context.objective, self.theta, self.groups, self.settings)


@dataclass(frozen=True, kw_only=True)
class ProfileTask:
    """Measure properties along the paths through some transition states."""

    theta: np.ndarray  # [T, P]
    ends: np.ndarray  # [T, 2, P]: the minima on their two sides
    settings: MeasureSettings

    def run(self, context: Context) -> dict[str, MeasuredProperty]:
        """The properties by name."""
        if not isinstance(context.objective, Problem):
            raise TypeError("only a Problem has properties to measure")
        return profiles(
            context.objective, self.theta, self.ends, context.settings.identity.distance_tolerance, self.settings
        )


@dataclass(frozen=True, kw_only=True)
class TrainTask:
    """Train networks in a regime of the run file, one for each seed."""

    regime: str
    seeds: tuple[int, ...]

    def run(self, context: Context) -> Trained:
        """Their end points."""
        if not isinstance(context.objective, Problem):
            raise TypeError("only a Problem has networks to train")
        regime = context.settings.train.members[self.regime]
        return train(context.objective, regime, self.seeds, context.settings.run.seed)


Task = HopTask | ConnectTask | ClimbTask | MeasureTask | ProfileTask | TrainTask


def distinct_minima(
    context: Context, points: StationaryPoints, places: Places | None = None
) -> tuple[Finds, np.ndarray]:
    """Distinct canonical minima [M]: those of `places`, then others of points [F] in order of first appearance.

    Returns them and int64[F]: which of them each point is.
    """
    symmetry = context.objective.symmetry
    theta = symmetry.canonical(points.theta.cpu().numpy())
    energy = points.energy.cpu().numpy()
    index = Index(symmetry, context.settings.identity)
    if places is not None:
        index.fill(places.energy, places.parameters)
    known = len(index)
    numbers = np.array([index.find_or_add(value, point) for value, point in zip(energy, theta, strict=True)], np.int64)
    appeared, place = np.unique(numbers, return_index=True)
    first = place[appeared >= known]
    hits = np.bincount(numbers, minlength=len(index)).astype(np.int64)
    rows = torch.tensor(first)
    kept = theta[first]
    unknown = Minima(
        parameters=kept,
        energy=energy[first],
        rms_gradient=points.rms_gradient.cpu()[rows].numpy(),
        lowest_eigenvalue=points.values[:, 0].cpu()[rows].numpy(),
        log_determinant=points.log_determinant.cpu()[rows].numpy(),
        log_orbit_size=symmetry.log_orbit_size(kept),
        hits=hits[known:],
    )
    row = np.full(len(index), -1)
    if places is not None:
        row[:known] = places.row
    return Finds(row=row, hits=hits, unknown=unknown), numbers


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
