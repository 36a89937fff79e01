"""The L-BFGS step of all walkers at once, in batched tensor operations.

The search direction is that of Byrd, Nocedal and Schnabel (1994), "Representations of quasi-Newton matrices
and their use in limited memory methods", eq. 3.1: with S, Y the last m steps and gradient changes, each pair
scaled so that s.y = 1 (the direction stays the same), R the upper triangle of S Y' in order of time and c = s.y / y.y
of the newest pair,

    u = R^-1 S g,    w = R^-T (u + c Y (Y' u - g)),    direction = -(c g + S' w - c Y' u).

R^-1 is kept, not R: a new pair adds a column (one product with the present R^-1). When the oldest pair is overwritten,
its row and column are dropped from R^-1: the rest is the inverse of the rest of R, which is triangular. So a step costs
two passes over the history and no triangular solve.

Nothing here waits for the device, and no shape depends on values: every walker is computed, and masks select the
walkers that change. Unfilled slots of the history hold finite numbers, whose products are masked. A pair with products
that are not finite is not kept, so the history is always finite.

Shapes: W walkers, P parameters, M memory, SY the two vectors of a pair; axes with an underscore may be empty.
"""

from dataclasses import dataclass, field, replace

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from landscape.numerics.products import product
from landscape.objective import Energy
from landscape.optimize.driver import SCRATCH
from landscape.optimize.lbfgs.rule import LEAST_CURVATURE, decide
from landscape.optimize.lbfgs.state import LBFGSSettings, LBFGSState, fresh
from landscape.optimize.status import Status


@dataclass(frozen=True, kw_only=True)
class BatchedState(LBFGSState):
    """Walkers that step together. Their histories are rings of the last M pairs, each scaled to s.y = 1."""

    scale: Float[Tensor, " W"]  # of the next trial, in lengths of the direction
    rejections: Int[Tensor, " W"]  # in a row
    pairs: Float[Tensor, "W _SY M P"] = field(metadata=SCRATCH)  # S and Y
    stored: Int[Tensor, " W"]  # pairs since the history began; the next goes into slot `stored` modulo M
    curvature: Float[Tensor, " W"]  # c = s.y / y.y of the newest pair
    with_gradient: Float[Tensor, "W _SY M"] = field(metadata=SCRATCH)  # S g and Y g
    inverse: Float[Tensor, "W _M M"] = field(metadata=SCRATCH)  # R^-1
    gram: Float[Tensor, "W _M M"] = field(metadata=SCRATCH)  # Y Y'


@dataclass(frozen=True)
class Batched(LBFGSSettings):
    """L-BFGS of all walkers at once, on any device; it does not precondition."""

    def doubles_per_walker(self, objective: Energy) -> int:
        """Number of float64 values of a history and its products."""
        return 2 * self.memory * (objective.n_parameters + self.memory + 1)

    def init(self, objective: Energy, points: Float[Tensor, "W P"]) -> BatchedState:
        """Fresh walkers at points [W, P]."""
        begun = fresh(self, objective, points)
        walkers, parameters = points.shape
        return BatchedState(
            **vars(begun),
            scale=torch.ones_like(begun.energy),
            rejections=torch.zeros_like(begun.status),
            pairs=points.new_zeros(walkers, 2, self.memory, parameters),
            stored=torch.zeros_like(begun.status),
            curvature=torch.full_like(begun.energy, 1.0 / self.curvature),
            with_gradient=points.new_zeros(walkers, 2, self.memory),
            inverse=points.new_zeros(walkers, self.memory, self.memory),
            gram=points.new_zeros(walkers, self.memory, self.memory),
        )

    def step(self, objective: Energy, state: BatchedState) -> BatchedState:
        """One trial of every running walker."""
        trial = torch.addcmul(state.theta, state.direction, state.scale[:, None])
        return self._taken(state, trial, *objective.energy_and_gradient(trial))

    def _taken(
        self,
        state: BatchedState,
        trial: Float[Tensor, "W P"],
        energy: Float[Tensor, " W"],
        gradient: Float[Tensor, "W P"],
    ) -> BatchedState:
        """The state after the trials [W, P], which have this energy [W] and gradient [W, P]."""
        running = state.status == Status.RUNNING
        accepted = running & (energy <= state.energy + self.max_energy_rise)
        converged = gradient.square().sum(1) <= self.rms**2 * gradient.shape[1]
        decision = decide(self.max_calls, accepted, converged, state.scale, state.rejections, state.calls)
        state = _remember(replace(state, stored=state.stored * ~decision.forgets), trial, gradient, accepted)
        column = accepted[:, None]
        moved = replace(
            state,
            theta=torch.where(column, trial, state.theta),
            energy=torch.where(accepted, energy, state.energy),
            gradient=torch.where(column, gradient, state.gradient),
            scale=decision.scale,
            rejections=decision.rejections,
            calls=torch.where(running, decision.calls, state.calls),
            status=torch.where(running, decision.status, state.status),
        )
        return replace(moved, direction=_direction(moved, self.max_step))


