"""L-BFGS one by one and batched, against numpy, scipy and each other."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch
from scipy.optimize import minimize
from torch import Tensor

from landscape.objective import Energy, Kernel, Objective
from landscape.optimize.driver import Method, run_all
from landscape.optimize.lbfgs.batched import Batched
from landscape.optimize.lbfgs.lanes import InLanes
from landscape.optimize.lbfgs.method import LBFGS
from landscape.optimize.lbfgs.one_by_one import OneByOne, OneByOneState
from landscape.optimize.status import Status
from landscape.problems.problem import Problem
from landscape.problems.surfaces.adapter import as_objective
from tests.optimize.objectives import OBJECTIVES, objective, starts

Array = np.ndarray
P = 9
Way = Callable[..., Method[Energy, Any]]
WAYS: list[Way] = [OneByOne, Batched]
# Largest error of a direction: `Batched` multiplies by an inverse, which here is badly conditioned.
ERROR: dict[Way, float] = {OneByOne: 1e-11, Batched: 1e-7}

of_every_way = pytest.mark.parametrize("way", WAYS)


class Banana:
    """Rosenbrock's valley in the plane, with its Hessian."""

    n_parameters = 2
    cheap_hessian = True
    hessians = 0

    def energy_and_gradient(self, theta: Array) -> tuple[Array, Array]:
        x, y = theta.T
        bend = y - x * x
        return (1 - x) ** 2 + 100 * bend**2, np.stack([-2 * (1 - x) - 400 * x * bend, 200 * bend], axis=1)

    def hessian(self, theta: Array) -> Array:
        self.hessians += len(theta)
        x, y = theta.T
        rows = [[2 - 400 * (y - 3 * x * x), -400 * x], [-400 * x, np.full_like(x, 200.0)]]
        return np.moveaxis(np.array(rows), 2, 0)


class Scripted:
    """A convex bowl whose gradient is disturbed anew at every call, and whose energy always falls.

    So every trial is accepted whatever direction the history gives, and some pairs have negative curvature.
    """

    n_parameters = P

    def __init__(self, noise: float) -> None:
        self.random = np.random.default_rng(0)
        factor = self.random.normal(size=(P, P))
        self.matrix, self.noise = factor @ factor.T + np.eye(P), noise
        self.visited: list[tuple[Array, Array]] = []

    def energy_and_gradient(self, theta: Array) -> tuple[Array, Array]:
        gradient = theta @ self.matrix + self.noise * self.random.normal(size=theta.shape)
        self.visited.append((theta.copy(), gradient))
        return np.full(len(theta), -float(len(self.visited))), gradient


def two_loop(visited: list[tuple[Array, Array]], memory: int) -> Array:
    """The direction of Nocedal (1980) from the points and gradients of one walker, the oldest first."""
    pairs = [(x2 - x1, g2 - g1) for (x1, g1), (x2, g2) in pairwise(visited)]
    pairs = [(s, y) for s, y in pairs if s @ y > 0][-memory:]
    q, factors = visited[-1][1].copy(), []
    for s, y in reversed(pairs):
        factors.append(s @ q / (s @ y))
        q -= factors[-1] * y
    if pairs:
        s, y = pairs[-1]
        q *= s @ y / (y @ y)
    for (s, y), factor in zip(pairs, reversed(factors), strict=True):
        q += (factor - y @ q / (s @ y)) * s
    return -q


@pytest.mark.parametrize("noise", [0.0, 0.3, 20.0])
@pytest.mark.parametrize("memory", [1, 4, 7])
@of_every_way
def test_the_direction_is_that_of_the_two_loop_recursion(way: Way, memory: int, noise: float) -> None:
    surface = Scripted(noise)
    energy = as_objective(surface)
    surface.visited.clear()
    method = way(memory=memory, max_step=1e6, rms=0.0)
    points = torch.tensor(np.random.default_rng(1).normal(size=(3, P)))
    state = method.init(energy, points)
    for _ in range(3 * memory + 2):
        state = method.step(energy, state)
        for walker in range(3):
            expected = two_loop([(x[walker], g[walker]) for x, g in surface.visited], memory)
            found = state.direction[walker].numpy()
            np.testing.assert_allclose(found, expected, rtol=0, atol=ERROR[way] * float(np.linalg.norm(expected)))


