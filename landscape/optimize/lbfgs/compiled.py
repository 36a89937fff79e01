"""The L-BFGS step on a CPU, compiled: one walker after the other, with the two-loop recursion.

Nocedal (1980), "Updating quasi-Newton matrices with limited storage". A walker is computed by the same instructions
whatever its neighbours are. W walkers, P parameters, M memory; arrays are written in place. Rows of the history
are filled up with zeros to P', a multiple of the vector length, so that loops have no remainder.
An energy may come in float32 too: it leads a walker until the gradient is small, or a step is rejected time and again.
Then the walker takes energy and gradient where it is in float64 and goes on with these and the history that it has.
"""

import numpy as np
import torch
from torch import Tensor

from landscape.numerics.compilation import reordered
from landscape.numerics.pointers import evaluate
from landscape.numerics.vectors import dot
from landscape.objective import Function, Kernel
from landscape.optimize.lbfgs.preconditioner import shifted_factors, solve
from landscape.optimize.lbfgs.state import PATIENCE, SHORTENING, LBFGSSettings, LBFGSState
from landscape.optimize.status import Status

Array = np.ndarray
Limits = tuple[float, float, float, int, float, int]
Walkers = tuple[tuple[Array, ...], ...]

VECTOR = 8
STEPS = 8  # trials of a walker at a time, while its history is in the cache
GROUP_BYTES = 2**19  # histories of the walkers whose energies are asked for together
RUNNING, CONVERGED = int(Status.RUNNING), int(Status.CONVERGED)
OUT_OF_STEPS, STALLED = int(Status.OUT_OF_STEPS), int(Status.STALLED)

# Energies are in float32, where there are such, above this RMS gradient and for so many calls at most; they may rise by
# so much of the energy, four units of its last place.
ROUGH_RMS = 3e-7
ROUGH_CALLS = 2000
ROUGH_RISE = 2.0**-21

# A preconditioner is made where the RMS gradient is below this, and made anew after so many steps.
PRECONDITIONED_RMS = 1e-2
PERIOD = 32


