"""Factors, inertia and the lowest eigenpairs of random matrices, against numpy's eigenvalues."""

from collections.abc import Callable

import numpy as np
import pytest
import torch

from landscape.numerics import factors, spectra
from landscape.numerics.factors import Factors, LowestPairs, by_lanczos, by_reduction, factorise, inertia, solve
from landscape.numerics.spectra import Spectrum, curvature, curvature_of
from landscape.problems.problem import Problem

SIZE = 60
THRESHOLD = 1e-6
REST = np.linspace(0.5, 2.0, SIZE - 4)
SPECTRA = {
    "minimum": [0.1, 0.2, 0.3, 0.4],
    "soft minimum": [3e-6, 0.2, 0.3, 0.4],
    "transition state": [-0.3, 0.1, 0.2, 0.3],
    "shallow transition state": [-2e-6, 3e-6, 0.2, 0.3],
    "steep transition state": [-5.0, 2e-5, 3e-5, 4e-5],
    "double lowest": [0.1, 0.1, 0.2, 0.3],
    "cluster above": [-0.1, 0.2, 0.2, 0.2],
    "near cluster": [0.1, 0.1 + 1e-9, 0.1 + 2e-9, 0.1 + 3e-9],
}
SADDLES = {
    "two negative": [-0.3, -0.1, 0.2, 0.3],
    "just below the threshold": [-1.001e-6, 0.1, 0.2, 0.3],
    "just above the threshold": [-0.999e-6, 0.1, 0.2, 0.3],
    "on the threshold": [-1e-6, 0.1, 0.2, 0.3],
    "flat": [1e-9, 0.1, 0.2, 0.3],
    "flat transition state": [-0.3, 1e-9, 0.2, 0.3],
    "two flat": [-1e-9, 1e-9, 0.2, 0.3],
    "singular": [0.0, 0.1, 0.2, 0.3],
}
Way = Callable[[torch.Tensor, Factors], LowestPairs]


def matrices(*rows: list[float] | np.ndarray, seed: int = 0) -> torch.Tensor:
    """Symmetric matrices [W, P, P] with these eigenvalues, rotated at random."""
    random = np.random.default_rng(seed)
    made = []
    for row in rows:
        frame = np.linalg.qr(random.normal(size=(len(row), len(row))))[0]
        made.append(frame * np.asarray(row) @ frame.T)
    found = torch.tensor(np.array(made))
    return 0.5 * (found + found.mT)


def whole(lowest: list[float]) -> np.ndarray:
    return np.sort(np.concatenate([lowest, REST]))


@pytest.mark.parametrize("size", [1, 2, 3, 17, 150])
def test_inertia_determinant_and_solutions_are_those_of_the_eigenvalues(size: int) -> None:
    random = np.random.default_rng(size)
    rows = random.normal(size=(6, size))
    found, vectors = matrices(*rows, seed=size), torch.tensor(random.normal(size=(6, size)))
    made = factorise(found)
    negative, log_determinant = inertia(made)
    assert negative.tolist() == (rows < 0).sum(1).tolist()
    np.testing.assert_allclose(log_determinant, np.log(np.abs(rows)).sum(1), rtol=1e-9, atol=1e-10)
    expected = np.linalg.solve(found.numpy(), vectors.numpy()[:, :, None])[:, :, 0]
    np.testing.assert_allclose(solve(made, vectors), expected, rtol=1e-7, atol=1e-7 * np.abs(expected).max())


@pytest.mark.parametrize("way", [by_lanczos, by_reduction])
@pytest.mark.parametrize("name", SPECTRA)
def test_the_two_lowest_eigenvalues_are_exact_in_clusters_too(name: str, way: Way) -> None:
    found = matrices(whole(SPECTRA[name]))
    lowest = way(found, factorise(found))
    assert lowest.converged.all()
    np.testing.assert_allclose(lowest.values[0], np.linalg.eigvalsh(found[0].numpy())[:2], rtol=2e-9, atol=2e-15)
    image = found[0] @ lowest.vector[0]
    torch.testing.assert_close(image, lowest.values[0, 0] * lowest.vector[0], rtol=0, atol=1e-4 * float(image.norm()))
    assert abs(float(lowest.vector[0].norm()) - 1.0) < 1e-9


