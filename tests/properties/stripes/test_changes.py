"""Changes of the answer on a line: against roots found piece by piece, and against the bounds of the theorems."""

import math

import numpy as np
import pytest
import torch

from landscape.problems.problem import Problem
from landscape.properties.stripes.changes import changes, least_wrong, most_changes
from landscape.properties.stripes.geometry import Geometry
from tests.properties.small_problems import unpack


def stripes(hidden: list[int], activation: str, dataset: str = "f_a:K=6") -> Problem:
    return Problem(dataset=dataset, standardise=False, hidden=hidden, activation=activation, l2=0.0)


def count(problem: Problem, theta: np.ndarray) -> int:
    return changes(problem.network, torch.tensor(theta[None]), Geometry.of(problem), problem.inputs)  # type: ignore[arg-type]


def exact_relu(theta: np.ndarray, units: int) -> int:
    """Sign changes of a piecewise linear function on the line x_2 = 0, from its value and slope on every piece."""
    (w, b), (v, c) = unpack(theta, [2, units, 2])
    v, c = v[1] - v[0], c[1] - c[0]
    kinks = np.sort(-b / w[:, 0])
    inside = np.concatenate([[kinks[0] - 1.0], 0.5 * (kinks[1:] + kinks[:-1]), [kinks[-1] + 1.0]])
    active = w[:, 0] * inside[:, None] + b > 0.0
    slope, value = active @ (v * w[:, 0]), active @ (v * b) + c
    with np.errstate(divide="ignore"):
        root = -value / slope
    low, high = np.concatenate([[-np.inf], kinks]), np.concatenate([kinks, [np.inf]])
    return int(((root > low) & (root < high)).sum())


def test_changes_of_a_relu_network_are_its_zeros() -> None:
    problem, random = stripes([4], "relu"), np.random.default_rng(0)
    found = []
    for _ in range(40):
        theta = random.normal(size=problem.n_parameters) * random.choice([0.3, 1.0, 3.0])
        found.append(count(problem, theta))
        assert found[-1] == exact_relu(theta, 4)
    assert {0, 1, 2} <= set(found)


@pytest.mark.parametrize(("hidden", "activation"), [([2], "tanh"), ([3], "tanh"), ([2], "relu"), ([2, 3], "relu")])
def test_no_network_changes_more_often_than_the_theorem_allows(hidden: list[int], activation: str) -> None:
    problem, random = stripes(hidden, activation), np.random.default_rng(1)
    for _ in range(30):
        theta = random.normal(size=problem.n_parameters) * random.choice([0.3, 1.0, 10.0])
        assert count(problem, theta) <= most_changes(hidden, activation)


def test_the_bounds() -> None:
    assert most_changes([2], "relu") == 3
    assert most_changes([2, 3], "relu") == 12
    assert [most_changes([h], "tanh") for h in (2, 3, 4)] == [3, 7, 15]
    assert most_changes([], "tanh") == 1
    assert most_changes([2, 2], "tanh") == math.inf
    assert most_changes([2], "silu") == math.inf
    assert [least_wrong(5, c) for c in (0, 1, 3, 4, 5, 9)] == [3, 2, 1, 1, 0, 0]
    assert least_wrong(11, 3) == 4


def test_a_staircase_on_the_other_input_is_seen_only_through_its_place() -> None:
    """A unit on x_2 alone is constant on the line; two on x_1 change the answer twice."""
    problem = stripes([3], "tanh")
    theta = np.concatenate([[0.0, 5.0, 1.0, 0.0, 1.0, 0.0], [1.0, 4.0, -4.0], [0, -1, 1, 0, 1, -1], [0.5, -0.5]])
    assert count(problem, theta) == 2
