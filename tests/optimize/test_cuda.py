"""Tests on a GPU: agreement with the CPU, steps that do not wait, recordings that repeat the recorded work."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest
import torch
from torch import Tensor

from landscape.objective import Objective
from landscape.optimize import recording
from landscape.optimize.driver import CHECK_EVERY, run_all
from landscape.optimize.lbfgs.method import LBFGS
from landscape.optimize.lbfgs.state import LBFGSState
from landscape.optimize.newton import newton_finish
from landscape.optimize.quench import quench
from landscape.optimize.status import Status
from landscape.problems.problem import Problem
from landscape.search.transition_states import SearchSettings, connect

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device and a CUDA build of torch")
L2 = 1e-2


def xor(device: str) -> Problem:
    return Problem(dataset="xor", standardise=False, hidden=[2], l2=L2, device=device)


def iris(device: str) -> Problem:
    return Problem(dataset="iris", hidden=[10], l2=1e-3, device=device)


def starts(problem: Objective, walkers: int) -> Tensor:
    points = np.random.default_rng(0).normal(size=(walkers, problem.n_parameters))
    return torch.tensor(points, device=problem.device)


@contextmanager
def no_waiting() -> Iterator[None]:
    torch.cuda.set_sync_debug_mode("error")
    try:
        yield
    finally:
        torch.cuda.set_sync_debug_mode("default")


@pytest.mark.filterwarnings("ignore:Synchronization debug mode")
def test_steps_do_not_wait() -> None:
    problem, method = iris("cuda"), LBFGS()
    state = method.step(problem, method.init(problem, starts(problem, 100)))
    with no_waiting():
        for _ in range(CHECK_EVERY):
            state = method.step(problem, state)
    assert (state.calls == CHECK_EVERY + 2).all()


def test_derivatives_are_those_of_the_cpu() -> None:
    core, there = iris("cpu"), iris("cuda")
    theta = starts(core, 50)
    for name in ("energy", "hessian"):
        found, expected = getattr(there, name)(theta.cuda()), getattr(core, name)(theta)
        torch.testing.assert_close(found.cpu(), expected, rtol=1e-11, atol=1e-12)
    found, expected = there.energy_and_gradient(theta.cuda())[1], core.energy_and_gradient(theta)[1]
    torch.testing.assert_close(found.cpu(), expected, rtol=1e-11, atol=1e-12)


def test_recorded_steps_are_the_same_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recording, "RECORD_AFTER", 1)
    problem, method = iris("cuda"), LBFGS()
    plain, recorded = (method.init(problem, starts(problem, 200)) for _ in range(2))

    def steps(state: LBFGSState) -> LBFGSState:
        for _ in range(CHECK_EVERY):
            state = method.step(problem, state)
        return state

    assert problem.recorder is not None
    replayed = recording.Recorded(steps, problem.recorder)
    for _ in range(4):
        plain = steps(plain)
        assert replayed(recorded) is recorded
    assert torch.equal(recorded.calls, plain.calls)
    torch.testing.assert_close(recorded.theta, plain.theta, rtol=1e-9, atol=1e-9)


def test_quenches_are_recorded_from_full_batches_to_the_last_walker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recording, "RECORD_AFTER", 1)
    problem = iris("cuda")
    state = run_all(LBFGS(), problem, starts(problem, 300), 128)
    assert (state.status == Status.CONVERGED).all()
    energy, gradient = problem.energy_and_gradient(state.theta)
    torch.testing.assert_close(state.energy, energy, rtol=1e-12, atol=0)
    assert (gradient.norm(dim=1) / problem.n_parameters**0.5 <= 1.01e-7).all()


def test_minima_are_those_of_the_cpu() -> None:
    core, there = iris("cpu"), iris("cuda")
    known = quench(core, starts(core, 64), method=LBFGS(), batch=64)
    near = known.theta + 1e-3 * starts(core, 64)
    expected = quench(core, near, method=LBFGS(), batch=64)
    found = quench(there, near.cuda(), method=LBFGS(), batch=64)
    assert expected.is_minimum.all()
    assert torch.equal(found.is_minimum.cpu(), expected.is_minimum)
    torch.testing.assert_close(found.energy.cpu(), expected.energy, rtol=0, atol=1e-9)
    distance = core.symmetry.distance(found.theta.cpu().numpy(), expected.theta.numpy())
    assert distance.max() < 1e-4


def test_transition_states_are_those_of_the_cpu() -> None:
    core, there = xor("cpu"), xor("cuda")
    minima = quench(core, starts(core, 24), method=LBFGS(), batch=24).theta.numpy()
    first, last = minima[:12], core.symmetry.align(minima[12:], minima[:12])
    ends = torch.tensor(first), torch.tensor(last)
    expected = connect(core, *ends, np.full(12, 20), SearchSettings()).points
    found = connect(there, ends[0].cuda(), ends[1].cuda(), np.full(12, 20), SearchSettings()).points
    assert len(expected)
    values, wanted = (np.unique(points.energy.cpu().numpy().round(8)) for points in (found, expected))
    np.testing.assert_allclose(values, wanted, rtol=0, atol=2e-8)
    assert newton_finish(core, found.theta.cpu()).is_transition_state.all()