def test_lanczos_does_not_vouch_for_saddles_of_higher_index() -> None:
    found = matrices(whole(SADDLES["two negative"]), whole(SPECTRA["minimum"]))
    assert by_lanczos(found, factorise(found)).converged.tolist() == [False, True]


@pytest.mark.parametrize("lanczos_from", [0, 1000], ids=["Lanczos", "reduction"])
def test_the_verdict_of_factors_is_that_of_eigenvalues(lanczos_from: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [whole(lowest) for lowest in (SPECTRA | SADDLES).values()]
    found = matrices(*rows)
    values, vectors = torch.linalg.eigh(found)
    expected = curvature_of(Spectrum(values=values, vectors=vectors, exact=True), THRESHOLD)
    monkeypatch.setattr(spectra, "FACTORS_FROM", 0)
    monkeypatch.setattr(factors, "LANCZOS_FROM", lanczos_from)
    given = curvature(found, THRESHOLD)
    assert given.index.tolist() == expected.index.tolist()
    torch.testing.assert_close(given.log_determinant, expected.log_determinant, rtol=0, atol=1e-8)
    torch.testing.assert_close(given.values, expected.values, rtol=2e-9, atol=1e-14)


def test_doubtful_matrices_go_to_the_eigensolver_and_others_do_not(monkeypatch: pytest.MonkeyPatch) -> None:
    clear = [whole(lowest) for lowest in SPECTRA.values()]
    asked: list[int] = []
    solver = spectra._eigenpairs

    def counting(found: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        asked.append(len(found))
        return solver(found)

    monkeypatch.setattr(spectra, "FACTORS_FROM", 0)
    monkeypatch.setattr(spectra, "_eigenpairs", counting)
    curvature(matrices(*clear), THRESHOLD)
    assert not asked
    doubtful = [name for name in SADDLES if name != "just below the threshold"]
    curvature(matrices(*clear, *(whole(SADDLES[name]) for name in doubtful)), THRESHOLD)
    assert asked == [len(doubtful)]


def test_a_matrix_does_not_depend_on_its_neighbours() -> None:
    found = matrices(*(whole(lowest) for lowest in SPECTRA.values()))
    for way in (by_lanczos, by_reduction):
        together = way(found, factorise(found))
        for row in range(len(found)):
            one = found[row : row + 1]
            assert torch.equal(way(one, factorise(one)).values[0], together.values[row])


def test_hessians_of_networks_have_the_same_verdict_both_ways(monkeypatch: pytest.MonkeyPatch) -> None:
    """Softmax and L2 give H + 1 eigenvalues 2 * l2, often the lowest; random points have many negative eigenvalues."""
    problem = Problem(dataset="iris", hidden=[3], l2=1e-2)
    theta = torch.tensor(np.random.default_rng(0).normal(size=(40, problem.n_parameters)))
    hessian = problem.hessian(torch.cat([0.01 * theta, theta, 4.0 * theta]))
    monkeypatch.setattr(spectra, "FACTORS_FROM", 10**6)
    expected = curvature(hessian, problem.curvature_threshold)
    monkeypatch.setattr(spectra, "FACTORS_FROM", 0)
    for lanczos_from in (0, 10**6):
        monkeypatch.setattr(factors, "LANCZOS_FROM", lanczos_from)
        given = curvature(hessian, problem.curvature_threshold)
        assert given.index.tolist() == expected.index.tolist()
        assert len(set(given.index.tolist())) >= 3
        torch.testing.assert_close(given.values, expected.values, rtol=1e-8, atol=1e-13)
        torch.testing.assert_close(given.log_determinant, expected.log_determinant, rtol=0, atol=1e-8)
