"""The judge of the benchmark counts correctly; tested without a peer and without measurements."""

from collections.abc import Mapping

import numpy as np
import pytest
import torch

from landscape.optimize.driver import run_all
from landscape.optimize.lbfgs.method import LBFGS
from landscape.optimize.quench import quench
from landscape.problems.data.datasets import load
from landscape.problems.problem import Problem
from tests.benchmarks.judge import Judge
from tests.benchmarks.landscapes import LANDSCAPES
from tests.benchmarks.rows import Hopping, Lowest, Quenches, Row, Saddles
from tests.benchmarks.worker import Worker

L2 = 1e-3
PROBLEM = Problem(dataset="xor", standardise=False, hidden=[4], l2=L2)


@pytest.fixture(scope="module")
def judge() -> Judge:
    return Judge("xor-4", L2)


@pytest.fixture(scope="module")
def minima() -> np.ndarray:
    """Ends of quenches from some starts."""
    found = quench(PROBLEM, torch.tensor(LANDSCAPES["xor-4"].starts(8, 22)), method=LBFGS(), batch=8)
    return found.theta[found.is_minimum].numpy()


@pytest.fixture(scope="module")
def saddle() -> np.ndarray:
    """A minimum among the networks with one live unit, at which three more live units would lower the energy."""
    start = np.zeros((1, 22))
    start[0, [0, 1, 8, 12, 16]] = 0.5, 1.0, -0.2, 1.0, -1.0
    return run_all(LBFGS(), PROBLEM, torch.tensor(start), 1).theta[0].numpy()


def copy(theta: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Another copy of the same network: units in another order with other signs."""
    order, sign = random.permutation(4), random.choice([-1.0, 1.0], 4)
    first, bias, second, last = np.split(theta, [8, 12, 20])
    first, second = first.reshape(4, 2)[order] * sign[:, None], second.reshape(2, 4)[:, order] * sign
    return np.concatenate([first.ravel(), bias[order] * sign, second.ravel(), last])


class Told(Worker):
    """A worker that gives prepared answers, in two seconds."""

    def __init__(self, points: list[np.ndarray]) -> None:
        self.answer = {"theta": [list(point) for point in points], "counts": [1] * len(points), "seconds": 2.0}

    def ask(self, task: str, **request: object) -> Mapping[str, object]:  # type: ignore[override]
        del task, request
        return self.answer


def test_copies_are_one_and_their_hits_add(judge: Judge, minima: np.ndarray, saddle: np.ndarray) -> None:
    alone, hits = judge.minima(minima, [1] * len(minima))
    random = np.random.default_rng(3)
    copies = [copy(theta, random) + 1e-10 * random.normal(size=22) for theta in minima for _ in range(3)]
    ours, total = judge.minima(np.array([*minima, *copies, saddle]), [1] * 4 * len(minima) + [1])
    assert total == [4 * count for count in hits]
    for theta, other in zip(alone, ours, strict=True):
        assert judge.units.distance(theta, other) < 1e-8
        assert np.isclose(judge.network.energy(theta), judge.network.energy(copy(other, random)), rtol=1e-12)


def test_what_is_no_stationary_point_of_the_index_does_not_count(
    judge: Judge, minima: np.ndarray, saddle: np.ndarray
) -> None:
    assert judge.index(saddle) > 0
    assert len(judge.finished([saddle], judge.index(saddle))) == 1
    assert judge.finished([saddle, minima[0] + 0.1], 0) == []
    assert len(judge.finished(minima, 0)) == len(minima)
    assert judge.finished(minima, 1) == []


def test_figures(minima: np.ndarray, saddle: np.ndarray) -> None:
    told = Told([*minima, minima[0], minima[0] + 0.1, saddle])
    found = len(minima) + 1
    quenches: Row = Quenches("xor-4", L2, found + 2)
    figure = quenches.measure(told, 0)
    assert figure.value == found / 2.0
    assert "1 saddles, 1 failures" in figure.details
    assert Hopping("xor-4", L2, 2.0).measure(told, 0).value <= len(minima)
    lowest = Lowest("xor-4", L2, 3, told)
    assert Saddles(lowest, 1).measure(told, 0).value == 0.0
    assert "all pairs of the 3 lowest" in Saddles(lowest, 3).title
    assert "the 2 nearest pairs of the 3 lowest" in Saddles(lowest, 2).title


@pytest.mark.parametrize("name", LANDSCAPES)
def test_all_have_the_same_samples(name: str) -> None:
    landscape = LANDSCAPES[name]
    data = load(landscape.dataset, standardise=landscape.standardise)
    inputs, labels = landscape.samples()
    np.testing.assert_allclose(inputs, data.inputs, rtol=0, atol=1e-11)
    np.testing.assert_array_equal(labels, data.targets)
