"""Energies and their derivatives: against torch.func on torch.nn, finite differences and numpy; batches and chunks."""

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.func import grad, jacrev, vmap

from landscape.problems.activations import ACTIVATIONS
from landscape.problems.problem import Problem
from tests.problems.reference import (
    HIDDEN,
    MODULES,
    SMOOTH,
    NumpyNetwork,
    points,
    samples,
    small_problem,
    stack,
    torch_energy,
)

LOSSES = ["cross_entropy", "mse"]


def close(found: Tensor, expected: Tensor, tolerance: float = 1e-11) -> None:
    torch.testing.assert_close(found, expected, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("hidden", HIDDEN, ids=str)
@pytest.mark.parametrize("activation", MODULES)
def test_energy_and_gradient_against_torch(activation: str, hidden: list[int], loss: str) -> None:
    problem = small_problem(activation, hidden, loss)
    reference = torch_energy(problem, stack([3, *hidden, problem.network.n_outputs], activation))
    theta = points(problem, 3)
    energy, gradient = problem.energy_and_gradient(theta)
    close(energy, vmap(reference)(theta))
    close(problem.energy(theta), energy, 1e-14)
    close(gradient, vmap(grad(reference))(theta))


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("hidden", HIDDEN, ids=str)
@pytest.mark.parametrize("activation", SMOOTH)
def test_hessian_and_its_products_against_torch(activation: str, hidden: list[int], loss: str) -> None:
    problem = small_problem(activation, hidden, loss)
    reference = torch_energy(problem, stack([3, *hidden, problem.network.n_outputs], activation))
    theta, vector = points(problem, 2), points(problem, 2, seed=1)
    expected = torch.stack([jacrev(grad(reference))(point) for point in theta])
    found = problem.hessian(theta)
    close(found, expected)
    close(found.mT, found, 1e-14)
    close(problem.hessian_vector_product(theta, vector), (expected @ vector[:, :, None])[:, :, 0])


@pytest.mark.parametrize("activation", SMOOTH)
def test_finite_differences(activation: str) -> None:
    problem = small_problem(activation, [3, 3])
    theta, step = points(problem, 1), 1e-5
    shifts = step * torch.eye(problem.n_parameters, dtype=torch.float64)
    (up, gradient_up), (down, gradient_down) = (problem.energy_and_gradient(theta + s * shifts) for s in (1, -1))
    close(problem.energy_and_gradient(theta)[1][0], (up - down) / (2 * step), 1e-8)
    close(problem.hessian(theta)[0], (gradient_up - gradient_down) / (2 * step), 1e-8)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_derivatives_of_activations(name: str) -> None:
    activation = ACTIVATIONS[name]
    z = torch.linspace(-9.0, 9.0, 181, dtype=torch.float64) + 0.003
    reference = MODULES[name]()
    close(activation.value(z), reference(z), 1e-14)
    close(activation.derivative(z), vmap(grad(reference))(z), 1e-13)
    close(activation.second_derivative(z), vmap(grad(grad(reference)))(z), 1e-13)
    odd = torch.allclose(reference(-z), -reference(z))
    assert activation.odd == odd
    minimum = activation.minimum
    assert (minimum is not None) == bool((activation.derivative(z) < -1e-12).any())
    if minimum is not None:
        at = torch.tensor(minimum, dtype=torch.float64)
        assert abs(float(activation.derivative(at))) < 1e-15
        assert (activation.value(z) >= activation.value(at)).all()


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations_and_losses_stay_finite(name: str) -> None:
    z = torch.tensor([-1e300, -800.0, -40.0, 0.0, 40.0, 800.0], dtype=torch.float64)
    activation = ACTIVATIONS[name]
    assert activation.value(z).isfinite().all()
    assert activation.derivative(z).isfinite().all()
    assert activation.second_derivative(z[1:]).isfinite().all()
    problem = small_problem(name, [4])
    energy, gradient = problem.energy_and_gradient(1e3 * points(problem, 4))
    assert energy.isfinite().all()
    assert gradient.isfinite().all()


def test_a_numpy_network_agrees() -> None:
    problem = Problem(dataset="iris", hidden=[6], l2=1e-3)
    reference = NumpyNetwork(problem.data.inputs, problem.data.targets, 6, 1e-3)
    theta = points(problem, 2)
    energy, gradient = problem.energy_and_gradient(theta)
    close(energy, torch.tensor(np.array([reference.energy(point) for point in theta.numpy()])))
    close(gradient, torch.tensor(np.array([reference.gradient(point) for point in theta.numpy()])))
    close(problem.hessian(theta), torch.tensor(np.array([reference.hessian(point) for point in theta.numpy()])))


@pytest.mark.parametrize("hidden", HIDDEN, ids=str)
def test_a_batch_equals_its_members_run_alone(hidden: list[int]) -> None:
    problem = small_problem("silu", hidden)
    theta, vector = points(problem, 9), points(problem, 9, seed=1)
    energy, gradient = problem.energy_and_gradient(theta)
    product, matrix = problem.hessian_vector_product(theta, vector), problem.hessian(theta)
    for row in range(9):
        one = slice(row, row + 1)
        alone = problem.energy_and_gradient(theta[one])
        close(energy[one], alone[0], 1e-14)
        close(gradient[one], alone[1], 1e-14)
        close(product[one], problem.hessian_vector_product(theta[one], vector[one]), 1e-13)
        close(matrix[one], problem.hessian(theta[one]), 1e-13)


@pytest.mark.parametrize("budget", [1, 30_000])
def test_chunks_change_nothing(budget: int, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = small_problem("tanh", [4, 3])
    theta, vector = points(whole, 13), points(whole, 13, seed=1)
    monkeypatch.setattr("landscape.numerics.batching.CHUNK_BYTES", {"cpu": budget})
    cut = small_problem("tanh", [4, 3])
    for first, second in zip(whole.energy_and_gradient(theta), cut.energy_and_gradient(theta), strict=True):
        close(second, first, 1e-14)
    close(cut.energy(theta), whole.energy(theta), 1e-14)
    close(cut.hessian(theta), whole.hessian(theta), 1e-13)
    close(cut.hessian_vector_product(theta, vector), whole.hessian_vector_product(theta, vector), 1e-13)


def test_an_empty_batch_stays_empty() -> None:
    problem = small_problem("tanh", [4])
    theta = points(problem, 0)
    energy, gradient = problem.energy_and_gradient(theta)
    assert (energy.shape, gradient.shape) == ((0,), (0, problem.n_parameters))
    assert problem.hessian(theta).shape == (0, problem.n_parameters, problem.n_parameters)


def test_arguments_are_left_alone() -> None:
    problem = small_problem("gelu", [4, 3])
    theta, vector = points(problem, 3), points(problem, 3, seed=1)
    copies = theta.clone(), vector.clone(), problem.inputs.clone()
    problem.energy_and_gradient(theta)
    problem.hessian(theta)
    problem.hessian_vector_product(theta, vector)
    assert all(torch.equal(a, b) for a, b in zip((theta, vector, problem.inputs), copies, strict=True))


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("hidden", HIDDEN, ids=str)
def test_input_gradient_against_autograd(hidden: list[int], loss: str) -> None:
    problem = small_problem("gelu", hidden, loss)
    theta = points(problem, 3)
    shifted = torch.tensor(np.random.default_rng(9).normal(size=(3, 11, 3)))
    outputs, gradient = problem.network.input_gradient(theta, shifted, torch.cos)
    close(outputs, problem.network.outputs(theta, shifted))
    for row in range(3):
        inputs = shifted[row].clone().requires_grad_()
        module_outputs = problem.module(theta[row].numpy())(inputs)
        values = problem.sample_loss(module_outputs.detach()[None], problem.targets)[0]
        function = torch.nn.functional.cross_entropy if loss == "cross_entropy" else torch.nn.functional.mse_loss
        total = function(module_outputs, problem.targets)
        close(values.mean(), total.detach())
        (expected,) = torch.autograd.grad(module_outputs.sin().sum(), inputs)
        close(gradient[row], expected)


def test_shared_inputs_are_inputs_of_every_walker() -> None:
    problem = small_problem("tanh", [4])
    theta = points(problem, 3)
    every = problem.inputs.expand(3, -1, -1)
    close(problem.network.outputs(theta, problem.inputs), problem.network.outputs(theta, every), 1e-14)


def test_labels_under_mse_are_one_hot_targets() -> None:
    inputs, labels = samples("cross_entropy")
    module = stack([3, 4, 3], "tanh")
    first = Problem.from_module(module, inputs, labels, l2=0.0, loss="mse")
    second = Problem.from_module(module, inputs, np.eye(3)[labels], l2=0.0, loss="mse")
    theta = points(first, 4)
    close(first.energy(theta), second.energy(theta), 1e-14)
    assert first.is_classification
    assert not second.is_classification
