"""Points of another program, verified and brought into a database of ours.

No number of the file is believed. A point is accepted as the search accepts one: its gradient is small or becomes small
by Newton steps nearby, and its exact Hessian has the right number of negative eigenvalues. It is kept in canonical form
and once for all its copies. The two minima of a transition state are those that our steepest descent reaches, whatever
the file says. Hits of imported minima are 0: hits count the quenches of our own search, from which coverage is
estimated, and nobody knows with which probabilities another program draws its minima. The searches did not begin
anywhere either, so imported minima count in neither channel of completeness; hopping walkers begin at them.

The work is one round of the kind "import", whose tasks run on a pool like those of every other round.

Shapes: M minima, T transition states, C points of a task, P parameters.
"""

from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from landscape.campaign.context import Context
from landscape.campaign.identity import DistinctMinima, distinct_minima
from landscape.campaign.rounds.connecting import ConnectResult, connect_result
from landscape.campaign.rounds.phase import task_starts
from landscape.campaign.verification.sides import SIDES_FLOW
from landscape.exchange.format import FilePoints
from landscape.optimize.driver import put_rows, take_rows
from landscape.optimize.newton import StationaryPoints, classify, newton_finish
from landscape.search.descent.sides import Sides, sides
from landscape.search.transition_states import Found

TASK_POINTS = 32
AS_IT_IS_RMS = 1e-9  # RMS gradient up to which `landscape verify` accepts a point: it is not moved at all
ENERGY_DIGITS = 1e-5  # largest difference of energies: the coarsest writer, topsearch 0.0.3, gives five decimals


@dataclass(frozen=True, kw_only=True)
class MinimaResult:
    """The minima of a task."""

    minima: DistinctMinima
    number: np.ndarray  # int64[C]: place of each point in `minima`, -1 for refused ones
    refused: tuple[tuple[int, str], ...]  # place of a point and the reason


@dataclass(frozen=True, kw_only=True)
class StatesResult:
    """The transition states of a task; `found.search` has the place of each among the points of the task."""

    found: ConnectResult
    size: int  # number C of points of the task
    refused: tuple[tuple[int, str], ...]


@dataclass(frozen=True, kw_only=True)
class MinimaTask:
    """Verify some minima theta [C, P] with their energies [C] in the file."""

    theta: np.ndarray
    energy: np.ndarray

    def run(self, context: Context) -> MinimaResult:
        """The distinct minima, and the reasons why others are none."""
        points, refused = _verified(context, self.theta, self.energy, index=0)
        good = _others(len(self.theta), refused)
        minima, numbers = distinct_minima(context, take_rows(points, torch.tensor(good)))
        number = np.full(len(self.theta), -1)
        number[good] = numbers
        return MinimaResult(minima=minima, number=number, refused=tuple(refused.items()))


@dataclass(frozen=True, kw_only=True)
class StatesTask:
    """Verify some transition states theta [C, P] with their energies [C] and minima ends [C, 2, P] in the file, and
    descend from them: once more, with the smaller error of `landscape verify`, where the file says other minima.
    """

    theta: np.ndarray
    energy: np.ndarray
    ends: np.ndarray

    def run(self, context: Context) -> StatesResult:
        """The transition states with their sides, and the reasons why others are none."""
        counted, counter = context.counted()
        points, refused = _verified(counted, self.theta, self.energy, index=1)
        good = _others(len(self.theta), refused)
        found = take_rows(points, torch.tensor(good))
        joined = _descended(counted, found, self.ends[good])
        down = (joined.ends[0].is_minimum & joined.ends[1].is_minimum).cpu().numpy()
        refused |= {int(place): "steepest descent from it reaches no minimum" for place in good[~down]}
        kept = torch.tensor(np.flatnonzero(down))
        result = Found(
            points=take_rows(found, kept),
            sides=(take_rows(joined.ends[0], kept), take_rows(joined.ends[1], kept)),
            ambiguous=joined.ambiguous.cpu().numpy()[down],
            search=good[down],
            known=(),
            failures=(),
        )
        return StatesResult(
            found=connect_result(counted, result, counter.evaluations),
            size=len(self.theta),
            refused=tuple(refused.items()),
        )


def _descended(context: Context, found: StationaryPoints, ends: np.ndarray) -> Sides:
    """Both sides of transition states [T]; a finer flow decides where they are not the minima ends [T, 2, P]."""
    objective, settings = context.objective, context.search
    joined = sides(objective, found.theta, found.direction, settings.flow, settings.batch)
    reached = [end.theta.cpu().numpy() for end in joined.ends]
    distance = [
        np.maximum(*(objective.symmetry.distance(here, there) for here, there in zip(reached, said, strict=True)))
        for said in ((ends[:, 0], ends[:, 1]), (ends[:, 1], ends[:, 0]))
    ]
    rows = torch.tensor(np.flatnonzero(~(np.minimum(*distance) <= context.identity.distance_tolerance)))
    if not len(rows):
        return joined
    again = sides(objective, found.theta[rows], found.direction[rows], SIDES_FLOW, settings.batch)
    unsure = again.ambiguous | joined.ambiguous[rows]
    first, second = (put_rows(old, rows, new) for old, new in zip(joined.ends, again.ends, strict=True))
    return replace(joined, ends=(first, second), ambiguous=joined.ambiguous.index_copy(0, rows, unsure))


def _others(points: int, refused: dict[int, str]) -> np.ndarray:
    """Places int64 of the points that are not refused."""
    return np.setdiff1d(np.arange(points), np.array(list(refused), dtype=np.int64))


def _verified(
    context: Context, theta: np.ndarray, energy: np.ndarray, *, index: int
) -> tuple[StationaryPoints, dict[int, str]]:
    """Points [C] as they are or after Newton steps, and the reason, by place, why any is no point of that index."""
    objective = context.objective
    start = torch.tensor(theta, dtype=torch.float64, device=objective.device)
    with_spectra = classify(objective, start)
    points = replace(with_spectra, values=with_spectra.values[:, :2])
    unit, rms = objective.energy_unit, points.rms_gradient
    near = _rows((rms > AS_IT_IS_RMS * unit) & (rms <= context.search.following.rms * unit))
    points = put_rows(points, near, newton_finish(objective, points.theta[near]))
    far = _rows(~(points.rms_gradient <= AS_IT_IS_RMS * unit))
    wrong = _rows(points.index != index)
    off = _rows(~((points.energy.cpu() - torch.tensor(energy)).abs() <= max(1.0, unit) * ENERGY_DIGITS))
    refused = {
        int(row): f"energy {energy[row]:.10g} in the file, {float(points.energy[row]):.10g} for this problem"
        for row in off
    }
    refused |= {int(row): f"{int(points.index[row])} negative Hessian eigenvalues, expected {index}" for row in wrong}
    refused |= {int(row): f"RMS gradient {float(rms[row]):.3g}, no stationary point of this problem" for row in far}
    return points, refused


def _rows(mask: Tensor) -> Tensor:
    """Rows int64 at which a mask is true."""
    return mask.nonzero()[:, 0]


def import_tasks(points: FilePoints) -> list[MinimaTask | StatesTask]:
    """The tasks of all points of a file, minima first."""
    ends = points.minima[points.pairs]
    below, above = (
        [slice(start, start + TASK_POINTS) for start in task_starts(count, TASK_POINTS)]
        for count in (len(points.minima), len(points.states))
    )
    return [
        *(MinimaTask(theta=points.minima[part], energy=points.minima_energy[part]) for part in below),
        *(StatesTask(theta=points.states[part], energy=points.states_energy[part], ends=ends[part]) for part in above),
    ]
