"""Trial quenches of an energy of the user's own, before the search.

They measure the unit of its energies and detect what no search can handle: a gradient that is not that of the energy,
an energy without a lower bound, and minima that are not points but valleys. They do not depend on the seed of the run,
so all searches of an energy have the same unit. Shapes: S starts, P parameters, F flat directions.
"""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from landscape.campaign.context import Context
from landscape.errors import SearchError
from landscape.messages import listed
from landscape.numerics.spectra import DENSE_LIMIT, spectrum
from landscape.numerics.streams import stream
from landscape.objective import Objective
from landscape.optimize.driver import run_all
from landscape.optimize.lbfgs.method import LBFGS
from landscape.optimize.quench import quench
from landscape.optimize.status import Status
from landscape.problems.surfaces.frame import UNBOUNDED, power_of_two
from landscape.search.starts import Starts

TRIALS, CALLS = 16, 300
# Least unit of energy, as a fraction of typical energies, so that their rounding is far below tolerances.
ENERGY_ROUNDING = 1e-6
DIFFERENCE = 6e-6
GRADIENT_ERROR = 1e-3  # of the gradient's length: above the error of differences, below that of any mistake
NEAR = 0.1  # distance from the end of a quench at which curvature counts as typical, and at which valleys are probed
DOUBLINGS = 40
STEADY = 0.9  # least ratio of successive falls, at doubled distances, of an energy that falls without end
NEARLY_STATIONARY, FLAT = 1e-5, 1e-6  # gradients and curvatures, in units of the energy
PROBED = 4
MOVED = 1e-2  # quenches that end farther apart than this, at one energy, are in a valley
FLOOR = 1e9  # in units of energy: no minimum is so far below the lowest trial


@dataclass(frozen=True, kw_only=True)
class Trials:
    """Ends of trial quenches."""

    theta: Float[Tensor, "S P"]
    energy: Float[Tensor, " S"]
    energy_unit: float

    @property
    def floor(self) -> float:
        """An energy far below all minima: a quench that reaches it falls without end."""
        return float(self.energy.min()) - FLOOR * self.energy_unit


def trial_starts(objective: Objective, starts: Starts) -> Float[Tensor, "S P"]:
    """The starts of trial quenches."""
    drawn = np.array([starts.draw(stream(0, trial), objective.n_parameters) for trial in range(TRIALS)])
    return torch.tensor(drawn, device=objective.device)


def tried(objective: Objective, starts: Starts, energy_unit: float | None, *, bounded: bool) -> Trials:
    """Trial quenches of an objective with unit 1 or the known `energy_unit`; `bounded` if it has a box.

    Raises `SearchError` if the energy cannot be searched.
    """
    theta = trial_starts(objective, starts)
    energy, gradient = objective.energy_and_gradient(theta)
    finite = energy.isfinite() & gradient.isfinite().all(1)
    if not finite.any():
        raise SearchError(
            f"expected finite energies and gradients where walkers start, found none at {TRIALS} points: choose "
            "another box of starts"
        )
    theta = theta[finite]
    if objective.smooth:
        _check_gradient(objective, theta)
    method = LBFGS(rms=0.0, max_energy_rise=0.0, max_calls=CALLS)
    ends = run_all(method, objective, theta, len(theta))
    if not bounded:
        _check_bound(objective, theta, ends.theta)
    inside = ends.energy.isfinite()
    if not inside.any():
        raise SearchError(
            f"expected minima in the bounds, found that {len(theta)} quenches leave them: give wider bounds"
        )
    theta, energy = ends.theta[inside], ends.energy[inside]
    return Trials(theta=theta, energy=energy, energy_unit=energy_unit or _energy_unit(objective, theta, energy))


def _check_gradient(objective: Objective, theta: Float[Tensor, "S P"]) -> None:
    """Raise `SearchError` if at most starts the gradient disagrees with differences of energies along a direction."""
    direction = _directions(theta)
    step = DIFFERENCE * theta.norm(dim=1, keepdim=True).clamp_min(1.0)
    points = torch.cat([theta, theta + step * direction, theta - step * direction])
    energy, gradient = objective.energy_and_gradient(points)
    _, above, below = energy.chunk(3)
    gradient = gradient[: len(theta)]
    slope = (above - below) / (2.0 * step[:, 0])
    expected = (gradient * direction).sum(1)
    rounding = 16.0 * torch.finfo(torch.float64).eps * energy.abs().view(3, -1).amax(0) / step[:, 0]
    wrong = (slope - expected).abs() > GRADIENT_ERROR * gradient.norm(dim=1) + rounding
    known = slope.isfinite()
    if known.any() and wrong[known].double().mean() > 0.5:
        row = int(torch.where(wrong & known)[0][0])
        raise SearchError(
            "expected the gradient of the energy, found that differences of the energy along a direction give "
            f"{slope[row]:.6g} where the gradient gives {expected[row]:.6g} (at {int(wrong[known].sum())} of "
            f"{int(known.sum())} points they disagree): correct energy_and_gradient"
        )


def _directions(theta: Float[Tensor, "S P"]) -> Float[Tensor, "S P"]:
    """Random unit vectors [S, P]."""
    drawn = torch.tensor(np.array([stream(1, trial).standard_normal(theta.shape[1]) for trial in range(len(theta))]))
    unit: Tensor = (drawn / drawn.norm(dim=1, keepdim=True)).to(theta.device)
    return unit


