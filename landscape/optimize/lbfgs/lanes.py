"""Compiled L-BFGS of walkers side by side: one step takes all walkers of a batch to their ends.

It is for energies so cheap that a step of `compiled.py`, with loops over few parameters, costs more than the energy.
A vector has one number of each of `LANES` walkers; masks select the lanes that change. When a walker ends, the next one
takes its lane. All lanes fill the same slot of their histories at a time: a pair is kept for the next M trials, and a
trial without a pair leaves zeros. Each lane is computed by the same instructions, whatever the other lanes contain.
Shapes: W walkers, P parameters, M memory; arrays of lanes are [..., LANES].
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int
from torch import Tensor

from landscape.numerics.compilation import entry, exact
from landscape.numerics.pointers import evaluate
from landscape.numerics.vectors import LANES, aligned, copy, load, root, spread, store, where
from landscape.objective import Energy, Function
from landscape.optimize.lbfgs.rule import LEAST_CURVATURE, RUNNING, decide
from landscape.optimize.lbfgs.state import LBFGSSettings, LBFGSState, Limits, WalkerArrays, arrays_of, fresh

MOST_PAIRS = 10  # a further pair would take more time than the steps that it saves, measured on xor

# Rows of `Lanes.numbers`. Of a walker: its energy, its trial's energy, scale and curvature of the search, rejections in
# a row, calls, trials since its history began. Of a trial: the factor of its pair; 1 if it is accepted, else 0; 1 if
# the direction is to change, else 0; the status of the walker after the trial.
ENERGY, VALUE, SCALE, CURVATURE, REJECTIONS, CALLS, AGE, PAIR, ACCEPTED, TURNED, ENDED = NUMBERS = range(11)


@dataclass(frozen=True)
class InLanes(LBFGSSettings):
    """L-BFGS of walkers side by side; a history has `MOST_PAIRS` pairs at most and is not preconditioned."""

    def doubles_per_walker(self, objective: Energy) -> int:
        """Number of float64 values of a point, its gradient and direction: only walkers in lanes have histories."""
        return 3 * objective.n_parameters

    def init(self, objective: Energy, points: Float[Tensor, "W P"]) -> LBFGSState:
        """Fresh walkers at points [W, P]."""
        return fresh(self, objective, points)

    def step(self, objective: Energy, state: LBFGSState) -> LBFGSState:
        """All trials of every running walker. Raises TypeError for an energy without a form for lanes."""
        kernel = objective.kernel()
        if kernel is None or kernel.lanes is None:
            raise TypeError("expected an energy in compiled code for walkers side by side, found none: step one by one")
        if (state.status.numpy() == RUNNING).any():
            walkers = arrays_of(state, WalkerArrays)
            lanes = _empty_lanes(objective.n_parameters, min(self.memory, MOST_PAIRS))
            kernel.called(_finish(self.limits, kernel.lanes, walkers, lanes))
        return state


class Lanes(NamedTuple):
    """Arrays of the walkers that are in the lanes."""

    theta: Float[np.ndarray, "P LANES"]
    gradient: Float[np.ndarray, "P LANES"]
    direction: Float[np.ndarray, "P LANES"]
    trial: Float[np.ndarray, "P LANES"]
    slope: Float[np.ndarray, "P LANES"]  # the gradient at the trial
    q: Float[np.ndarray, "P LANES"]
    pairs: Float[np.ndarray, "2 M P LANES"]
    weights: Float[np.ndarray, "M LANES"]
    numbers: Float[np.ndarray, "11 LANES"]
    row: Int[np.ndarray, " LANES"]  # the walker in each lane, or -1


def _empty_lanes(parameters: int, memory: int) -> Lanes:
    theta, gradient, direction, trial, slope, q = (aligned(parameters) for _ in range(6))
    pairs, weights, numbers = aligned(2, memory, parameters), aligned(memory), aligned(len(NUMBERS))
    return Lanes(theta, gradient, direction, trial, slope, q, pairs, weights, numbers, np.full(LANES, -1))


@entry
@exact
def _finish(limits: Limits, function: Function, walkers: WalkerArrays, lanes: Lanes) -> int:
    """Takes all running walkers, from empty histories, to their ends; returns the number of energies computed."""
    memory, made, steps, following = len(lanes.weights), 0, 0, 0
    for lane in range(LANES):
        following = _enter(lane, following, limits.curvature, walkers, lanes)
    while (lanes.row >= 0).any():
        scale = load(lanes.numbers, SCALE)
        for p in range(len(lanes.theta)):
            store(lanes.trial, p, load(lanes.theta, p) + scale * load(lanes.direction, p))
        evaluate(function, lanes.trial, lanes.numbers[VALUE], lanes.slope)
        slot = steps % memory
        steps += 1
        _decide(limits, lanes)
        _move(lanes, slot)
        _two_loops(lanes, slot, min(steps, memory))
        _turn(limits.max_step, lanes)
        for lane in range(LANES):
            made += lanes.row[lane] >= 0
            if lanes.row[lane] >= 0 and lanes.numbers[ENDED, lane] > 0.0:
                _leave(lane, walkers, lanes)
                following = _enter(lane, following, limits.curvature, walkers, lanes)
    return made


@exact
def _enter(lane: int, following: int, curvature: float, walkers: WalkerArrays, lanes: Lanes) -> int:
    """Puts the next running walker, from row `following` on, into a lane; returns the row after the walker's."""
    numbers, w = lanes.numbers, following
    while w < len(walkers.theta) and walkers.status[w] != RUNNING:
        w += 1
    lanes.row[lane] = w if w < len(walkers.theta) else -1
    if w == len(walkers.theta):
        return w
    copy(walkers.theta[w], lanes.theta[:, lane])
    copy(walkers.gradient[w], lanes.gradient[:, lane])
    copy(walkers.direction[w], lanes.direction[:, lane])
    numbers[ENERGY, lane], numbers[SCALE, lane], numbers[CURVATURE, lane] = walkers.energy[w], 1.0, 1.0 / curvature
    numbers[REJECTIONS, lane], numbers[CALLS, lane], numbers[AGE, lane] = 0.0, walkers.calls[w], 0.0
    return w + 1


