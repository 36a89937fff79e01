import numpy as np
import pytest
import torch
from scipy.optimize import minimize

from landscape.config.tables import MeasureConfig
from landscape.errors import PropertyError
from landscape.problems.problem import Problem
from landscape.properties.curvature.estimates import estimated_curvature
from landscape.properties.curvature.spectral_functions import SCALE_WITHOUT_L2
from landscape.properties.curvature.spectrum import curvature, spectrum_summary
from landscape.properties.measure import measure
from tests.properties.minima import iris_minimum
from tests.properties.small_problems import small_problem, torch_loss


def autograd_eigenvalues(problem: Problem, theta: torch.Tensor) -> np.ndarray:
    def energy(point: torch.Tensor) -> torch.Tensor:
        logits = problem.network.outputs(point[None], problem.inputs)
        return torch_loss(problem, logits).mean() + problem.l2 * point.square().sum()

    hessian = torch.func.jacrev(torch.func.jacrev(energy))(theta)
    return np.linalg.eigvalsh(hessian.detach().numpy())


def expected_curvature(eigenvalues: np.ndarray, l2: float, threshold: float) -> dict[str, float]:
    """Every named curvature, written out from all eigenvalues of the energy's Hessian."""
    z, positive, task = 2.0 * l2 or SCALE_WITHOUT_L2, eigenvalues[eigenvalues > 0.0], eigenvalues - 2.0 * l2
    found = {
        "hessian_log_determinant": np.log(eigenvalues[eigenvalues > threshold]).sum(),
        "hessian_effective_dimension": np.sum(positive / (positive + z)),
        "task_hessian_log_determinant": np.log(1.0 + task / z).sum() if (task > -z).all() else np.nan,
        "task_hessian_effective_dimension": np.sum(task / (task + z)) if (task > -z).all() else np.nan,
    }
    for prefix, values in (("", eigenvalues), ("task_", task)):
        found |= {
            f"{prefix}hessian_trace": values.sum(),
            f"{prefix}hessian_largest": values.max(),
            f"{prefix}hessian_smallest": values.min(),
            f"{prefix}hessian_positive_eigenvalues": float(np.count_nonzero(values > threshold)),
        }
    return found


@pytest.mark.parametrize(("activation", "hidden", "l2"), [("tanh", [6], 1e-2), ("gelu", [4, 3], 0.1)])
def test_curvature_is_that_of_an_independent_package(activation: str, hidden: list[int], l2: float) -> None:
    eigenthings = pytest.importorskip("hessian_eigenthings", reason="hessian-eigenthings is not installed")
    problem = small_problem(activation, hidden, l2=l2)
    theta = 0.5 * np.random.default_rng(5).normal(size=(2, problem.n_parameters))
    found = curvature(problem, torch.tensor(theta))
    for row, point in enumerate(theta):
        module = problem.module(point)

        def loss(model: torch.nn.Module, batch: tuple[torch.Tensor, torch.Tensor]) -> torch.Tensor:
            norm = sum(parameter.square().sum() for parameter in model.parameters())
            return torch.nn.functional.cross_entropy(model(batch[0]), batch[1]) + l2 * norm

        operator = eigenthings.HessianOperator(module, [(problem.inputs, problem.targets)], loss)
        columns = [operator.matvec(unit) for unit in torch.eye(problem.n_parameters, dtype=torch.float64)]
        eigenvalues = np.linalg.eigvalsh(torch.stack(columns).detach().numpy())
        for name, expected in expected_curvature(eigenvalues, l2, problem.curvature_threshold).items():
            assert found[name][row].item() == pytest.approx(expected, rel=1e-10, abs=1e-10, nan_ok=True), name


def test_without_l2_the_effective_dimension_has_a_scale_of_its_own() -> None:
    eigenvalues = np.array([-1e-12, 1e-12, 1e-3, 3.0])
    found = spectrum_summary(torch.tensor(eigenvalues[None]), 0.0, 1e-9)
    assert found["hessian_effective_dimension"].item() == pytest.approx(0.5 + 3.0 / 3.001, rel=1e-9)
    assert found["task_hessian_effective_dimension"].item() == pytest.approx(0.5 + 3.0 / 3.001, rel=1e-8)
    assert found["task_hessian_log_determinant"].item() == pytest.approx(np.log(2.0) + np.log(3001.0), rel=1e-8)


@pytest.mark.parametrize("activation", ["tanh", "softplus", "gelu"])
@pytest.mark.parametrize("hidden", [[4], [3, 3]], ids=str)
def test_curvature_matches_torch_func(activation: str, hidden: list[int]) -> None:
    problem = small_problem(activation, hidden, l2=0.5)
    theta = torch.tensor(0.3 * np.random.default_rng(4).normal(size=(2, problem.n_parameters)))
    found = curvature(problem, theta)
    for row in range(2):
        spectrum = autograd_eigenvalues(problem, theta[row])
        assert found["hessian_trace"][row].item() == pytest.approx(spectrum.sum(), rel=1e-10)
        assert found["hessian_largest"][row].item() == pytest.approx(spectrum[-1], rel=1e-10)
        assert found["hessian_smallest"][row].item() == pytest.approx(spectrum[0], rel=1e-9)
        positive = spectrum[spectrum > problem.curvature_threshold]
        assert found["hessian_log_determinant"][row].item() == pytest.approx(np.log(positive).sum(), rel=1e-9)
        assert found["hessian_positive_eigenvalues"][row].item() == len(positive)


