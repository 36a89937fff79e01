"""The L-BFGS step on a CPU, compiled: one walker after the other, with the two-loop recursion.

Nocedal (1980), "Updating quasi-Newton matrices with limited storage". A walker is computed by the same instructions
whatever its neighbours are. W walkers, P parameters, M memory; arrays are written in place. Numba's cache knows this
file only, so the kernels use nothing from other modules but integers and floats that are frozen into them.
"""

import numpy as np
from numba import njit
from torch import Tensor

from landscape.optimize.lbfgs_state import PATIENCE, SHORTENING, LBFGSSettings, LBFGSState
from landscape.optimize.status import Status

Array = np.ndarray

RUNNING, CONVERGED = int(Status.RUNNING), int(Status.CONVERGED)
OUT_OF_STEPS, STALLED = int(Status.OUT_OF_STEPS), int(Status.STALLED)

_compiled = njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"})


def advance(settings: LBFGSSettings, state: LBFGSState, trial: Tensor, energy: Tensor, gradient: Tensor) -> LBFGSState:
    """As `lbfgs_batched.advance`, but in place: of the state, the trials and their gradients."""
    _advance(
        (settings.rms, settings.max_step, settings.max_energy_rise, settings.max_calls),
        _arrays(trial, energy, gradient.contiguous()),
        _arrays(state.theta, state.energy, state.gradient),
        _arrays(state.direction, state.scale, state.rejections),
        _arrays(state.pairs, state.stored, state.curvature),
        _arrays(state.calls, state.status),
    )
    return state


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
def _direction(gradient: Array, pairs: Array, stored: int, curvature: float, max_step: float, out: Array) -> None:
    """Quasi-Newton direction, turned downhill and capped in length; pairs [2, M, P] have s.y = 1."""
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
    for p in range(len(out)):
        out[p] *= curvature
    for _ in range(kept):
        _add(weights[slot] - _dot(changes[slot], out), steps[slot], out)
        slot = slot + 1 if slot + 1 < memory else 0
    length = np.sqrt(_dot(out, out))
    factor = max_step / length if length > max_step else 1.0
    if _dot(out, gradient) >= 0.0:
        factor = -factor
    for p in range(len(out)):
        out[p] *= factor


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
def _advance(
    settings: tuple[float, float, float, int],
    trial: tuple[Array, Array, Array],
    point: tuple[Array, Array, Array],
    search: tuple[Array, Array, Array],
    history: tuple[Array, Array, Array],
    account: tuple[Array, Array],
) -> None:
    rms, max_step, max_energy_rise, max_calls = settings
    trial_theta, trial_energy, trial_gradient = trial
    theta, energy, gradient = point
    direction, scale, rejections = search
    pairs, stored, curvature = history
    calls, status = account
    parameters = theta.shape[1]
    for w in range(len(theta)):
        if status[w] != RUNNING:
            continue
        calls[w] += 1
        if calls[w] >= max_calls:
            status[w] = OUT_OF_STEPS
        if trial_energy[w] <= energy[w] + max_energy_rise:
            for p in range(parameters):
                theta[w, p], trial_theta[w, p] = trial_theta[w, p], trial_theta[w, p] - theta[w, p]
                gradient[w, p], trial_gradient[w, p] = trial_gradient[w, p], trial_gradient[w, p] - gradient[w, p]
            found = _remember(trial_theta[w], trial_gradient[w], pairs[w], stored[w])
            if found > 0.0:
                curvature[w] = found
                stored[w] += 1
            energy[w], scale[w], rejections[w] = trial_energy[w], 1.0, 0
            if _dot(gradient[w], gradient[w]) <= rms * rms * parameters:
                status[w] = CONVERGED
        else:
            rejections[w] += 1
            scale[w] *= SHORTENING
            if rejections[w] >= 2 * PATIENCE:
                status[w] = STALLED
            if rejections[w] != PATIENCE:
                continue
            stored[w], scale[w] = 0, 1.0
        _direction(gradient[w], pairs[w], stored[w], curvature[w], max_step, direction[w])
