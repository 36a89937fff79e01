"""Verification of all stored points.

Energies, gradients and Hessian spectra of all points, samples included, are computed again and compared with the
tables, and so are the minima that transition states join (`sides.py`) and tracks with their events (`tracks.py`). The
point theta = 0 is compared with the closed form of its index (`origin.py`).

Two kinds of invariant are tested too. A transition state lies above both its minima. For softmax networks with L2 the
output weights of each unit sum to zero over the classes, and 2 * l2 is an eigenvalue for every unit of the last hidden
layer and for the output bias (the softmax gauge, if all terms of the energy keep it).

An energy with kinks has no Hessian, so no eigenvalues and no Newton steps: its minima keep an RMS gradient r. Because
of the gauge, the K derivatives with respect to the output weights of a unit sum to 2 * l2 times the sum of these
weights at any point; so by the Cauchy-Schwarz inequality the weights sum to at most sqrt(K P) r / (2 l2).

A file of an older program may lack a column. Rows written before the column existed lead it as NaN and are not
compared. A NaN after a number is a fault.

Shapes: M points, P parameters, K classes.
"""

import math
from collections.abc import Callable, Iterator, Sequence, Sized
from dataclasses import dataclass

import numpy as np
import torch

from landscape.campaign.context import Context
from landscape.campaign.identity import PointIndex
from landscape.campaign.pools.pool import Pool
from landscape.campaign.rounds.phase import task_starts
from landscape.campaign.verification.origin import origin_faults
from landscape.campaign.verification.samples import sample_faults
from landscape.campaign.verification.sides import RecomputedSides, sampled_states, side_faults, sides_tasks
from landscape.campaign.verification.tracks import track_faults
from landscape.database.database import Database
from landscape.messages import counted
from landscape.optimize.newton import StationaryPoints, classify
from landscape.problems.networks.layered import LayeredNetwork
from landscape.problems.problem import Problem
from landscape.search.saddles.search import WholeSpectrum

TASK_POINTS = 32
RMS_TOLERANCE = 1e-9
RMS_WITH_KINKS = 1e-7  # minima are as the quench leaves them: without a Hessian there are no Newton steps
INVARIANT_TOLERANCE = 1e-8
# The logarithm of an eigenvalue near the curvature threshold magnifies rounding.
TOLERANCES = {
    "energy": 1e-9,
    "eigenvalue": 1e-6,
    "log_determinant": 1e-4,
    "log_orbit_size": 1e-9,
    "lowest_positive_eigenvalue": 1e-6,
    "softest_eigenvalue": 1e-6,
    "log_absolute_determinant": 1e-4,
}


@dataclass(frozen=True, kw_only=True)
class Recomputed:
    """Recomputed columns of some points [M]."""

    energy: np.ndarray
    rms_gradient: np.ndarray
    index: np.ndarray
    eigenvalue: np.ndarray
    log_determinant: np.ndarray
    log_orbit_size: np.ndarray
    lowest_positive_eigenvalue: np.ndarray  # the second eigenvalue; nan where there is only one
    softest_eigenvalue: np.ndarray
    log_absolute_determinant: np.ndarray  # of the magnitudes of all eigenvalues
    gauge_error: np.ndarray  # largest deviation from the softmax invariants; 0 where there are none


@dataclass(frozen=True)
class Stored:
    """Points [M] of a table: what they are, their expected indices, their rows, and the columns to be computed again,
    by their names in `Recomputed`.
    """

    what: str
    index: np.ndarray  # int64[M]
    rows: np.ndarray  # int64[M]
    parameters: np.ndarray  # [M, P]
    columns: dict[str, np.ndarray]


@dataclass(frozen=True)
class VerifyTask:
    """Recompute some points theta [M, P]."""

    theta: np.ndarray

    def run(self, context: Context) -> Recomputed:
        """The columns that the file should have."""
        objective, problem = context.objective, context.problem
        theta = torch.tensor(self.theta, dtype=torch.float64, device=objective.device)
        points = classify(objective, theta)
        spectrum = WholeSpectrum.of(points)
        gauge = torch.zeros_like(points.energy) if problem is None else _gauge_error(problem, points)
        return Recomputed(
            energy=points.energy.cpu().numpy(),
            rms_gradient=points.rms_gradient.cpu().numpy(),
            index=points.index.cpu().numpy(),
            eigenvalue=points.values[:, 0].cpu().numpy(),
            log_determinant=points.log_determinant.cpu().numpy(),
            log_orbit_size=objective.symmetry.log_orbit_size(self.theta),
            lowest_positive_eigenvalue=points.second_eigenvalue.cpu().numpy(),
            softest_eigenvalue=spectrum.softest_eigenvalue.cpu().numpy(),
            log_absolute_determinant=spectrum.log_determinant.cpu().numpy(),
            gauge_error=gauge.cpu().numpy(),
        )


