"""Tasks that search transition states, between pairs of minima or from one minimum alone.

Energies are in units of the loss. Shapes: S searches, M distinct minima, T transition states, P parameters.
"""

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import torch

from landscape.database.records import TransitionStates
from landscape.explore.context import Context
from landscape.explore.distinct import distinct_minima
from landscape.explore.finds import Finds
from landscape.explore.identity import Index
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
