"""Few features and patches: exact for linear classifiers, and against every change of corners for small networks."""

from itertools import combinations, product

import numpy as np
import pytest
import torch

from landscape.config.tables import MeasureConfig
from landscape.problems.problem import Problem
from landscape.properties.attacks.few_features import fewest_features
from landscape.properties.attacks.networks import Networks
from landscape.properties.attacks.patch import smallest_patch, squares
from landscape.properties.attacks.sparse import ranges
from landscape.properties.measure import measure
from landscape.properties.measurement import prepare
from tests.properties.minima import networks_of
from tests.properties.small_problems import small_problem

IMAGE = (1, 4, 4)


def linear(features: int) -> Networks:
    rng = np.random.default_rng(5)
    module = torch.nn.Sequential(torch.nn.Linear(features, 2))
    problem = Problem.from_module(module, rng.normal(size=(30, features)), np.arange(30) % 2, l2=1e-2)
    theta = rng.normal(size=(3, problem.n_parameters))
    theta[:, -2:] *= 12.0  # biases that all features together can hardly overcome
    return networks_of(problem, torch.tensor(theta))


def ends(networks: Networks) -> tuple[torch.Tensor, torch.Tensor]:
    return ranges(prepare(networks.problem, MeasureConfig()))


def gains(networks: Networks) -> tuple[np.ndarray, np.ndarray]:
    """The most that each feature adds to the margin of the wrong class [M, d, N], and the margins [M, N]."""
    features = networks.inputs.shape[0]
    weight = networks.theta[:, : 2 * features].view(3, 2, features)
    labels = networks.problem.targets
    slope = (weight[:, 1 - labels] - weight[:, labels]).mT  # [M, d, N]
    lower, upper = (end[:, None] for end in ends(networks))
    gain = torch.where(slope > 0.0, slope * (upper - networks.inputs), slope * (lower - networks.inputs))
    outputs = networks.outputs(networks.inputs)
    margin = networks.wrong(outputs).amax(1) - networks.true(outputs)
    return gain.numpy(), margin.numpy()


def test_the_fewest_features_of_a_linear_classifier_are_those_that_gain_most() -> None:
    networks = linear(7)
    gain, margin = gains(networks)
    reached = margin[:, None] + np.cumsum(-np.sort(-gain, axis=1), axis=1)  # [M, d, N]
    expected = np.where(margin > 0.0, 0.0, 1.0 + np.argmax(reached > 0.0, axis=1))
    expected[(reached <= 0.0).all(axis=1) & (margin <= 0.0)] = 8.0
    np.testing.assert_array_equal(fewest_features(networks, *ends(networks)), expected)
    assert len(np.unique(expected)) > 3


def test_no_fewer_features_are_enough_than_trying_all_corners_shows() -> None:
    problem = small_problem("tanh", [6])
    networks = networks_of(problem, torch.tensor(3.0 * np.random.default_rng(1).normal(size=(4, problem.n_parameters))))
    lower, upper = ends(networks)
    found = fewest_features(networks, lower, upper).numpy()
    best = np.where(networks.clean.survived, 4.0, 0.0)
    for count in (3, 2, 1):
        for chosen in combinations(range(3), count):
            for sides in product((lower, upper), repeat=count):
                point = networks.start
                for feature, side in zip(chosen, sides, strict=True):
                    point[:, feature] = side[feature]
                wrong = ~networks.correct(networks.outputs(point)).numpy()
                best = np.where(wrong & (best > count), count, best)
    assert (found >= best).all()
    assert (found == best).mean() > 0.9
    assert {*np.unique(best)} > {0.0, 1.0, 2.0}


def test_the_smallest_patch_of_a_linear_classifier_is_the_first_that_gains_enough() -> None:
    networks = linear(16)
    gain, margin = gains(networks)
    expected = np.where(margin > 0.0, 0.0, 5.0)
    for side in (4, 3, 2, 1):
        reached = np.max([margin + gain[:, square.numpy()].sum(axis=1) for square in squares(IMAGE, side)], axis=0)
        expected[(reached > 0.0) & (margin <= 0.0)] = side
    np.testing.assert_array_equal(smallest_patch(networks, IMAGE, *ends(networks)), expected)
    assert len(np.unique(expected)) > 3


@pytest.mark.parametrize("side", [1, 2, 3, 4])
def test_squares_reach_every_pixel_and_lie_within_the_image(side: int) -> None:
    found = [square.view(IMAGE) for square in squares(IMAGE, side)]
    assert torch.stack(found).any(0).all()
    assert all(int(square.sum()) == side**2 for square in found)


def test_both_are_measured_on_training_and_test_samples() -> None:
    problem = Problem(dataset="digits", subset=60, hidden=[3], l2=1e-3, test_fraction=0.5)
    theta = np.random.default_rng(0).normal(size=(2, problem.n_parameters))
    found = measure(problem, theta, ["sparse_robustness"], MeasureConfig())
    assert {*found} == {f"{part}{name}_to_fool" for part in ("", "test_") for name in ("features", "patch")}
    assert all(one.values.shape == (2,) for one in found.values())
    alone = measure(problem, theta[1:], ["sparse_robustness"], MeasureConfig())
    assert alone["features_to_fool"].values[0] == found["features_to_fool"].values[1]


def test_bounds_of_the_inputs_are_the_ranges_where_they_are_given() -> None:
    problem = Problem(dataset="digits", subset=60, hidden=[3], l2=1e-3)
    lower, upper = ranges(prepare(problem, MeasureConfig(input_bounds=(-30.0, 30.0))))
    assert set(lower.tolist()) == {-30.0}
    assert set(upper.tolist()) == {30.0}
    lower, upper = ranges(prepare(problem, MeasureConfig()))
    assert torch.equal(lower, problem.inputs.amin(0))
    assert torch.equal(upper, problem.inputs.amax(0))