def verify(
    db: Database,
    context: Context,
    pool: Pool,
    interrupted: Callable[[], bool] = lambda: False,
    *,
    sides_of: np.ndarray | None = None,
) -> list[str]:
    """One line for every fault; empty if there is none. Raises `Abandoned` once `interrupted()` is true.

    The sides are recomputed of the transition states in rows `sides_of` int64[S]; of all by default.
    """
    minima, states, saddles, tables = db.minima, db.transition_states, db.saddles, _stored(db)
    rows = sampled_states(db, context, None) if sides_of is None else sides_of
    points = np.concatenate([table.parameters for table in tables])
    at_zero = origin_faults(context, pool, interrupted)
    tasks = [
        *(VerifyTask(points[start : start + TASK_POINTS]) for start in task_starts(len(points), TASK_POINTS)),
        *sides_tasks(db, rows),
    ]
    results: list[Recomputed | RecomputedSides] = pool.run(tasks, lambda: None, interrupted)
    if not results:
        return at_zero
    joined = [result for result in results if isinstance(result, RecomputedSides)]
    names = Recomputed.__dataclass_fields__
    recomputed = [result for result in results if isinstance(result, Recomputed)]
    found = {name: np.concatenate([getattr(result, name) for result in recomputed]) for name in names}
    ends = np.cumsum([len(table.rows) for table in tables])[:-1]
    parts = {name: np.split(values, ends) for name, values in found.items()}
    own = [{name: values[place] for name, values in parts.items()} for place in range(len(tables))]
    unit = context.objective.energy_unit
    least = RMS_TOLERANCE if context.objective.smooth else RMS_WITH_KINKS
    gauge = _gauge_tolerance(context)
    both = list(zip(tables, own, strict=True))
    return [
        *(fault for one in both for fault in _point_faults(*one, rms=least * unit, gauge=gauge)),
        *(fault for one in both for fault in _column_faults(*one, unit, least)),
        *_order_faults(db),
        *at_zero,
        *sample_faults(db, context, TOLERANCES["energy"] * unit),
        *side_faults(db, context, pool, rows, joined, interrupted),
        *track_faults(db, context, pool, interrupted),
        *_twins("minimum", minima.energy, minima.parameters, context),
        *_twins("transition state", states.energy, states.parameters, context),
        *_twins("saddle", saddles.energy, saddles.parameters, context),
    ]


def _stored(db: Database) -> list[Stored]:
    """The tables of points."""
    minima, states, saddles = db.minima, db.transition_states, db.saddles
    quenches, pairs = db.sampled_quenches, db.sampled_pairs
    met, climbed = (np.flatnonzero(np.isfinite(one.parameters).all(1)) for one in (quenches, pairs))
    below = {
        "energy": minima.energy,
        "rms_gradient": minima.rms_gradient,
        "eigenvalue": minima.lowest_eigenvalue,
        "log_determinant": minima.log_determinant,
        "log_orbit_size": minima.log_orbit_size,
    }
    above = {
        "energy": states.energy,
        "rms_gradient": states.rms_gradient,
        "eigenvalue": states.eigenvalue,
        "log_determinant": states.log_determinant,
        "log_orbit_size": states.log_orbit_size,
        "lowest_positive_eigenvalue": states.lowest_positive_eigenvalue,
    }
    beyond = {
        "energy": saddles.energy,
        "rms_gradient": saddles.rms_gradient,
        "softest_eigenvalue": saddles.softest_eigenvalue,
        "log_absolute_determinant": saddles.log_determinant,
        "log_orbit_size": saddles.log_orbit_size,
    }
    met_energy, climbed_energy = {"energy": quenches.energy[met]}, {"energy": pairs.certified[climbed]}
    return [
        Stored("minimum", _all(0, minima), np.arange(len(minima)), minima.parameters, below),
        Stored("transition state", _all(1, states), np.arange(len(states)), states.parameters, above),
        Stored("saddle", saddles.index, np.arange(len(saddles)), saddles.parameters, beyond),
        Stored("sampled quench", _all(0, met), met, quenches.parameters[met], met_energy),
        Stored("highest state of sampled pair", _all(1, climbed), climbed, pairs.parameters[climbed], climbed_energy),
    ]


def _all(index: int, rows: Sized) -> np.ndarray:
    """The same index for all rows."""
    return np.full(len(rows), index)


