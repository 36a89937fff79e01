"""Defences, checked against torch's autograd and scipy's filters, and the results of attacks through them."""

import numpy as np
import pytest
import torch
from scipy import ndimage

import landscape
from landscape.config.tables import MeasureConfig
from landscape.config.training import Evaluation
from landscape.errors import PropertyError
from landscape.properties.attacks.networks import Networks
from landscape.properties.defences import blur_matrix, defended, sample_accuracies_under_attack
from landscape.properties.evaluations import measure_evaluation
from tests.properties.minima import networks_of

SETTINGS = MeasureConfig(epsilon=(0.1, 0.4), pgd_steps=5, pgd_restarts=1, apgd_steps=5, search_queries=20)
STEP = 0.5
ROUNDED = Evaluation(regime="plain", quantise=STEP)
BLURRED = Evaluation(regime="plain", smooth=0.7)
TOGETHER = Evaluation(regime="plain", ensemble=True)
HALF_WIDTH = torch.full((64,), 0.4, dtype=torch.float64)


@pytest.fixture(scope="module")
def networks() -> Networks:
    """Three networks on digits after a few gradient steps, which are not at minima."""
    problem = landscape.Problem(dataset="digits", hidden=[6], subset=60, test_fraction=0.5, l2=1e-3)
    theta = torch.tensor(np.random.default_rng(0).normal(scale=0.3, size=(3, problem.n_parameters)))
    for _ in range(60):
        theta = theta - 0.5 * problem.energy_and_gradient(theta)[1]
    return networks_of(problem, theta, SETTINGS)


def loss_by_autograd(networks: Networks, point: torch.Tensor) -> torch.Tensor:
    """Gradient of the summed cross-entropy of the outputs, where torch can differentiate them."""
    point = point.clone().requires_grad_()
    outputs = networks.outputs(point)
    targets = networks.samples.targets.expand(len(outputs), -1)
    loss = torch.nn.functional.cross_entropy(outputs, targets, reduction="sum")
    return torch.autograd.grad(loss, point)[0]


@pytest.mark.parametrize("deviation", [0.5, 1.3])
def test_a_blur_is_that_of_scipy(deviation: float) -> None:
    image = np.random.default_rng(1).normal(size=(2, 8, 6))
    inside = ndimage.gaussian_filter(np.ones((8, 6)), deviation, mode="constant")
    expected = [ndimage.gaussian_filter(channel, deviation, mode="constant") / inside for channel in image]
    found = blur_matrix((2, 8, 6), deviation).numpy() @ image.ravel()
    np.testing.assert_allclose(found.reshape(2, 8, 6), expected, atol=1e-14)


@pytest.mark.parametrize(
    "evaluation", [BLURRED, TOGETHER, Evaluation(regime="plain", ensemble=True, smooth=1.0)], ids=str
)
def test_gradients_through_an_evaluation_are_exact(networks: Networks, evaluation: Evaluation) -> None:
    used = defended(networks, evaluation)
    point = used.start + 0.1
    attack, gradient = used.slope(point.clone())
    np.testing.assert_allclose(gradient, loss_by_autograd(used, point), atol=1e-12)
    outputs, pull_back = used.vjp(point)
    loss, delta = used.loss(outputs)
    np.testing.assert_allclose(pull_back(delta), gradient, atol=1e-12)
    np.testing.assert_allclose(loss, attack.loss, atol=1e-12)
    np.testing.assert_array_equal(used.correct(outputs), attack.survived)


def test_an_ensemble_answers_with_the_mean_of_the_probabilities(networks: Networks) -> None:
    of_each = networks.outputs(networks.inputs).softmax(1)
    found = defended(networks, TOGETHER).outputs(networks.inputs)
    np.testing.assert_allclose(found.exp(), of_each.mean(0, keepdim=True), atol=1e-14)


def test_an_ensemble_of_copies_is_the_network(networks: Networks) -> None:
    alone = networks_of(networks.problem, networks.theta[:1], SETTINGS)
    copies = networks_of(networks.problem, networks.theta[[0, 0, 0]], SETTINGS)
    expected = sample_accuracies_under_attack(alone, HALF_WIDTH[None], SETTINGS)
    found = sample_accuracies_under_attack(defended(copies, TOGETHER), HALF_WIDTH[None], SETTINGS)
    for name, values in expected.items():
        np.testing.assert_allclose(found[name], values, atol=1e-9, err_msg=name)


def test_rounding_has_the_gradient_of_the_rounded_point(networks: Networks) -> None:
    used, point = defended(networks, ROUNDED), networks.start + 0.13
    rounded = (point / STEP).round() * STEP
    np.testing.assert_array_equal(used.outputs(point), networks.outputs(rounded))
    np.testing.assert_array_equal(used.slope(point)[1], networks.slope(rounded)[1])
    assert not loss_by_autograd(used, point).any()  # the gradient of an attack without straight-through


def test_attacks_go_through_rounding(networks: Networks) -> None:
    used = defended(networks, ROUNDED)
    found = sample_accuracies_under_attack(used, HALF_WIDTH[None], SETTINGS)
    left = used.clean.survived.double().mean()
    assert found["pgd_accuracy"].mean() < left - 0.1
    assert found["robust_accuracy"].mean() <= found["square_accuracy"].mean() < left


def test_what_is_measured_has_its_part_in_its_name(networks: Networks) -> None:
    problem, theta = networks.problem, networks.theta.numpy()
    for evaluation in (ROUNDED, BLURRED, TOGETHER):
        found = measure_evaluation(problem, theta, evaluation, SETTINGS)
        rows = 1 if evaluation.ensemble else len(theta)
        robust, clean = found["evaluated_test_robust_accuracy"], found["evaluated_test_accuracy"]
        assert robust.values.shape == (rows, 2)
        assert found["evaluated_accuracy"].values.shape == (rows,)
        assert (robust.values <= clean.values[:, None]).all()
        assert robust.description.endswith("; on the test samples, one column an epsilon")


def test_evaluations_that_do_not_suit_are_refused() -> None:
    iris = landscape.Problem(dataset="iris", hidden=[2])
    theta = np.zeros((1, iris.n_parameters))
    with pytest.raises(
        PropertyError, match="a blur needs images, or square ones of at least 4 x 4 pixels, found 4 inputs"
    ):
        measure_evaluation(iris, theta, BLURRED, SETTINGS)
    with pytest.raises(PropertyError, match='found the loss "mse"'):
        measure_evaluation(landscape.Problem(dataset="iris", hidden=[2], loss="mse"), theta, ROUNDED, SETTINGS)