def _remember(
    state: BatchedState, trial: Float[Tensor, "W P"], gradient: Float[Tensor, "W P"], accepted: Bool[Tensor, " W"]
) -> BatchedState:
    """Writes the pair of each accepted trial into the history of its walker if its curvature is positive."""
    change = torch.stack([trial - state.theta, gradient - state.gradient], 1)
    product, squared = _times(change[:, 1], change.mT).unbind(1)
    curvature = product / squared
    scale = product.rsqrt()[:, None, None]
    pair = change * scale
    memory = state.pairs.shape[2]
    slot = state.stored % memory
    here, filled = _slots(state) == slot[:, None], _filled(state)
    with_gradient = _times(gradient, state.pairs.flatten(1, 2).mT).view(-1, 2, memory)
    with_gradient = torch.where(filled[:, None], with_gradient, 0.0)
    # Products with the change are differences of the products with the two gradients: the history is read once.
    with_change = torch.where(filled[:, None], (with_gradient - state.with_gradient) * scale, 0.0)
    with_step, with_rise = with_change.unbind(1)
    with_step = torch.where(here, 0.0, with_step)
    with_rise = torch.where(here, 1.0 / curvature[:, None], with_rise)
    column = torch.where(filled, -_times(with_step, state.inverse.mT), 0.0)
    column = torch.where(here, 1.0, column)
    usable = (column.isfinite() & with_rise.isfinite()).all(1)
    kept = accepted & (product > LEAST_CURVATURE * squared) & usable
    _write(state, slot, kept, pair, column, with_rise)
    with_own = torch.where(here[:, None], _times(gradient, pair.mT)[:, :, None], with_gradient)
    with_gradient = torch.where(kept[:, None, None], with_own, with_gradient)
    return replace(
        state,
        with_gradient=torch.where(accepted[:, None, None], with_gradient, state.with_gradient),
        curvature=torch.where(kept, curvature, state.curvature),
        stored=state.stored + kept,
    )


def _write(
    state: BatchedState,
    slot: Int[Tensor, " W"],
    kept: Bool[Tensor, " W"],
    pair: Float[Tensor, "W 2 P"],
    column: Float[Tensor, "W M"],
    with_rise: Float[Tensor, "W M"],
) -> None:
    """Replaces one slot [W] of S, Y, R^-1 and Y Y' where the pair [W, 2, P] is `kept`: by the pair, its `column` [W, M]
    of R^-1, whose row is zero except on the diagonal, and its row [W, M] of Y Y'.
    """
    walkers = torch.arange(len(slot), device=slot.device)
    _put(state.pairs, (walkers, slice(None), slot), kept, pair)
    _put(state.inverse, (walkers, slot), kept, torch.zeros_like(column))
    _put(state.inverse, (walkers, slice(None), slot), kept, column)
    _put(state.gram, (walkers, slot), kept, with_rise)
    _put(state.gram, (walkers, slice(None), slot), kept, with_rise)


def _put(buffer: Tensor, place: tuple[Tensor | slice, ...], kept: Tensor, values: Tensor) -> None:
    present = buffer[place]
    buffer[place] = torch.where(kept.view(-1, *[1] * (values.ndim - 1)), values, present)


def _slots(state: BatchedState) -> Int[Tensor, " M"]:
    return torch.arange(state.pairs.shape[2], device=state.pairs.device)


def _filled(state: BatchedState) -> Bool[Tensor, "W M"]:
    """The slots that hold a pair."""
    return _slots(state) < state.stored[:, None]


def _direction(state: BatchedState, max_step: float) -> Float[Tensor, "W P"]:
    """Quasi-Newton direction [W, P], turned downhill and capped in length."""
    c, filled = state.curvature[:, None], _filled(state)
    s_gradient, y_gradient = torch.where(filled[:, None], state.with_gradient, 0.0).unbind(1)
    u = torch.where(filled, _times(s_gradient, state.inverse.mT), 0.0)
    inner = torch.where(filled, u + c * (_times(u, state.gram) - y_gradient), 0.0)
    weights = torch.cat([torch.where(filled, -_times(inner, state.inverse), 0.0), c * u], 1)
    combined = _times(weights, state.pairs.flatten(1, 2))
    direction = torch.addcmul(combined, c, state.gradient, value=-1.0)
    uphill = (direction * state.gradient).sum(1) > 0
    length = direction.norm(dim=1).clamp_min(1e-300)
    factor = (max_step / length).clamp_max(1.0)
    return direction * torch.where(uphill, -factor, factor)[:, None]


def _times(vectors: Float[Tensor, "W A"], matrices: Float[Tensor, "W A B"]) -> Float[Tensor, "W B"]:
    """Row vectors [W, A] times matrices [W, A, B]: [W, B]; on a CPU several times faster than with column vectors."""
    return product(vectors[:, None], matrices)[:, 0]