def _point_faults(table: Stored, found: dict[str, np.ndarray], *, rms: float, gauge: float) -> Iterator[str]:
    """Faults of points that are not stationary, have another index or break an invariant."""
    what, names = table.what, ("rms_gradient", "index", "gauge_error")
    columns = (found[name] for name in names)
    for row, index, has_rms, has, has_gauge in zip(table.rows, table.index, *columns, strict=True):
        if not has_rms <= rms:
            yield f"{what} {row}: RMS gradient {has_rms:.3g}, expected at most {rms:g}"
        if has != index:
            yield f"{what} {row}: {has} negative Hessian eigenvalues, expected {index}"
        if has_gauge > gauge:
            yield f"{what} {row}: softmax invariants off by {has_gauge:.3g}, expected {gauge:.3g}"


def _column_faults(table: Stored, found: dict[str, np.ndarray], unit: float, rms: float) -> Iterator[str]:
    """Faults of columns that differ from the recomputed ones.

    The first values of a column may be missing, except those of the energy. `unit` is the unit of the energy, `rms` the
    tolerance of RMS gradients over it.
    """
    tolerances = TOLERANCES | {"rms_gradient": rms}
    for name, values in table.columns.items():
        same = np.isclose(
            found[name],
            values,
            rtol=0.0,
            atol=tolerances[name] * (1.0 if name.startswith("log") else unit),
            equal_nan=True,
        )
        missing = np.logical_and.accumulate(np.isnan(values)) & (name != "energy")
        for row in np.flatnonzero(~same & ~missing):
            label = f"{table.what} {table.rows[row]}: {name.replace('_', ' ').replace('rms', 'RMS')}"
            yield f"{label} {values[row]:.12g} in the file, {found[name][row]:.12g} recomputed"


def _order_faults(db: Database) -> Iterator[str]:
    """Faults of transition states that lie below one of their minima."""
    states, energy = db.transition_states, db.minima.energy
    for row, (one, other) in enumerate(states.minima.tolist()):
        if states.energy[row] <= max(energy[one], energy[other]):
            yield f"transition state {row}: lies below one of its minima {one} and {other}"


def _twins(what: str, energy: np.ndarray, theta: np.ndarray, context: Context) -> Iterator[str]:
    """Faults of points that are stored twice."""
    index = PointIndex(context.objective.symmetry, context.identity)
    for row in range(len(energy)):
        twin = index.find(float(energy[row]), theta[row])
        if twin >= 0:
            yield f"{what} {row}: the same point as {what} {twin}"
        index.add(float(energy[row]), theta[row])


def _keeps_gauge(problem: Problem) -> bool:
    """True if the energy is softmax cross-entropy with L2 on all parameters, and its terms keep the gauge."""
    softmax = problem.loss == "cross_entropy" and problem.l2 > 0.0
    return softmax and all(term.keeps_gauge for _, term in problem.terms)


def _gauge_tolerance(context: Context) -> float:
    """Largest deviation from the softmax invariants allowed at a stationary point."""
    problem = context.problem
    if problem is None or problem.smooth or not _keeps_gauge(problem):
        return INVARIANT_TOLERANCE
    longest_gradient = math.sqrt(problem.n_parameters) * RMS_WITH_KINKS
    return math.sqrt(problem.network.n_outputs) * longest_gradient / (2.0 * problem.l2)


def _gauge_error(problem: Problem, points: StationaryPoints) -> torch.Tensor:
    """Largest deviation [M] from the softmax invariants, those of eigenvalues included if all eigenvalues are known."""
    network = problem.network
    if not isinstance(network, LayeredNetwork) or not _keeps_gauge(problem):
        return torch.zeros_like(points.energy)
    weight, bias = network.unpack(points.theta)[-1]
    sums = torch.cat([weight.sum(1), bias.sum(1, keepdim=True)], 1).abs().amax(1)
    if points.values.shape[1] < problem.n_parameters:
        return sums
    deviation = (points.values - 2.0 * problem.l2).abs().sort(1).values
    return torch.maximum(sums, deviation[:, weight.shape[2] - (not network.layers[-1].bias)])


def summary(db: Database, faults: Sequence[str], sides: int) -> str:
    """The last line of the report; `sides` is the number of transition states whose sides were recomputed."""
    points = f"{len(db.minima)} minima and {len(db.transition_states)} transition states ({sides} with both sides)"
    if len(db.saddles):
        points += f", {counted(len(db.saddles), 'saddle')}"
    if len(db.sampled_quenches) or len(db.sampled_pairs):
        points += f", {len(db.sampled_quenches)} sampled quenches and {len(db.sampled_pairs)} pairs"
    if len(db.tracks):
        points += f", {counted(len(db.tracks), 'point')} of tracks and {counted(len(db.events), 'event')}"
    return f"{len(faults)} faults in {points}" if faults else f"{points}: every one is what it says"
