"""Descent of the gradient norm reaches points of every index, by steps that linear algebra gives too."""

from typing import Any

import numpy as np
import torch

from landscape.optimize.driver import run_all
from landscape.optimize.newton import newton_finish
from landscape.optimize.status import Status
from landscape.problems.surfaces.adapter import as_objective
from landscape.problems.surfaces.analytic import SixHumpCamel
from landscape.search.saddles.gradient_norm import GradientNorm
from tests.optimize.objectives import objective, starts


class NoPoint:
    """E = x^3 / 3 + x + y^2: the slope is least, but not zero, at the origin."""

    n_parameters = 2

    def energy_and_gradient(self, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        x, y = theta.T
        return x**3 / 3.0 + x + y**2, np.stack([x**2 + 1.0, 2.0 * y], 1)


def test_known_points_of_every_index_are_found_from_guesses_beside_them() -> None:
    camel = SixHumpCamel()
    known = torch.tensor([point.theta for point in camel.known], dtype=torch.float64).repeat(5, 1)
    guesses = known + torch.tensor(0.03 * np.random.default_rng(0).normal(size=known.shape))
    state = run_all(GradientNorm(), camel, guesses, 16)
    assert (state.status == Status.CONVERGED).all()
    points = newton_finish(camel, state.theta)
    assert (points.theta - known).norm(dim=1).max() < 1e-7
    assert points.index.tolist() == [point.index for point in camel.known] * 5


def test_a_step_solves_the_damped_equations() -> None:
    energy, method = objective("network"), GradientNorm(max_step=np.inf, damping=0.03)
    theta = starts("network", 4)
    state = method.init(energy, theta)
    for row, moved in enumerate(method._step(energy, state).numpy()):
        hessian = energy.hessian(theta[row : row + 1])[0].numpy()
        expected = -np.linalg.solve(
            hessian @ hessian + 0.03 * np.eye(len(hessian)), hessian @ state.gradient[row].numpy()
        )
        np.testing.assert_allclose(moved, expected, rtol=0, atol=1e-9)


def test_the_norm_never_rises_and_no_step_is_longer_than_allowed() -> None:
    camel, method = SixHumpCamel(), GradientNorm(max_step=0.1)
    state = method.init(camel, starts("camel", 20))
    for _ in range(10):
        before, state = state, method.step(camel, state)
        assert (state.gradient.norm(dim=1) <= before.gradient.norm(dim=1)).all()
        assert ((state.theta - before.theta).norm(dim=1) <= 0.1 + 1e-12).all()


def test_a_walker_does_not_depend_on_its_neighbours() -> None:
    energy, points = objective("network"), starts("network", 6)
    together = run_all(GradientNorm(), energy, points, 4)
    alone = run_all(GradientNorm(), energy, points[3:4], 1)
    torch.testing.assert_close(together.theta[3:4], alone.theta, rtol=0, atol=1e-9)
    assert together.calls[3] == alone.calls[0]


def test_ways_to_end_without_a_stationary_point_have_their_status() -> None:
    nowhere: Any = torch.full((1, 2), torch.nan, dtype=torch.float64)
    assert run_all(GradientNorm(), SixHumpCamel(), nowhere, 1).status.tolist() == [Status.NOT_FINITE]
    start = torch.tensor([[1.0, 0.5]], dtype=torch.float64)
    assert run_all(GradientNorm(max_steps=2), SixHumpCamel(), start, 1).status.tolist() == [Status.OUT_OF_STEPS]
    ended = run_all(GradientNorm(), as_objective(NoPoint()), start, 1)
    assert ended.status.tolist() == [Status.STALLED]
    np.testing.assert_allclose(ended.theta.numpy(), 0.0, atol=1e-3)
