"""Bounds and norms of convolutional networks, against sampling and against dense networks of the same function."""

import numpy as np
import pytest
import torch
from torch import Tensor

from landscape.config.tables import MeasureConfig
from landscape.problems.problem import Problem
from landscape.properties.bounds.boxes import Box
from landscape.properties.bounds.certificates import certified, certified_epsilon
from landscape.properties.bounds.crown import relax_network
from landscape.properties.bounds.ibp import logit_box, margin_lower_bound
from landscape.properties.catalogue import available_groups
from landscape.properties.curvature.jacobians import layer_norms, sample_jacobian_norms
from landscape.properties.measure import measure
from landscape.properties.requirements import require_layers
from tests.problems.convolutions import FEATURES, PARTS, dense_twin, image_problem, images, linear_stages
from tests.problems.reference import MODULES, points

HALF_WIDTH = torch.linspace(0.05, 0.4, FEATURES, dtype=torch.float64)


def twin_of(problem: Problem, theta: Tensor) -> tuple[Problem, Tensor]:
    """The dense network with the function of `problem` at theta [1, P], and its parameters [1, P']."""
    module = dense_twin(problem.module(theta[0].numpy()))
    parameters = torch.nn.utils.parameters_to_vector(module.parameters()).detach()[None]
    return Problem.from_module(module, *images(), l2=problem.l2), parameters


def assert_same(first: Box, second: Box) -> None:
    torch.testing.assert_close(first.lower, second.lower, rtol=1e-11, atol=1e-11)
    torch.testing.assert_close(first.upper, second.upper, rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("activation", MODULES)
@pytest.mark.parametrize("name", PARTS)
def test_bounds_are_those_of_the_dense_twin(name: str, activation: str) -> None:
    problem = image_problem(name, activation)
    theta = 0.5 * points(problem, 1)
    twin, parameters = twin_of(problem, theta)
    ours = require_layers(problem), theta, problem.inputs
    theirs = require_layers(twin), parameters, problem.inputs
    assert_same(logit_box(*ours, HALF_WIDTH), logit_box(*theirs, HALF_WIDTH))
    relaxed, expected = relax_network(*ours, HALF_WIDTH), relax_network(*theirs, HALF_WIDTH)
    assert_same(relaxed.logits(), expected.logits())
    assert_same(relaxed.log_odds(), expected.log_odds())
    torch.testing.assert_close(
        relaxed.margins(problem.targets), expected.margins(problem.targets), rtol=1e-11, atol=1e-11
    )
    for found, other in zip(layer_norms(*ours[:2]).values(), layer_norms(*theirs[:2]).values(), strict=True):
        torch.testing.assert_close(found, other, rtol=1e-12, atol=0)


@pytest.mark.parametrize("activation", MODULES)
@pytest.mark.parametrize("name", PARTS)
def test_none_of_14000_inputs_leaves_the_bounds_and_none_are_wider_than_intervals(name: str, activation: str) -> None:
    problem, rng = image_problem(name, activation), np.random.default_rng(2)
    theta = points(problem, 1)
    module = problem.module(theta[0].numpy())
    relaxed = relax_network(require_layers(problem), theta, problem.inputs, HALF_WIDTH)
    intervals = logit_box(require_layers(problem), theta, problem.inputs, HALF_WIDTH)
    tight, margins = relaxed.logits(), relaxed.margins(problem.targets)[0]
    own = torch.arange(len(problem.inputs))
    for shift in (rng.uniform(-1.0, 1.0, (1000, 7, FEATURES)), rng.choice([-1.0, 1.0], (1000, 7, FEATURES))):
        outputs = module((problem.inputs + HALF_WIDTH * torch.tensor(shift)).flatten(0, 1)).detach().view(1000, 7, 3)
        for box in (tight, intervals):
            assert (box.lower[0] <= outputs).all()
            assert (outputs <= box.upper[0]).all()
        gaps = outputs[:, own, problem.targets, None] - outputs
        assert (margins.nan_to_num(posinf=-torch.inf) <= gaps).all()
    slack = 1e-12 * (1.0 + intervals.magnitude)
    assert (tight.lower >= intervals.lower - slack).all()
    assert (tight.upper <= intervals.upper + slack).all()
    by_intervals = margin_lower_bound(require_layers(problem), theta, problem.inputs, problem.targets, HALF_WIDTH)[0]
    assert (margins >= by_intervals - slack.amax(2)[0, :, None]).all()


@pytest.mark.parametrize("name", PARTS)
def test_norms_are_those_of_the_linear_maps_and_bound_the_jacobian(name: str) -> None:
    problem = image_problem(name)
    theta = points(problem, 2)
    found = layer_norms(require_layers(problem), theta)
    for row in range(2):
        stages = linear_stages(problem.module(theta[row].numpy()))
        expected = [np.linalg.norm(matrix.numpy(), 2) for matrix, _ in stages]
        np.testing.assert_allclose(found["spectral_norm"][row], expected, rtol=1e-12)
    jacobian = sample_jacobian_norms(problem, theta, problem.inputs)["input_jacobian_spectral"]
    assert (jacobian <= found["spectral_norm_product"][:, None]).all()


def test_certificates_are_those_of_the_dense_twin() -> None:
    problem = image_problem("two convolutions")
    theta = 0.3 * points(problem, 1)
    twin, parameters = twin_of(problem, theta)
    half_width = torch.full((FEATURES,), 0.02, dtype=torch.float64)
    targets = require_layers(problem).outputs(theta, problem.inputs)[0].argmax(1)
    arguments = problem.inputs, targets
    ours, theirs = (require_layers(problem), theta), (require_layers(twin), parameters)
    found, expected = certified(*ours, *arguments, half_width), certified(*theirs, *arguments, half_width)
    assert all(torch.equal(found[method], expected[method]) for method in expected)
    sizes = certified_epsilon(*ours, *arguments, half_width, 50.0)
    assert (sizes > 0.0).any()
    torch.testing.assert_close(sizes, certified_epsilon(*theirs, *arguments, half_width, 50.0))


@pytest.mark.parametrize("name", ["pooled", "two convolutions"])
def test_properties_of_the_function_are_those_of_the_dense_twin(name: str) -> None:
    """Compares all properties except those of parameters, of which the twin has more."""
    problem = image_problem(name)
    theta = 0.5 * points(problem, 1)
    twin, parameters = twin_of(problem, theta)
    settings = MeasureConfig(epsilon=(0.05, 0.2), pgd_steps=5, pgd_restarts=2)
    groups = ["loss", "robustness", "sensitivity"]
    found = measure(problem, theta.numpy(), [*groups, "sharpness"], settings)
    expected = measure(twin, parameters.numpy(), groups, settings)
    for key in expected.keys() - {"l2_loss", "squared_norm"}:
        np.testing.assert_allclose(found[key].values, expected[key].values, rtol=1e-9, atol=1e-9, err_msg=key)
    assert "relative_flatness" in found
    assert "spectral_norm_product" in found
    assert available_groups(problem) == (
        *("loss", "curvature", "sharpness", "robustness", "sparse_robustness", "sensitivity"),
    )
