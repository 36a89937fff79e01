"""L-BFGS for walkers side by side, compiled: all walkers of a batch go to their ends within one call.

For energies so cheap that a step of `compiled.py`, whose loops are as short as a point, costs more than they do.
A vector has one number of each of `LANES` walkers; where walkers differ, masks tell. When a walker ends, the next one
takes its lane. All lanes fill the same slot of their histories at a time: a pair is kept for the next M trials, and a
trial without a pair leaves zeros. A lane is computed by the same instructions whatever is in the others.
Shapes: W walkers, P parameters, M memory; arrays of lanes are [..., LANES].
"""

from typing import Any

import numpy as np

from landscape.numerics.compilation import exact
from landscape.numerics.pointers import evaluate
from landscape.numerics.vectors import LANES, aligned, at_most, load, root, spread, store, where
from landscape.objective import Kernel
from landscape.optimize.lbfgs.state import PATIENCE, SHORTENING, LBFGSSettings, LBFGSState
from landscape.optimize.status import Status

Array = np.ndarray
Limits = tuple[float, ...]
Walkers = tuple[tuple[Array, ...], ...]
Lanes = tuple[tuple[Array, ...], Array, Array, Array, Array]

MOST_PAIRS = 10  # beyond which a pair takes more time than the steps that it saves, measured on xor
RUNNING, CONVERGED = int(Status.RUNNING), int(Status.CONVERGED)
OUT_OF_STEPS, STALLED = int(Status.OUT_OF_STEPS), int(Status.STALLED)

# Rows of the numbers of a walker: energies here and of the trial, the search, the account, the trials since its history
# began; of a trial: what its pair is multiplied by; as one or zero, whether it is accepted and whether the direction is
# to change; the status that the walker has with it.
ENERGY, VALUE, SCALE, CURVATURE, REJECTIONS, CALLS, AGE, PAIR, ACCEPTED, TURNED, ENDED = NUMBERS = range(11)


def finish(settings: LBFGSSettings, state: LBFGSState, kernel: Kernel) -> None:
    """Takes all running walkers, whose histories are empty, to their ends; the state is changed in place."""
    if not (state.status.numpy() == RUNNING).any():
        return
    limits = settings.rms, settings.max_step, settings.max_energy_rise, settings.max_calls, SHORTENING, PATIENCE
    walkers = tuple(
        tuple(tensor.detach().numpy() for tensor in tensors)
        for tensors in (
            (state.theta, state.gradient, state.direction),
            (state.energy, state.scale, state.curvature),
            (state.rejections, state.calls, state.status),
        )
    )
    parameters, memory = state.theta.shape[1], min(settings.memory, MOST_PAIRS)
    lanes = (
        tuple(aligned(parameters) for _ in range(6)),
        aligned(2, memory, parameters),
        aligned(memory),
        aligned(len(NUMBERS)),
        np.full(LANES, -1),
    )
    kernel.called(_finish(tuple(map(float, limits)), (kernel.lanes, kernel.data), walkers, lanes))


@exact
def _finish(limits: Limits, function: tuple[int, tuple[Any, ...]], walkers: Walkers, lanes: Lanes) -> int:
    """Returns how many energies it took."""
    points, pairs, weights, numbers, row = lanes
    theta, gradient, direction, trial, slope, q = points
    address, data = function
    memory, made, steps, following = len(weights), 0, 0, 0
    for lane in range(LANES):
        following = _enter(lane, following, walkers, lanes)
    while (row >= 0).any():
        scale = load(numbers, SCALE)
        for p in range(len(theta)):
            store(trial, p, load(theta, p) + scale * load(direction, p))
        evaluate(address, trial, numbers[VALUE], slope, data)
        slot = steps % memory
        steps += 1
        _decide(limits, points, numbers)
        _move(points, pairs, slot, numbers)
        _two_loops(gradient, pairs, weights, slot, min(steps, memory), numbers, q)
        _turn(limits[1], gradient, q, numbers, direction)
        for lane in range(LANES):
            made += row[lane] >= 0
            if row[lane] >= 0 and numbers[ENDED, lane] > 0.0:
                _leave(lane, walkers, lanes)
                following = _enter(lane, following, walkers, lanes)
    return made


@exact
def _enter(lane: int, following: int, walkers: Walkers, lanes: Lanes) -> int:
    """Puts the next walker that is running into a lane; returns the row behind it."""
    (theta, gradient, direction), (energy, scale, curvature), (rejections, calls, status) = walkers
    points, _, _, numbers, row = lanes
    w = following
    while w < len(theta) and status[w] != RUNNING:
        w += 1
    row[lane] = w if w < len(theta) else -1
    if w == len(theta):
        return w
    points[0][:, lane], points[1][:, lane], points[2][:, lane] = theta[w], gradient[w], direction[w]
    numbers[ENERGY, lane], numbers[SCALE, lane], numbers[CURVATURE, lane] = energy[w], scale[w], curvature[w]
    numbers[REJECTIONS, lane], numbers[CALLS, lane], numbers[AGE, lane] = rejections[w], calls[w], 0.0
    return w + 1