def test_the_l2_part_is_told_apart_exactly() -> None:
    without = curvature(small_problem("tanh", [4], l2=0.0), torch.full((1, 31), 0.2, dtype=torch.float64))
    with_l2 = curvature(small_problem("tanh", [4], l2=0.25), torch.full((1, 31), 0.2, dtype=torch.float64))
    for name in ("trace", "largest", "smallest"):
        expected = without[f"hessian_{name}"].item()
        assert with_l2[f"task_hessian_{name}"].item() == pytest.approx(expected, rel=1e-11, abs=1e-13)


def test_iris_has_eleven_gauge_eigenvalues_at_twice_l2() -> None:
    problem, theta = iris_minimum()
    spectrum = torch.linalg.eigvalsh(problem.hessian(torch.tensor(theta[None])))[0]
    assert int(((spectrum - 2e-3).abs() < 1e-9).sum()) == 11
    found = curvature(problem, torch.tensor(theta[None]))
    assert found["hessian_positive_eigenvalues"].item() == 83
    assert found["hessian_trace"].item() == pytest.approx(found["task_hessian_trace"].item() + 83 * 2e-3, rel=1e-12)


def test_sums_of_the_task_are_those_of_matrices_and_none_at_a_saddle() -> None:
    problem, theta = iris_minimum()
    points = torch.tensor(np.stack([theta, np.zeros_like(theta)]))
    found, z = curvature(problem, points), 2.0 * problem.l2
    hessian = problem.hessian(points)[0].numpy()
    task = hessian - z * np.eye(len(theta))
    assert np.linalg.eigvalsh(task)[0] < -1e-4
    sign, expected = np.linalg.slogdet(np.eye(len(theta)) + task / z)
    assert sign == 1.0
    assert found["task_hessian_log_determinant"][0].item() == pytest.approx(expected, rel=1e-10)
    well_determined = np.trace(task @ np.linalg.inv(hessian))
    assert found["task_hessian_effective_dimension"][0].item() == pytest.approx(well_determined, rel=1e-10)
    assert found["task_hessian_log_determinant"][1].isnan()
    assert found["task_hessian_effective_dimension"][1].isnan()


def test_the_log_determinant_counts_only_eigenvalues_above_the_threshold() -> None:
    found = spectrum_summary(torch.tensor([[-1e-12, 1e-12, 2.0, 3.0]], dtype=torch.float64), 0.0, 1e-9)
    assert found["hessian_log_determinant"].item() == pytest.approx(np.log(6.0))
    assert found["hessian_positive_eigenvalues"].item() == 2


def minimum_of(problem: Problem) -> torch.Tensor:
    """A minimum [1, P], by scipy."""

    def energy(theta: np.ndarray) -> tuple[float, np.ndarray]:
        value, gradient = problem.energy_and_gradient(torch.tensor(theta[None]))
        return value.item(), gradient[0].numpy()

    start = np.random.default_rng(0).normal(size=problem.n_parameters)
    return torch.tensor(minimize(energy, start, jac=True, method="L-BFGS-B", options={"gtol": 1e-9}).x[None])


def test_estimates_agree_with_the_exact_curvature_within_their_errors() -> None:
    problem = small_problem("tanh", [60], l2=1e-2)
    theta = minimum_of(problem)
    exact, found = curvature(problem, theta), estimated_curvature(problem, theta)
    for name in [name for name in found if name in exact]:
        difference = (found[name] - exact[name]).abs()
        if f"{name}_standard_error" in found:
            allowed = 4.0 * found[f"{name}_standard_error"] + 1e-9 * exact[name].abs()
        else:
            allowed = found[f"{name}_residual"] + 1e-12
        assert (difference <= allowed).all(), name
    assert (found["hessian_largest"] <= exact["hessian_largest"] + 1e-12).all()
    assert (found["hessian_smallest"] >= exact["hessian_smallest"] - 1e-12).all()
    errors = {name for name in found if name.endswith(("_standard_error", "_residual"))}
    assert len(errors) == len(found) / 2 == 10


def test_beyond_the_dense_limit_estimates_are_measured_and_say_so() -> None:
    problem = small_problem("tanh", [300], l2=1e-2)
    theta = 0.1 * np.random.default_rng(0).normal(size=(1, problem.n_parameters))
    found = measure(problem, theta, ["curvature"], MeasureConfig(epsilon=(0.1,)), 3)
    expected = estimated_curvature(problem, torch.tensor(theta), 3)
    assert set(found) == set(expected)
    for name, (values, description, _) in found.items():
        np.testing.assert_allclose(values, expected[name], rtol=1e-9, atol=1e-12, err_msg=name)
        assert "estimated: " in description
    assert found["hessian_trace_standard_error"].description.startswith("standard error of the trace of the Hessian")
    assert "residual" in " ".join(found)


def test_kinks_are_refused() -> None:
    problem = small_problem("relu", [4])
    with pytest.raises(PropertyError, match="smooth activation"):
        curvature(problem, torch.ones(1, problem.n_parameters, dtype=torch.float64))
