"""The task that locates end points of training: quenched on the common energy, and what was lost on the way.

Shapes: T end points, M distinct minima, P parameters.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from landscape.explore.context import Context
from landscape.explore.distinct import distinct_minima
from landscape.explore.finds import Finds
from landscape.optimize.driver import take_rows
from landscape.optimize.newton import StationaryPoints
from landscape.optimize.quench import quench
from landscape.optimize.status import Status
from landscape.problems.problem import Problem
from landscape.properties.locations import LOCATION, Landing
from landscape.properties.measure import measure

LANDINGS = {
    Status.RUNNING: Landing.OUT_OF_STEPS,
    Status.CONVERGED: Landing.LOCATED,
    Status.OUT_OF_STEPS: Landing.OUT_OF_STEPS,
    Status.STALLED: Landing.STALLED,
    Status.NOT_FINITE: Landing.NOT_FINITE,
}
ACCURACIES = ("accuracy", "test_accuracy")


@dataclass(frozen=True, kw_only=True)
class LocateResult:
    """Where end points are; NaN and -1 where they could not be located."""

    minima: Finds  # [M]
    minimum: np.ndarray  # int64[T]: which of these
    landing: np.ndarray  # int64[T]
    columns: dict[str, np.ndarray]  # [T], the others of `landscape.properties.locations.LOCATION`
    evaluations: int


@dataclass(frozen=True, kw_only=True)
class LocateTask:
    """Quench some end points."""

    theta: np.ndarray  # [T, P]

    def run(self, context: Context) -> LocateResult:
        """The minima below them, made distinct."""
        counted, counter = context.counted()
        start = torch.tensor(self.theta, dtype=torch.float64, device=context.objective.device)
        energy, gradient = counted.objective.energy_and_gradient(start)
        points = quench(counted.objective, start, method=context.quench, batch=len(start))
        landing = _landing(points)
        located = np.flatnonzero(landing == Landing.LOCATED)
        below = take_rows(points, torch.tensor(located, device=start.device))
        minima, numbers = distinct_minima(context, below)
        minimum = np.full(len(start), -1)
        minimum[located] = numbers
        columns = {name: np.full(len(start), np.nan) for name in LOCATION if name not in ("minimum", "landing")}
        columns["energy"][:] = energy.cpu().numpy()
        columns["rms_gradient"][:] = gradient.square().mean(1).sqrt().cpu().numpy()
        for name, values in _changes(context, self.theta[located], below, energy[located]).items():
            columns[name][located] = values
        return LocateResult(
            minima=minima, minimum=minimum, landing=landing, columns=columns, evaluations=counter.evaluations
        )


def _landing(points: StationaryPoints) -> np.ndarray:
    """How each quench ended, int64[T]."""
    landing = np.array([LANDINGS[Status(status)] for status in points.status.tolist()], dtype=np.int64)
    saddle = (landing == Landing.LOCATED) & ~points.is_minimum.cpu().numpy()
    return np.where(saddle, Landing.SADDLE, landing)


def _changes(context: Context, theta: np.ndarray, below: StationaryPoints, energy: Tensor) -> dict[str, np.ndarray]:
    """How far [L] it is from theta [L, P], of energies [L], to the minima `below`, and what was lost on the way."""
    minimum = below.theta.cpu().numpy()
    found = {
        "energy_drop": (energy - below.energy).cpu().numpy(),
        "distance": context.objective.symmetry.distance(theta, minimum),
    }
    if not isinstance(context.objective, Problem) or not context.objective.is_classification or not len(theta):
        return found
    settings = context.measuring
    before, after = (measure(context.objective, points, ("loss",), settings) for points in (theta, minimum))
    return found | {f"{name}_change": after[name].values - before[name].values for name in ACCURACIES if name in after}
