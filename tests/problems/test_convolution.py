"""Convolutional networks: torch's own modules are the reference, for values and derivatives."""

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.func import grad, jacrev, vmap

from landscape.errors import ConfigError, DataError, PropertyError
from landscape.problems.networks.layered import DenseNetwork, LayeredNetwork
from landscape.problems.networks.module import ModuleNetwork
from landscape.problems.problem import Problem
from tests.problems.convolutions import FEATURES, IMAGE, PARTS, convolutions, dense_twin, image_problem, images
from tests.problems.reference import MODULES, SMOOTH, points, torch_energy

LOSSES = ["cross_entropy", "mse"]
ONE_ENTRY = [{"channels": 2, "kernel": 3, "stride": 2, "padding": 1, "pool": 2}]


def close(found: Tensor, expected: Tensor, tolerance: float = 1e-12) -> None:
    torch.testing.assert_close(found, expected, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("activation", MODULES)
@pytest.mark.parametrize("name", PARTS)
def test_energy_and_gradient_against_torch(name: str, activation: str, loss: str) -> None:
    problem = image_problem(name, activation, loss)
    assert isinstance(problem.network, LayeredNetwork)
    reference = torch_energy(problem, convolutions(name, activation, problem.network.n_outputs))
    theta = 0.3 * points(problem, 3)  # torch cuts softplus off at 20
    energy, gradient = problem.energy_and_gradient(theta)
    close(energy, vmap(reference)(theta))
    close(problem.energy(theta), energy, 1e-14)
    close(gradient, vmap(grad(reference))(theta))


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("activation", SMOOTH)
@pytest.mark.parametrize("name", PARTS)
def test_hessian_and_its_products_against_torch(name: str, activation: str, loss: str) -> None:
    problem = image_problem(name, activation, loss)
    reference = torch_energy(problem, convolutions(name, activation, problem.network.n_outputs))
    theta, vector = 0.3 * points(problem, 2), points(problem, 2, seed=1)
    expected = torch.stack([jacrev(grad(reference))(point) for point in theta])
    close(problem.hessian(theta), expected)
    close(problem.hessian_vector_product(theta, vector), (expected @ vector[:, :, None])[:, :, 0])


@pytest.mark.parametrize("name", PARTS)
def test_finite_differences(name: str) -> None:
    problem = image_problem(name)
    theta, step = points(problem, 1), 1e-5
    shifts = step * torch.eye(problem.n_parameters, dtype=torch.float64)
    (up, gradient_up), (down, gradient_down) = (problem.energy_and_gradient(theta + s * shifts) for s in (1, -1))
    close(problem.energy_and_gradient(theta)[1][0], (up - down) / (2 * step), 1e-8)
    close(problem.hessian(theta)[0], (gradient_up - gradient_down) / (2 * step), 1e-8)


@pytest.mark.parametrize("name", PARTS)
def test_outputs_and_their_derivatives_against_torch(name: str) -> None:
    problem, module = image_problem(name, "silu"), convolutions(name, "silu")
    assert isinstance(problem.network, LayeredNetwork)
    theta, vector = points(problem, 2), points(problem, 2, seed=1)
    moved = problem.inputs + torch.tensor(np.random.default_rng(1).normal(size=(2, 7, FEATURES)))
    outputs, gradient = problem.network.input_gradient(theta, moved, lambda out: out.cos())
    tangent = problem.network.parameter_tangent(theta, vector, problem.inputs)
    for row in range(2):
        torch.nn.utils.vector_to_parameters(theta[row], module.parameters())
        inputs = moved[row].clone().requires_grad_()
        expected = module(inputs)
        close(outputs[row], expected.detach())
        close(gradient[row], torch.autograd.grad(expected.sin().sum(), inputs)[0])
        close(problem.module(theta[row].numpy())(moved[row]).detach(), expected.detach())
        close(problem.network.features(theta, problem.inputs)[row], module[:-1](problem.inputs).detach())
    close(tangent[0], problem.network.outputs(theta, problem.inputs), 1e-14)
    up, down = (problem.network.outputs(theta + step * vector, problem.inputs) for step in (1e-6, -1e-6))
    close(tangent[1], (up - down) / 2e-6, 1e-7)


@pytest.mark.parametrize("name", PARTS)
def test_a_batch_equals_its_members_and_its_chunks(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    problem = image_problem(name)
    theta, vector = points(problem, 3), points(problem, 3, seed=1)
    (energy, gradient), hessian = problem.energy_and_gradient(theta), problem.hessian(theta)
    product = problem.hessian_vector_product(theta, vector)
    monkeypatch.setattr("landscape.numerics.batching.CHUNK_BYTES", {"cpu": 1})
    cut = image_problem(name)
    close(cut.energy_and_gradient(theta)[0], energy, 1e-14)
    close(cut.energy_and_gradient(theta)[1], gradient, 1e-14)
    close(cut.hessian(theta), hessian, 1e-13)
    close(cut.hessian_vector_product(theta, vector), product, 1e-13)
    assert problem.hessian(theta[:0]).shape == (0, problem.n_parameters, problem.n_parameters)


@pytest.mark.parametrize("name", PARTS)
def test_the_dense_twin_has_the_same_energy(name: str) -> None:
    problem = image_problem(name, l2=0.0)
    theta = points(problem, 1)
    twin = Problem.from_module(dense_twin(problem.module(theta[0].numpy())), *images(), l2=0.0)
    assert isinstance(twin.network, DenseNetwork)
    parameters = torch.nn.utils.parameters_to_vector(dense_twin(problem.module(theta[0].numpy())).parameters())
    close(twin.energy(parameters.detach()[None]), problem.energy(theta))


@pytest.mark.parametrize("name", PARTS)
def test_a_module_is_recognised_as_the_network_that_it_was_made_of(name: str) -> None:
    problem = image_problem(name)
    theta = points(problem, 1)[0].numpy()
    module = problem.module(theta)
    assert Problem.from_module(module, *images(), l2=0.0).network == problem.network
    np.testing.assert_array_equal(nn.utils.parameters_to_vector(module.parameters()).detach(), theta)


def test_images_may_keep_their_axes() -> None:
    inputs, targets = images()
    given = nn.Sequential(*list(convolutions("pooled"))[1:])
    problem = Problem.from_module(given, inputs.reshape(7, *IMAGE), targets, l2=1e-2)
    assert problem.network == image_problem("pooled").network
    foreign = Problem.from_module(nn.Sequential(given, nn.Sigmoid()), inputs.reshape(7, *IMAGE), targets, l2=1e-2)
    assert isinstance(foreign.network, ModuleNetwork)
    theta = points(problem, 2)
    close(foreign.network.outputs(theta, problem.inputs), problem.network.outputs(theta, problem.inputs).sigmoid())


FOREIGN: dict[str, list[nn.Module]] = {
    "dilation": [nn.Conv2d(2, 2, 2, dilation=2), nn.Tanh(), nn.Flatten(), nn.Linear(24, 3)],
    "groups": [nn.Conv2d(2, 2, 3, groups=2), nn.Tanh(), nn.Flatten(), nn.Linear(24, 3)],
    "circular": [nn.Conv2d(2, 2, 3, padding=1, padding_mode="circular"), nn.Tanh(), nn.Flatten(), nn.Linear(60, 3)],
    "same": [nn.Conv2d(2, 2, 3, padding="same"), nn.Tanh(), nn.Flatten(), nn.Linear(60, 3)],
    "pooled before the activation": [nn.Conv2d(2, 2, 3), nn.AvgPool2d(2), nn.Tanh(), nn.Flatten(), nn.Linear(4, 3)],
    "pooled twice": [
        *(nn.Conv2d(2, 2, 3), nn.Tanh(), nn.AvgPool2d(2), nn.AvgPool2d((2, 1)), nn.Flatten(), nn.Linear(2, 3))
    ],
    "padded pooling": [nn.Conv2d(2, 2, 3), nn.Tanh(), nn.AvgPool2d(2, padding=1), nn.Flatten(), nn.Linear(12, 3)],
    "ceiling": [nn.Conv2d(2, 2, 3), nn.Tanh(), nn.AvgPool2d(2, ceil_mode=True), nn.Flatten(), nn.Linear(8, 3)],
    "largest of a window": [nn.Conv2d(2, 2, 3), nn.Tanh(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(4, 3)],
    "convolution last": [nn.Conv2d(2, 3, (6, 5)), nn.Flatten()],
    "no activation": [nn.Conv2d(2, 2, 3), nn.Conv2d(2, 2, 3), nn.Tanh(), nn.Flatten(), nn.Linear(4, 3)],
    "two activations": [nn.Conv2d(2, 2, 3), nn.Tanh(), nn.Sigmoid(), nn.Flatten(), nn.Linear(24, 3)],
}


@pytest.mark.parametrize("name", FOREIGN)
def test_other_layers_are_differentiated_by_torch(name: str) -> None:
    module = nn.Sequential(nn.Unflatten(1, IMAGE), *FOREIGN[name])
    problem = Problem.from_module(module, *images(), l2=1e-2)
    assert isinstance(problem.network, ModuleNetwork)
    theta = points(problem, 1)
    close(problem.energy(theta), vmap(torch_energy(problem, module))(theta))


def test_a_run_file_describes_the_same_network() -> None:
    problem = Problem(dataset="digits", subset=40, image=[1, 8, 8], convolution=ONE_ENTRY, hidden=[5], l2=1e-2)
    parts = (
        nn.Conv2d(1, 2, 3, stride=2, padding=1),
        nn.Tanh(),
        nn.AvgPool2d(2),
        nn.Flatten(),
        nn.Linear(8, 5),
        nn.Tanh(),
    )
    module = nn.Sequential(nn.Unflatten(1, (1, 8, 8)), *parts, nn.Linear(5, 10))
    theta = points(problem, 2)
    close(problem.energy(theta), vmap(torch_energy(problem, module))(theta))
    assert Problem(dataset="digits", subset=40, convolution=ONE_ENTRY, hidden=[5]).network == problem.network


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({"image": [1, 8, 9]}, r"product is 64.*digits, found \[1, 8, 9\], which makes 72"),
        ({"convolution": [{"channels": 2, "kernel": 9}]}, "found one of 9 x 9 on an image of 8 x 8"),
        ({"convolution": [{"channels": 2, "pool": 7}]}, "found one of 7 x 7 on an image of 6 x 6"),
        ({"dataset": "iris"}, r"image: expected \[channels, height, width\] .* product is 4"),
        ({"image": [8, 8]}, r"image: expected \[channels, height, width\], .*found \[8, 8\]"),
    ],
)
def test_images_and_windows_that_do_not_fit(keys: dict[str, object], expected: str) -> None:
    with pytest.raises(ConfigError, match=expected) as caught:
        Problem(**({"dataset": "digits", "convolution": [{"channels": 2}], "hidden": []} | keys))  # type: ignore[arg-type]
    assert "\n" not in str(caught.value)


def test_modules_that_do_not_fit_their_images() -> None:
    with pytest.raises(ConfigError, match="found one of 7 x 7 on an image of 6 x 5"):
        Problem.from_module(nn.Sequential(nn.Unflatten(1, IMAGE), nn.Conv2d(2, 2, 7)), *images(), l2=0.0)
    for wrong in (nn.Conv2d(3, 2, 3), nn.Conv2d(2, 5, 3)):
        parts = wrong, nn.Tanh(), nn.Flatten(), nn.Linear(24, 3)
        with pytest.raises(DataError, match=r"expected a module that maps inputs \[1, 60\] to outputs \[1, 3\], found"):
            Problem.from_module(nn.Sequential(nn.Unflatten(1, IMAGE), *parts), *images(), l2=0.0)


def test_kinks_have_no_hessian() -> None:
    problem = image_problem("pooled", "relu")
    with pytest.raises(PropertyError, match="kinks"):
        problem.hessian(points(problem, 1))
