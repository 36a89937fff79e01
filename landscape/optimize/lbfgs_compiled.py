"""The L-BFGS step on a CPU, compiled: one walker after the other, with the two-loop recursion.

Nocedal (1980), "Updating quasi-Newton matrices with limited storage". A walker is computed by the same instructions
whatever its neighbours are. W walkers, P parameters, M memory; arrays are written in place. Numba's cache notices
changes of this file only, so the kernels use nothing from other modules but the codes of a status.
"""

import numpy as np
import torch
from numba import njit
from torch import Tensor

from landscape.optimize.lbfgs_state import PATIENCE, SHORTENING, LBFGSSettings, LBFGSState
from landscape.optimize.status import Status

Array = np.ndarray

RUNNING, CONVERGED = int(Status.RUNNING), int(Status.CONVERGED)
OUT_OF_STEPS, STALLED = int(Status.OUT_OF_STEPS), int(Status.STALLED)

# A preconditioner is made where the RMS gradient is below this, and made anew after so many steps, but only at every
# eighth call, so that walkers of one batch do it together.
PRECONDITIONED_RMS = 1e-2
PERIOD = 32
TOGETHER = 8
SHIFTS = 60  # attempts at a positive definite matrix
LANCZOS_STEPS = 12

_compiled = njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"})


def advance(settings: LBFGSSettings, state: LBFGSState, trial: Tensor, energy: Tensor, gradient: Tensor) -> Tensor:
    """As `lbfgs_batched.advance`, but the state is changed in place.

    Returns the rows int64[R] of walkers that need a new preconditioner.
    """
    due = np.zeros(len(trial), dtype=np.bool_)
    _advance(
        (settings.rms, settings.max_step, settings.max_energy_rise, settings.max_calls, SHORTENING, PATIENCE),
        _arrays(trial, energy, gradient.contiguous()),
        _arrays(state.theta, state.energy, state.gradient),
        _arrays(state.direction, state.scale, state.rejections),
        _arrays(state.pairs, state.stored, state.curvature),
        _arrays(state.factor, state.age),
        _arrays(state.calls, state.status),
        due,
    )
    return torch.from_numpy(np.flatnonzero(due))


def precondition(settings: LBFGSSettings, state: LBFGSState, rows: Tensor, hessian: Tensor) -> None:
    """Starts the history of the rows [R] anew from their Hessians [R, P, P]; where these are not finite, goes on."""
    _precondition(
        _arrays(rows, hessian.contiguous()),
        _arrays(state.factor, state.age),
        _arrays(state.pairs, state.stored, state.curvature),
        _arrays(state.gradient, state.direction),
        settings.max_step,
    )


def _arrays(*tensors: Tensor) -> tuple[Array, ...]:
    return tuple(tensor.detach().numpy() for tensor in tensors)


@_compiled
def _dot(a: Array, b: Array) -> float:
    result = 0.0
    for p in range(len(a)):
        result += a[p] * b[p]
    return result


@_compiled
def _add(factor: float, a: Array, out: Array) -> None:
    for p in range(len(a)):
        out[p] += factor * a[p]


@_compiled
def _factorise(hessian: Array, shift: float, out: Array) -> float:
    """Writes the Cholesky factor L [P, P] of hessian + shift and returns 0, or the pivot that is in the way of one."""
    for i in range(len(out)):
        row = out[i]
        for j in range(i):
            row[j] = (hessian[i, j] - _dot(row[:j], out[j, :j])) / out[j, j]
        pivot = hessian[i, i] + shift - _dot(row[:i], row[:i])
        if not pivot > 0.0:
            return pivot
        row[i] = np.sqrt(pivot)
    return 0.0


@_compiled
def _lowest_eigenvalue(matrix: Array) -> float:
    """Lowest Ritz value of a short Lanczos sequence, whose start is the same for every matrix."""
    size = len(matrix)
    steps = min(LANCZOS_STEPS, size)
    vectors, ritz = np.zeros((steps + 1, size)), np.zeros((steps, steps))
    for p in range(size):
        vectors[0, p] = np.cos(1.0 + p * p)
    vectors[0] /= np.sqrt(_dot(vectors[0], vectors[0]))
    for k in range(steps):
        image = vectors[k + 1]
        for p in range(size):
            image[p] = _dot(matrix[p], vectors[k])
        ritz[k, k] = _dot(image, vectors[k])
        for earlier in range(k + 1):
            _add(-_dot(image, vectors[earlier]), vectors[earlier], image)
        length = np.sqrt(_dot(image, image))
        if k + 1 == steps or not length > 1e-12:
            return np.linalg.eigvalsh(ritz[: k + 1, : k + 1])[0]
        ritz[k, k + 1] = ritz[k + 1, k] = length
        for p in range(size):
            image[p] /= length
    return 0.0


@_compiled
def _factorise_shifted(hessian: Array, out: Array) -> bool:
    """Writes the Cholesky factor of the Hessian plus the first of growing shifts for which there is one."""
    if not np.isfinite(_dot(hessian.ravel(), hessian.ravel())):
        return False
    shift = max(0.0, -3.0 * _lowest_eigenvalue(hessian))
    for _ in range(SHIFTS):
        pivot = _factorise(hessian, shift, out)
        if pivot == 0.0:
            return True
        shift = max(4.0 * shift, -2.0 * pivot, 1e-12)
    return False


