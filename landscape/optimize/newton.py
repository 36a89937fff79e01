"""Newton's method as the last step of every search: from nearly stationary to rounding, and the index.

Near a stationary point of any index the full Newton step converges quadratically to it. In a flat valley it can
overshoot even where the RMS gradient is 1e-7: a step is kept only if it lowers the RMS gradient, which a short
enough Newton step always does, and is cut to a quarter otherwise. The point is accepted only if the steps together
stay shorter than `max_distance`: a longer way means that the start was not near that stationary point.

An objective that is not smooth has no Hessian: its points keep the gradient they came with, their
eigenvalues are nan and their index is taken to be 0. Shapes: W walkers, P parameters.
"""

import math
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int, Shaped
from torch import Tensor

from landscape.numerics.batching import walkers_in_hand
from landscape.numerics.spectra import DENSE_LIMIT, Spectrum, spectrum
from landscape.objective import Objective
from landscape.optimize.driver import join
from landscape.optimize.status import Status

TARGET_RMS = 1e-12
MAX_STEPS = 40
CUT = 0.25
SHORTEST = 1e-6


@dataclass(frozen=True, kw_only=True)
class StationaryPoints:
    """Points with what decides whether they are minima or transition states."""

    theta: Float[Tensor, "W P"]
    energy: Float[Tensor, " W"]
    rms_gradient: Float[Tensor, " W"]
    values: Float[Tensor, "W E"]  # ascending Hessian eigenvalues (all P of them up to DENSE_LIMIT)
    direction: Float[Tensor, "W P"]  # eigenvector of the lowest eigenvalue
    log_determinant: Float[Tensor, " W"]  # over the eigenvalues above the threshold
    index: Int[Tensor, " W"]
    status: Int[Tensor, " W"]

    def __len__(self) -> int:
        return len(self.theta)

    @property
    def is_minimum(self) -> Bool[Tensor, " W"]:
        """Whether it converged, with no negative eigenvalue."""
        return (self.status == Status.CONVERGED) & (self.index == 0)

    @property
    def is_transition_state(self) -> Bool[Tensor, " W"]:
        """Whether it converged, with exactly one negative eigenvalue."""
        return (self.status == Status.CONVERGED) & (self.index == 1)


def newton_finish(
    objective: Objective, theta: Float[Tensor, "W P"], *, rms: float = 1e-10, max_distance: float = 0.5
) -> StationaryPoints:
    """Stationary points nearest to theta [W, P], converged to RMS 1e-12 or to rounding, with their index.

    Status CONVERGED where the final RMS gradient is at most `rms` and the point lies within `max_distance`
    of the start; NOT_FINITE where energy, gradient or Hessian is not; STALLED otherwise. Each walker is
    finished on its own: none waits for another.
    """
    if not objective.smooth:
        return classify(objective, theta)
    return join([_finish(objective, part, rms, max_distance) for part in _parts(theta)])


def classify(objective: Objective, theta: Float[Tensor, "W P"]) -> StationaryPoints:
    """Records of the points theta [W, P] where they are; status CONVERGED where the RMS gradient is at most 1e-7."""
    return join([_classify(objective, part) for part in _parts(theta)])


def _parts(theta: Float[Tensor, "W P"]) -> tuple[Float[Tensor, "_W P"], ...]:
    """Walkers [W, P] in parts whose Hessians and eigenvectors, with copies, fit into `STATE_BYTES`."""
    return torch.split(theta, walkers_in_hand(4 * theta.shape[1] ** 2, theta.device))


