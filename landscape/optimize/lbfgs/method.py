"""Limited-memory BFGS for a batch of walkers, each with its own history, step and status.

The step is capped in length; a trial whose energy rises by more than `max_energy_rise` is shortened to a
tenth from the same point. After `PATIENCE` of these the history is forgotten, after as many more the walker
has stalled. On a CPU a compiled kernel takes the walkers one by one (`compiled.py`), or several side by side to
their ends where the energy is made for that (`lanes.py`); elsewhere tensors hold them all (`batched.py`).
On a CPU with `precondition`, the history starts anew every `PERIOD` steps, not from a multiple of the unit matrix but
from the Hessian at that point, shifted to be positive definite: half the calls, for a Hessian in thirty.
Shapes: W walkers, P parameters, M memory.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from landscape.objective import Objective
from landscape.optimize.lbfgs import batched, compiled, lanes
from landscape.optimize.lbfgs.state import LBFGSSettings, LBFGSState
from landscape.optimize.status import Status

HESSIANS = 8  # at a time: they are still in the cache when they are factorised


@dataclass(frozen=True)
class LBFGS(LBFGSSettings):
    """The method, with its settings."""

    def doubles_per_walker(self, points: Tensor) -> int:
        """Those of the history, its products and the preconditioner, of a walker at one of points [W, P]."""
        products, factors = self._products_and_factors(points)
        return 2 * self.memory * points.shape[1] + 2 * products * (products + 1) + factors**2

    def init(self, objective: Objective, points: Tensor) -> LBFGSState:
        """Fresh walkers at points [W, P]."""
        points = points.clone(memory_format=torch.contiguous_format)
        energy, gradient = objective.energy_and_gradient(points)
        walkers, parameters = points.shape
        length = gradient.norm(dim=1, keepdim=True)
        finite = energy.isfinite() & gradient.isfinite().all(1)
        status = torch.where(finite, Status.RUNNING, Status.NOT_FINITE)
        converged = finite & (length[:, 0] <= self.rms * parameters**0.5)
        first = torch.minimum(length, 1.0 / length.clamp_min(1e-300)).clamp_max(self.max_step)
        row = compiled.padded(parameters) if _one_by_one(points) else parameters
        products, factors = self._products_and_factors(points)
        # The compiled kernel reads only filled slots; the batched operations read all and mask what comes of it.
        empty = points.new_empty if _one_by_one(points) else points.new_zeros
        return LBFGSState(
            theta=points,
            energy=energy.clone(),
            gradient=gradient.clone(memory_format=torch.contiguous_format),
            direction=-gradient / length.clamp_min(1e-300) * first,
            scale=points.new_ones(walkers),
            rejections=torch.zeros_like(status),
            pairs=empty(walkers, 2, self.memory, row),
            stored=torch.zeros_like(status),
            curvature=points.new_ones(walkers),
            factor=empty(walkers, factors, factors),
            age=torch.full_like(status, -1),
            with_gradient=empty(walkers, 2, products),
            inverse=empty(walkers, products, products),
            gram=empty(walkers, products, products),
            calls=torch.ones_like(status),
            rough=torch.full_like(status, _begins_rough(objective, points), dtype=torch.bool),
            status=torch.where(converged, Status.CONVERGED, status),
        )

    def step(self, objective: Objective, state: LBFGSState) -> LBFGSState:
        """One trial step of every running walker: accepted, or shortened for the next time; several if the energy is
        compiled too, and all there are if it is for walkers side by side.
        """
        kernel = objective.kernel() if _one_by_one(state.theta) else None
        if kernel is not None and kernel.lanes and not self.precondition:
            lanes.finish(self, state, kernel)
            return state
        if kernel is not None:
            due = compiled.walk(self, state, kernel)
        else:
            trial = torch.addcmul(state.theta, state.direction, state.scale[:, None])
            energy, gradient = objective.energy_and_gradient(trial)
            if not _one_by_one(trial):
                return batched.advance(self, state, trial, energy, gradient)
            due = compiled.advance(self, state, trial, energy, gradient)
        for first in range(0, len(due), HESSIANS):
            rows = due[first : first + HESSIANS]
            compiled.precondition(self, state, rows, objective.hessian(state.theta[rows]))
        return state

    def _products_and_factors(self, points: Tensor) -> tuple[int, int]:
        """Sizes of the history's products, for walkers that step together, and of factors, for those one by one."""
        if not _one_by_one(points):
            return self.memory, 0
        return 0, points.shape[1] if self.precondition else 0


def _begins_rough(objective: Objective, points: Tensor) -> bool:
    kernel = objective.kernel() if _one_by_one(points) else None
    return kernel is not None and kernel.rough is not None


def _one_by_one(points: Tensor) -> bool:
    return points.device.type == "cpu"