@_compiled
def _solve(factor: Array, x: Array) -> None:
    """Overwrites x [P] with the solution of L L' y = x."""
    for i in range(len(x)):
        x[i] = (x[i] - _dot(factor[i, :i], x[:i])) / factor[i, i]
    for i in range(len(x) - 1, -1, -1):
        x[i] /= factor[i, i]
        _add(-x[i], factor[i, :i], x[:i])


@_compiled
def _precondition(
    due: tuple[Array, Array],
    preconditioner: tuple[Array, Array],
    history: tuple[Array, Array, Array],
    search: tuple[Array, Array],
    max_step: float,
) -> None:
    (rows, hessian), (factor, age), (gradient, direction) = due, preconditioner, search
    pairs, stored, curvature = history
    found = np.empty_like(factor[0])
    for r in range(len(rows)):
        w = rows[r]
        if _factorise_shifted(hessian[r], found):
            factor[w] = found
            age[w], stored[w] = 0, 0
            _direction(gradient[w], pairs[w], 0, curvature[w], factor[w], max_step, direction[w])


@_compiled
def _direction(
    gradient: Array, pairs: Array, stored: int, curvature: float, factor: Array, max_step: float, out: Array
) -> None:
    """Quasi-Newton direction, turned downhill and capped in length; pairs [2, M, P] have s.y = 1. It starts from the
    preconditioner, or where that is empty from `curvature`.
    """
    memory = pairs.shape[1]
    kept = min(stored, memory)
    steps, changes = pairs[0], pairs[1]
    weights = np.empty(memory)
    out[:] = gradient
    slot = stored % memory
    for _ in range(kept):
        slot = (slot or memory) - 1
        weights[slot] = _dot(steps[slot], out)
        _add(-weights[slot], changes[slot], out)
    if len(factor):
        _solve(factor, out)
    else:
        for p in range(len(out)):
            out[p] *= curvature
    for _ in range(kept):
        _add(weights[slot] - _dot(changes[slot], out), steps[slot], out)
        slot = slot + 1 if slot + 1 < memory else 0
    length = np.sqrt(_dot(out, out))
    share = max_step / length if length > max_step else 1.0
    if _dot(out, gradient) >= 0.0:
        share = -share
    for p in range(len(out)):
        out[p] *= share


@_compiled
def _remember(step: Array, change: Array, pairs: Array, stored: int) -> float:
    """Writes a pair, scaled to s.y = 1, and returns s.y / y.y; writes nothing and returns 0 if the curvature is not
    positive.
    """
    product, squared = _dot(step, change), _dot(change, change)
    if not product > 1e-14 * squared:
        return 0.0
    slot, scale = stored % pairs.shape[1], 1.0 / np.sqrt(product)
    for p in range(len(step)):
        pairs[0, slot, p] = scale * step[p]
        pairs[1, slot, p] = scale * change[p]
    return product / squared


@_compiled
def _is_due(factor: Array, age: int, calls: int, square: float) -> bool:
    """Whether a walker with this mean square of the gradient needs a new preconditioner."""
    near = len(factor) > 0 and square <= PRECONDITIONED_RMS**2
    return near and (age < 0 or age >= PERIOD) and calls % TOGETHER == 0


@_compiled
def _advance(
    settings: tuple[float, float, float, int, float, int],
    trial: tuple[Array, Array, Array],
    point: tuple[Array, Array, Array],
    search: tuple[Array, Array, Array],
    history: tuple[Array, Array, Array],
    preconditioner: tuple[Array, Array],
    account: tuple[Array, Array],
    due: Array,
) -> None:
    rms, max_step, max_energy_rise, max_calls, shortening, patience = settings
    trial_theta, trial_energy, trial_gradient = trial
    theta, energy, gradient = point
    direction, scale, rejections = search
    pairs, stored, curvature = history
    factor, age = preconditioner
    calls, status = account
    parameters = theta.shape[1]
    step, change = np.empty(parameters), np.empty(parameters)
    for w in range(len(theta)):
        if status[w] != RUNNING:
            continue
        calls[w] += 1
        if calls[w] >= max_calls:
            status[w] = OUT_OF_STEPS
        if trial_energy[w] <= energy[w] + max_energy_rise:
            for p in range(parameters):
                step[p], theta[w, p] = trial_theta[w, p] - theta[w, p], trial_theta[w, p]
                change[p], gradient[w, p] = trial_gradient[w, p] - gradient[w, p], trial_gradient[w, p]
            found = _remember(step, change, pairs[w], stored[w])
            if found > 0.0:
                curvature[w] = found
                stored[w] += 1
            energy[w], scale[w], rejections[w] = trial_energy[w], 1.0, 0
            square = _dot(gradient[w], gradient[w]) / parameters
            if square <= rms * rms:
                status[w] = CONVERGED
            age[w] += age[w] >= 0
            due[w] = _is_due(factor[w], age[w], calls[w], square)
        else:
            rejections[w] += 1
            scale[w] *= shortening
            if rejections[w] >= 2 * patience:
                status[w] = STALLED
            if rejections[w] != patience:
                continue
            stored[w], scale[w] = 0, 1.0
        known = factor[w] if age[w] >= 0 else factor[w, :0]
        _direction(gradient[w], pairs[w], stored[w], curvature[w], known, max_step, direction[w])