def padded(parameters: int) -> int:
    """P': numbers in a row of the history."""
    return -(-parameters // VECTOR) * VECTOR


def advance(settings: LBFGSSettings, state: LBFGSState, trial: Tensor, energy: Tensor, gradient: Tensor) -> Tensor:
    """As `lbfgs_batched.advance`, but the state is changed in place.

    Returns the rows int64[R] of walkers that need a new preconditioner.
    """
    due = np.zeros(len(trial), dtype=np.bool_)
    _advance(_limits(settings), _arrays(trial, energy, gradient.contiguous()), _walkers(state), due)
    return torch.from_numpy(np.flatnonzero(due))


def walk(settings: LBFGSSettings, state: LBFGSState, kernel: Kernel) -> Tensor:
    """Up to `STEPS` trials of each running walker, until it needs a new preconditioner; the state is changed in place.

    Returns the rows int64[R] of walkers that need one.
    """
    due = np.zeros(len(state.theta), dtype=np.bool_)
    exact = kernel.address, kernel.data
    kernel.called(_walk(_limits(settings), exact, kernel.rough or exact, _walkers(state), due))
    return torch.from_numpy(np.flatnonzero(due))


def precondition(settings: LBFGSSettings, state: LBFGSState, rows: Tensor, hessian: Tensor) -> None:
    """Starts the history of the rows [R] anew from their Hessians [R, P, P]; where these are not finite, goes on."""
    found = shifted_factors(rows.numpy(), hessian.detach().contiguous().numpy(), state.factor.numpy())
    rows = rows[torch.from_numpy(found)]
    state.age[rows] = 0
    state.stored[rows] = 0
    _turn_each(rows.numpy(), settings.max_step, _walkers(state))


def _limits(settings: LBFGSSettings) -> Limits:
    return settings.rms, settings.max_step, settings.max_energy_rise, settings.max_calls, SHORTENING, PATIENCE


def _walkers(state: LBFGSState) -> Walkers:
    """Points, searches, histories, factors and accounts of all walkers."""
    return (
        _arrays(state.theta, state.energy, state.gradient),
        _arrays(state.direction, state.scale, state.rejections),
        _arrays(state.pairs, state.stored, state.curvature),
        _arrays(state.factor, state.age),
        _arrays(state.calls, state.status, state.rough),
    )


def _arrays(*tensors: Tensor) -> tuple[Array, ...]:
    return tuple(tensor.detach().numpy() for tensor in tensors)


@reordered
def _two_loops(pairs: Array, stored: int, curvature: float, factor: Array, q: Array) -> None:
    """Multiplies q [P'] by the inverse Hessian of the history.

    Pairs [2, M, P'] have s.y = 1. The inverse starts from the preconditioner, or where that is empty from `curvature`.
    Each pass over the vector takes the product with the next pair along; that of the last pass is not used.
    """
    memory, length = pairs.shape[1], len(q)
    kept, weights = min(stored, memory), np.empty(memory)
    slot = (stored % memory or memory) - 1
    product = dot(pairs[0, slot], q)
    for _ in range(kept):
        weights[slot] = product
        older, share = (slot or memory) - 1, product
        product = 0.0
        for p in range(length):
            q[p] -= share * pairs[1, slot, p]
            product += q[p] * pairs[0, older, p]
        slot = older
    if len(factor):
        solve(factor, q[: len(factor)])
    else:
        for p in range(length):
            q[p] *= curvature
    slot = (stored - kept) % memory
    product = dot(pairs[1, slot], q)
    for _ in range(kept):
        newer, share = slot + 1 if slot + 1 < memory else 0, weights[slot] - product
        product = 0.0
        for p in range(length):
            q[p] += share * pairs[0, slot, p]
            product += q[p] * pairs[1, newer, p]
        slot = newer


@reordered
def _direction(
    gradient: Array, pairs: Array, stored: int, curvature: float, factor: Array, max_step: float, out: Array
) -> None:
    """Quasi-Newton direction, turned downhill and capped in length."""
    size = len(gradient)
    q = np.zeros(pairs.shape[2])
    q[:size] = gradient
    _two_loops(pairs, stored, curvature, factor, q)
    length = np.sqrt(dot(q, q))
    share = max_step / length if length > max_step else 1.0
    if dot(gradient, q[:size]) >= 0.0:
        share = -share
    for p in range(size):
        out[p] = share * q[p]


@reordered
def _remember(point: tuple[Array, Array], trial: tuple[Array, Array], pairs: Array, stored: int) -> float:
    """Writes the pair of two points and gradients, scaled to s.y = 1, and returns s.y / y.y; writes nothing and
    returns 0 if the curvature is not positive.
    """
    (theta, gradient), (trial_theta, trial_gradient) = point, trial
    product, squared = 0.0, 0.0
    for p in range(len(theta)):
        change = trial_gradient[p] - gradient[p]
        product += (trial_theta[p] - theta[p]) * change
        squared += change * change
    if not product > 1e-14 * squared:
        return 0.0
    slot, scale = stored % pairs.shape[1], 1.0 / np.sqrt(product)
    step, change = pairs[0, slot], pairs[1, slot]
    for p in range(len(theta)):
        step[p] = scale * (trial_theta[p] - theta[p])
        change[p] = scale * (trial_gradient[p] - gradient[p])
    step[len(theta) :] = 0.0
    change[len(theta) :] = 0.0
    return product / squared


@reordered
def _is_due(factor: Array, age: int, square: float) -> bool:
    """Whether a walker with this mean square of the gradient needs a new preconditioner."""
    near = len(factor) > 0 and square <= PRECONDITIONED_RMS**2
    return near and (age < 0 or age >= PERIOD)


@reordered
def _turn(w: int, max_step: float, walkers: Walkers) -> None:
    """Writes the direction of walker w."""
    (_, _, gradient), (direction, _, _), (pairs, stored, curvature), (factor, age), _ = walkers
    known = factor[w] if age[w] >= 0 else factor[w, :0]
    _direction(gradient[w], pairs[w], stored[w], curvature[w], known, max_step, direction[w])


@reordered
def _turn_each(rows: Array, max_step: float, walkers: Walkers) -> None:
    for w in rows:
        _turn(w, max_step, walkers)


@reordered
def _refine(w: int, walkers: Walkers) -> None:
    """Has the next trial of walker w be where it is, in float64 and whatever the energy there."""
    (_, energy, _), (direction, scale, rejections), _, _, (_, _, rough) = walkers
    energy[w], direction[w], scale[w], rejections[w], rough[w] = np.inf, 0.0, 1.0, 0, False


@reordered
def _decide(limits: Limits, w: int, trial: tuple[Array, float, Array], walkers: Walkers) -> bool:
    """Accepts or shortens a trial of walker w; returns whether the walker needs a new preconditioner."""
    rms, max_step, max_energy_rise, max_calls, shortening, patience = limits
    trial_theta, trial_energy, trial_gradient = trial
    (theta, energy, gradient), (_, scale, rejections), histories, factors, (calls, status, rough) = walkers
    (pairs, stored, curvature), (factor, age) = histories, factors
    due = False
    calls[w] += 1
    if calls[w] >= max_calls:
        status[w] = OUT_OF_STEPS
    if trial_energy <= energy[w] + max_energy_rise + (ROUGH_RISE * abs(energy[w]) if rough[w] else 0.0):
        found = _remember((theta[w], gradient[w]), (trial_theta, trial_gradient), pairs[w], stored[w])
        if found > 0.0:
            curvature[w] = found
            stored[w] += 1
        theta[w], energy[w], gradient[w] = trial_theta, trial_energy, trial_gradient
        scale[w], rejections[w] = 1.0, 0
        square = dot(trial_gradient, trial_gradient) / len(trial_gradient)
        if rough[w] and (square <= max(rms, ROUGH_RMS) ** 2 or calls[w] >= ROUGH_CALLS):
            _refine(w, walkers)
            return False
        if square <= rms * rms:
            status[w] = CONVERGED
        age[w] += age[w] >= 0
        due = _is_due(factor[w], age[w], square) and status[w] == RUNNING
    else:
        rejections[w] += 1
        scale[w] *= shortening
        if rejections[w] >= 2 * patience:
            status[w] = STALLED
        if rejections[w] != patience:
            return False
        if rough[w]:
            _refine(w, walkers)
            return False
        stored[w], scale[w] = 0, 1.0
    _turn(w, max_step, walkers)
    return due


@reordered
def _advance(limits: Limits, trials: tuple[Array, ...], walkers: Walkers, due: Array) -> None:
    theta, energy, gradient = trials
    status = walkers[4][1]
    for w in range(len(theta)):
        if status[w] == RUNNING:
            due[w] = _decide(limits, w, (theta[w], energy[w], gradient[w]), walkers)


@reordered
def _walk(limits: Limits, exact: Function, rough: Function, walkers: Walkers, due: Array) -> int:
    """Returns how many energies it took."""
    (theta, _, _), _, (pairs, _, _), _, _ = walkers
    group = max(1, GROUP_BYTES // (8 * pairs[0].size))
    trial, gradient = np.empty((group, theta.shape[1])), np.empty((group, theta.shape[1]))
    room = trial, np.empty(group), gradient, np.empty(group, dtype=np.int64)
    made = 0
    for first in range(0, len(theta), group):
        last = min(first + group, len(theta))
        for _ in range(STEPS):
            tried = _try(limits, rough, True, first, last, room, walkers, due)
            tried += _try(limits, exact, False, first, last, room, walkers, due)
            if not tried:
                break
            made += tried
    return made


@reordered
def _try(
    limits: Limits,
    function: Function,
    are_rough: bool,
    first: int,
    last: int,
    room: tuple[Array, Array, Array, Array],
    walkers: Walkers,
    due: Array,
) -> int:
    """One trial of those walkers of a group whose energies are rough, or not; returns how many these are."""
    (theta, _, _), (direction, scale, _), _, _, (_, status, rough) = walkers
    trial, energy, gradient, rows = room
    address, data = function
    running = 0
    for w in range(first, last):
        if status[w] == RUNNING and rough[w] == are_rough and not due[w]:
            for p in range(theta.shape[1]):
                trial[running, p] = theta[w, p] + scale[w] * direction[w, p]
            rows[running] = w
            running += 1
    if running:
        evaluate(address, trial[:running], energy[:running], gradient[:running], data)
    for r in range(running):
        due[rows[r]] = _decide(limits, rows[r], (trial[r], energy[r], gradient[r]), walkers)
    return running
