"""Fisher-Rao norm, relative flatness, Jacobians and spectral norms against their definitions by autograd and numpy."""

import numpy as np
import pytest
import torch
from torch import Tensor

from landscape.config.tables import MeasureConfig
from landscape.problems.networks.layered import LayeredNetwork
from landscape.problems.networks.module import ModuleNetwork
from landscape.problems.problem import Problem
from landscape.properties.curvature.jacobians import spectral_norm
from landscape.properties.measure import measure
from tests.properties.small_problems import small_problem, torch_loss, unpack

SETTINGS = MeasureConfig(epsilon=(0.1,))
CASES = [("tanh", [4]), ("gelu", [3, 3]), ("relu", [4, 3])]


def sharpness_of(problem: Problem, theta: np.ndarray) -> dict[str, np.ndarray]:
    return {name: values for name, (values, *_) in measure(problem, theta, ["sharpness"], SETTINGS).items()}


def points(problem: Problem, count: int) -> np.ndarray:
    return np.random.default_rng(3).normal(size=(count, problem.n_parameters))


def logits(problem: Problem, theta: Tensor) -> Tensor:
    """Outputs [N, K] of one network [P]."""
    return problem.network.outputs(theta[None], problem.inputs)[0]


def fisher(problem: Problem, theta: Tensor) -> Tensor:
    """The Fisher information [P, P]: mean over samples and the network's own labels of score times score."""
    if problem.loss == "mse":
        jacobian = torch.func.jacrev(lambda point: logits(problem, point))(theta)
        variance = 0.5 * jacobian.shape[1]  # variance of the Gaussian whose negative log likelihood is |residual|^2 / K
        of_outputs: Tensor = torch.einsum("nkp,nkq->pq", jacobian, jacobian) / variance / len(jacobian)
        return of_outputs
    scores = torch.func.jacrev(lambda point: logits(problem, point).log_softmax(1))(theta)
    probability = logits(problem, theta).softmax(1)
    of_labels: Tensor = torch.einsum("nk,nkp,nkq->pq", probability, scores, scores) / len(scores)
    return of_labels


@pytest.mark.parametrize("loss", ["cross_entropy", "mse"])
@pytest.mark.parametrize(("activation", "hidden"), CASES)
def test_the_fisher_rao_norm_is_a_quadratic_form_of_the_fisher_information(
    activation: str, hidden: list[int], loss: str
) -> None:
    problem = small_problem(activation, hidden, l2=0.05, loss=loss)
    theta = points(problem, 2)
    found = sharpness_of(problem, theta)
    for row, point in enumerate(torch.tensor(theta)):
        expected = (point @ fisher(problem, point) @ point).item()
        assert found["task_squared_fisher_rao_norm"][row] == pytest.approx(expected, rel=1e-10)
        gradients = torch.func.jacrev(lambda point: torch_loss(problem, logits(problem, point)[None])[0])(point)
        empirical = (gradients @ point).square().mean().item()
        assert found["empirical_squared_fisher_rao_norm"][row] == pytest.approx(empirical, rel=1e-10)
        assert found["squared_fisher_rao_norm"][row] == pytest.approx(
            expected + 0.1 * (point @ point).item(), rel=1e-10
        )


@pytest.mark.parametrize("l2", [0.0, 0.05])
@pytest.mark.parametrize("loss", ["cross_entropy", "mse"])
@pytest.mark.parametrize(("activation", "hidden"), CASES)
def test_relative_flatness_is_the_sum_over_blocks_of_the_last_layers_hessian(
    activation: str, hidden: list[int], loss: str, l2: float
) -> None:
    problem = small_problem(activation, hidden, l2=l2, loss=loss)
    theta = points(problem, 2)
    found = sharpness_of(problem, theta)["relative_flatness"]
    n_outputs, features = problem.network.n_outputs, hidden[-1]
    for row, point in enumerate(torch.tensor(theta)):
        start = problem.n_parameters - n_outputs * (features + 1)
        before, weight, bias = point.split([start, n_outputs * features, n_outputs])

        def energy(w: Tensor, before: Tensor = before, bias: Tensor = bias) -> Tensor:
            moved = torch.cat([before, w, bias])
            return torch_loss(problem, logits(problem, moved)[None]).mean() + l2 * moved.square().sum()

        hessian = torch.func.jacrev(torch.func.jacrev(energy))(weight).view(n_outputs, features, n_outputs, features)
        traces = torch.einsum("sftf->st", hessian)
        rows = weight.view(n_outputs, features)
        assert found[row] == pytest.approx(((rows @ rows.T) * traces).sum().item(), rel=1e-10)