@pytest.mark.parametrize("precondition", [False, True])
@pytest.mark.parametrize("name", OBJECTIVES)
@of_every_way
def test_minima_are_those_of_scipy(way: Way, name: str, precondition: bool) -> None:
    """Starts are near the minima, so that both methods must end in the same one."""
    energy = objective(name)
    expected = np.array([scipy_minimum(energy, start) for start in starts(name, 4).numpy()])
    near = torch.tensor(expected + 0.01 * np.random.default_rng(2).normal(size=expected.shape))
    state = run_all(way(precondition=precondition), energy, near, 4)
    assert (state.status == Status.CONVERGED).all()
    target = energy.energy(torch.tensor(expected))
    torch.testing.assert_close(state.energy, target, rtol=1e-9, atol=1e-9)


def scipy_minimum(energy: Objective, start: Array) -> Array:
    def call(x: Array) -> tuple[float, Array]:
        value, gradient = energy.energy_and_gradient(torch.tensor(x[None]))
        return value.item(), gradient[0].numpy()

    options = {"maxcor": 20, "maxiter": 5000, "maxfun": 10000, "ftol": 0.0, "gtol": 1e-8}
    found: Array = minimize(call, start, jac=True, method="L-BFGS-B", options=options).x
    return found


@of_every_way
def test_no_step_is_longer_than_the_cap_or_raises_the_energy(way: Way) -> None:
    energy, method = objective("camel"), way(max_step=0.05)
    state = method.init(energy, starts("camel", 20))
    for _ in range(40):
        before = state
        theta, value = before.theta.clone(), before.energy.clone()
        state = method.step(energy, state)
        assert ((state.theta - theta).norm(dim=1) <= 0.05 * (1 + 1e-12)).all()
        assert (state.energy <= value + LBFGS.max_energy_rise).all()


@pytest.fixture(scope="module")
def large() -> Problem:
    """A problem large enough to have an energy in float32."""
    return Problem(dataset="iris", hidden=[10], l2=1e-2)


def test_float32_leads_to_where_float64_converges(large: Problem) -> None:
    method = LBFGS(precondition=True)
    state = run_all(method, large, start_points(large), 5)
    assert isinstance(state, OneByOneState)
    energy, gradient = large.energy_and_gradient(state.theta)
    assert (state.status == Status.CONVERGED).all()
    assert torch.equal(state.energy, energy)
    assert torch.equal(state.gradient, gradient)
    assert (gradient.norm(dim=1) <= method.rms * large.n_parameters**0.5).all()
    assert not state.rough.any()


@pytest.mark.bits
def test_who_follows_float32_does_not_depend_on_its_neighbours(large: Problem) -> None:
    together = run_all(LBFGS(), large, start_points(large), 12)
    for row, point in enumerate(start_points(large)):
        alone = run_all(LBFGS(), large, point[None], 1)
        assert torch.equal(alone.theta[0], together.theta[row])
        assert alone.calls[0] == together.calls[row]


