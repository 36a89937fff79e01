"""When two points are one: energies and aligned places must both agree."""

import numpy as np
import pytest

from landscape.config import IdentityConfig
from landscape.explore.identity import Index
from landscape.problems.problem import Problem
from landscape.problems.symmetry import NoSymmetry

IDENTITY = IdentityConfig(energy_tolerance=1e-9, distance_tolerance=1e-4)
HERE, NEAR, FAR = np.array([0.0, 0.0]), np.array([0.0, 5e-5]), np.array([0.0, 2e-4])


@pytest.fixture
def index() -> Index:
    return Index(NoSymmetry(), IDENTITY)


@pytest.mark.parametrize(
    ("energy", "theta", "same"),
    [
        (1.0, HERE, True),
        (1.0 + 5e-10, NEAR, True),
        (1.0 - 5e-10, NEAR, True),
        (1.0, FAR, False),
        (1.0 + 2e-9, HERE, False),
        (1.0 - 2e-9, HERE, False),
    ],
)
def test_energy_alone_is_not_enough_and_distance_alone_neither(
    index: Index, energy: float, theta: np.ndarray, same: bool
) -> None:
    assert index.find(1.0, HERE) == -1
    assert index.add(1.0, HERE) == 0
    assert index.find(energy, theta) == (0 if same else -1)
    assert index.find_or_add(energy, theta) == (0 if same else 1)
    assert len(index) == (1 if same else 2)


def test_points_of_equal_energy_are_told_apart_by_their_place(index: Index) -> None:
    places = np.arange(10.0)[:, None] * np.ones(2)
    assert [index.find_or_add(0.5, place) for place in places] == list(range(10))
    assert [index.find_or_add(0.5, place) for place in places[::-1]] == list(range(9, -1, -1))


def test_symmetric_copies_are_one() -> None:
    problem = Problem(dataset="xor", standardise=False, hidden=[2], l2=1e-2)
    index = Index(problem.symmetry, IDENTITY)
    theta = np.random.default_rng(0).normal(size=12)
    weight, bias, outgoing, last = np.split(theta.copy(), [4, 6, 10])
    weight, outgoing = weight.reshape(2, 2), outgoing.reshape(2, 2)
    copy = np.concatenate([-weight[::-1].ravel(), -bias[::-1], -outgoing[:, ::-1].ravel(), last])
    index.add(1.0, theta)
    assert index.find(1.0, copy) == 0
    assert index.find(1.0, copy + 1e-3) == -1


def test_a_rebuilt_index_answers_as_the_one_that_grew(index: Index) -> None:
    random = np.random.default_rng(1)
    energy, theta = random.integers(0, 20, 200) * 4e-10, random.integers(0, 3, (200, 2)) * 6e-5
    numbers = np.array([index.find_or_add(*point) for point in zip(energy.tolist(), theta, strict=True)])
    first = np.unique(numbers, return_index=True)[1]
    rebuilt = Index(NoSymmetry(), IDENTITY)
    rebuilt.fill(energy[first], theta[first])
    assert 1 < len(rebuilt) == len(index) < 200
    for value, place in zip(energy.tolist(), theta, strict=True):
        assert rebuilt.find(value + 1e-10, place + 1e-5) == index.find(value + 1e-10, place + 1e-5)
