from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from landscape.errors import SearchError
from landscape.problems.networks.symmetry import NoSymmetry
from landscape.problems.surfaces.adapter import as_objective
from landscape.problems.surfaces.analytic import LennardJones, MuellerBrown, SixHumpCamel

CAMEL = SixHumpCamel()
THETA = torch.tensor(np.random.default_rng(0).uniform(-1.5, 1.5, (7, 2)))
VECTOR = torch.tensor(np.random.default_rng(1).normal(size=(7, 2)))


class NumpyCamel:
    """A surface as a user writes it: numpy, two attributes, nothing else."""

    n_parameters = 2

    def energy_and_gradient(self, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        assert isinstance(theta, np.ndarray)
        x, y = theta.T
        energy = (4 - 2.1 * x**2 + x**4 / 3) * x**2 + x * y + (4 * y**2 - 4) * y**2
        return energy, np.stack([8 * x - 8.4 * x**3 + 2 * x**5 + y, x - 8 * y + 16 * y**3], axis=1)


class TorchCamel:
    """A user's torch surface that takes its gradient from autograd and names its device by a string."""

    n_parameters = 2
    device = "cpu"

    def energy_and_gradient(self, theta: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        theta = theta.detach().requires_grad_()
        energy = CAMEL.energy(theta)
        return energy, torch.autograd.grad(energy.sum(), theta, retain_graph=True)[0]


class RichCamel(NumpyCamel):
    """A surface with all optional attributes, each different from the adapter's default."""

    curvature_threshold = 1e-4
    smooth = False
    symmetry = LennardJones(2).symmetry

    def energy(self, theta: np.ndarray) -> np.ndarray:
        return self.energy_and_gradient(theta)[0] + 1.0

    def hessian(self, theta: np.ndarray) -> np.ndarray:
        hessian = np.broadcast_to(np.diag([2.0, 3.0]), (len(theta), 2, 2))
        hessian.flags.writeable = False
        return hessian

    def hessian_vector_product(self, theta: np.ndarray, vector: np.ndarray) -> np.ndarray:
        assert len(theta) == len(vector)
        return vector * 5.0


@pytest.mark.parametrize("surface", [NumpyCamel(), TorchCamel()], ids=lambda surface: type(surface).__name__)
def test_a_surface_with_a_gradient_alone_is_an_objective(surface: object) -> None:
    adapted = as_objective(surface)
    energy, gradient = adapted.energy_and_gradient(THETA)
    expected_energy, expected_gradient = CAMEL.energy_and_gradient(THETA)
    torch.testing.assert_close(energy, expected_energy, rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(gradient, expected_gradient, rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(adapted.energy(THETA), expected_energy, rtol=1e-12, atol=1e-12)
    assert not energy.requires_grad
    assert (adapted.n_parameters, adapted.smooth) == (2, True)
    assert adapted.device == torch.device("cpu")
    assert isinstance(adapted.symmetry, NoSymmetry)


@pytest.mark.parametrize("surface", [NumpyCamel(), TorchCamel()], ids=lambda surface: type(surface).__name__)
def test_missing_derivatives_are_differences(surface: object) -> None:
    adapted, hessian = as_objective(surface), CAMEL.hessian(THETA)
    found = adapted.hessian(THETA)
    torch.testing.assert_close(found, hessian, rtol=1e-8, atol=1e-8)
    assert torch.equal(found, found.mT)
    product = adapted.hessian_vector_product(THETA, VECTOR)
    torch.testing.assert_close(product, torch.einsum("wij,wj->wi", hessian, VECTOR), rtol=1e-7, atol=1e-8)
    assert torch.equal(adapted.hessian_vector_product(THETA, 0.0 * VECTOR), 0.0 * VECTOR)


def test_differences_keep_to_the_scale_of_the_parameters() -> None:
    class Far(NumpyCamel):
        def energy_and_gradient(self, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            energy, gradient = super().energy_and_gradient(theta / 1000.0)
            return energy, gradient / 1000.0

    hessian = as_objective(Far()).hessian(1000.0 * THETA)
    torch.testing.assert_close(hessian * 1e6, CAMEL.hessian(THETA), rtol=1e-7, atol=1e-7)


def test_the_difference_hessian_of_a_batch_is_that_of_its_rows() -> None:
    adapted = as_objective(NumpyCamel())
    alone = torch.cat([adapted.hessian(THETA[row : row + 1]) for row in range(len(THETA))])
    assert torch.equal(adapted.hessian(THETA), alone)


def test_what_is_given_is_used() -> None:
    adapted = as_objective(RichCamel())
    torch.testing.assert_close(adapted.energy(THETA), CAMEL.energy(THETA) + 1.0, rtol=1e-12, atol=1e-12)
    assert torch.equal(adapted.hessian(THETA)[3], torch.diag(torch.tensor([2.0, 3.0], dtype=torch.float64)))
    assert torch.equal(adapted.hessian_vector_product(THETA, VECTOR), VECTOR * 5.0)
    assert (adapted.curvature_threshold, adapted.smooth) == (1e-4, False)
    assert adapted.symmetry is RichCamel.symmetry


def test_products_come_from_a_given_hessian() -> None:
    class WithHessian(NumpyCamel):
        hessian = RichCamel.hessian

    product = as_objective(WithHessian()).hessian_vector_product(THETA, VECTOR)
    assert torch.equal(product, VECTOR * torch.tensor([2.0, 3.0], dtype=torch.float64))


def test_an_answer_in_a_buffer_that_is_used_again_is_kept() -> None:
    class Buffered(NumpyCamel):
        def __init__(self) -> None:
            self.buffer = np.empty(7)

        def energy_and_gradient(self, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            energy, gradient = super().energy_and_gradient(theta)
            self.buffer[: len(theta)] = energy
            return self.buffer[: len(theta)], gradient

    adapted = as_objective(Buffered())
    first = adapted.energy(THETA)
    adapted.energy(0.0 * THETA)
    torch.testing.assert_close(first, CAMEL.energy(THETA), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("surface", [CAMEL, MuellerBrown(), LennardJones(3)], ids=lambda s: type(s).__name__)
def test_an_objective_passes_through(surface: object) -> None:
    assert as_objective(surface) is surface


def with_answer(energy: Any, gradient: Any, n_parameters: Any = 2) -> SimpleNamespace:  # noqa: ANN401 - all wrong ones
    return SimpleNamespace(n_parameters=n_parameters, energy_and_gradient=lambda theta: (energy, gradient))  # noqa: ARG005


def refuses_batches(theta: np.ndarray) -> tuple[float, np.ndarray]:
    x, y = theta
    return float(x + y) ** 2, 2.0 * theta


MISTAKES = {
    "no n_parameters": (SimpleNamespace(), "n_parameters, an integer of at least 1, found None"),
    "no parameters": (with_answer(np.zeros(2), np.zeros((2, 2)), 0), "at least 1, found 0"),
    "n_parameters is no integer": (with_answer(np.zeros(2), np.zeros((2, 2)), 2.0), "at least 1, found 2.0"),
    "no gradient": (SimpleNamespace(n_parameters=2), "energy_and_gradient"),
    "one point only": (SimpleNamespace(n_parameters=2, energy_and_gradient=refuses_batches), "compute all rows"),
    "no pair": (SimpleNamespace(n_parameters=2, energy_and_gradient=np.sin), "a pair"),
    "one energy": (with_answer(np.zeros(()), np.zeros((2, 2))), r"energy\[W\].*found float64\[\]"),
    "a column of energies": (with_answer(np.zeros((2, 1)), np.zeros((2, 2))), r"found float64\[2, 1\]"),
    "a flat gradient": (with_answer(np.zeros(2), np.zeros(4)), r"gradient\[W, P\].*found float64\[4\]"),
    "single precision": (with_answer(np.zeros(2), np.zeros((2, 2), np.float32)), r"found float32\[2, 2\]"),
    "a list": (with_answer([0.0, 0.0], np.zeros((2, 2))), "found list"),
    "tensors without a device": (with_answer(torch.zeros(2), torch.zeros(2, 2)), "attribute device"),
}


@pytest.mark.parametrize(("surface", "message"), MISTAKES.values(), ids=MISTAKES)
def test_mistakes_are_one_helpful_line(surface: object, message: str) -> None:
    with pytest.raises(SearchError, match=message) as caught:
        as_objective(surface)
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith("expected")


def test_a_surface_that_is_singular_at_zero_is_accepted() -> None:
    class Inverse:
        n_parameters = 2

        def energy_and_gradient(self, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            return (1.0 / theta).sum(axis=1), -1.0 / theta**2

    assert as_objective(Inverse()).n_parameters == 2