@exact
def _leave(lane: int, walkers: Walkers, lanes: Lanes) -> None:
    """Writes back the walker of a lane, which has ended."""
    (theta, gradient, _), (energy, _, _), (_, calls, status) = walkers
    points, _, _, numbers, row = lanes
    w = row[lane]
    theta[w], gradient[w], energy[w] = points[0][:, lane], points[1][:, lane], numbers[ENERGY, lane]
    calls[w], status[w] = int(numbers[CALLS, lane]), int(numbers[ENDED, lane])


@exact
def _decide(limits: Limits, points: tuple[Array, ...], numbers: Array) -> None:
    """Accepts or shortens the trials: all of it but what is as long as a point."""
    rms, _, max_energy_rise, max_calls, shortening, patience = limits
    theta, gradient, _, trial, slope, _ = points
    product, squared, square = spread(0.0), spread(0.0), spread(0.0)
    for p in range(len(theta)):
        change = load(slope, p) - load(gradient, p)
        product += (load(trial, p) - load(theta, p)) * change
        squared += change * change
        square += load(slope, p) * load(slope, p)
    accepted = at_most(load(numbers, VALUE), load(numbers, ENERGY) + max_energy_rise)
    usable = where(product - 1e-14 * squared, accepted, 0.0)
    calls = load(numbers, CALLS) + 1.0
    rejections = where(accepted, 0.0, load(numbers, REJECTIONS) + 1.0)
    forgets = at_most(patience, rejections) * at_most(rejections, patience)
    ended = where(at_most(max_calls, calls), OUT_OF_STEPS, RUNNING)
    ended = where(accepted * at_most(square, rms * rms * len(theta)), CONVERGED, ended)
    ended = where(at_most(2.0 * patience, rejections), STALLED, ended)
    store(numbers, PAIR, where(usable, 1.0 / root(product), 0.0))
    store(numbers, CURVATURE, where(usable, product / squared, load(numbers, CURVATURE)))
    store(numbers, ENERGY, where(accepted, load(numbers, VALUE), load(numbers, ENERGY)))
    store(numbers, SCALE, where(accepted + forgets, 1.0, shortening * load(numbers, SCALE)))
    store(numbers, AGE, where(forgets, 0.0, load(numbers, AGE) + 1.0))
    store(numbers, REJECTIONS, rejections)
    store(numbers, CALLS, calls)
    store(numbers, ACCEPTED, accepted)
    store(numbers, TURNED, accepted + forgets)
    store(numbers, ENDED, ended)


@exact
def _move(points: tuple[Array, ...], pairs: Array, slot: int, numbers: Array) -> None:
    """Writes the pairs of the trials, scaled to s.y = 1, into a slot and takes those accepted as points."""
    theta, gradient, _, trial, slope, _ = points
    accepted, pair = load(numbers, ACCEPTED), load(numbers, PAIR)
    step, change = slot * len(theta), (pairs.shape[1] + slot) * len(theta)
    for p in range(len(theta)):
        store(pairs, step + p, where(pair, pair * (load(trial, p) - load(theta, p)), 0.0))
        store(pairs, change + p, where(pair, pair * (load(slope, p) - load(gradient, p)), 0.0))
        store(theta, p, where(accepted, load(trial, p), load(theta, p)))
        store(gradient, p, where(accepted, load(slope, p), load(gradient, p)))


@exact
def _two_loops(gradient: Array, pairs: Array, weights: Array, newest: int, kept: int, numbers: Array, q: Array) -> None:
    """Writes into q the gradient times the inverse Hessian of the history, see `compiled.py`."""
    memory, size = len(weights), len(q)
    changes = memory * size
    age, curvature = load(numbers, AGE), load(numbers, CURVATURE)
    slot, product = newest, spread(0.0)
    for p in range(size):
        store(q, p, load(gradient, p))
        product += load(gradient, p) * load(pairs, slot * size + p)
    for back in range(kept):
        older = (slot or memory) - 1
        share = where(age - back, product, 0.0)
        store(weights, slot, share)
        product = spread(0.0)
        for p in range(size):
            rest = load(q, p) - share * load(pairs, changes + slot * size + p)
            store(q, p, rest)
            product += rest * load(pairs, older * size + p)
        slot = older
    slot = slot + 1 if slot + 1 < memory else 0
    product = spread(0.0)
    for p in range(size):
        rest = load(q, p) * curvature
        store(q, p, rest)
        product += rest * load(pairs, changes + slot * size + p)
    for back in range(kept - 1, -1, -1):
        newer = slot + 1 if slot + 1 < memory else 0
        share = where(age - back, load(weights, slot) - product, 0.0)
        product = spread(0.0)
        for p in range(size):
            rest = load(q, p) + share * load(pairs, slot * size + p)
            store(q, p, rest)
            product += rest * load(pairs, changes + newer * size + p)
        slot = newer


@exact
def _turn(max_step: float, gradient: Array, q: Array, numbers: Array, direction: Array) -> None:
    """Takes q, turned downhill and capped in length, as direction where there is to be another one."""
    squared, along = spread(0.0), spread(0.0)
    for p in range(len(q)):
        squared += load(q, p) * load(q, p)
        along += load(q, p) * load(gradient, p)
    share, turned = min(max_step / root(squared), 1.0), load(numbers, TURNED)
    share = where(along, -1.0 * share, share)
    for p in range(len(q)):
        store(direction, p, where(turned, share * load(q, p), load(direction, p)))
