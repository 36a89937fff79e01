"""L-BFGS of walkers side by side, against a walk in numpy and against walkers one by one."""

from dataclasses import dataclass

import numpy as np
import pytest
import torch
from numba import cfunc, float64, int64, njit, types
from torch import Tensor

from landscape.numerics.vectors import LANES
from landscape.objective import Function, Kernel
from landscape.optimize.driver import run_all
from landscape.optimize.lbfgs.lanes import MOST_PAIRS
from landscape.optimize.lbfgs.method import LBFGS
from landscape.optimize.lbfgs.rule import PATIENCE, SHORTENING
from landscape.optimize.status import Status
from landscape.problems.problem import Problem

Array = np.ndarray
SLOPE, LIAR, EDGE = range(3)


@dataclass
class Trial:
    """A trial of the reference, with its pair, the step and the change of the gradient, if it has one."""

    accepted: bool
    pair: tuple[Array, Array] | None


def reference(problem: Problem, start: Array, method: LBFGS) -> tuple[Array, int, list[Trial]]:
    """End, calls and trials of a walk by the two-loop recursion of Nocedal (1980); histories are the pairs of the last
    M trials.
    """

    def evaluate(theta: Array) -> tuple[float, Array]:
        energy, gradient = problem._energy.batched.energy_and_gradient(torch.tensor(theta[None]))
        return float(energy), gradient[0].numpy()

    theta, (energy, gradient) = start, evaluate(start)
    length = np.linalg.norm(gradient)
    direction = -gradient / length * min(length, 1.0 / length, method.max_step)
    trials: list[Trial] = []
    history: list[Trial] = []
    scale, curvature, rejections, calls = 1.0, 1.0, 0, 1
    while np.sqrt(np.mean(gradient**2)) > method.rms and calls < method.max_calls and rejections < 2 * PATIENCE:
        trial = theta + scale * direction
        value, slope = evaluate(trial)
        calls += 1
        step, change = trial - theta, slope - gradient
        accepted = value <= energy + method.max_energy_rise
        history.append(Trial(accepted, (step, change) if accepted and step @ change > 0.0 else None))
        trials.append(history[-1])
        if accepted:
            theta, energy, gradient, scale, rejections = trial, value, slope, 1.0, 0
            curvature = step @ change / (change @ change) if step @ change > 0.0 else curvature
        else:
            scale, rejections = SHORTENING * scale, rejections + 1
            if rejections == PATIENCE:
                history, scale = [], 1.0
        if accepted or rejections == PATIENCE:
            pairs = [trial.pair for trial in history[-method.memory :] if trial.pair is not None]
            direction = two_loops(pairs, curvature, gradient, method.max_step)
    return theta, calls, trials


def two_loops(pairs: list[tuple[Array, Array]], curvature: float, gradient: Array, max_step: float) -> Array:
    q, factors = gradient.copy(), []
    for s, y in reversed(pairs):
        factors.append(s @ q / (s @ y))
        q -= factors[-1] * y
    q *= curvature
    for (s, y), factor in zip(pairs, reversed(factors), strict=True):
        q += (factor - y @ q / (s @ y)) * s
    q *= min(1.0, max_step / np.linalg.norm(q))
    return -q if gradient @ q > 0 else q


@pytest.mark.parametrize("max_calls", [2, 9, 30])
@pytest.mark.parametrize("memory", [1, 3, MOST_PAIRS])
def test_a_walk_is_that_of_the_two_loop_recursion(memory: int, max_calls: int) -> None:
    """Compared as long as rounding is not amplified; some trials are rejected and some pairs are not usable."""
    problem = Problem(dataset="xor", standardise=False, hidden=[3], l2=1e-3)
    starts = np.random.default_rng(0).normal(size=(2 * LANES + 3, problem.n_parameters))
    method = LBFGS(memory=memory, max_calls=max_calls, max_step=0.7)
    state = run_all(method, problem, torch.tensor(starts), len(starts))
    seen: list[Trial] = []
    for row, start in enumerate(starts):
        theta, calls, trials = reference(problem, start, method)
        seen += trials
        assert calls == state.calls[row]
        np.testing.assert_allclose(state.theta[row].numpy(), theta, rtol=0, atol=1e-7)
    if max_calls == 30:
        assert {(trial.accepted, trial.pair is None) for trial in seen} == {(True, True), (True, False), (False, True)}