def test_of_relu_networks_the_invariant_measures_do_not_change_when_layers_are_rescaled() -> None:
    problem = small_problem("relu", [4, 3], l2=1e-2)
    theta = points(problem, 1)[0]
    scaled, factors = [], (3.0, 0.2, 1.0 / 0.6)
    for layer, (weight, bias) in enumerate(unpack(theta, [3, 4, 3, 3])):
        scaled += [factors[layer] * weight.ravel(), np.prod(factors[: layer + 1]) * bias]
    found = sharpness_of(problem, np.stack([theta, np.concatenate(scaled)]))
    invariant = {
        "task_relative_flatness", "task_squared_fisher_rao_norm", "empirical_squared_fisher_rao_norm",
        "spectral_norm_product",
        "input_jacobian_frobenius", "input_jacobian_spectral",
    }  # fmt: skip
    for name, values in found.items():
        changed = not np.allclose(values[1], values[0], rtol=1e-9)
        assert changed == (name not in invariant), name


@pytest.mark.parametrize(("activation", "hidden"), CASES)
def test_jacobian_and_layer_norms_are_those_of_numpy(activation: str, hidden: list[int]) -> None:
    problem = small_problem(activation, hidden)
    theta = points(problem, 2)
    found = sharpness_of(problem, theta)
    for row, point in enumerate(torch.tensor(theta)):

        def output(sample: Tensor, point: Tensor = point) -> Tensor:
            return problem.network.outputs(point[None], sample[None])[0, 0]

        jacobians = [torch.func.jacrev(output)(sample).numpy() for sample in problem.inputs]
        frobenius, spectral = np.mean([[np.linalg.norm(one), np.linalg.norm(one, 2)] for one in jacobians], axis=0)
        assert found["input_jacobian_frobenius"][row] == pytest.approx(frobenius, rel=1e-10)
        assert found["input_jacobian_spectral"][row] == pytest.approx(spectral, rel=1e-10)
        norms = [np.linalg.norm(weight, 2) for weight, _ in unpack(theta[row], [3, *hidden, 3])]
        np.testing.assert_allclose(found["spectral_norm"][row], norms, rtol=1e-10)
        assert found["spectral_norm_product"][row] == pytest.approx(np.prod(norms), rel=1e-10)


@pytest.mark.parametrize("shape", [(5, 2, 7), (4, 6, 3), (3, 1, 1)])
def test_spectral_norms_of_any_shape(shape: tuple[int, ...]) -> None:
    matrices = np.random.default_rng(0).normal(size=shape)
    np.testing.assert_allclose(spectral_norm(torch.tensor(matrices)), np.linalg.norm(matrices, 2, axis=(1, 2)))


def test_a_foreign_module_has_what_needs_no_layers() -> None:
    module = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Softsign(), torch.nn.Linear(4, 3))
    problem = Problem.from_module(module, np.eye(3), np.arange(3), l2=1e-2)
    theta = points(problem, 2)
    found = sharpness_of(problem, theta)
    for row, point in enumerate(torch.tensor(theta)):
        expected = (point @ fisher(problem, point) @ point).item()
        assert found["task_squared_fisher_rao_norm"][row] == pytest.approx(expected, rel=1e-10)
    assert {"keskar_sharpness", "sam_sharpness", "input_jacobian_spectral"} <= set(found)
    assert not [name for name in found if "relative" in name or "spectral_norm" in name]


def test_tangents_of_dense_networks_and_modules_are_products_with_the_jacobian() -> None:
    module = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Tanh(), torch.nn.Linear(4, 2)).double()
    inputs = torch.tensor(np.random.default_rng(1).normal(size=(5, 3)))
    dense = small_problem("tanh", [4], loss="mse").network
    theta, vector = torch.tensor(np.random.default_rng(2).normal(size=(2, 3, 26)))
    networks: tuple[LayeredNetwork | ModuleNetwork, ...] = dense, ModuleNetwork(module, 3, 2)
    for network in networks:
        jacobian = torch.func.jacrev(lambda t, network=network: network.outputs(t, inputs).sum(0))(theta)
        expected = torch.einsum("nkwp,wp->wnk", jacobian, vector)
        outputs, tangent = network.parameter_tangent(theta, vector, inputs)
        torch.testing.assert_close(tangent, expected, rtol=1e-11, atol=1e-13)
        torch.testing.assert_close(outputs, network.outputs(theta, inputs))
