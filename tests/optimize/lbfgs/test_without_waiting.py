"""Steps on a device: none reads values or copies from the host; recorded steps equal plain ones."""

from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from landscape.objective import Energy, Objective
from landscape.optimize import driver, recording
from landscape.optimize.driver import CHECK_EVERY, Method, run_all, take_rows
from landscape.optimize.lbfgs.batched import Batched
from landscape.optimize.lbfgs.method import LBFGS
from landscape.optimize.lbfgs.one_by_one import OneByOne
from landscape.problems.energies.batched import BatchedEnergy
from landscape.problems.energies.form import Definition
from landscape.problems.problem import Problem
from landscape.search.bands import BandEnergy, straight_bands
from landscape.search.eigenvector_following import EigenvectorFollowing, _merged
from tests.optimize.objectives import objective
from tests.unseen import UNSEEN, OnDeviceOnly


class Unseen:
    """A problem whose tensors have no values."""

    def __init__(self, problem: Problem) -> None:
        inputs, loss, encoded = problem._energy.batched._data
        batched = BatchedEnergy(Definition(problem.network, inputs.to(UNSEEN), loss, encoded.to(UNSEEN), problem.l2))
        self.energy, self.energy_and_gradient = batched.energy, batched.energy_and_gradient
        self.hessian, self.hessian_vector_product = batched.hessian, batched.hessian_vector_product
        self.n_parameters, self.device = problem.n_parameters, UNSEEN
        self.symmetry, self.curvature_threshold = problem.symmetry, problem.curvature_threshold
        self.smooth, self.cheap_hessian, self.recorder, self.energy_unit = True, False, None, 1.0
        self.kernel = lambda: None


NETWORKS: dict[str, dict[str, Any]] = {
    "cross-entropy, tanh": {"dataset": "iris", "hidden": [10], "l2": 1e-4},
    "mse, silu, deep": {"dataset": "moons", "hidden": [5, 4], "l2": 1e-4, "loss": "mse", "activation": "silu"},
}


@pytest.fixture(params=NETWORKS)
def unseen(request: pytest.FixtureRequest) -> Objective:
    return Unseen(Problem(**NETWORKS[request.param]))


def points(energy: Objective, *shape: int) -> Tensor:
    return torch.empty(*shape, energy.n_parameters, dtype=torch.float64, device=energy.device)


def test_the_test_sees_what_would_wait() -> None:
    """The stand-in device rejects each of these operations."""
    values = torch.empty(3, 2, dtype=torch.float64, device=UNSEEN)
    looks: list[Callable[[], object]] = [
        lambda: values.sum().item(),
        lambda: values[values > 0],
        (values > 0).nonzero,
        lambda: bool((values > 0).any()),
        values.cpu,
        lambda: values[:, [0, -1]],
        lambda: torch.tensor([1.0], device=UNSEEN),
    ]
    for look in looks:
        with OnDeviceOnly(), pytest.raises((RuntimeError, NotImplementedError, AssertionError)):
            look()


def test_energies_and_derivatives_do_not_wait(unseen: Objective) -> None:
    theta = points(unseen, 7)
    with OnDeviceOnly():
        assert unseen.energy(theta).shape == (7,)
        assert unseen.energy_and_gradient(theta)[1].shape == theta.shape
        assert unseen.hessian(theta).shape == (*theta.shape, unseen.n_parameters)
        assert unseen.hessian_vector_product(theta, theta).shape == theta.shape


def test_steps_of_quenches_do_not_wait(unseen: Objective) -> None:
    method = LBFGS()
    with OnDeviceOnly():
        state = method.init(unseen, points(unseen, 7))
        assert method.step(unseen, state).theta.shape == state.theta.shape


def test_steps_of_bands_do_not_wait(unseen: Objective) -> None:
    method, band = LBFGS(memory=6), BandEnergy(unseen, 5)
    with OnDeviceOnly():
        bands = straight_bands(points(unseen, 3), points(unseen, 3), 5)
        state = method.init(band, bands.flatten(1))
        assert method.step(band, state).theta.shape == state.theta.shape


def test_steps_of_eigenvector_following_wait_in_the_eigensolver_alone(unseen: Objective) -> None:
    method = EigenvectorFollowing()
    with OnDeviceOnly():
        state = method.init(unseen, points(unseen, 7, 2))
        assert method.step(unseen, state).theta.shape == state.theta.shape


def test_eigenvector_following_is_the_same_whether_all_are_computed_or_the_running_alone() -> None:
    energy, method = objective("network"), EigenvectorFollowing()
    state = method.init(energy, torch.tensor(np.random.default_rng(0).normal(size=(6, 2, energy.n_parameters))))
    state = replace(state, status=torch.tensor([0, 1, 0, 0, 3, 0]))
    everywhere = _merged(state, method._moved(energy, state), state.status == 0)
    running = method.step(energy, state)
    for field in fields(state):
        torch.testing.assert_close(getattr(everywhere, field.name), getattr(running, field.name), rtol=1e-9, atol=1e-12)


class Recording:
    """A problem with a recorder for the CPU, which counts the replays of each recording."""

    def __init__(self, problem: Problem) -> None:
        self._problem = problem
        self.recordings: list[int] = []

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever a problem has
        return getattr(self._problem, name)

    def recorder(self, work: Callable[[], None]) -> Callable[[], None]:
        work()
        number = len(self.recordings)
        self.recordings.append(0)

        def replay() -> None:
            self.recordings[number] += 1
            work()

        return replay


@pytest.mark.parametrize("by_halves", [False, True])
@pytest.mark.parametrize("method", [OneByOne(), Batched()])
def test_recorded_steps_are_the_same_steps(
    method: Method[Energy, Any], by_halves: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        driver, "_to_be_dropped", lambda empty, places, _: (2 if by_halves else places) * empty >= places
    )
    monkeypatch.setattr(recording, "RECORD_AFTER", 2)
    monkeypatch.setattr(Problem, "kernel", lambda _: None)  # a kernel would take several trials a step
    problem = Problem(dataset="iris", hidden=[4], l2=1e-3)
    starts = torch.tensor(np.random.default_rng(3).normal(size=(24, problem.n_parameters)))
    recorded = Recording(problem)
    plain = run_all(method, problem, starts, 8)
    found = run_all(method, recorded, starts, 8)
    assert sum(recorded.recordings) * CHECK_EVERY > 0.3 * plain.calls.sum() / 8
    for name in ("theta", "energy", "gradient", "calls", "status"):
        assert torch.equal(getattr(found, name), getattr(plain, name)), name


def test_a_recording_ends_with_the_state_that_it_was_made_with() -> None:
    problem = Recording(Problem(dataset="xor", standardise=False, hidden=[2], l2=1e-2))
    method = LBFGS(rms=0.0)
    recorded = recording.Recorded(lambda state: method.step(problem, state), problem.recorder)
    state = method.init(problem, torch.ones(4, problem.n_parameters, dtype=torch.float64))
    for _ in range(recording.RECORD_AFTER + 3):
        assert recorded(state) is state
    assert problem.recordings == [2]
    smaller = take_rows(state, slice(2))
    recorded(smaller)
    assert problem.recordings == [2]
