"""Newton's method as the last step of every search: it converges points to rounding error and finds their index.

Near a stationary point of any index full Newton steps converge quadratically to it. In a flat valley they can overshoot
even at an RMS gradient of 1e-7: a step is kept only if it lowers the RMS gradient, which a short enough Newton step
always does, and is cut to a quarter otherwise. In a flat valley that bends, a small gradient says little about the
distance that is left. Once the RMS gradient is below `VALLEY` times the tolerance, the part t of a step is therefore
also kept if the next step with the same Hessian is shorter by the fraction t / 2 (natural monotonicity, Deuflhard 2004,
section 3.3). If the valley leads to no stationary point, the walker goes back to the last point where its gradient was
small enough. The Hessian of an earlier point is used as long as each step contracts the gradient well (simplified
Newton method, section 2.1 there). The end is accepted only within `max_distance` of the start: a longer way means that
the start was not near this stationary point.

An objective that is not smooth has no Hessian: its points are not moved, their eigenvalues are nan and their index is
taken to be 0. Shapes: W walkers, P parameters.
"""

import math
from dataclasses import dataclass, replace

import torch
from jaxtyping import Bool, Float, Int, Shaped
from torch import Tensor

from landscape.numerics.batching import walkers_in_hand
from landscape.numerics.spectra import Curvature, Spectrum, curvature_of, spectrum
from landscape.objective import Objective
from landscape.optimize.driver import join
from landscape.optimize.local_hessians import LocalHessians
from landscape.optimize.status import Status

# Tolerances of gradients are in units of the energy of the objective.
TARGET_RMS = 1e-12
CLASSIFIED_RMS = 1e-7
MAX_STEPS = 60
KEPT_CONTRACTION = 0.3  # largest ratio of RMS gradients, after to before a step, for the next to use the same Hessian
CUT = 0.25
SHORTEST = 1e-6  # least part of a Newton step that is tried
VALLEY = 100.0  # ratio of the RMS gradient to its tolerance, below which the rule for valleys begins
SETTLED = 1e-6  # length of a Newton step, below which the rule for valleys ends


@dataclass(frozen=True, kw_only=True)
class StationaryPoints:
    """Points, with the data that classify them as minima or transition states."""

    theta: Float[Tensor, "W P"]
    energy: Float[Tensor, " W"]
    rms_gradient: Float[Tensor, " W"]
    values: Float[Tensor, "W E"]  # the lowest eigenvalues, ascending: two, or from `classify` the whole spectrum
    direction: Float[Tensor, "W P"]  # eigenvector of the lowest eigenvalue
    log_determinant: Float[Tensor, " W"]  # over the eigenvalues above the threshold
    index: Int[Tensor, " W"]
    status: Int[Tensor, " W"]

    def __len__(self) -> int:
        return len(self.theta)

    @property
    def second_eigenvalue(self) -> Float[Tensor, " W"]:
        """The second lowest eigenvalue, the lowest positive one of a transition state; nan if there is only one."""
        return torch.cat([self.values, torch.full_like(self.values[:, :1], math.nan)], 1)[:, 1]

    @property
    def is_minimum(self) -> Bool[Tensor, " W"]:
        """True for points that converged and have no negative eigenvalue."""
        return (self.status == Status.CONVERGED) & (self.index == 0)

    @property
    def is_transition_state(self) -> Bool[Tensor, " W"]:
        """True for points that converged and have exactly one negative eigenvalue."""
        return (self.status == Status.CONVERGED) & (self.index == 1)


def newton_finish(
    objective: Objective, theta: Float[Tensor, "W P"], *, rms: float = 1e-10, max_distance: float = 0.5
) -> StationaryPoints:
    """Stationary points nearest to theta [W, P], with their index, converged to RMS gradient 1e-12 or to rounding.

    Status CONVERGED where the final RMS gradient is at most `rms`, in units of the energy, and the point lies within
    `max_distance` of the start; NOT_FINITE where energy, gradient or Hessian is not finite; STALLED otherwise. Walkers
    are independent: none waits for another.
    """
    if not objective.smooth:
        return classify(objective, theta)
    return join([_finish(objective, part, rms, max_distance) for part in _parts(theta)])


def classify(objective: Objective, theta: Float[Tensor, "W P"]) -> StationaryPoints:
    """Records of the points theta [W, P] without moving them, with whole spectra for P <= DENSE_LIMIT.

    Status CONVERGED where the RMS gradient is at most 1e-7 units of the energy.
    """
    return join([_classify(objective, part) for part in _parts(theta)])


def _parts(theta: Float[Tensor, "W P"]) -> tuple[Float[Tensor, "_W P"], ...]:
    """Walkers [W, P] in parts whose Hessians and eigenvectors, with copies, fit into `STATE_BYTES`."""
    return torch.split(theta, walkers_in_hand(4 * theta.shape[1] ** 2, theta.device))