def _check_bound(objective: Objective, starts: Float[Tensor, "S P"], ends: Float[Tensor, "S P"]) -> None:
    """Raise `SearchError` if, along the way of a quench, the energy falls no less at each doubling of the way."""
    way = ends - starts
    factors = 2.0 ** torch.arange(DOUBLINGS, dtype=way.dtype, device=way.device)
    points = starts + factors[:, None, None] * way
    energy = objective.energy(points.flatten(0, 1)).view(DOUBLINGS, -1)
    fall = -energy.diff(dim=0)
    falls = ((fall[1:] >= STEADY * fall[:-1]) & (fall[1:] > 0.0)).all(0) & (fall[0] > 0.0)
    if falls.any():
        raise SearchError(
            UNBOUNDED.format(f"that it falls without end on the way of {int(falls.sum())} of {len(ends)} quenches")
        )


def _energy_unit(objective: Objective, ends: Float[Tensor, "S P"], energy: Float[Tensor, " S"]) -> float:
    """The typical curvature near the ends of quenches, rounded to a power of two.

    The unit is larger than the curvature where it must be, for the rounding of energies to stay below the tolerance of
    the searches. Raises `SearchError` if there is no curvature.
    """
    direction = _directions(ends)
    near = ends + NEAR * direction.roll(1, 0)
    if objective.smooth:
        size = objective.hessian_vector_product(near, direction).norm(dim=1)
    else:
        size = objective.energy_and_gradient(near)[1].norm(dim=1) / NEAR
    size = size[size.isfinite()]
    typical = float(size.median()) if len(size) else 0.0
    least = ENERGY_ROUNDING * float(energy.abs().median())
    if not typical > 0.0:
        raise SearchError(
            "expected an energy with minima, found no curvature where quenches end: it is constant there, or has kinks "
            "and should say so by smooth = False"
        )
    return power_of_two(max(typical, least))


def check_valleys(objective: Objective, trials: Trials, tolerance: float) -> None:
    """Raise `SearchError` if every minimum that trial quenches found is in a valley, a continuum of distinct points.

    The objective knows its unit; points within the distance `tolerance` count as the same.
    """
    if not objective.smooth or objective.n_parameters > DENSE_LIMIT:
        return
    unit = objective.energy_unit
    method = LBFGS(rms=1e-7 * unit, max_energy_rise=1e-10 * unit, curvature=unit)
    gradient = objective.energy_and_gradient(trials.theta)[1]
    rms = gradient.norm(dim=1) / objective.n_parameters**0.5
    ends = trials.theta[rms <= NEARLY_STATIONARY * unit][:PROBED]
    if not len(ends):
        return
    found = spectrum(objective, ends)
    flat = found.values.abs() <= FLAT * unit
    if not flat.any(1).all():
        return
    softest = torch.stack([vectors[:, row].sum(1) for vectors, row in zip(found.vectors, flat, strict=True)])
    moved = ends + NEAR * softest / softest.norm(dim=1, keepdim=True)
    again = run_all(method, objective, moved, len(moved))
    distance = objective.symmetry.distance(again.theta.cpu().numpy(), ends.cpu().numpy())
    if (distance > max(MOVED, tolerance)).all():
        raise SearchError(_valleys(found.vectors[0][:, flat[0]], objective.n_parameters))


def _valleys(directions: Float[Tensor, "P F"], n_parameters: int) -> str:
    """The message on flat directions [P, F], which names parameters on which the energy does not depend."""
    unused = [f"theta[{row}]" for row in torch.where(directions.norm(dim=1) > 1.0 - 1e-6)[0].tolist()]
    remedy = f"leave out {listed(unused)}, on which it does not depend" if unused else "declare its symmetry"
    plural = "s" if directions.shape[1] > 1 else ""
    return (
        f"expected minima that are points, found valleys: along {directions.shape[1]} flat direction{plural} of "
        f"{n_parameters} the energy does not change; {remedy}, or add a small term as 1e-3 * sum(theta**2)"
    )


def why_none(context: Context) -> str:
    """The likely reason why no quench reached a minimum, found by further quenches."""
    theta = trial_starts(context.objective, context.starts)
    points = quench(context.objective, theta, method=context.quench, batch=len(theta))
    if points.energy.isneginf().sum() > TRIALS // 2:
        return "they leave the box: give wider bounds"
    status = Status(int(points.status.mode().values))
    if not context.objective.smooth and status in (Status.OUT_OF_STEPS, Status.STALLED):
        return "they end on kinks of the energy, where the gradient does not vanish"
    if status == Status.CONVERGED:
        return "they end on saddles: raise identity.distance_tolerance or start elsewhere"
    share = f"{int((points.status == status).sum())} of {TRIALS}"
    return f"{REASONS[status]} ({share} tried again, with at most {context.quench.max_calls} energies each)"


REASONS = {
    Status.OUT_OF_STEPS: (
        "their energies still fall when they run out of iterations: raise quench.max_iterations, or give bounds if the "
        "energy has no minimum"
    ),
    Status.STALLED: (
        "no step lowers the energy though the gradient is not small: the energy has kinks or levels off without a "
        "minimum, or the gradient is not accurate"
    ),
    Status.NOT_FINITE: "energies or gradients are not finite numbers where walkers start: choose other starts",
}
