import numpy as np
import pytest
import torch

from landscape.errors import PropertyError
from landscape.problems.problem import Problem
from landscape.properties.curvature import curvature, spectrum_summary
from tests.properties.small_problems import iris_minimum, small_problem, torch_loss


def autograd_eigenvalues(problem: Problem, theta: torch.Tensor) -> np.ndarray:
    def energy(point: torch.Tensor) -> torch.Tensor:
        logits = problem.network.outputs(point[None], problem.inputs)
        return torch_loss(problem, logits).mean() + problem.l2 * point.square().sum()

    hessian = torch.func.jacrev(torch.func.jacrev(energy))(theta)
    return np.linalg.eigvalsh(hessian.detach().numpy())


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


def test_the_log_determinant_counts_only_eigenvalues_above_the_threshold() -> None:
    found = spectrum_summary(torch.tensor([[-1e-12, 1e-12, 2.0, 3.0]], dtype=torch.float64), 0.0, 1e-9)
    assert found["hessian_log_determinant"].item() == pytest.approx(np.log(6.0))
    assert found["hessian_positive_eigenvalues"].item() == 2


def test_kinks_are_refused() -> None:
    problem = small_problem("relu", [4])
    with pytest.raises(PropertyError, match="smooth activation"):
        curvature(problem, torch.ones(1, problem.n_parameters, dtype=torch.float64))
