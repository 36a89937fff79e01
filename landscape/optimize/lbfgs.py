"""Limited-memory BFGS for a batch of walkers, each with its own history, step and status.

The search direction is that of Byrd, Nocedal and Schnabel (1994), "Representations of quasi-Newton matrices
and their use in limited memory methods", eq. 3.1: with S, Y the last m steps and gradient changes, R the
upper triangle of S Y' in order of time, D its diagonal and c = s.y / y.y of the newest pair,

    u = R^-1 S g,    w = R^-T ((D + c Y Y') u - c Y g),    direction = -(c g + S' w - c Y' u).

R^-1 is kept, not R: a new pair adds a column (one product with what is there), and when the oldest pair is
overwritten its row and column are simply dropped, since what remains of a triangular inverse is the inverse
of what remains. So a step costs four passes over the history and no triangular solve. Slots are a ring;
empty ones are zero and drop out of every product by themselves.

The step is capped in length; a trial whose energy rises by more than `max_energy_rise` is shortened to a
tenth from the same point. After `PATIENCE` of these the history is forgotten, after as many more the walker
has stalled. Shapes: W walkers, P parameters, M memory.
"""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from landscape.objective import Objective
from landscape.optimize.status import Status

SHORTENING = 0.1
PATIENCE = 10


@dataclass(frozen=True, kw_only=True)
class LBFGSState:
    """The walkers of a batch; the history buffers are written in place."""

    # The point.
    theta: Tensor  # [W, P]
    energy: Tensor  # [W]
    gradient: Tensor  # [W, P]
    # The next trial.
    direction: Tensor  # [W, P], not longer than the step cap
    scale: Tensor  # [W]
    rejections: Tensor  # int64[W]
    # The history.
    steps: Tensor  # [W, M, P]
    changes: Tensor  # [W, M, P]
    steps_gradient: Tensor  # [W, M]: S g
    changes_gradient: Tensor  # [W, M]: Y g
    inverse: Tensor  # [W, M, M]: R^-1
    gram: Tensor  # [W, M, M]: D + c Y Y' without D and c, that is Y Y'
    products: Tensor  # [W, M]: the diagonal D
    curvature: Tensor  # [W]: c
    slot: Tensor  # int64[W]: next slot to write
    # The account.
    calls: Tensor  # int64[W]
    status: Tensor  # int64[W]


