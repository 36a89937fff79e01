"""Verification: is every stored point what the file says it is?

Energies, gradients and Hessian indices are computed again and compared with the table. Two kinds of invariant are
tested beside: a transition state lies above both its minima, and for softmax networks with L2 the output weights of
each unit sum to zero over the classes and 2 * l2 is an eigenvalue for every unit of the last hidden layer and for
the output bias (the softmax gauge). Shapes: M points, P parameters.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from landscape.database.database import Database
from landscape.explore.context import Context
from landscape.explore.identity import Index
from landscape.explore.phases import task_starts
from landscape.explore.pool import Pool
from landscape.optimize.newton import StationaryPoints, classify
from landscape.problems.network import DenseNetwork
from landscape.problems.problem import Problem

TASK_POINTS = 32
ENERGY_TOLERANCE = 1e-9
RMS_TOLERANCE = 1e-9
INVARIANT_TOLERANCE = 1e-8
EIGENVALUE_TOLERANCE = 1e-6


@dataclass(frozen=True, kw_only=True)
class Checked:
    """Recomputed columns of some points [M]."""

    energy: np.ndarray
    rms_gradient: np.ndarray
    index: np.ndarray
    eigenvalue: np.ndarray
    gauge_error: np.ndarray  # largest deviation from the softmax invariants; 0 where there are none


@dataclass(frozen=True)
class VerifyTask:
    """Recompute some points theta [M, P]."""

    theta: np.ndarray

    def run(self, context: Context) -> Checked:
        """The columns as they should be in the file."""
        objective = context.objective
        theta = torch.tensor(self.theta, dtype=torch.float64, device=objective.device)
        points = classify(objective, theta)
        gauge = torch.zeros_like(points.energy)
        if isinstance(objective, Problem):
            gauge = _gauge_error(objective, points)
        return Checked(
            energy=points.energy.cpu().numpy(),
            rms_gradient=points.rms_gradient.cpu().numpy(),
            index=points.index.cpu().numpy(),
            eigenvalue=points.values[:, 0].cpu().numpy(),
            gauge_error=gauge.cpu().numpy(),
        )


def verify(db: Database, context: Context, pool: Pool, interrupted: Callable[[], bool] = lambda: False) -> list[str]:
    """Every fault as one line; an empty list if there is none. Raises `Abandoned` once it is `interrupted`."""
    minima, states = db.minima, db.transition_states
    points = np.concatenate([minima.parameters, states.parameters])
    tasks = [VerifyTask(points[start : start + TASK_POINTS]) for start in task_starts(len(points), TASK_POINTS)]
    results: list[Checked] = pool.run(tasks, lambda: None, interrupted)
    if not results:
        return []
    names = Checked.__dataclass_fields__
    found = {name: np.concatenate([getattr(result, name) for result in results]) for name in names}
    split = len(minima)
    below = {name: values[:split] for name, values in found.items()}
    above = {name: values[split:] for name, values in found.items()}
    return [
        *_column_faults("minimum", below, minima.energy, minima.lowest_eigenvalue, index=0),
        *_column_faults("transition state", above, states.energy, states.eigenvalue, index=1),
        *_order_faults(db),
        *_twins("minimum", minima.energy, minima.parameters, context),
        *_twins("transition state", states.energy, states.parameters, context),
    ]


def _column_faults(
    what: str, found: dict[str, np.ndarray], energy: np.ndarray, eigenvalue: np.ndarray, *, index: int
) -> Iterator[str]:
    for row in range(len(energy)):
        rms, has = found["rms_gradient"][row], int(found["index"][row])
        if not abs(found["energy"][row] - energy[row]) <= ENERGY_TOLERANCE:
            yield f"{what} {row}: energy {energy[row]:.12g} in the file, {found['energy'][row]:.12g} recomputed"
        if not rms <= RMS_TOLERANCE:
            yield f"{what} {row}: RMS gradient {rms:.3g}, expected at most {RMS_TOLERANCE:g}"
        if has != index:
            yield f"{what} {row}: {has} negative Hessian eigenvalues, expected {index}"
        if abs(found["eigenvalue"][row] - eigenvalue[row]) > EIGENVALUE_TOLERANCE:
            recomputed = found["eigenvalue"][row]
            yield f"{what} {row}: eigenvalue {eigenvalue[row]:.9g} in the file, {recomputed:.9g} recomputed"
        if found["gauge_error"][row] > INVARIANT_TOLERANCE:
            yield f"{what} {row}: softmax invariants off by {found['gauge_error'][row]:.3g}, expected 1e-8"


def _order_faults(db: Database) -> Iterator[str]:
    states, energy = db.transition_states, db.minima.energy
    for row, (one, other) in enumerate(states.minima.tolist()):
        if not (0 <= one < len(energy) and 0 <= other < len(energy)):
            yield f"transition state {row}: joins minima {one} and {other}, but there are {len(energy)}"
        elif states.energy[row] <= max(energy[one], energy[other]):
            yield f"transition state {row}: lies below one of its minima {one} and {other}"


def _twins(what: str, energy: np.ndarray, theta: np.ndarray, context: Context) -> Iterator[str]:
    index = Index(context.objective.symmetry, context.settings.identity)
    for row in range(len(energy)):
        twin = index.find(float(energy[row]), theta[row])
        if twin >= 0:
            yield f"{what} {row}: the same point as {what} {twin}"
        index.add(float(energy[row]), theta[row])


def _gauge_error(problem: Problem, points: StationaryPoints) -> torch.Tensor:
    """Largest deviation [M] from the invariants of softmax cross-entropy with L2 on everything."""
    network = problem.network
    if problem.loss != "cross_entropy" or not problem.l2 or not isinstance(network, DenseNetwork):
        return torch.zeros_like(points.energy)
    weight, bias = network.unpack(points.theta)[-1]
    sums = torch.cat([weight.sum(1), bias.sum(1, keepdim=True)], 1).abs().amax(1)
    if points.values.shape[1] < problem.n_parameters:
        return sums
    deviation = (points.values - 2.0 * problem.l2).abs().sort(1).values
    return torch.maximum(sums, deviation[:, weight.shape[2]])


def summary(db: Database, faults: Sequence[str]) -> str:
    """One line for the end of the report."""
    points = f"{len(db.minima)} minima and {len(db.transition_states)} transition states"
    return f"{len(faults)} faults in {points}" if faults else f"{points}: every one is what it says"
