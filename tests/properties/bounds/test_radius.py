"""Radii by dividing boxes: against planes, a fine search over rings, and certificates of whole boxes."""

import numpy as np
import pytest
import torch

from landscape.problems.problem import Problem
from landscape.properties.bounds.certificates import certified_epsilon
from landscape.properties.bounds.radius import PRECISION, radii
from tests.problems.reference import stack
from tests.properties.small_problems import numpy_logits

LIMIT = 4.0


def problem_of(activation: str, hidden: list[int]) -> Problem:
    random = np.random.default_rng(1)
    inputs = random.normal(size=(10, 2))
    return Problem.from_module(stack([2, *hidden, 3], activation), inputs, np.arange(10) % 3, l2=0.0)


def by_rings(problem: Problem, theta: np.ndarray, hidden: list[int], activation: str, sample: int) -> float:
    """The least half-width, on a fine grid of half-widths, of a square around a sample with a wrong answer."""
    side = np.linspace(-1.0, 1.0, 101)
    rim = np.concatenate(
        [np.stack(pair, 1) for end in (-1.0, 1.0) for pair in ((np.full(101, end), side), (side, np.full(101, end)))]
    )
    for half_width in np.arange(0.0, LIMIT, 0.005):
        points = problem.inputs[sample].numpy() + half_width * rim
        answers = numpy_logits(theta, [2, *hidden, 3], activation, points).argmax(1)
        if (answers != problem.targets[sample].item()).any():
            return float(half_width)
    return LIMIT


@pytest.mark.parametrize(("activation", "hidden"), [("tanh", [3]), ("relu", [4]), ("gelu", [3, 2])])
def test_radii_are_those_of_a_fine_search(activation: str, hidden: list[int]) -> None:
    problem = problem_of(activation, hidden)
    theta = 1.5 * np.random.default_rng(5).normal(size=(1, problem.n_parameters))
    found = radii(problem.network, torch.tensor(theta), problem.inputs, problem.targets, LIMIT)  # type: ignore[arg-type]
    right = np.flatnonzero(found.upper.numpy() > 0.0)
    assert 0 < len(right) < 10
    for sample in right:
        searched = by_rings(problem, theta[0], hidden, activation, int(sample))
        assert found.lower[sample] - 1e-9 <= searched <= found.upper[sample] + 0.02
    unit = torch.ones(2, dtype=torch.float64)
    whole = certified_epsilon(problem.network, torch.tensor(theta), problem.inputs, problem.targets, unit, LIMIT)[0]  # type: ignore[arg-type]
    assert (whole <= found.upper).all()
    assert (found.lower <= found.upper).all()


def test_the_distance_of_a_plane_is_exact() -> None:
    inputs = np.random.default_rng(0).normal(size=(6, 2))
    problem = Problem.from_module(stack([2, 2, 2], "relu"), inputs, np.ones(6, dtype=int) * [0, 1, 1, 1, 1, 1], l2=0.0)
    w, bias = np.array([0.3, -2.0]), 0.4  # z_1 - z_0 = w.x + bias, as relu(w.x) - relu(-w.x)
    theta = torch.tensor(np.array([[*w, *-w, 0.0, 0.0, 0.0, 0.0, 1.0, -1.0, 0.0, bias]]))
    found = radii(problem.network, theta, problem.inputs, problem.targets, 10.0)  # type: ignore[arg-type]
    signed = (2 * problem.targets.numpy() - 1) * (inputs @ w + bias) / np.abs(w).sum()
    np.testing.assert_allclose(found.upper, np.maximum(signed, 0.0), atol=1e-8)
    np.testing.assert_allclose(found.lower, (1.0 - PRECISION) * found.upper)


def test_a_hint_bounds_the_radius_and_no_wrong_answer_gives_the_limit() -> None:
    problem = problem_of("tanh", [3])
    theta = torch.zeros(1, problem.n_parameters, dtype=torch.float64)
    theta[0, -3:] = torch.tensor([1.0, 0.0, 0.0])  # always class 0
    found = radii(problem.network, theta, problem.inputs, problem.targets, LIMIT)  # type: ignore[arg-type]
    assert found.upper.tolist() == [LIMIT if label == 0 else 0.0 for label in problem.targets]
    random = torch.tensor(np.random.default_rng(5).normal(size=(1, problem.n_parameters)))
    hints = problem.inputs + 0.3
    arguments = problem.network, random, problem.inputs, problem.targets, LIMIT
    plain, hinted = radii(*arguments), radii(*arguments, hints=hints)  # type: ignore[arg-type]
    torch.testing.assert_close(plain.upper, hinted.upper, rtol=2.0 * PRECISION, atol=0.0)