@pytest.mark.parametrize("scale", [1.01, np.nan])
def test_a_wrong_energy_in_float32_only_costs_calls(
    large: Problem, scale: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    kernel = large.kernel()
    assert kernel is not None
    assert kernel.rough is not None
    network, (inputs, *samples), *rest = kernel.rough.data
    wrong = kernel.rough._replace(data=(network, (inputs * np.float32(scale), *samples), *rest))
    monkeypatch.setattr(large, "kernel", lambda: kernel._replace(rough=wrong))
    state = run_all(LBFGS(), large, start_points(large), 12)
    assert (state.status == Status.CONVERGED).all()
    assert torch.equal(state.energy, large.energy(state.theta))


def start_points(problem: Problem) -> Tensor:
    return torch.tensor(np.random.default_rng(4).normal(size=(12, problem.n_parameters)))


class Slope:
    """An energy that falls for ever, so that nothing converges."""

    n_parameters = 3

    def energy_and_gradient(self, theta: Array) -> tuple[Array, Array]:
        return theta.sum(axis=1), np.ones_like(theta)


class Liar:
    """An energy whose gradient points the wrong way, so that no step along it is acceptable."""

    n_parameters = 3

    def energy_and_gradient(self, theta: Array) -> tuple[Array, Array]:
        return (theta**2).sum(axis=1), -2.0 * theta


class Edge:
    """A bowl that exists only for positive parameters; elsewhere values are NaN."""

    n_parameters = 3

    def energy_and_gradient(self, theta: Array) -> tuple[Array, Array]:
        outside = (theta <= 0).any(axis=1)
        energy, gradient = ((theta - 1.0) ** 2).sum(axis=1), 2.0 * (theta - 1.0)
        energy[outside] = np.nan
        gradient[outside] = np.nan
        return energy, gradient


class Frugal:
    """A bowl that returns the same two tensors every time."""

    n_parameters = 3
    device = torch.device("cpu")

    def __init__(self, walkers: int) -> None:
        self.energy, self.gradient = torch.empty(walkers).double(), torch.empty(walkers, 3).double()

    def energy_and_gradient(self, theta: Tensor) -> tuple[Tensor, Tensor]:
        torch.sum(theta**4, 1, out=self.energy)
        torch.mul(theta**3, 4.0, out=self.gradient)
        self.answered = self.energy.clone(), self.gradient.clone()
        return self.energy, self.gradient


@of_every_way
def test_answers_are_neither_kept_nor_written_to(way: Way) -> None:
    surface = Frugal(2)
    energy, method = as_objective(surface), way()
    state = method.init(energy, torch.tensor([[2.0, 1.0, -3.0], [0.5, 9.0, 0.1]]).double())
    for _ in range(20):
        state = method.step(energy, state)
        torch.testing.assert_close(state.energy, (state.theta**4).sum(1), rtol=1e-14, atol=0)
        torch.testing.assert_close(state.gradient, 4.0 * state.theta**3, rtol=1e-14, atol=0)
        assert torch.equal(surface.energy, surface.answered[0])
        assert torch.equal(surface.gradient, surface.answered[1])


def final(method: Method[Energy, Any], surface: object, point: float) -> tuple[Status, int]:
    energy = as_objective(surface)
    start = torch.full((1, 3), point, dtype=torch.float64)
    state = run_all(method, energy, start, 1)
    return Status(int(state.status[0])), int(state.calls[0])


@of_every_way
def test_every_way_to_end_has_its_status(way: Way) -> None:
    assert final(way(max_calls=30), Slope(), 1.0) == (Status.OUT_OF_STEPS, 30)
    assert final(way(), Liar(), 1.0)[0] == Status.STALLED
    assert final(way(), Edge(), -1.0)[0] == Status.NOT_FINITE
    assert final(way(), Edge(), 3.0)[0] == Status.CONVERGED
    assert final(way(), Edge(), 1.0) == (Status.CONVERGED, 1)


@of_every_way
def test_a_trial_that_is_no_number_is_shortened(way: Way) -> None:
    """A long first step leaves the domain, where there is no energy; the walker comes back."""
    assert final(way(max_step=100.0), Edge(), 60.0)[0] == Status.CONVERGED


@pytest.mark.parametrize("precondition", [False, True])
def test_a_compiled_energy_is_walked_as_any_other(monkeypatch: pytest.MonkeyPatch, precondition: bool) -> None:
    """Compared trial by trial; only rounding differs, so trials end before it is amplified."""
    problem = Problem(dataset="iris", hidden=[4], l2=1e-3)
    points = torch.tensor(np.random.default_rng(5).normal(size=(11, problem.n_parameters)))
    method = LBFGS(precondition=precondition, max_calls=25)
    walked = run_all(method, problem, points, 11)
    monkeypatch.setattr(Problem, "kernel", lambda _: None)
    stepped = run_all(method, problem, points, 11)
    assert torch.equal(walked.calls, stepped.calls)
    assert torch.equal(walked.status, stepped.status)
    torch.testing.assert_close(walked.theta, stepped.theta, rtol=1e-6, atol=1e-6)


@pytest.mark.bits
@pytest.mark.parametrize(("dataset", "precondition"), [("iris", False), ("iris", True), ("xor", False)])
@pytest.mark.parametrize("way", [LBFGS, *WAYS])
def test_a_walker_does_not_depend_on_its_neighbours(way: Way, dataset: str, precondition: bool) -> None:
    """Equal to the last bit: a quench of a thousand steps does not depend on the other walkers."""
    problem = Problem(dataset=dataset, hidden=[4], l2=1e-3)
    walkers, batch = (70, 45) if (way, dataset) == (LBFGS, "xor") else (7, 3)  # more than one group of lanes
    points = torch.tensor(np.random.default_rng(3).normal(size=(walkers, problem.n_parameters)))
    method = way(precondition=precondition)
    together = run_all(method, problem, points, batch)
    alone = [run_all(method, problem, point[None], 1) for point in points]
    for row, state in enumerate(alone):
        assert torch.equal(together.theta[row], state.theta[0])
        assert torch.equal(together.energy[row], state.energy[0])
        assert torch.equal(together.calls[row], state.calls[0])


@of_every_way
def test_hessians_save_calls_and_are_shifted_until_they_are_positive_definite(way: Way) -> None:
    """Random starts, where Hessians have negative eigenvalues; every quench converges."""
    problem = Problem(dataset="iris", hidden=[4], l2=1e-3)
    points = torch.tensor(np.random.default_rng(4).normal(size=(16, problem.n_parameters)))
    plain, helped = (run_all(way(precondition=use), problem, points, 16) for use in (False, True))
    assert (helped.status == Status.CONVERGED).all()
    if way is Batched:
        assert torch.equal(helped.calls, plain.calls)
    else:
        assert helped.calls.sum() < 0.75 * plain.calls.sum()


def test_the_first_preconditioned_step_is_that_of_newton() -> None:
    """Tested where the Hessian is positive definite and the step is short."""
    surface = Banana()
    energy, method = as_objective(surface), LBFGS(precondition=True)
    state = method.init(energy, torch.tensor([[1.0001, 1.0]], dtype=torch.float64))
    surface.hessians = 0
    while not surface.hessians:
        state = method.step(energy, state)
    gradient, hessian = state.gradient[0].numpy(), surface.hessian(state.theta.numpy())[0]
    np.testing.assert_allclose(state.direction[0], -np.linalg.solve(hessian, gradient), rtol=1e-9)


def test_a_hessian_that_is_no_number_is_done_without(monkeypatch: pytest.MonkeyPatch) -> None:
    surface = Banana()
    monkeypatch.setattr(surface, "hessian", lambda theta: np.full((len(theta), 2, 2), np.nan))
    state = run_all(LBFGS(precondition=True), as_objective(surface), torch.tensor([[-1.2, 1.0]]).double(), 1)
    assert state.status.tolist() == [Status.CONVERGED]


class Bowl:
    """An energy without Hessians, on any device."""

    recorder = None
    n_parameters = 3

    def __init__(self, device: str = "cpu") -> None:
        self.device = torch.device(device)

    def energy_and_gradient(self, theta: Tensor) -> tuple[Tensor, Tensor]:
        return theta.square().sum(1), 2.0 * theta

    def kernel(self) -> Kernel | None:
        return None


def test_an_energy_without_hessians_will_do_but_for_a_preconditioner() -> None:
    start = torch.tensor([[3.0, -1.0, 0.5]], dtype=torch.float64)
    assert run_all(LBFGS(), Bowl(), start, 1).status.tolist() == [Status.CONVERGED]
    with pytest.raises(TypeError, match="with Hessians to precondition, found Bowl"):
        run_all(LBFGS(precondition=True, max_step=1e-3, max_calls=10**5), Bowl(), 1e-3 * start, 1)


def test_walkers_go_side_by_side_in_compiled_code_for_that_only() -> None:
    with pytest.raises(TypeError, match="expected an energy in compiled code for walkers side by side"):
        run_all(InLanes(), Bowl(), torch.ones(1, 3, dtype=torch.float64), 1)


def test_the_way_is_that_of_the_energy() -> None:
    few, many = (Problem(dataset=dataset, hidden=[3], l2=1e-2) for dataset in ("xor", "iris"))
    settings = LBFGS(memory=7)
    assert settings.way(few) == InLanes(memory=7)
    assert LBFGS(precondition=True).way(few) == OneByOne(precondition=True)
    assert settings.way(many) == settings.way(Bowl()) == OneByOne(memory=7)
    assert settings.way(Bowl("meta")) == Batched(memory=7)
