"""Spectra: whole ones against numpy, Krylov spaces against whole ones."""

import numpy as np
import pytest
import torch

from landscape.numerics import spectra
from landscape.numerics.spectra import Spectrum, lanczos, spectrum
from landscape.problems.problem import Problem


class Quadratic:
    """Energies x'Ax/2, one matrix for each walker, with the attributes that a spectrum needs of an objective."""

    smooth = True
    curvature_threshold = 1e-9
    device = torch.device("cpu")

    def __init__(self, matrices: np.ndarray) -> None:
        self.matrices = torch.tensor(matrices)
        self.n_parameters = matrices.shape[-1]

    def hessian(self, _: torch.Tensor) -> torch.Tensor:
        return self.matrices

    def hessian_vector_product(self, _: torch.Tensor, vector: torch.Tensor) -> torch.Tensor:
        return (self.matrices @ vector[:, :, None])[:, :, 0]


def with_eigenvalues(*rows: np.ndarray) -> tuple[Quadratic, torch.Tensor]:
    rng = np.random.default_rng(len(rows[0]))
    frames = [np.linalg.qr(rng.normal(size=(len(row), len(row))))[0] for row in rows]
    quadratic = Quadratic(np.array([frame * row @ frame.T for frame, row in zip(frames, rows, strict=True)]))
    return quadratic, torch.zeros(len(rows), len(rows[0]), dtype=torch.float64)


def check_pairs(objective: Quadratic, found: Spectrum) -> None:
    """Assert that the vectors are orthonormal and the values are their Rayleigh quotients."""
    gram = found.vectors.mT @ found.vectors
    torch.testing.assert_close(gram, torch.eye(gram.shape[1], dtype=gram.dtype).expand_as(gram), rtol=0, atol=1e-12)
    quotient = torch.einsum("wpe,wpq,wqe->we", found.vectors, objective.matrices, found.vectors)
    torch.testing.assert_close(found.values, quotient, rtol=0, atol=1e-10)


def test_index_and_log_determinant() -> None:
    values = torch.tensor([[-2.0, -1e-3, 1e-9, 3.0], [-1e-9, 0.0, 2.0, 4.0], [0.5, 1.0, 2.0, 4.0]], dtype=torch.float64)
    found = Spectrum(values=values, vectors=torch.zeros(3, 4, 4), exact=True)
    assert found.index(1e-6).tolist() == [2, 0, 0]
    assert found.index(1e-2).tolist() == [1, 0, 0]
    np.testing.assert_allclose(found.log_determinant(1e-6), np.log([3.0, 8.0, 4.0]), rtol=1e-14)
    partial = Spectrum(values=values, vectors=torch.zeros(3, 4, 4), exact=False)
    assert partial.log_determinant(1e-6).isnan().all()


def test_a_small_spectrum_is_whole() -> None:
    rows = np.sort(np.random.default_rng(0).normal(size=(3, 12)), axis=1)
    objective, theta = with_eigenvalues(*rows)
    found = spectrum(objective, theta)  # type: ignore[arg-type] # all that a spectrum needs
    assert found.exact
    np.testing.assert_allclose(found.values, rows, atol=1e-13)
    check_pairs(objective, found)


def test_many_matrices_are_solved_in_several_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    matrices = torch.tensor(np.random.default_rng(0).normal(size=(5, 4, 4)))
    symmetric = matrices + matrices.mT
    expected = spectra._eigenpairs(symmetric)
    monkeypatch.setattr(spectra, "MOST_MATRICES", 2)
    for found, whole in zip(spectra._eigenpairs(symmetric), expected, strict=True):
        assert torch.equal(found, whole)


