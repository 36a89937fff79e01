"""Descent of the gradient norm: Newton's method for stationary points of any index, damped far away from them.

A step is that of Levenberg and Marquardt for the residuals g, whose Jacobian is the Hessian H (Levenberg 1944,
Marquardt 1963). In the eigenvector basis of H, with F the gradient along an eigenvector and l its eigenvalue, the
component is

    h = -F l / (l^2 + d).

With a small damping d this is Newton's step, which leads to a stationary point of any index; with a large one it is a
short step down the norm of g. The damping falls after a step that lowers the norm and rises after one that does not,
which is taken back. A walker may end where the norm has a minimum but the gradient is not zero: it has no stationary
point then, and its status says so.

Shapes: W walkers, P parameters.
"""

from dataclasses import dataclass
from typing import ClassVar

import torch
from jaxtyping import Float, Int
from torch import Tensor

from landscape.numerics.spectra import spectrum
from landscape.objective import Objective
from landscape.optimize.driver import move_running
from landscape.optimize.status import Status, fresh_status

LESS, MORE = 0.3, 3.0  # factors of the damping after a step that is kept, and after one that is not


@dataclass(frozen=True, kw_only=True)
class NormState:
    """Walkers on their way to stationary points."""

    theta: Float[Tensor, "W P"]
    gradient: Float[Tensor, "W P"]
    damping: Float[Tensor, " W"]
    calls: Int[Tensor, " W"]
    status: Int[Tensor, " W"]


@dataclass(frozen=True)
class GradientNorm:
    """Settings: `rms` gradient to reach, steps allowed, longest step, and the first, least and largest damping.

    The gradient is in units of the energy, the damping in units of its square.
    """

    rms: float = 1e-7
    max_steps: int = 150
    max_step: float = 1.0
    damping: float = 1e-2
    min_damping: float = 1e-12
    max_damping: float = 1e6
    recordable: ClassVar[bool] = False  # torch.linalg.eigh waits for the device to test convergence

    def doubles_per_walker(self, objective: Objective) -> int:
        """Number of float64 values of a Hessian and its eigenvectors, with copies."""
        return 4 * objective.n_parameters**2

    def init(self, objective: Objective, points: Float[Tensor, "W P"]) -> NormState:
        """Fresh walkers at points [W, P]."""
        energy, gradient = objective.energy_and_gradient(points)
        status = fresh_status(energy, gradient)
        damping = torch.full_like(energy, self.damping * objective.energy_unit**2)
        return NormState(theta=points, gradient=gradient, damping=damping, calls=torch.ones_like(status), status=status)

    def step(self, objective: Objective, state: NormState) -> NormState:
        """One step of every running walker."""
        return move_running(state, lambda running: self._moved(objective, running))

    def _moved(self, objective: Objective, state: NormState) -> NormState:
        trial = state.theta + self._step(objective, state)
        energy, gradient = objective.energy_and_gradient(trial)
        lower = energy.isfinite() & (gradient.norm(dim=1) < state.gradient.norm(dim=1))  # false for nan
        gradient = torch.where(lower[:, None], gradient, state.gradient)
        unit, calls = objective.energy_unit, state.calls + 1
        damping = state.damping * torch.where(lower, LESS, MORE)
        status = torch.where(calls > self.max_steps, Status.OUT_OF_STEPS, Status.RUNNING)
        status = torch.where(damping > self.max_damping * unit**2, Status.STALLED, status)
        rms = gradient.norm(dim=1) / gradient.shape[1] ** 0.5
        return NormState(
            theta=torch.where(lower[:, None], trial, state.theta),
            gradient=gradient,
            damping=damping.clamp_min(self.min_damping * unit**2),
            calls=calls,
            status=torch.where(rms <= self.rms * unit, Status.CONVERGED, status),
        )

    def _step(self, objective: Objective, state: NormState) -> Float[Tensor, "W P"]:
        """Damped Newton steps [W, P], no longer than `max_step`."""
        found = spectrum(objective, state.theta)
        force = torch.bmm(state.gradient[:, None], found.vectors)[:, 0]
        components = -force * found.values / (found.values.square() + state.damping[:, None])
        length = components.norm(dim=1, keepdim=True).clamp_min(1e-300)
        shortened = components * (self.max_step / length).clamp_max(1.0)
        return torch.bmm(found.vectors, shortened[:, :, None])[:, :, 0]
