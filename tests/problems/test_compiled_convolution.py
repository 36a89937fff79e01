"""Compiled energies and Hessians of convolutional networks: against batched tensors, torch.func and differences."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torch.func import grad, jacrev, vmap

from landscape.numerics.pointers import call
from landscape.optimize.driver import run_all
from landscape.optimize.lbfgs.method import LBFGS
from landscape.problems.energies.batched import BatchedEnergy
from landscape.problems.energies.compiled import CompiledEnergy
from landscape.problems.energies.layers import FEWEST_BESIDE_WINDOWS, compiled_layers
from landscape.problems.kernels.activations import KINDS
from landscape.problems.kernels.layers import BLAS_FROM
from landscape.problems.networks.layered import LayeredNetwork
from landscape.problems.problem import Problem
from tests.problems.convolutions import FEATURES, PARTS, convolutions, image_problem
from tests.problems.reference import points, torch_energy

LOSSES = ["cross_entropy", "mse"]
WIDE = [{"channels": 7, "kernel": 4, "padding": 2, "pool": 2}, {"channels": 12, "kernel": 2, "padding": 1, "stride": 2}]
IMAGES = [{"channels": 2, "kernel": 3, "stride": 2, "padding": 1, "pool": 2}]
TERMS: dict[str, dict[str, object]] = {
    "jacobian": {"jacobian_weight": 0.4},
    "fgsm": {"adversarial_weight": 0.7, "adversarial_epsilon": 0.2},
    "l1": {"l1": 0.02, "l1_width": 1e-2},
}


def problem_of(name: str, activation: str, loss: str, samples: int) -> Problem:
    """The problem of one of the small networks, on `samples` samples."""
    rng = np.random.default_rng(6)
    outputs = 3 if loss == "cross_entropy" else 2
    targets = np.arange(samples) % 3 if loss == "cross_entropy" else rng.normal(size=(samples, 2))
    module = convolutions(name, activation, outputs)
    return Problem.from_module(module, rng.normal(size=(samples, FEATURES)), targets, l2=1e-2, loss=loss)


def fastest(problem: Problem) -> CompiledEnergy:
    form = problem._energy.fastest
    assert isinstance(form, CompiledEnergy)
    return form


def close(found: Tensor, expected: Tensor, tolerance: float = 1e-12) -> None:
    scale = float(expected.abs().max())
    torch.testing.assert_close(found, expected, rtol=tolerance, atol=0.1 * tolerance * scale)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("activation", KINDS)
@pytest.mark.parametrize("samples", [5, 2 * FEWEST_BESIDE_WINDOWS + 9], ids=lambda n: f"N={n}")
@pytest.mark.parametrize("name", PARTS)
def test_it_is_the_energy_of_batched_tensors(name: str, samples: int, activation: str, loss: str) -> None:
    problem = problem_of(name, activation, loss, samples)
    theta = points(problem, 3)
    value, slope = problem._energy.batched.energy_and_gradient(theta)
    energy, gradient = fastest(problem).energy_and_gradient(theta)
    close(energy, value)
    close(gradient, slope)


def test_layers_of_library_calls_in_the_middle_of_the_network() -> None:
    problem = Problem(dataset="digits", subset=150, convolution=WIDE, hidden=[11], l2=1e-3)
    assert isinstance(problem.network, LayeredNetwork)
    assert all(layer.n_in * layer.n_out > BLAS_FROM for layer in problem.network.layers)
    theta = 0.3 * points(problem, 2)
    value, slope = problem._energy.batched.energy_and_gradient(theta)
    energy, gradient = fastest(problem).energy_and_gradient(theta)
    close(energy, value)
    close(gradient, slope)


@pytest.mark.parametrize("name", PARTS)
def test_its_rough_function_is_the_energy_to_the_precision_of_float32(name: str) -> None:
    problem = problem_of(name, "tanh", "cross_entropy", 400)
    theta, kernel = points(problem, 3), fastest(problem).kernel()
    value, slope = problem._energy.batched.energy_and_gradient(theta)
    energy, gradient = torch.empty_like(value), torch.empty_like(slope)
    assert kernel.rough is not None
    assert kernel.lanes is None
    call(kernel.rough, theta.numpy(), energy.numpy(), gradient.numpy())
    torch.testing.assert_close(energy, value, rtol=1e-6, atol=0)
    torch.testing.assert_close(gradient, slope, rtol=0, atol=4e-6 * float(slope.abs().max()))
    assert not torch.equal(gradient, slope)


@pytest.mark.bits
@pytest.mark.parametrize("name", PARTS)
@given(rows=st.lists(st.integers(0, 19), min_size=1, max_size=17))
def test_a_walker_does_not_depend_on_its_neighbours(name: str, rows: list[int]) -> None:
    problem = image_problem(name)
    theta = points(problem, 20)
    energy = problem.energy_and_gradient
    for together, alone in zip(energy(theta), energy(theta[rows]), strict=True):
        assert torch.equal(together[rows], alone)
    hessian = fastest(problem).hessian
    assert hessian is None or torch.equal(hessian(theta[:3])[1:2], hessian(theta[1:2]))


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_what_is_no_number_stays_none(bad: float) -> None:
    problem = image_problem("two convolutions", l2=0.0)
    theta = points(problem, problem.n_parameters)
    theta.diagonal().fill_(bad)
    assert not problem.energy(theta).isfinite().any()


def test_what_is_not_compiled_is_batched() -> None:
    assert isinstance(image_problem("pooled", "gelu")._energy.fastest, BatchedEnergy)
    problem = image_problem("pooled")
    assert isinstance(problem.network, LayeredNetwork)
    assert compiled_layers(problem.network, problem._loss, torch.device("meta")) is None


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("activation", ["tanh", "sigmoid", "softplus"])
@pytest.mark.parametrize("samples", [5, 2 * FEWEST_BESIDE_WINDOWS + 9], ids=lambda n: f"N={n}")
@pytest.mark.parametrize("name", ["pooled", "pooled inputs"])
def test_its_hessian_is_that_of_batched_tensors(name: str, samples: int, activation: str, loss: str) -> None:
    problem = problem_of(name, activation, loss, samples)
    theta, hessian = points(problem, 3), fastest(problem).hessian
    assert hessian is not None
    found = hessian(theta)
    close(found, problem._energy.batched.hessian(theta), 1e-11)
    assert torch.equal(found, found.mT)


@pytest.mark.parametrize("loss", LOSSES)
def test_energy_and_hessian_of_several_blocks_against_torch(loss: str) -> None:
    problem = problem_of("pooled", "sigmoid", loss, 150)
    reference = torch_energy(problem, convolutions("pooled", "sigmoid", problem.network.n_outputs))
    theta = points(problem, 2)
    close(problem.energy(theta), vmap(reference)(theta))
    close(problem.energy_and_gradient(theta)[1], vmap(grad(reference))(theta))
    close(problem.hessian(theta), torch.stack([jacrev(grad(reference))(point) for point in theta]), 1e-11)


@pytest.mark.parametrize(
    "convolution", [IMAGES, [{"channels": 3, "kernel": 5, "pool": 3}], [{"channels": 2, "kernel": 8}]], ids=str
)
def test_finite_differences_on_images_of_digits(convolution: list[dict[str, int]]) -> None:
    problem = Problem(dataset="digits", subset=60, convolution=convolution, hidden=[], l2=1e-3)
    assert fastest(problem).hessian is not None
    theta, step = 0.5 * points(problem, 1), 1e-5
    chosen = torch.arange(0, problem.n_parameters, 3)
    shifts = step * torch.eye(problem.n_parameters, dtype=torch.float64)[chosen]
    (up, gradient_up), (down, gradient_down) = (problem.energy_and_gradient(theta + s * shifts) for s in (1, -1))
    gradient, hessian = problem.energy_and_gradient(theta)[1][0, chosen], problem.hessian(theta)[0, chosen]
    torch.testing.assert_close(gradient, (up - down) / (2 * step), rtol=0, atol=1e-8)
    torch.testing.assert_close(hessian, (gradient_up - gradient_down) / (2 * step), rtol=0, atol=1e-8)


def test_its_hessian_is_for_one_convolution_below_one_dense_layer() -> None:
    assert fastest(image_problem("pooled")).hessian is not None
    assert fastest(image_problem("pooled", "silu")).hessian is None
    for name in ("two convolutions", "strided and padded"):
        assert fastest(image_problem(name)).hessian is None


@pytest.mark.parametrize("name", TERMS)
def test_terms_are_added_to_it_as_to_batched_tensors(name: str) -> None:
    table: dict[str, object] = {"dataset": "digits", "subset": 40, "convolution": IMAGES, "hidden": [4], "l2": 1e-3}
    problem, plain = Problem(**(table | TERMS[name])), Problem(**table)  # type: ignore[arg-type]
    theta = 0.5 * points(problem, 2)
    value, slope = plain._energy.batched.energy_and_gradient(theta)
    energy, gradient = problem.energy_and_gradient(theta)
    added = problem._energy._added
    assert added is not None
    assert problem.kernel() is None
    more, steeper = added.energy_and_gradient(theta)
    close(energy, value + more)
    close(gradient, slope + steeper)


def test_quenches_end_where_the_gradient_of_batched_tensors_vanishes() -> None:
    problem = problem_of("pooled", "tanh", "cross_entropy", 100)
    starts = 0.5 * points(problem, 4)
    found = run_all(LBFGS(rms=1e-9), problem, starts, 4)
    assert found.energy.isfinite().all()
    gradient = problem._energy.batched.energy_and_gradient(found.theta)[1]
    assert float(gradient.square().mean(1).sqrt().max()) < 1.01e-9
