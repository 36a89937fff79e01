"""Verification of tracks and events: every point again, at its own value of the key.

Points of tracks are stationary and have their energies and indices; those at the first value are the rows that they
name. At an event as many eigenvalues vanish as it says, and its index sums are those of its branches. Rows at the last
value belong to another file and are not compared.

Shapes: M points, P parameters.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch

from landscape.campaign.context import Context
from landscape.campaign.continuation.families import family_of
from landscape.campaign.pools.pool import Pool
from landscape.campaign.rounds.phase import task_starts
from landscape.config.ranges import KeyRange
from landscape.config.tables import ProblemConfig
from landscape.database.database import Database
from landscape.studies.continuation.balance import KINDS, ends_of

TASK_POINTS = 256
RMS_TOLERANCE, ENERGY_TOLERANCE = 1e-9, 1e-9  # in units of the energy
VANISHING = 1e-6  # largest eigenvalue, relative to the greatest one, that is zero at an event
SUM_TOLERANCE = 1e-9  # of index sums, relative
SAME_ENERGY = 1e-8  # of rows and their points on tracks, in units of the energy


@dataclass(frozen=True)
class TracksTask:
    """Energies [M], RMS gradients [M] and Hessian eigenvalues [M, P] of points theta [M, P] at their values [M]."""

    config: ProblemConfig
    over: KeyRange
    theta: np.ndarray
    value: np.ndarray

    def run(self, context: Context) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """These three arrays."""
        problem = context.require_problem()
        family = family_of(self.config, problem.data, self.over, str(problem.device))
        theta, value = (
            torch.tensor(array, dtype=torch.float64, device=problem.device) for array in (self.theta, self.value)
        )
        energy, gradient = family.energy_and_gradient(theta, value)
        curvatures = torch.linalg.eigvalsh(family.hessian(theta, value))
        return energy.cpu().numpy(), gradient.square().mean(1).sqrt().cpu().numpy(), curvatures.cpu().numpy()


def track_faults(
    db: Database, context: Context, pool: Pool, interrupted: Callable[[], bool] = lambda: False
) -> list[str]:
    """One line for every fault of tracks and events; none if there are no tracks. Raises `Abandoned`."""
    tracks, events = db.tracks, db.events
    if not len(tracks):
        return []
    config = ProblemConfig.from_table(db.problem_record.tables(str(db.path))["problem"], str(db.path))
    start, end = ends_of(tracks)
    over = KeyRange(name=str(tracks.key[0]).partition(".")[2], start=start, end=end)
    theta = np.concatenate([tracks.parameters, events.parameters])
    value = np.concatenate([tracks.value, events.value])
    tasks = [
        TracksTask(config, over, theta[begin : begin + TASK_POINTS], value[begin : begin + TASK_POINTS])
        for begin in task_starts(len(theta), TASK_POINTS)
    ]
    results = pool.run(tasks, lambda: None, interrupted)
    energy, rms, curvatures = (np.concatenate(columns) for columns in zip(*results, strict=True))
    at_tracks, unit = len(tracks), context.objective.energy_unit
    what = [f"point {row} of track {track}" for row, track in enumerate(tracks.track.tolist())]
    what += [f"event {row}" for row in range(len(events))]
    stored = np.concatenate([tracks.energy, events.energy])
    return [
        *_points(what, stored, energy, rms, unit),
        *_indices(what[:at_tracks], tracks.index, curvatures[:at_tracks], context.objective.curvature_threshold),
        *_rows(db, start, unit),
        *_vanishing(events.multiplicity, curvatures[at_tracks:]),
        *_sums(db),
    ]


def _points(what: list[str], stored: np.ndarray, energy: np.ndarray, rms: np.ndarray, unit: float) -> Iterator[str]:
    """Faults of points that are not stationary or have another energy."""
    for row in np.flatnonzero(~(rms <= RMS_TOLERANCE * unit)):
        yield f"{what[row]}: RMS gradient {rms[row]:.3g}, expected at most {RMS_TOLERANCE * unit:g}"
    for row in np.flatnonzero(~(np.abs(stored - energy) <= ENERGY_TOLERANCE * unit)):
        yield f"{what[row]}: energy {stored[row]:.12g} in the file, {energy[row]:.12g} recomputed"


def _indices(what: list[str], index: np.ndarray, curvatures: np.ndarray, threshold: float) -> Iterator[str]:
    """Faults of indices, except where an eigenvalue is too near to zero to have a sign, as beside an event."""
    has_sign = np.abs(curvatures).min(1) > threshold
    found = (curvatures < 0.0).sum(1)
    for row in np.flatnonzero(has_sign & (found != index)):
        yield f"{what[row]}: {found[row]} negative Hessian eigenvalues, expected {index[row]}"


def _rows(db: Database, first: float, unit: float) -> Iterator[str]:
    """Faults of points at the value of this database that are not the rows that they name."""
    tracks = db.tracks
    for table, index in KINDS.items():
        energy = getattr(db, table).energy
        for place in np.flatnonzero((tracks.value == first) & (tracks.index == index) & (tracks.row >= 0)).tolist():
            row = int(tracks.row[place])
            if row >= len(energy) or not abs(energy[row] - tracks.energy[place]) <= SAME_ENERGY * unit:
                yield f"point {place} of track {tracks.track[place]}: not row {row} of {table}"


def _vanishing(multiplicity: np.ndarray, curvatures: np.ndarray) -> Iterator[str]:
    """Faults of events at which another number of eigenvalues vanishes."""
    sizes = np.abs(curvatures)
    found = (sizes <= VANISHING * sizes.max(1, keepdims=True)).sum(1)
    for row in np.flatnonzero(found != multiplicity):
        yield f"event {row}: {found[row]} eigenvalues vanish, expected {multiplicity[row]}"


def _sums(db: Database) -> Iterator[str]:
    """Faults of index sums that are not those of the branches."""
    events, branches = db.events, db.event_branches
    signed = (-1.0) ** branches.index * np.exp(branches.log_orbit_size)
    for after, name in ((False, "sum_before"), (True, "sum_after")):
        on_side = branches.after == after
        found = np.bincount(branches.event[on_side], signed[on_side], minlength=len(events))
        stored = getattr(events, name)
        for row in np.flatnonzero(~np.isclose(stored, found, rtol=SUM_TOLERANCE, atol=0.5)):
            yield f"event {row}: {name.replace('_', ' ')} {stored[row]:g} in the file, {found[row]:g} by its branches"
