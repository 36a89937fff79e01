"""One contract for every method on every objective."""

from dataclasses import fields
from typing import Any

import pytest
import torch
from torch import Tensor

from landscape.objective import Objective
from landscape.optimize.driver import run_all, take_rows
from landscape.optimize.lbfgs.method import LBFGS
from landscape.optimize.status import Status
from landscape.search.eigenvector_following import EigenvectorFollowing
from tests.optimize.objectives import OBJECTIVES, objective, starts

METHODS: dict[str, Any] = {
    "lbfgs": LBFGS(),
    "lbfgs, little memory": LBFGS(memory=3, max_step=0.1),
    "eigenvector-following": EigenvectorFollowing(),
}
# Number of steps to compare, and tolerance. A batch and its members differ by rounding, which the way through a
# landscape amplifies, and which eigenvectors of close eigenvalues amplify at once.
COMPARED = {"lbfgs": (12, 1e-12), "lbfgs, little memory": (12, 1e-12), "eigenvector-following": (3, 1e-11)}
TABLE = [(method, name) for method in METHODS for name in OBJECTIVES]


def points_for(method: str, name: str, walkers: int) -> Tensor:
    """Starts as the method takes them: eigenvector-following also needs a direction."""
    theta = starts(name, walkers)
    if method != "eigenvector-following":
        return theta
    return torch.stack([theta, starts(name, walkers, seed=1)], 1)


def steps(method: Any, energy: Objective, points: Tensor, number: int) -> Any:  # noqa: ANN401 - any method, its state
    state = method.init(energy, points)
    for _ in range(number):
        state = method.step(energy, state)
    return state


@pytest.mark.parametrize(("method", "name"), TABLE)
def test_a_batch_equals_its_members_run_alone(method: str, name: str) -> None:
    energy, points = objective(name), points_for(method, name, 6)
    number, tolerance = COMPARED[method]
    together = steps(METHODS[method], energy, points, number)
    for row in range(len(points)):
        alone = steps(METHODS[method], energy, points[row : row + 1], number)
        for field in ("theta", "energy", "status", "calls"):
            found, expected = getattr(together, field)[row : row + 1], getattr(alone, field)
            torch.testing.assert_close(found, expected, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize(("method", "name"), TABLE)
def test_the_answer_does_not_depend_on_how_many_are_in_hand(method: str, name: str) -> None:
    energy, points = objective(name), points_for(method, name, 5)
    few, all_at_once = (run_all(METHODS[method], energy, points, batch) for batch in (2, 5))
    both = (few.status == Status.CONVERGED) & (all_at_once.status == Status.CONVERGED)
    assert torch.equal(few.status, all_at_once.status)
    torch.testing.assert_close(few.energy[both], all_at_once.energy[both], rtol=1e-10, atol=1e-9)


@pytest.mark.parametrize(("method", "name"), TABLE)
def test_a_walker_that_has_ended_stays_where_it_is(method: str, name: str) -> None:
    energy = objective(name)
    ended = run_all(METHODS[method], energy, points_for(method, name, 4), 4)
    before = take_rows(ended, torch.arange(4))
    after = steps_on(METHODS[method], energy, ended)
    for field in ("theta", "energy", "gradient", "calls", "status"):
        assert torch.equal(getattr(after, field), getattr(before, field)), field


@pytest.mark.parametrize(("method", "name"), TABLE)
def test_convergence_means_the_requested_gradient(method: str, name: str) -> None:
    energy = objective(name)
    state = run_all(METHODS[method], energy, points_for(method, name, 8), 8)
    value, gradient = energy.energy_and_gradient(state.theta)
    rms = gradient.norm(dim=1) / energy.n_parameters**0.5
    converged = state.status == Status.CONVERGED
    assert converged.any()
    assert (rms[converged] <= 1.01 * METHODS[method].rms).all()
    torch.testing.assert_close(state.energy, value, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(("method", "name"), TABLE)
def test_states_have_a_walker_on_the_leading_axis_of_every_field(method: str, name: str) -> None:
    state = METHODS[method].init(objective(name), points_for(method, name, 3))
    assert all(len(getattr(state, field.name)) == 3 for field in fields(state))


def steps_on(method: Any, energy: Objective, state: Any) -> Any:  # noqa: ANN401 - any method, its state
    for _ in range(3):
        state = method.step(energy, state)
    return state
