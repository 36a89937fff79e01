"""Problems made from keys and run files: data, invariants of their stationary points, refusals."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from scipy.optimize import minimize

from landscape.config.tables import ProblemConfig
from landscape.errors import ConfigError, DataError, PropertyError
from landscape.objective import Objective
from landscape.problems.data.datasets import load
from landscape.problems.networks.layered import DenseNetwork
from landscape.problems.networks.symmetry import UnitSymmetry
from landscape.problems.problem import Problem
from tests.problems.reference import SMOOTH, points, small_problem

IRIS = """
[problem]
dataset = "iris"
hidden = [5, 4]
activation = "sigmoid"
loss = "mse"
l2 = 1e-4
test_fraction = 0.2
[run]
seed = 3
"""


def stationary(problem: Problem, seed: int = 0) -> torch.Tensor:
    """A stationary point [1, P], whatever its index: quenched by scipy, then Newton's method to rounding."""

    def energy(theta: np.ndarray) -> tuple[float, np.ndarray]:
        value, gradient = problem.energy_and_gradient(torch.tensor(theta[None]))
        return float(value), gradient[0].numpy()

    options = {"maxiter": 3000, "maxfun": 5000, "ftol": 0.0, "gtol": 1e-9, "maxcor": 30}
    found = minimize(energy, points(problem, 1, seed)[0].numpy(), jac=True, method="L-BFGS-B", options=options)
    theta = torch.tensor(found.x[None])
    for _ in range(4):
        theta = theta - torch.linalg.solve(problem.hessian(theta), problem.energy_and_gradient(theta)[1])
    assert float(problem.energy_and_gradient(theta)[1].norm()) < 1e-12
    return theta


def layers(problem: Problem, theta: torch.Tensor) -> list[tuple[torch.Tensor, torch.Tensor]]:
    assert isinstance(problem.network, DenseNetwork)
    return problem.network.unpack(theta)


def test_keys_make_a_problem() -> None:
    problem = Problem(dataset="iris", hidden=[10], l2=1e-3)
    assert problem.n_parameters == 83
    assert problem.inputs.shape == (150, 4)
    assert problem.inputs.dtype == torch.float64
    assert problem.targets.dtype == torch.int64
    assert (problem.test_inputs, problem.test_targets) == (None, None)
    assert problem.curvature_threshold == 2e-6
    assert Problem(dataset="xor", l2=0.0).curvature_threshold == 1e-9
    units = [Problem(dataset="xor", l2=l2).energy_unit for l2 in (1.0, 1e-4, 1e-6, 0.0)]
    assert units == pytest.approx([1.0, 1.0, 1e-2, 1.0])
    assert problem.is_classification
    assert problem.smooth
    assert problem.config == ProblemConfig(dataset="iris", hidden=(10,), l2=1e-3)
    assert isinstance(problem, Objective)


def test_a_run_file_makes_the_same_problem(tmp_path: Path) -> None:
    path = tmp_path / "run.toml"
    path.write_text(IRIS)
    problem = Problem.from_toml(path)
    keys: dict[str, Any] = {"hidden": [5, 4], "activation": "sigmoid", "loss": "mse", "l2": 1e-4, "test_fraction": 0.2}
    same = Problem(dataset="iris", seed=3, **keys)
    other = Problem(dataset="iris", seed=4, **keys)
    assert problem.config == same.config
    assert problem.data.sha256 == same.data.sha256 != other.data.sha256
    assert problem.test_inputs is not None
    assert problem.test_targets is not None
    assert problem.test_inputs.shape == (30, 4)
    assert problem.test_targets.shape == (30,)
    theta = points(problem, 3)
    assert torch.equal(problem.energy(theta), same.energy(theta))


def test_stored_data_make_the_same_problem() -> None:
    config = ProblemConfig(dataset="moons", hidden=(3,), test_fraction=0.25)
    first = Problem(dataset="moons", hidden=[3], test_fraction=0.25, seed=1)
    second = Problem.from_data(config, load("moons", test_fraction=0.25, seed=1))
    theta = points(first, 3)
    assert torch.equal(first.energy(theta), second.energy(theta))
    assert second.config == config


def test_regression_data_have_values_for_targets(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    path.write_text("0.5,1.0,0.25\n-1.0,2.0,0.5\n3.0,0.0,0.75\n")
    problem = Problem(dataset=str(path), hidden=[2], loss="mse")
    assert not problem.is_classification
    assert problem.targets.shape == (3, 1)
    with pytest.raises(DataError, match="class labels"):
        Problem(dataset=str(path), hidden=[2])


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({"dataset": "iris", "hiden": [3]}, "hidden"),
        ({"dataset": "irsi"}, "iris"),
        ({"dataset": "iris", "activation": "tan"}, "tanh"),
        ({"dataset": "iris", "l2": -1.0}, "l2"),
        ({"hidden": [3]}, "dataset"),
    ],
)
def test_unusable_keys_are_named_in_one_line(keys: dict[str, object], expected: str) -> None:
    with pytest.raises(ConfigError, match=expected) as caught:
        Problem(**keys)  # type: ignore[arg-type] # wrong on purpose
    assert "\n" not in str(caught.value)