def _finish(objective: Objective, theta: Float[Tensor, "W P"], rms: float, max_distance: float) -> StationaryPoints:
    best = theta
    energy, gradient = objective.energy_and_gradient(theta)
    rms_gradient = _rms(gradient)
    length, contraction = torch.ones_like(rms_gradient), torch.full_like(rms_gradient, torch.inf)
    target, rms = TARGET_RMS * objective.energy_unit, rms * objective.energy_unit
    hessians, in_valley = LocalHessians(objective, theta), torch.zeros_like(energy, dtype=torch.bool)
    kept, kept_energy, kept_rms = theta.clone(), energy.clone(), torch.full_like(energy, torch.inf)
    for _ in range(MAX_STEPS):
        near = (best - theta).norm(dim=1) <= max_distance
        unfinished = near & (rms_gradient > target) & rms_gradient.isfinite() & (length >= SHORTEST)
        active = unfinished.nonzero()[:, 0]
        if not len(active):
            break
        hessians.renew(best, active[contraction[active] > KEPT_CONTRACTION])
        exact = hessians.are_at(best, active)
        step = hessians.newton_step(best, gradient, active)
        trial = best[active] - length[active, None] * step
        trial_energy, trial_gradient = objective.energy_and_gradient(trial)
        trial_rms = _rms(trial_gradient)
        better = trial_rms < rms_gradient[active]
        in_valley |= rms_gradient <= VALLEY * rms
        valley = in_valley[active] & exact & (step.norm(dim=1) > SETTLED)
        if (valley & ~better).any():
            correction = hessians.newton_step(best, gradient.index_copy(0, active, trial_gradient), active)
            better |= valley & (correction.norm(dim=1) <= (1.0 - 0.5 * length[active]) * step.norm(dim=1))
        better &= trial_energy.isfinite()  # the gradient is zero outside bounds
        contraction[active] = torch.where(better, trial_rms / rms_gradient[active], torch.inf)
        shorter = torch.where(exact, CUT * length[active], length[active])
        grown = torch.where(better, 2.0 * length[active], shorter).clamp_max(1.0)
        # At rounding error no step is better, however short: one failure ends the walker.
        length[active] = torch.where(~better & exact & ~valley & (rms_gradient[active] <= rms), 0.0, grown)
        raised = active[better & (trial_rms > rms) & (rms_gradient[active] <= rms)]
        kept[raised], kept_energy[raised], kept_rms[raised] = best[raised], energy[raised], rms_gradient[raised]
        best = _improved(best, active, better, trial)
        energy = _improved(energy, active, better, trial_energy)
        gradient = _improved(gradient, active, better, trial_gradient)
        rms_gradient = _improved(rms_gradient, active, better, trial_rms)
    near = (best - theta).norm(dim=1) <= max_distance
    lost = (kept_rms <= rms) & ~((rms_gradient <= rms) & near)  # the gradient was small enough before
    best, near = torch.where(lost[:, None], kept, best), near | lost
    energy, rms_gradient = torch.where(lost, kept_energy, energy), torch.where(lost, kept_rms, rms_gradient)
    status = torch.where((rms_gradient <= rms) & near, Status.CONVERGED, Status.STALLED)
    rows = (energy.isfinite() & rms_gradient.isfinite()).nonzero()[:, 0]
    return _points(best, energy, rms_gradient, status, rows, hessians.curvature(best, rows))


def _improved(
    values: Float[Tensor, "W ..."], active: Int[Tensor, " A"], better: Bool[Tensor, " A"], trial: Float[Tensor, "A ..."]
) -> Float[Tensor, "W ..."]:
    """Values [W, ...] with the rows `active` [A] replaced by those of `trial` where `better`, bool[A], is true."""
    mask = better if values.ndim == 1 else better[:, None]
    return values.index_copy(0, active, torch.where(mask, trial, values[active]))


def _classify(objective: Objective, theta: Float[Tensor, "W P"]) -> StationaryPoints:
    energy, gradient = objective.energy_and_gradient(theta)
    rms_gradient = _rms(gradient)
    converged = rms_gradient <= CLASSIFIED_RMS * objective.energy_unit
    status = torch.where(converged, Status.CONVERGED, Status.OUT_OF_STEPS)
    finite = energy.isfinite() & rms_gradient.isfinite()
    if not objective.smooth:
        nothing = Spectrum(values=theta[:0, :1], vectors=theta[:0, :, None], exact=False)
        points = _points(theta, energy, rms_gradient, status, finite.nonzero()[:0, 0], curvature_of(nothing, 0.0))
        return replace(points, status=torch.where(finite, status, Status.NOT_FINITE))
    rows = finite.nonzero()[:, 0]
    found = spectrum(objective, theta[rows])
    points = _points(theta, energy, rms_gradient, status, rows, curvature_of(found, objective.curvature_threshold))
    return replace(points, values=_spread(found.values, rows, len(theta), math.nan))


def _points(
    theta: Float[Tensor, "W P"],
    energy: Float[Tensor, " W"],
    rms_gradient: Float[Tensor, " W"],
    status: Int[Tensor, " W"],
    rows: Int[Tensor, " R"],
    found: Curvature,
) -> StationaryPoints:
    """Records of points, with the curvature of the given rows; other rows and rows with nan in it are NOT_FINITE."""
    walkers = len(theta)
    values = _spread(found.values, rows, walkers, math.nan)
    return StationaryPoints(
        theta=theta,
        energy=energy,
        rms_gradient=rms_gradient,
        values=values,
        direction=_spread(found.direction, rows, walkers, math.nan),
        log_determinant=_spread(found.log_determinant, rows, walkers, math.nan),
        index=_spread(found.index, rows, walkers, 0),
        status=torch.where(values.isfinite().all(1), status, Status.NOT_FINITE),
    )


def _spread(
    values: Shaped[Tensor, "R ..."], rows: Int[Tensor, " R"], walkers: int, fill: float
) -> Shaped[Tensor, "W ..."]:
    """The values of the given rows in a tensor with a row for each walker; other rows are `fill`."""
    return values.new_full((walkers, *values.shape[1:]), fill).index_copy(0, rows, values)


def _rms(gradient: Float[Tensor, "W P"]) -> Float[Tensor, " W"]:
    rms: Tensor = gradient.norm(dim=1) / math.sqrt(gradient.shape[1])
    return rms
