"""Landscapes that are known in closed form, found by the program: no hidden layer, and one linear unit.

The mean squared error of a linear network w (v'x + c) + b with one unit, whitened inputs x and l2 (Baldi and Hornik,
Neural Networks 2, 53, 1989, without l2 and biases): let mu = K l2, A = cov(y, x) with singular values sigma, and m the
mean of y. For fixed w the energy is a convex quadratic form in v, b and c. With its least value, s = |w|^2 and
n = w / |w|,

    K E = tr cov(y) + mu |m|^2 / (1 + mu) + mu s - s n'AA'n / (s + mu) - mu s (n'm)^2 / ((1 + mu) (1 + mu + s)).

If m is a left singular vector of A with sigma = 0, n is one of these vectors at a stationary point, unless two of the
last terms are equal there. Its s is sigma - mu, or |m| - 1 - mu along m, if positive; the index is the number of
vectors for which the sum of these terms is larger at this s. The other stationary point is w = 0.
"""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import landscape
from landscape.errors import ConfigError
from landscape.optimize.newton import classify
from tests.campaign.xor import HASTE

Array = np.ndarray
QUICK: dict[str, Any] = {
    "walkers": 8,
    "steps": 5,
    "seed": 1,
    "progress": False,
    "measure": HASTE,
    "connect": {"single_ended": 10},
}


def newton_of_softmax_regression(inputs: Array, labels: Array, l2: float) -> tuple[float, Array]:
    """Least energy and parameters [P], with penalised biases, by Newton's method on all parameters."""
    one_hot, augmented = np.eye(labels.max() + 1)[labels], np.column_stack([inputs, np.ones(len(inputs))])
    weights = np.zeros((one_hot.shape[1], augmented.shape[1]))
    for _ in range(30):
        logits = augmented @ weights.T
        probability = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
        gradient = (probability - one_hot).T @ augmented / len(inputs) + 2.0 * l2 * weights
        curved = np.einsum("nk,kl->nkl", probability, np.eye(len(weights)))
        curved -= probability[:, :, None] * probability[:, None]
        hessian = np.einsum("nkl,ni,nj->kilj", curved, augmented, augmented) / len(inputs)
        square = hessian.reshape(weights.size, weights.size) + 2.0 * l2 * np.eye(weights.size)
        weights = weights - np.linalg.solve(square, gradient.ravel()).reshape(weights.shape)
    logits = augmented @ weights.T
    loss = np.log(np.exp(logits).sum(1)) - (logits * one_hot).sum(1)
    return loss.mean() + l2 * (weights**2).sum(), np.concatenate([weights[:, :-1].ravel(), weights[:, -1]])


def ridge_regression(inputs: Array, labels: Array, l2: float) -> tuple[float, Array]:
    """Least energy and parameters [P] of the mean squared error, by the normal equations."""
    one_hot, augmented = np.eye(labels.max() + 1)[labels], np.column_stack([inputs, np.ones(len(inputs))])
    ridge = l2 * one_hot.shape[1] * len(inputs) * np.eye(augmented.shape[1])
    weights = np.linalg.solve(augmented.T @ augmented + ridge, augmented.T @ one_hot).T
    loss = ((augmented @ weights.T - one_hot) ** 2).mean()
    return loss + l2 * (weights**2).sum(), np.concatenate([weights[:, :-1].ravel(), weights[:, -1]])


@pytest.mark.parametrize("loss", ["cross_entropy", "mse"])
def test_without_hidden_units_there_is_one_minimum(loss: str, tmp_path: Path) -> None:
    problem = landscape.Problem(dataset="wine", subset=60, hidden=[], loss=loss, l2=1e-2)
    db = landscape.explore(problem, path=tmp_path / "convex.h5", **QUICK)
    solve = newton_of_softmax_regression if loss == "cross_entropy" else ridge_regression
    energy, theta = solve(problem.data.inputs, problem.data.targets, problem.l2)
    assert (len(db.minima), len(db.transition_states), db.complete) == (1, 0, True)
    assert abs(db.minima.energy[0] - energy) < 1e-12
    np.testing.assert_allclose(db.minima.parameters[0], theta, rtol=0.0, atol=1e-9)
    assert db.minima.log_orbit_size[0] == 0.0
    assert not landscape.verify(db)
    assert landscape.disconnectivity_tree(db).minimum.tolist() == [0]