def test_a_missing_run_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"no\.toml"):
        Problem.from_toml(tmp_path / "no.toml")


def test_known_energies() -> None:
    problem = Problem(dataset="xor", standardise=False, hidden=[4], l2=1e-2)
    zero = torch.zeros(1, problem.n_parameters, dtype=torch.float64)
    energy, gradient = problem.energy_and_gradient(zero)
    assert float(energy) == pytest.approx(np.log(2.0), abs=1e-15)
    assert float(gradient.abs().max()) < 1e-16
    assert float(problem.energy(zero + 1.0) - 1e-2 * problem.n_parameters) == pytest.approx(np.log(2.0), abs=1e-15)


@pytest.mark.parametrize("activation", [name for name in SMOOTH if name != "identity"])  # its units rotate
def test_softmax_and_l2_at_a_stationary_point(activation: str) -> None:
    hidden, l2 = 4, 1e-2
    problem = small_problem(activation, [hidden], l2=l2)
    theta = stationary(problem)
    weight, bias = layers(problem, theta)[-1]
    assert float(weight.sum(1).abs().max()) < 1e-10
    assert abs(float(bias.sum())) < 1e-10
    values = torch.linalg.eigvalsh(problem.hessian(theta)[0])
    assert int(((values - 2.0 * l2).abs() < 1e-10).sum()) == hidden + 1


def test_a_stationary_point_stays_one_with_a_unit_at_zero() -> None:
    small, large = small_problem("tanh", [3]), small_problem("tanh", [4])
    (w1, b1), (w2, b2) = layers(small, stationary(small))
    zero = torch.zeros(1, 1, 3, dtype=torch.float64)
    parts = [torch.cat([w1, zero], 1), torch.cat([b1, zero[:, :, 0]], 1), torch.cat([w2, zero.mT], 2), b2]
    theta = torch.cat([part.flatten(1) for part in parts], 1)
    assert float(large.energy_and_gradient(theta)[1].norm()) < 1e-12


def test_kinks_have_no_hessian() -> None:
    problem = small_problem("relu", [3])
    theta = points(problem, 2)
    assert not problem.smooth
    assert problem.energy(theta).isfinite().all()
    with pytest.raises(PropertyError, match="twice differentiable"):
        problem.hessian(theta)
    with pytest.raises(PropertyError, match="twice differentiable"):
        problem.hessian_vector_product(theta, theta)


def test_without_hidden_units_no_activation_has_kinks_or_copies() -> None:
    problem = Problem(dataset="xor", hidden=[], activation="relu")
    assert (problem.smooth, problem.kinks, problem.n_parameters) == (True, "", 6)
    theta = points(problem, 2).numpy()
    assert (problem.symmetry.canonical(theta) == problem.symmetry.align(theta, -theta)).all()
    assert (problem.symmetry.canonical(theta) == theta).all()
    assert problem.symmetry.log_orbit_size(theta).tolist() == [0.0, 0.0]


@pytest.mark.parametrize("hidden", [[4], [3, 2]], ids=str)
def test_the_symmetry_is_that_of_the_network(hidden: list[int]) -> None:
    odd, even = small_problem("tanh", hidden).symmetry, small_problem("silu", hidden).symmetry
    assert isinstance(odd, UnitSymmetry)
    assert isinstance(even, UnitSymmetry)
    assert (odd.odd, even.odd) == (True, False)


@pytest.mark.parametrize("loss", ["cross_entropy", "mse"])
def test_sample_losses_average_to_the_energy(loss: str) -> None:
    problem = small_problem("tanh", [4], loss, l2=0.0)
    theta = points(problem, 3)
    outputs = problem.network.outputs(theta, problem.inputs)
    values = problem.sample_loss(outputs, problem.targets)
    assert values.shape == (3, 11)
    torch.testing.assert_close(values.mean(1), problem.energy(theta), rtol=1e-13, atol=0)
    some = problem.sample_loss(outputs[:, :4], problem.targets[:4])
    torch.testing.assert_close(some, values[:, :4], rtol=1e-13, atol=0)


def test_searches_of_other_seeds_share_the_data_that_draw_names() -> None:
    def data(seed: int, subset_seed: int = -1) -> str:
        return Problem(dataset="iris", subset=30, test_fraction=0.2, seed=seed, subset_seed=subset_seed).data.sha256

    assert data(1, subset_seed=0) == data(2, subset_seed=0) == data(0)
    assert data(1) != data(0)
