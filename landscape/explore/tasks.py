"""Tasks: pure functions of the context and a small picklable specification with its own random seeds.

Each task class is a specification; `run(context)` gives its result, as picklable and of numpy only. What a
task finds is made distinct inside the task, so that little travels. Energies are in units of the loss.
Shapes: W walkers, S steps, M distinct minima, T transition states, P parameters.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch

from landscape.database.records import Minima, TransitionStates
from landscape.explore.context import Context
from landscape.explore.identity import Index
from landscape.optimize.newton import StationaryPoints
from landscape.problems.problem import Problem
from landscape.properties.measure import MeasuredProperty, measure
from landscape.properties.settings import MeasureSettings
from landscape.search.basin_hopping import Hoppers, hop
from landscape.search.transition_states import Found, Outcome, climb, connect


@dataclass(frozen=True, kw_only=True)
class HopResult:
    """Distinct minima of a task and where each step of each walker led."""

    minima: Minima  # [M], in order of first find
    find: np.ndarray  # int64[W, S]: row of `minima`, -1 for a failed quench
    accepted: np.ndarray  # bool[W, S]
    evaluations: int


@dataclass(frozen=True, kw_only=True)
class HopTask:
    """Advance some walkers by some basin-hopping steps."""

    hoppers: Hoppers
    steps: int

    def run(self, context: Context) -> HopResult:
        """The walk, made distinct."""
        context, counter = context.counted()
        hops = hop(
            context.objective,
            self.hoppers,
            self.steps,
            starts=context.starts,
            method=context.quench,
            batch=len(self.hoppers.theta),
        )
        minima, numbers = distinct_minima(context, hops.finds)
        find = np.where(hops.find >= 0, numbers[hops.find] if len(numbers) else -1, -1)
        return HopResult(minima=minima, find=find, accepted=hops.accepted, evaluations=counter.evaluations)


@dataclass(frozen=True, kw_only=True)
class ConnectResult:
    """Distinct minima and the transition states of a task, with the reasons of the failures."""

    minima: Minima  # [M]
    transition_states: TransitionStates  # [T]; their `minima` are rows of `minima` above
    search: np.ndarray  # int64[T]: the search each came from
    failures: tuple[tuple[int, Outcome], ...]  # (search, reason) of each guess that led nowhere
    evaluations: int


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


Task = HopTask | ConnectTask | ClimbTask | MeasureTask


def distinct_minima(context: Context, points: StationaryPoints) -> tuple[Minima, np.ndarray]:
    """Distinct canonical minima [M] among points [F], in order of first appearance, and int64[F]: each one's row."""
    symmetry = context.objective.symmetry
    theta = symmetry.canonical(points.theta.cpu().numpy())
    energy = points.energy.cpu().numpy()
    index = Index(symmetry, context.settings.identity)
    numbers = np.array([index.find_or_add(value, point) for value, point in zip(energy, theta, strict=True)], np.int64)
    first = np.unique(numbers, return_index=True)[1]
    rows = torch.tensor(first)
    kept = theta[first]
    return Minima(
        parameters=kept,
        energy=energy[first],
        rms_gradient=points.rms_gradient.cpu()[rows].numpy(),
        lowest_eigenvalue=points.values[:, 0].cpu()[rows].numpy(),
        log_determinant=points.log_determinant.cpu()[rows].numpy(),
        log_orbit_size=symmetry.log_orbit_size(kept),
        hits=np.bincount(numbers, minlength=len(first)).astype(np.int64),
    ), numbers


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