@dataclass(frozen=True)
class Linear:
    """Whitened samples, and the singular vectors and mean of the targets, which lies along the last left vector."""

    inputs: Array
    targets: Array
    left: Array
    sigma: Array
    right: Array
    mean: float
    mu: float

    def terms(self, s: float) -> Array:
        """The last terms of K E / s along each left vector [K] at s."""
        along_mean = self.mu * self.mean**2 / ((1.0 + self.mu) * (1.0 + self.mu + s))
        return np.append(self.sigma**2 / (s + self.mu), along_mean)

    def points(self) -> list[tuple[float, int, Array]]:
        """Energy, index and theta [P] of every stationary point, one of each pair of mirror images."""
        places = [*(self.sigma - self.mu), self.mean - 1.0 - self.mu]
        found = [self._point(s, direction) for direction, s in enumerate(places) if s > 0.0]
        return [*found, self._point(0.0, 0)]

    def _point(self, s: float, direction: int) -> tuple[float, int, Array]:
        outputs, terms, mean = len(self.left), self.terms(s), self.mean * self.left[:, -1]
        own = terms[direction] if s else self.mu
        constant = (self.sigma**2).sum() + self.mu * self.mean**2 / (1.0 + self.mu)
        w = math.sqrt(s) * self.left[:, direction]
        v = self.right @ (self.sigma * (self.left[:, :-1].T @ w)) / (s + self.mu)
        b = np.linalg.solve(np.outer(w, w) + (1.0 + self.mu) * np.eye(outputs), mean)
        theta = np.concatenate([v, [w @ b], w, b])
        return (constant + s * (self.mu - own)) / outputs, int((terms > own * (1.0 + 1e-12)).sum()), theta


def linear(mean: float, mu: float = 0.15) -> Linear:
    rng = np.random.default_rng(2)
    whitened = np.linalg.qr(np.column_stack([np.ones(16), rng.normal(size=(16, 3))]))[0][:, 1:] * 4.0
    left, right = np.linalg.qr(rng.normal(size=(3, 3)))[0], np.linalg.qr(rng.normal(size=(3, 2)))[0]
    sigma = np.array([0.9, 0.6])
    targets = mean * left[:, 2] + whitened @ right @ np.diag(sigma) @ left[:, :2].T
    return Linear(whitened, targets, left, sigma, right, mean, mu)


@pytest.mark.parametrize(("mean", "indices"), [(1.8, [0, 1, 2, 3]), (4.0, [1, 2, 0, 3])])
def test_one_linear_unit_has_the_stationary_points_of_baldi_and_hornik(
    mean: float, indices: list[int], tmp_path: Path
) -> None:
    known = linear(mean)
    np.savez(tmp_path / "linear.npz", inputs=known.inputs, targets=known.targets)
    keys: dict[str, Any] = {"hidden": [1], "activation": "identity", "loss": "mse", "standardise": False}
    problem = landscape.Problem(dataset=str(tmp_path / "linear.npz"), l2=known.mu / 3.0, **keys)
    points = known.points()
    assert [index for _, index, _ in points] == indices
    assert sum((-1) ** index * (1 if place == len(points) - 1 else 2) for place, index in enumerate(indices)) == 1
    theta = torch.tensor(np.array([theta for _, _, theta in points]))
    assert problem.energy_and_gradient(theta)[1].abs().max() < 1e-13
    np.testing.assert_allclose(problem.energy(theta).numpy(), [energy for energy, _, _ in points], rtol=1e-13)
    assert classify(problem, theta).index.tolist() == indices

    db = landscape.explore(problem, path=tmp_path / "linear.h5", **QUICK)
    for table, wanted in ((db.minima, 0), (db.transition_states, 1)):
        expected = sorted((energy, *theta) for energy, index, theta in points if index == wanted)
        order = np.argsort(table.energy)
        np.testing.assert_allclose(table.energy[order], [one[0] for one in expected], rtol=0.0, atol=1e-12)
        away = problem.symmetry.distance(table.parameters[order], np.array([one[1:] for one in expected]))
        assert away.max() < 1e-8
        np.testing.assert_allclose(table.log_orbit_size, math.log(2.0))
    assert not landscape.verify(db)


REFUSED = r'^\[problem\] activation = "identity": expected .*, found {}: .* minima are no points; [^\n]*$'


@pytest.mark.parametrize(
    ("hidden", "l2", "found"), [([2], 1e-2, r"\[2\]"), ([1, 3], 1e-2, r"\[1, 3\]"), ([1], 0.0, "0")]
)
def test_linear_units_that_rotate_or_scale_are_refused(hidden: list[int], l2: float, found: str) -> None:
    problem = landscape.Problem(dataset="iris", activation="identity", hidden=hidden, l2=l2)
    with pytest.raises(ConfigError, match=REFUSED.format(found)):
        landscape.explore(problem, **QUICK)
