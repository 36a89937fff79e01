"""The compiled L-BFGS step of one walker after the other, with the two-loop recursion.

Nocedal (1980), "Updating quasi-Newton matrices with limited storage". A walker is computed by the same instructions
whatever its neighbours are. If the energy has a float32 form, a walker follows this form until the gradient is small or
a step is rejected repeatedly. Then energy and gradient are computed at the same point in float64, and the walker goes
on in float64 with its history. Shapes: W walkers, P parameters, M memory, P' numbers in a row of a history; arrays of
walkers are written in place.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

from landscape.numerics.compilation import entry, reordered
from landscape.numerics.pointers import evaluate
from landscape.numerics.vectors import copy, dot
from landscape.objective import Function
from landscape.optimize.lbfgs.preconditioner import solve
from landscape.optimize.lbfgs.rule import LEAST_CURVATURE, RUNNING, decide
from landscape.optimize.lbfgs.state import Limits

Array = np.ndarray

VECTOR = 8  # numbers that a loop takes at a time: rows of histories are padded, so that loops have no remainder
STEPS = 8  # trials of a walker at a time, while its history is in the cache
GROUP_BYTES = 2**19  # of the histories of walkers whose energies are computed together

# Where a float32 energy exists, it is used above ROUGH_RMS and for at most ROUGH_CALLS calls. With it, a step may
# raise the energy by a further part ROUGH_RISE of the energy, which is four units in the last place of a float32.
ROUGH_RMS = 3e-7
ROUGH_CALLS = 2000
ROUGH_RISE = 2.0**-21

# A preconditioner is made once RMS gradient / curvature is below PRECONDITIONED_RMS, and again every PERIOD steps.
PRECONDITIONED_RMS = 1e-2
PERIOD = 32


class OneByOneArrays(NamedTuple):
    """The arrays of a `OneByOneState`."""

    theta: Float[np.ndarray, "W P"]
    energy: Float[np.ndarray, " W"]
    gradient: Float[np.ndarray, "W P"]
    direction: Float[np.ndarray, "W P"]
    calls: Int[np.ndarray, " W"]
    status: Int[np.ndarray, " W"]
    scale: Float[np.ndarray, " W"]
    rejections: Int[np.ndarray, " W"]
    pairs: Float[np.ndarray, "W 2 M padded"]
    stored: Int[np.ndarray, " W"]
    curvature: Float[np.ndarray, " W"]
    factor: Float[np.ndarray, "W _P _P"]
    age: Int[np.ndarray, " W"]
    rough: Bool[np.ndarray, " W"]


class Trials(NamedTuple):
    """Trials of T walkers, or buffers for trials."""

    walker: Int[np.ndarray, " T"]  # row of the walker whose trial it is
    theta: Float[np.ndarray, "T P"]
    energy: Float[np.ndarray, " T"]
    gradient: Float[np.ndarray, "T P"]


@reordered
def _two_loops(pairs: Array, stored: int, curvature: float, factor: Array, q: Array) -> None:
    """Multiplies q [P'] by the inverse Hessian of the history.

    Pairs [2, M, P'] have s.y = 1. The inverse starts from the preconditioner `factor`, or from `curvature` if `factor`
    is empty. Each pass over q also computes the product with the next pair; the product of the last pass is not used.
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
    copy(gradient, q[:size])
    _two_loops(pairs, stored, curvature, factor, q)
    length = np.sqrt(dot(q, q))
    share = max_step / length if length > max_step else 1.0
    if dot(gradient, q[:size]) >= 0.0:
        share = -share
    for p in range(size):
        out[p] = share * q[p]


@reordered
def _remember(theta: Array, gradient: Array, trial: Array, slope: Array, pairs: Array, stored: int) -> float:
    """Writes the pair of a point and a trial, scaled to s.y = 1, into pairs [2, M, P'] and returns s.y / y.y.

    Writes nothing and returns 0 if the curvature is not positive.
    """
    product, squared = 0.0, 0.0
    for p in range(len(theta)):
        change = slope[p] - gradient[p]
        product += (trial[p] - theta[p]) * change
        squared += change * change
    if not product > LEAST_CURVATURE * squared:
        return 0.0
    slot, scale = stored % pairs.shape[1], 1.0 / np.sqrt(product)
    step, change = pairs[0, slot], pairs[1, slot]
    for p in range(len(theta)):
        step[p] = scale * (trial[p] - theta[p])
        change[p] = scale * (slope[p] - gradient[p])
    step[len(theta) :] = 0.0
    change[len(theta) :] = 0.0
    return product / squared


@reordered
def _accept(t: int, trials: Trials, walkers: OneByOneArrays) -> None:
    """Moves the walker of trial t to the trial; the pair of the two points enters the history if it can be used."""
    w, trial, slope = trials.walker[t], trials.theta[t], trials.gradient[t]
    theta, gradient, stored = walkers.theta[w], walkers.gradient[w], walkers.stored
    curvature = _remember(theta, gradient, trial, slope, walkers.pairs[w], stored[w])
    if curvature > 0.0:
        walkers.curvature[w] = curvature
        stored[w] += 1
    copy(trial, theta)
    copy(slope, gradient)
    walkers.energy[w] = trials.energy[t]


@reordered
def _is_due(limits: Limits, factor: Array, age: int, square: float) -> bool:
    """True if a walker whose gradient has the mean square `square` needs a new preconditioner."""
    near = len(factor) > 0 and square <= (PRECONDITIONED_RMS * limits.curvature) ** 2
    return near and (age < 0 or age >= PERIOD)


@reordered
def _turn(w: int, max_step: float, walkers: OneByOneArrays) -> None:
    """Writes the direction of walker w."""
    factor = walkers.factor[w] if walkers.age[w] >= 0 else walkers.factor[w, :0]
    stored, curvature = walkers.stored[w], walkers.curvature[w]
    _direction(walkers.gradient[w], walkers.pairs[w], stored, curvature, factor, max_step, walkers.direction[w])


@entry
@reordered
def turn_each(rows: Array, max_step: float, walkers: OneByOneArrays) -> None:
    """Writes the directions of the walkers `rows`, int64[R]."""
    for w in rows:
        _turn(w, max_step, walkers)


@reordered
def _refine(w: int, walkers: OneByOneArrays) -> None:
    """Makes the present point the next trial of walker w, in float64, to be accepted whatever its energy is."""
    walkers.energy[w], walkers.direction[w] = np.inf, 0.0
    walkers.scale[w], walkers.rejections[w], walkers.rough[w] = 1.0, 0, False


@reordered
def _take(limits: Limits, t: int, trials: Trials, walkers: OneByOneArrays) -> bool:
    """Accepts or shortens trial t; returns True if its walker needs a new preconditioner."""
    w, slope = trials.walker[t], trials.gradient[t]
    energy, rough = walkers.energy[w], walkers.rough[w]
    allowed = energy + limits.max_energy_rise + (ROUGH_RISE * abs(energy) if rough else 0.0)
    accepted, square = trials.energy[t] <= allowed, np.inf
    if accepted:
        _accept(t, trials, walkers)
        square = dot(slope, slope) / len(slope)
    converged = not rough and square <= limits.rms * limits.rms
    found = decide(limits.max_calls, accepted, converged, walkers.scale[w], walkers.rejections[w], walkers.calls[w])
    walkers.scale[w], walkers.rejections[w] = found.scale, found.rejections
    walkers.calls[w], walkers.status[w] = found.calls, found.status
    if not accepted and not found.forgets:
        return False
    if rough and (not accepted or square <= max(limits.rms, ROUGH_RMS) ** 2 or found.calls >= ROUGH_CALLS):
        _refine(w, walkers)
        return False
    if accepted:
        walkers.age[w] += walkers.age[w] >= 0
    else:
        walkers.stored[w] = 0
    _turn(w, limits.max_step, walkers)
    return _is_due(limits, walkers.factor[w], walkers.age[w], square) and walkers.status[w] == RUNNING


@entry
@reordered
def take_trials(
    limits: Limits, theta: Array, energy: Array, gradient: Array, walkers: OneByOneArrays, due: Array
) -> None:
    """Accepts or shortens the trials theta [W, P] of the running walkers, with known energy [W] and gradient [W, P].

    Sets due, bool[W], to true where a walker then needs a new preconditioner, else to false.
    """
    trials = Trials(np.arange(len(theta)), theta, energy, gradient)
    for w in range(len(theta)):
        if walkers.status[w] == RUNNING:
            due[w] = _take(limits, w, trials, walkers)


@entry
@reordered
def walk(limits: Limits, exact: Function, rough: Function, walkers: OneByOneArrays, due: Array) -> int:
    """Takes up to `STEPS` trials of each running walker, stopping when it needs a new preconditioner, as noted in due,
    bool[W]; returns the number of energies computed.
    """
    parameters, group = walkers.theta.shape[1], max(1, GROUP_BYTES // (8 * walkers.pairs[0].size))
    theta, gradient = np.empty((group, parameters)), np.empty((group, parameters))
    room = Trials(np.empty(group, dtype=np.int64), theta, np.empty(group), gradient)
    made = 0
    for first in range(0, len(walkers.theta), group):
        last = min(first + group, len(walkers.theta))
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
    room: Trials,
    walkers: OneByOneArrays,
    due: Array,
) -> int:
    """Takes one trial of each walker of a group whose `rough` equals `are_rough`; returns the number of trials."""
    theta, direction, scale = walkers.theta, walkers.direction, walkers.scale
    status, rough = walkers.status, walkers.rough
    trial, walker = room.theta, room.walker
    running = 0
    for w in range(first, last):
        if status[w] == RUNNING and rough[w] == are_rough and not due[w]:
            for p in range(theta.shape[1]):
                trial[running, p] = theta[w, p] + scale[w] * direction[w, p]
            walker[running] = w
            running += 1
    if running:
        evaluate(function, room.theta[:running], room.energy[:running], room.gradient[:running])
    for r in range(running):
        due[walker[r]] = _take(limits, r, room, walkers)
    return running
