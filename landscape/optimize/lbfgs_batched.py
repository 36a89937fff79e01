"""The L-BFGS step of all walkers at once, in batched tensor operations.

The search direction is that of Byrd, Nocedal and Schnabel (1994), "Representations of quasi-Newton matrices
and their use in limited memory methods", eq. 3.1: with S, Y the last m steps and gradient changes, each pair
scaled so that s.y = 1 (which changes nothing), R the upper triangle of S Y' in order of time and c = s.y / y.y
of the newest pair,

    u = R^-1 S g,    w = R^-T (u + c Y (Y' u - g)),    direction = -(c g + S' w - c Y' u).

R^-1 is kept, not R: a new pair adds a column (one product with what is there), and when the oldest pair is
overwritten its row and column are simply dropped, since what remains of a triangular inverse is the inverse
of what remains. So a step costs two passes over the history and no triangular solve. Slots are a ring;
empty ones are zero and drop out of every product by themselves. Shapes: W walkers, P parameters, M memory.
"""

from dataclasses import replace

import torch
from torch import Tensor

from landscape.optimize.lbfgs_state import PATIENCE, SHORTENING, LBFGSSettings, LBFGSState
from landscape.optimize.status import Status


def advance(settings: LBFGSSettings, state: LBFGSState, trial: Tensor, energy: Tensor, gradient: Tensor) -> LBFGSState:
    """Accepts or shortens the trials [W, P] of running walkers, whose energy [W] and gradient [W, P] these are."""
    running = state.status == Status.RUNNING
    accepted = running & (energy <= state.energy + settings.max_energy_rise)
    rejections = (state.rejections + running) * ~accepted
    forgetful = rejections == PATIENCE
    _forget(state, forgetful | (state.calls == 1))
    state = _remember(state, trial, gradient, accepted)
    column = accepted[:, None]
    moved = replace(
        state,
        theta=torch.where(column, trial, state.theta),
        energy=torch.where(accepted, energy, state.energy),
        gradient=torch.where(column, gradient, state.gradient),
        scale=torch.where(accepted | forgetful, 1.0, state.scale * SHORTENING),
        rejections=rejections,
        calls=state.calls + running,
    )
    return replace(moved, direction=_direction(moved, settings.max_step), status=_status(settings, moved, running))


def _remember(state: LBFGSState, trial: Tensor, gradient: Tensor, accepted: Tensor) -> LBFGSState:
    """Writes the pair of this trial into the history of walkers that accept it, if its curvature is positive."""
    pair = torch.stack([trial - state.theta, gradient - state.gradient], 1)
    product, squared = _times(pair[:, 1], pair.mT).unbind(1)
    kept = accepted & (product > 1e-14 * squared)
    curvature = torch.where(kept, product / squared, state.curvature)
    memory = state.pairs.shape[2]
    rows = kept.nonzero()[:, 0]
    slot = state.stored[rows] % memory
    scale = product.rsqrt()[:, None, None]
    state.pairs[rows, :, slot] = (pair * scale)[rows]
    with_gradient = _times(gradient, state.pairs.flatten(1, 2).mT).view(-1, 2, memory)
    # Products with the change are differences of those with the gradients: the history is read once.
    with_change = (with_gradient - state.with_gradient) * scale
    own = torch.stack([torch.zeros_like(curvature), 1.0 / curvature], 1)
    with_change[rows, :, slot] = own[rows]
    _extend_products(state, rows, slot, with_change)
    return replace(
        state,
        with_gradient=torch.where(accepted[:, None, None], with_gradient, state.with_gradient),
        curvature=curvature,
        stored=state.stored + kept,
    )


def _extend_products(state: LBFGSState, rows: Tensor, slot: Tensor, with_change: Tensor) -> None:
    """Replaces one slot of R^-1 and Y Y' in the given rows, where S y and Y y are `with_change` [W, 2, M]."""
    state.inverse[rows, slot] = 0.0
    column = -_times(with_change[:, 0], state.inverse.mT)[rows]
    column[torch.arange(len(rows), device=rows.device), slot] = 1.0
    state.inverse[rows, :, slot] = column
    gram = with_change[:, 1][rows]
    state.gram[rows, slot] = gram
    state.gram[rows, :, slot] = gram


def _forget(state: LBFGSState, forgetful: Tensor) -> None:
    """Empties all slots of some walkers, which then start again from the gradient."""
    rows = forgetful.nonzero()[:, 0]
    if not len(rows):
        return
    for buffer in (state.inverse, state.gram, state.pairs, state.with_gradient):
        buffer[rows] = 0.0


def _direction(state: LBFGSState, max_step: float) -> Tensor:
    """Quasi-Newton direction [W, P], turned downhill and capped in length."""
    c = state.curvature[:, None]
    u = _times(state.with_gradient[:, 0], state.inverse.mT)
    inner = u + c * (_times(u, state.gram) - state.with_gradient[:, 1])
    weights = torch.cat([-_times(inner, state.inverse), c * u], 1)
    combined = _times(weights, state.pairs.flatten(1, 2))
    direction = torch.addcmul(combined, c, state.gradient, value=-1.0)
    uphill = (direction * state.gradient).sum(1) > 0
    length = direction.norm(dim=1).clamp_min(1e-300)
    factor = (max_step / length).clamp_max(1.0)
    return direction * torch.where(uphill, -factor, factor)[:, None]


def _status(settings: LBFGSSettings, state: LBFGSState, running: Tensor) -> Tensor:
    parameters = state.theta.shape[1]
    converged = state.gradient.square().sum(1) <= settings.rms**2 * parameters
    status = torch.where(state.calls >= settings.max_calls, Status.OUT_OF_STEPS, Status.RUNNING)
    status = torch.where(state.rejections >= 2 * PATIENCE, Status.STALLED, status)
    status = torch.where(converged, Status.CONVERGED, status)
    return torch.where(running, status, state.status)


def _times(vectors: Tensor, matrices: Tensor) -> Tensor:
    """Row vectors [W, A] times matrices [W, A, B]: [W, B]; on a CPU several times faster than columns."""
    return torch.bmm(vectors[:, None], matrices)[:, 0]