def test_lanczos_finds_the_extreme_eigenvalues() -> None:
    middle = np.linspace(0.1, 1.0, 297)
    rows = np.array([[-0.5, -0.1, *middle, 3.0], [0.01, 0.05, *middle, 9.0]])
    objective, theta = with_eigenvalues(*rows)
    found = lanczos(objective, theta, 60)  # type: ignore[arg-type] # all that a spectrum needs
    assert found.values.shape == (2, 60)
    assert not found.exact
    np.testing.assert_allclose(found.values[:, 0], rows[:, 0], atol=1e-8)
    np.testing.assert_allclose(found.values[:, -1], rows[:, -1], atol=1e-10)
    assert found.index(1e-9).tolist() == [2, 0]
    assert (
        (found.values >= torch.tensor(rows[:, :1]) - 1e-12) & (found.values <= torch.tensor(rows[:, -1:]) + 1e-12)
    ).all()
    check_pairs(objective, found)


def test_as_many_vectors_as_parameters_give_the_whole_spectrum() -> None:
    rows = np.sort(np.random.default_rng(1).normal(size=(2, 20)), axis=1)
    objective, theta = with_eigenvalues(*rows)
    found = lanczos(objective, theta, 50)  # type: ignore[arg-type] # all that a spectrum needs
    np.testing.assert_allclose(found.values, rows, atol=1e-10)


@pytest.mark.parametrize("start", ["default", "zero", "eigenvector", "twice the same"])
def test_an_exhausted_krylov_space_goes_on_elsewhere(start: str) -> None:
    rows = np.array([[-1.0, *[0.002] * 38, 2.0], [0.002] * 40])
    objective, theta = with_eigenvalues(*rows)
    top = torch.linalg.eigh(objective.matrices)[1][:, :, -1]
    starts = {"default": [], "zero": [torch.zeros_like(theta)], "eigenvector": [top], "twice the same": [top, top]}
    found = lanczos(objective, theta, 30, *starts[start])  # type: ignore[arg-type] # all that a spectrum needs
    np.testing.assert_allclose(found.values[0, [0, 1, -1]], [-1.0, 0.002, 2.0], atol=1e-10)
    np.testing.assert_allclose(found.values[1], 0.002, atol=1e-12)
    check_pairs(objective, found)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_the_space_contains_the_starts(count: int) -> None:
    objective, theta = with_eigenvalues(np.linspace(-1.0, 2.0, 50))
    starts = [torch.tensor(row[None]) for row in np.random.default_rng(2).normal(size=(count, 50))]
    vectors = lanczos(objective, theta, 10, *starts).vectors  # type: ignore[arg-type] # all that a spectrum needs
    for start in starts:
        found = (vectors @ (vectors.mT @ start[:, :, None]))[:, :, 0]
        torch.testing.assert_close(found, start, rtol=0, atol=1e-12)


def test_a_walker_does_not_depend_on_its_neighbours() -> None:
    objective, theta = with_eigenvalues(np.linspace(-1.0, 2.0, 30), np.full(30, 0.1))
    both = lanczos(objective, theta, 12)  # type: ignore[arg-type] # all that a spectrum needs
    alone = lanczos(Quadratic(objective.matrices[:1].numpy()), theta[:1], 12)  # type: ignore[arg-type] # the same
    torch.testing.assert_close(both.values[:1], alone.values, rtol=0, atol=1e-13)


def test_beyond_the_dense_limit_a_network_takes_krylov_spaces(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = Problem(dataset="xor", standardise=False, hidden=[8], l2=1e-2)
    theta = torch.tensor(np.random.default_rng(0).normal(size=(3, problem.n_parameters)))
    whole = spectrum(problem, theta)
    monkeypatch.setattr(spectra, "DENSE_LIMIT", problem.n_parameters - 1)
    monkeypatch.setattr(spectra, "LANCZOS_VECTORS", 30)
    part = spectrum(problem, theta, problem.energy_and_gradient(theta)[1])
    assert whole.exact
    assert not part.exact
    assert part.values.shape == (3, 30)
    torch.testing.assert_close(part.values[:, [0, -1]], whole.values[:, [0, -1]], rtol=0, atol=1e-9)
    threshold = problem.curvature_threshold
    assert (part.index(threshold) <= whole.index(threshold)).all()  # interlacing: a part counts no more than all