@exact
def _leave(lane: int, walkers: WalkerArrays, lanes: Lanes) -> None:
    """Writes the walker of a lane, which has ended, back to its row."""
    w, numbers = lanes.row[lane], lanes.numbers
    copy(lanes.theta[:, lane], walkers.theta[w])
    copy(lanes.gradient[:, lane], walkers.gradient[w])
    walkers.energy[w], walkers.calls[w] = numbers[ENERGY, lane], int(numbers[CALLS, lane])
    walkers.status[w] = int(numbers[ENDED, lane])


@exact
def _decide(limits: Limits, lanes: Lanes) -> None:
    """Accepts or shortens the trials, except for the arrays over parameters, which `_move` and `_turn` write."""
    numbers, parameters = lanes.numbers, len(lanes.theta)
    product, squared, square = spread(0.0), spread(0.0), spread(0.0)
    for p in range(parameters):
        change = load(lanes.slope, p) - load(lanes.gradient, p)
        product += (load(lanes.trial, p) - load(lanes.theta, p)) * change
        squared += change * change
        square += load(lanes.slope, p) * load(lanes.slope, p)
    accepted = load(numbers, VALUE) <= load(numbers, ENERGY) + limits.max_energy_rise
    converged = square <= limits.rms * limits.rms * parameters
    decision = decide(
        limits.max_calls,
        accepted,
        converged,
        load(numbers, SCALE),
        load(numbers, REJECTIONS),
        load(numbers, CALLS),
    )
    usable = where(product - LEAST_CURVATURE * squared, accepted, 0.0)
    store(numbers, PAIR, where(usable, 1.0 / root(product), 0.0))
    store(numbers, CURVATURE, where(usable, product / squared, load(numbers, CURVATURE)))
    store(numbers, ENERGY, where(accepted, load(numbers, VALUE), load(numbers, ENERGY)))
    store(numbers, SCALE, decision.scale)
    store(numbers, AGE, where(decision.forgets, 0.0, load(numbers, AGE) + 1.0))
    store(numbers, REJECTIONS, decision.rejections)
    store(numbers, CALLS, decision.calls)
    store(numbers, ACCEPTED, accepted)
    store(numbers, TURNED, accepted + decision.forgets)
    store(numbers, ENDED, decision.status)


@exact
def _move(lanes: Lanes, slot: int) -> None:
    """Writes the pairs of the trials, scaled to s.y = 1, into a slot and moves walkers to accepted trials."""
    theta, gradient, trial, slope, pairs = lanes.theta, lanes.gradient, lanes.trial, lanes.slope, lanes.pairs
    accepted, pair = load(lanes.numbers, ACCEPTED), load(lanes.numbers, PAIR)
    step, change = slot * len(theta), (pairs.shape[1] + slot) * len(theta)
    for p in range(len(theta)):
        store(pairs, step + p, where(pair, pair * (load(trial, p) - load(theta, p)), 0.0))
        store(pairs, change + p, where(pair, pair * (load(slope, p) - load(gradient, p)), 0.0))
        store(theta, p, where(accepted, load(trial, p), load(theta, p)))
        store(gradient, p, where(accepted, load(slope, p), load(gradient, p)))


@exact
def _two_loops(lanes: Lanes, newest: int, kept: int) -> None:
    """Writes into q the gradient times the inverse Hessian of the history, see `compiled.py`."""
    gradient, q, pairs, weights = lanes.gradient, lanes.q, lanes.pairs, lanes.weights
    memory, size = len(weights), len(q)
    changes = memory * size
    age, curvature = load(lanes.numbers, AGE), load(lanes.numbers, CURVATURE)
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
def _turn(max_step: float, lanes: Lanes) -> None:
    """Writes q, turned downhill and capped in length, into the directions that are to change."""
    q, direction = lanes.q, lanes.direction
    squared, along = spread(0.0), spread(0.0)
    for p in range(len(q)):
        squared += load(q, p) * load(q, p)
        along += load(q, p) * load(lanes.gradient, p)
    share, turned = min(max_step / root(squared), 1.0), load(lanes.numbers, TURNED)
    share = where(along, -1.0 * share, share)
    for p in range(len(q)):
        store(direction, p, where(turned, share * load(q, p), load(direction, p)))
