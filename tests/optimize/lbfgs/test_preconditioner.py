import numpy as np
import pytest

from landscape.optimize.lbfgs.preconditioner import shifted_factors

Array = np.ndarray


def symmetric(eigenvalues: Array, seed: int) -> Array:
    basis = np.linalg.qr(np.random.default_rng(seed).normal(size=(len(eigenvalues), len(eigenvalues))))[0]
    matrix: Array = basis * eigenvalues @ basis.T
    return matrix


def factors(matrices: Array) -> tuple[Array, Array]:
    """Factors of all matrices, written into every other row of a larger array."""
    rows = 2 * np.arange(len(matrices))
    out = np.full((2 * len(matrices), *matrices.shape[1:]), np.nan)
    found = shifted_factors(rows, matrices, out)
    return found, np.tril(out[rows])


@pytest.mark.parametrize("size", [1, 2, 7, 40])
def test_positive_definite_matrices_are_not_shifted(size: int) -> None:
    matrices = np.stack([symmetric(np.geomspace(1e-4, 10.0, size), seed) for seed in range(3)])
    found, lower = factors(matrices)
    assert found.all()
    np.testing.assert_allclose(lower, np.linalg.cholesky(matrices), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("lowest", [-1e-9, -1e-3, -5.0, 0.0])
def test_others_are_shifted_by_a_multiple_of_the_unit_matrix(lowest: float) -> None:
    eigenvalues = np.append(np.geomspace(1e-4, 10.0, 30), lowest)
    matrix = symmetric(eigenvalues, 0)
    found, lower = factors(matrix[None])
    assert found.all()
    difference = lower[0] @ lower[0].T - matrix
    shift = difference.trace() / len(matrix)
    np.testing.assert_allclose(difference, shift * np.eye(len(matrix)), rtol=0, atol=1e-9)
    assert -lowest * (1 - 1e-6) - 1e-12 <= shift <= max(-20.0 * lowest, 1e-6)


def test_what_is_not_finite_has_no_factor() -> None:
    matrices = np.stack([np.eye(3), np.full((3, 3), np.nan), np.diag([1.0, np.inf, 1.0])])
    assert factors(matrices)[0].tolist() == [True, False, False]
