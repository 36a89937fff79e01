"""Identity of points: energies and aligned places must both agree."""

from unittest.mock import patch

import numpy as np
import pytest

from landscape.campaign.identity import MERGE_AT_LEAST, PointIndex
from landscape.config.tables import IdentityConfig
from landscape.problems.networks.symmetry import NoSymmetry
from landscape.problems.problem import Problem

MERGED = 3 * MERGE_AT_LEAST  # points, so that recent ones are merged several times
IDENTITY = IdentityConfig(energy_tolerance=1e-9, distance_tolerance=1e-4)
HERE, NEAR, FAR = np.array([0.0, 0.0]), np.array([0.0, 5e-5]), np.array([0.0, 2e-4])


@pytest.fixture
def index() -> PointIndex:
    return PointIndex(NoSymmetry(), IDENTITY)


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
    index: PointIndex, energy: float, theta: np.ndarray, same: bool
) -> None:
    assert index.find(1.0, HERE) == -1
    assert index.add(1.0, HERE) == 0
    assert index.find(energy, theta) == (0 if same else -1)
    assert index.find_or_add(energy, theta) == (0 if same else 1)
    assert len(index) == (1 if same else 2)


def test_points_of_equal_energy_are_told_apart_by_their_place(index: PointIndex) -> None:
    places = np.arange(10.0)[:, None] * np.ones(2)
    assert [index.find_or_add(0.5, place) for place in places] == list(range(10))
    assert [index.find_or_add(0.5, place) for place in places[::-1]] == list(range(9, -1, -1))


def test_symmetric_copies_are_one() -> None:
    problem = Problem(dataset="xor", standardise=False, hidden=[2], l2=1e-2)
    index = PointIndex(problem.symmetry, IDENTITY)
    theta = np.random.default_rng(0).normal(size=12)
    weight, bias, outgoing, last = np.split(theta.copy(), [4, 6, 10])
    weight, outgoing = weight.reshape(2, 2), outgoing.reshape(2, 2)
    copy = np.concatenate([-weight[::-1].ravel(), -bias[::-1], -outgoing[:, ::-1].ravel(), last])
    index.add(1.0, theta)
    assert index.find(1.0, copy) == 0
    assert index.find(1.0, copy + 1e-3) == -1


def test_a_rebuilt_index_answers_as_the_one_that_grew(index: PointIndex) -> None:
    random = np.random.default_rng(1)
    energy, theta = random.integers(0, 20, 200) * 4e-10, random.integers(0, 3, (200, 2)) * 6e-5
    numbers = np.array([index.find_or_add(*point) for point in zip(energy.tolist(), theta, strict=True)])
    first = np.unique(numbers, return_index=True)[1]
    rebuilt = PointIndex(NoSymmetry(), IDENTITY)
    rebuilt.fill(energy[first], theta[first])
    assert 1 < len(rebuilt) == len(index) < 200
    for value, place in zip(energy.tolist(), theta, strict=True):
        assert rebuilt.find(value + 1e-10, place + 1e-5) == index.find(value + 1e-10, place + 1e-5)


@pytest.mark.parametrize("filled", [0, 1, MERGED // 2])
def test_a_large_index_answers_as_a_search_through_all_points(filled: int) -> None:
    random = np.random.default_rng(2)
    energy = np.round(random.random(MERGED), 2) + 4e-10 * random.integers(0, 5, MERGED)
    theta = np.arange(float(MERGED))[:, None] * np.ones(2)  # all distinct
    index = PointIndex(NoSymmetry(), IDENTITY)
    index.fill(energy[:filled], theta[:filled])
    for number in range(filled, MERGED):
        assert index.add(float(energy[number]), theta[number]) == number
    for settled in (False, True):
        if settled:
            index.settle(theta)
        for number in random.integers(0, MERGED, 200).tolist():
            value = float(energy[number])
            near = np.flatnonzero(np.abs(energy - value) <= IDENTITY.energy_tolerance)
            assert index._near(value) == near.tolist()
            assert index.find(value, theta[number]) == number
            assert index.find(value + 2e-9, theta[number]) == -1
            assert index.find(value, theta[number] + 0.5) == -1
    assert len(index) == MERGED


def test_a_point_that_lies_where_a_known_one_does_is_not_aligned(index: PointIndex) -> None:
    index.add(1.0, HERE)
    with patch.object(NoSymmetry, "distance", side_effect=AssertionError):
        assert index.find(1.0, NEAR) == 0
