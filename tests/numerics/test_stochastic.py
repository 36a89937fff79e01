"""Estimates of traces against exact eigenvalues, and the coverage of their standard errors."""

from collections.abc import Callable

import numpy as np
import pytest
import scipy.stats
import torch
from torch import Tensor

from landscape.numerics.stochastic import (
    Estimate,
    Quadrature,
    hutch_plus_plus,
    lanczos_quadrature,
    random_signs,
)
from tests.numerics.test_spectra import Quadratic, with_eigenvalues

SPECTRUM = np.concatenate([np.full(20, 1e-3), np.geomspace(1e-3, 3.0, 40)])
PROBES = 12
REPETITIONS = 200
LEVEL = 0.95
FUNCTIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "log_determinant": lambda values: values.log(),
    "effective_dimension": lambda values: values / (values + 2e-3),
}


class Repeated(Quadratic):
    """Energies with fewer matrices than walkers: equal numbers of neighbouring walkers share a matrix."""

    def hessian_vector_product(self, theta: Tensor, vector: Tensor) -> Tensor:
        matrices = self.matrices.repeat_interleave(len(theta) // len(self.matrices), 0)
        return (matrices @ vector[:, :, None])[:, :, 0]


def problem(*rows: np.ndarray) -> tuple[Repeated, Tensor]:
    quadratic, theta = with_eigenvalues(*rows)
    return Repeated(quadratic.matrices.numpy()), theta


def trace(objective: Quadratic, theta: Tensor, seed: int) -> Estimate:
    rng = np.random.default_rng(seed)
    probes = random_signs(rng, PROBES, theta), random_signs(rng, PROBES, theta)
    return hutch_plus_plus(objective, theta, *probes)  # type: ignore[arg-type] # all that an estimate needs


def quadrature(objective: Quadratic, theta: Tensor, n_probes: int, n_vectors: int) -> Quadrature:
    probes = random_signs(np.random.default_rng(0), n_probes, theta)
    return lanczos_quadrature(objective, theta, probes, n_vectors)  # type: ignore[arg-type] # all that it needs


def check_coverage(found: Estimate, exact: float) -> None:
    """Assert that intervals cover the exact value as often as stated, and that the mean is near it."""
    error, standard_error = found.value.numpy() - exact, found.standard_error.numpy()
    covered = np.abs(error) <= scipy.stats.t.ppf(0.5 + 0.5 * LEVEL, PROBES - 1) * standard_error
    low, high = scipy.stats.binom.interval(0.999, REPETITIONS, LEVEL)
    assert len(error) == REPETITIONS
    assert low <= covered.sum() <= high
    assert abs(error.mean()) < 4.0 * error.std() / REPETITIONS**0.5
    assert 0.0 < standard_error.max() < 0.1 * abs(exact)


def test_intervals_of_the_trace_cover_at_their_nominal_rate() -> None:
    objective, theta = problem(SPECTRUM)
    found = [trace(objective, theta, seed) for seed in range(REPETITIONS)]
    check_coverage(Estimate(*(torch.cat(parts) for parts in zip(*found, strict=True))), SPECTRUM.sum())


@pytest.mark.parametrize("name", list(FUNCTIONS))
def test_intervals_of_quadratures_cover_at_their_nominal_rate(name: str) -> None:
    objective, theta = problem(SPECTRUM)
    nodes, weights = quadrature(objective, theta, REPETITIONS * PROBES, 40)
    shape = REPETITIONS, PROBES, 40
    found = Quadrature(nodes.view(shape), weights.view(shape)).trace(FUNCTIONS[name])
    check_coverage(found, FUNCTIONS[name](torch.tensor(SPECTRUM)).sum().item())


def test_hutch_plus_plus_is_exact_for_a_hessian_within_the_range_of_its_sketch() -> None:
    objective, theta = problem(np.concatenate([np.zeros(40), np.geomspace(0.1, 3.0, 8)]))
    found = trace(objective, theta, 0)
    assert found.value.item() == pytest.approx(np.geomspace(0.1, 3.0, 8).sum(), rel=1e-12)
    assert found.standard_error.item() < 1e-12


@pytest.mark.parametrize("power", [0, 1, 2, 7])
def test_a_quadrature_is_exact_for_polynomials(power: int) -> None:
    objective, theta = problem(np.linspace(-1.0, 2.0, 30))
    probes = random_signs(np.random.default_rng(0), 3, theta)
    found = quadrature(objective, theta, 3, 4)
    function = torch.linalg.matrix_power(objective.matrices[0], power)
    expected = torch.einsum("vp,pq,vq->v", probes, function, probes)
    torch.testing.assert_close((found.weights[0] * found.nodes[0] ** power).sum(1), expected, rtol=1e-11, atol=0)


def test_an_estimate_does_not_depend_on_the_neighbours() -> None:
    objective, theta = problem(SPECTRUM, SPECTRUM[::-1] ** 2)
    alone = Repeated(objective.matrices[1:].numpy())
    pairs = [(trace(objective, theta, 3), trace(alone, theta[1:], 3))]
    for function in FUNCTIONS.values():
        both, one = (quadrature(o, t, PROBES, 40) for o, t in ((objective, theta), (alone, theta[1:])))
        pairs.append((both.trace(function), one.trace(function)))
    for together, single in pairs:
        torch.testing.assert_close(together.value[1:], single.value, rtol=1e-9, atol=0)
        torch.testing.assert_close(together.standard_error[1:], single.standard_error, rtol=1e-9, atol=0)