def _finish(objective: Objective, theta: Float[Tensor, "W P"], rms: float, max_distance: float) -> StationaryPoints:
    unit = objective.energy_unit
    rms, target = rms * unit, TARGET_RMS * unit
    best = theta
    energy, gradient = objective.energy_and_gradient(theta)
    rms_gradient = _rms(gradient)
    length = torch.ones_like(rms_gradient)
    for _ in range(MAX_STEPS):
        unfinished = (rms_gradient > target) & rms_gradient.isfinite() & (length >= SHORTEST)
        active = unfinished.nonzero()[:, 0]
        if not len(active):
            break
        step = _newton_step(objective, best[active], gradient[active])
        trial = best[active] - length[active, None] * step
        trial_energy, trial_gradient = objective.energy_and_gradient(trial)
        trial_rms = _rms(trial_gradient)
        better = trial_rms < rms_gradient[active]
        grown = torch.where(better, 2.0 * length[active], CUT * length[active]).clamp_max(1.0)
        # At rounding no step is better, however short: one failure of the full step ends it there.
        length[active] = torch.where(~better & (rms_gradient[active] <= rms), 0.0, grown)
        best = _improved(best, active, better, trial)
        energy = _improved(energy, active, better, trial_energy)
        gradient = _improved(gradient, active, better, trial_gradient)
        rms_gradient = _improved(rms_gradient, active, better, trial_rms)
    near = (best - theta).norm(dim=1) <= max_distance
    status = torch.where((rms_gradient <= rms) & near, Status.CONVERGED, Status.STALLED)
    return _with_spectrum(objective, best, energy, rms_gradient, status)


def _improved(
    values: Float[Tensor, "W ..."], active: Int[Tensor, " A"], better: Bool[Tensor, " A"], trial: Float[Tensor, "A ..."]
) -> Float[Tensor, "W ..."]:
    """Values [W, ...] whose rows `active` [A] are those of `trial` where these are `better`, bool[A]."""
    mask = better if values.ndim == 1 else better[:, None]
    return values.index_copy(0, active, torch.where(mask, trial, values[active]))


def _classify(objective: Objective, theta: Float[Tensor, "W P"]) -> StationaryPoints:
    energy, gradient = objective.energy_and_gradient(theta)
    rms_gradient = _rms(gradient)
    status = torch.where(rms_gradient <= 1e-7 * objective.energy_unit, Status.CONVERGED, Status.OUT_OF_STEPS)
    return _with_spectrum(objective, theta, energy, rms_gradient, status)


def _with_spectrum(
    objective: Objective,
    theta: Float[Tensor, "W P"],
    energy: Float[Tensor, " W"],
    rms_gradient: Float[Tensor, " W"],
    status: Int[Tensor, " W"],
) -> StationaryPoints:
    finite = energy.isfinite() & rms_gradient.isfinite()
    if objective.smooth:
        rows = finite.nonzero()[:, 0]
        found = spectrum(objective, theta[rows])
    else:
        rows = finite.nonzero()[:0, 0]
        found = Spectrum(values=theta[:0, :1], vectors=theta[:0, :, None], exact=False)
    threshold, walkers = objective.curvature_threshold, len(theta)
    values = _spread(found.values, rows, walkers, math.nan)
    judged = finite & values.isfinite().all(1) if objective.smooth else finite
    return StationaryPoints(
        theta=theta,
        energy=energy,
        rms_gradient=rms_gradient,
        values=values,
        direction=_spread(found.vectors[:, :, 0], rows, walkers, math.nan),
        log_determinant=_spread(found.log_determinant(threshold), rows, walkers, math.nan),
        index=_spread(found.index(threshold), rows, walkers, 0),
        status=torch.where(judged, status, Status.NOT_FINITE),
    )


def _spread(
    values: Shaped[Tensor, "R ..."], rows: Int[Tensor, " R"], walkers: int, fill: float
) -> Shaped[Tensor, "W ..."]:
    """The values of the given rows in a tensor with a row for each walker; other rows are `fill`."""
    return values.new_full((walkers, *values.shape[1:]), fill).index_copy(0, rows, values)


def _rms(gradient: Float[Tensor, "W P"]) -> Float[Tensor, " W"]:
    rms: Tensor = gradient.norm(dim=1) / math.sqrt(gradient.shape[1])
    return rms


def _newton_step(
    objective: Objective, theta: Float[Tensor, "W P"], gradient: Float[Tensor, "W P"]
) -> Float[Tensor, "W P"]:
    """Solutions [W, P] of H x = gradient; in the Krylov space of the gradient where P is beyond the dense limit."""
    if objective.n_parameters > DENSE_LIMIT:
        found = spectrum(objective, theta, gradient)
        components = torch.bmm(gradient[:, None], found.vectors)[:, 0] / found.values
        return torch.bmm(found.vectors, components[:, :, None])[:, :, 0]
    solution, failed = torch.linalg.solve_ex(objective.hessian(theta), gradient)
    return torch.where((failed != 0)[:, None], 0.0, solution)