@njit
def rows(theta: Array, energy: Array, gradient: Array, data: tuple[int]) -> None:
    """Three energies: one falls for ever; one has a wrong slope; one is a bowl for positive parameters only."""
    for w in range(len(theta)):
        energy[w] = 0.0
        for p in range(theta.shape[1]):
            x = theta[w, p]
            if data[0] == SLOPE:
                energy[w], gradient[w, p] = energy[w] + x, 1.0
            elif data[0] == LIAR:
                energy[w], gradient[w, p] = energy[w] + x * x, -2.0 * x
            else:
                missing = 0.0 if x > 0.0 else np.nan
                energy[w], gradient[w, p] = energy[w] + (x - 1.0) ** 2 + missing, 2.0 * (x - 1.0) + missing


def columns(theta: Array, energy: Array, gradient: Array, data: tuple[int]) -> None:
    slope = np.empty((LANES, len(theta)))
    rows(np.ascontiguousarray(theta.T), energy, slope, data)
    gradient[:] = slope.T


SIGNATURE = types.void(float64[:, ::1], float64[::1], float64[:, ::1], types.UniTuple(int64, 1))
ROWS, COLUMNS = cfunc(SIGNATURE)(rows.py_func), cfunc(SIGNATURE)(columns)


class Surface:
    """One of the energies of `rows` in three dimensions, in compiled code."""

    n_parameters = 3
    device = torch.device("cpu")
    recorder = None

    def __init__(self, kind: int, *, lanes: bool) -> None:
        self.kind, self.lanes, self.energies = kind, lanes, 0

    def kernel(self) -> Kernel:
        rows, columns = (Function(code.address, (self.kind,)) for code in (ROWS, COLUMNS))
        return Kernel(rows, self.count, columns if self.lanes else None)

    def count(self, energies: int) -> None:
        self.energies += energies

    def energy_and_gradient(self, theta: Tensor) -> tuple[Tensor, Tensor]:
        energy, gradient = torch.empty(len(theta)).double(), torch.empty_like(theta)
        rows(theta.numpy(), energy.numpy(), gradient.numpy(), (self.kind,))
        return energy, gradient


@pytest.mark.parametrize(
    ("kind", "point", "status"),
    [
        (SLOPE, 1.0, Status.OUT_OF_STEPS),
        (LIAR, 1.0, Status.STALLED),
        (EDGE, -1.0, Status.NOT_FINITE),
        (EDGE, 3.0, Status.CONVERGED),
        (EDGE, 1.0, Status.CONVERGED),
        (EDGE, 60.0, Status.CONVERGED),
    ],
)
def test_walkers_end_as_those_one_by_one(kind: int, point: float, status: Status) -> None:
    """Half of the walkers start from another point; those at 60 leave the domain by a first step of 100."""
    points = torch.tensor([[point] * 3, [2.5] * 3] * LANES, dtype=torch.float64)
    method = LBFGS(max_calls=300, max_step=100.0, memory=5)
    surface = Surface(kind, lanes=True)
    found = run_all(method, surface, points, len(points))
    expected = run_all(method, Surface(kind, lanes=False), points, len(points))
    assert (found.status[::2] == status).all()
    assert surface.energies == (found.calls - 1).sum()
    for name in ("status", "calls"):
        assert torch.equal(getattr(found, name), getattr(expected, name))
    torch.testing.assert_close(found.theta, expected.theta, rtol=1e-9, atol=1e-9, equal_nan=True)