@dataclass(frozen=True)
class LBFGS:
    """Settings: `rms` to reach, `memory` M, `max_step` length, allowed `max_energy_rise` of a step, `max_calls`."""

    rms: float = 1e-7
    memory: int = 20
    max_step: float = 1.0
    max_energy_rise: float = 1e-10
    max_calls: int = 10000

    def init(self, objective: Objective, points: Tensor) -> LBFGSState:
        """Fresh walkers at points [W, P]."""
        energy, gradient = objective.energy_and_gradient(points)
        walkers, parameters = points.shape
        history = (walkers, self.memory)
        length = gradient.norm(dim=1, keepdim=True)
        finite = energy.isfinite() & gradient.isfinite().all(1)
        status = torch.where(finite, Status.RUNNING, Status.NOT_FINITE)
        converged = finite & (length[:, 0] <= self.rms * parameters**0.5)
        first = torch.minimum(length, 1.0 / length.clamp_min(1e-300)).clamp_max(self.max_step)
        return LBFGSState(
            theta=points.clone(),
            energy=energy,
            gradient=gradient,
            direction=-gradient / length.clamp_min(1e-300) * first,
            scale=points.new_ones(walkers),
            rejections=torch.zeros_like(status),
            steps=points.new_zeros(*history, parameters),
            changes=points.new_zeros(*history, parameters),
            steps_gradient=points.new_zeros(history),
            changes_gradient=points.new_zeros(history),
            inverse=points.new_zeros(*history, self.memory),
            gram=points.new_zeros(*history, self.memory),
            products=points.new_zeros(history),
            curvature=points.new_ones(walkers),
            slot=torch.zeros_like(status),
            calls=torch.ones_like(status),
            status=torch.where(converged, Status.CONVERGED, status),
        )

    def step(self, objective: Objective, state: LBFGSState) -> LBFGSState:
        """One trial step of every running walker: accepted, or shortened for the next time."""
        trial = torch.addcmul(state.theta, state.direction, state.scale[:, None])
        energy, gradient = objective.energy_and_gradient(trial)
        running = state.status == Status.RUNNING
        accepted = running & (energy <= state.energy + self.max_energy_rise)
        column = accepted[:, None]
        moved = self._remember(state, trial - state.theta, gradient - state.gradient, gradient, accepted)
        moved = replace(
            moved,
            theta=torch.where(column, trial, state.theta),
            energy=torch.where(accepted, energy, state.energy),
            gradient=torch.where(column, gradient, state.gradient),
            rejections=torch.where(accepted, 0, state.rejections + running),
            calls=state.calls + running,
        )
        moved = self._forget_misleading_history(moved)
        direction = self._direction(moved)
        scale = torch.where(accepted | (moved.rejections == PATIENCE), 1.0, state.scale * SHORTENING)
        changed = column | (moved.rejections == PATIENCE)[:, None]
        moved = replace(moved, direction=torch.where(changed, direction, state.direction), scale=scale)
        return replace(moved, status=self._status(moved, running))

    def _remember(
        self, state: LBFGSState, step: Tensor, change: Tensor, gradient: Tensor, accepted: Tensor
    ) -> LBFGSState:
        """Writes the pair (step, change) into the history of walkers that accepted a step of positive curvature."""
        product = (step * change).sum(1)
        squared = change.square().sum(1)
        kept = accepted & (product > 1e-14 * squared) & (squared > 0)
        rows = kept.nonzero()[:, 0]
        slot = state.slot[rows]
        # Products with the new gradient, then those with the change from their difference.
        steps_gradient = torch.bmm(state.steps, gradient[:, :, None])[:, :, 0]
        changes_gradient = torch.bmm(state.changes, gradient[:, :, None])[:, :, 0]
        with_steps = (steps_gradient - state.steps_gradient)[rows]
        with_changes = (changes_gradient - state.changes_gradient)[rows]
        pair = torch.arange(len(rows), device=rows.device)
        with_steps[pair, slot] = 0.0
        inverse = state.inverse
        inverse[rows, slot] = 0.0
        inverse[rows, :, slot] = 0.0
        new_column = torch.bmm(inverse[rows], with_steps[:, :, None])[:, :, 0] / -product[rows, None]
        new_column[pair, slot] = 1.0 / product[rows]
        inverse[rows, :, slot] = new_column
        with_changes[pair, slot] = squared[rows]
        state.gram[rows, slot] = with_changes
        state.gram[rows, :, slot] = with_changes
        state.products[rows, slot] = product[rows]
        state.steps[rows, slot] = step[rows]
        state.changes[rows, slot] = change[rows]
        steps_gradient[rows, slot] = (step * gradient).sum(1)[rows]
        changes_gradient[rows, slot] = (change * gradient).sum(1)[rows]
        column = accepted[:, None]
        return replace(
            state,
            steps_gradient=torch.where(column, steps_gradient, state.steps_gradient),
            changes_gradient=torch.where(column, changes_gradient, state.changes_gradient),
            curvature=torch.where(kept, product / squared, state.curvature),
            slot=torch.where(kept, (state.slot + 1) % self.memory, state.slot),
        )

    def _forget_misleading_history(self, state: LBFGSState) -> LBFGSState:
        """Walkers that exhausted their patience start again from the gradient."""
        keep = (state.rejections != PATIENCE).to(state.theta.dtype)
        for buffer in (state.inverse, state.gram, state.steps, state.changes):
            buffer.mul_(keep[:, None, None])
        for buffer in (state.products, state.steps_gradient, state.changes_gradient):
            buffer.mul_(keep[:, None])
        return state

    def _direction(self, state: LBFGSState) -> Tensor:
        """Quasi-Newton direction [W, P], turned downhill and capped in length."""
        c = state.curvature[:, None]
        u = torch.bmm(state.inverse, state.steps_gradient[:, :, None])
        inner = state.products * u[:, :, 0] + c * (torch.bmm(state.gram, u)[:, :, 0] - state.changes_gradient)
        w = torch.bmm(inner[:, None], state.inverse)
        direction = -c * state.gradient
        direction = torch.baddbmm(direction[:, None], w, state.steps, alpha=-1.0)[:, 0]
        direction = torch.baddbmm(direction[:, None], (c[:, :, None] * u).mT, state.changes)[:, 0]
        uphill = (direction * state.gradient).sum(1, keepdim=True) > 0
        direction = torch.where(uphill, -direction, direction)
        return direction * (self.max_step / direction.norm(dim=1, keepdim=True).clamp_min(1e-300)).clamp_max(1.0)

    def _status(self, state: LBFGSState, running: Tensor) -> Tensor:
        parameters = state.theta.shape[1]
        converged = state.gradient.square().sum(1) <= self.rms**2 * parameters
        status = torch.where(state.calls >= self.max_calls, Status.OUT_OF_STEPS, Status.RUNNING)
        status = torch.where(state.rejections >= 2 * PATIENCE, Status.STALLED, status)
        status = torch.where(converged, Status.CONVERGED, status)
        return torch.where(running, status, state.status)
