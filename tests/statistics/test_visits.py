"""Weights of minima that quenches have met: against the integrals written out, a known law, and a known truth."""

import numpy as np
import pytest
from scipy import integrate, optimize, stats

from landscape.statistics.visits import CUT, VisitLaw, _cost, _design, _grid, _poisson, fitted, inverse_weights
from tests.benchmarks.inference import sampled_correlations


def drawn(seed: int, count: int, law: VisitLaw) -> tuple[np.ndarray, np.ndarray]:
    """Hits and covariates of the minima met by quenches."""
    random = np.random.default_rng(seed)
    covariates = random.normal(size=(count, len(law.coefficients) - 1))
    mean = law.coefficients[0] + covariates @ law.coefficients[1:]
    hits = random.poisson(np.exp(random.normal(mean, law.spread)))
    return hits[hits > 0], covariates[hits > 0]


def test_weights_are_the_means_that_quadrature_gives() -> None:
    hits, covariates = np.array([1, 2, 40, 1, 3]), np.array([[0.0], [1.0], [3.0], [2.0], [4.0]])
    law = VisitLaw(coefficients=np.array([0.3, -0.5]), spread=0.8)
    design = (covariates - 2.0) / np.sqrt(2.0)
    expected = []
    for count, place in zip(hits, design[:, 0], strict=True):

        def density(u: float, count: int = count, place: float = place) -> float:
            return float(stats.poisson.pmf(count, np.exp(u)) * stats.norm.pdf(u, 0.3 - 0.5 * place, 0.8))

        above, _ = integrate.quad(lambda u, f=density: f(u) / -np.expm1(-np.exp(u)), -12.0, 8.0, points=[0.0, 3.0])
        below, _ = integrate.quad(density, -12.0, 8.0, points=[0.0, 3.0])
        expected.append(above / below)
    expected = np.minimum(expected, np.percentile(expected, CUT))
    np.testing.assert_allclose(inverse_weights(hits, covariates, law), expected, rtol=1e-6)


def test_the_slope_of_the_likelihood_is_that_of_differences() -> None:
    hits, covariates = drawn(0, 60, VisitLaw(coefficients=np.array([0.5, 0.6, -0.3]), spread=1.0))
    grid = _grid(hits)
    arguments = _poisson(hits, grid), _design(covariates), grid
    for point in ([0.1, 0.4, -0.2, 0.2], [-1.0, 0.0, 0.5, -0.5]):
        slope = _cost(np.array(point), *arguments)[1]
        expected = optimize.approx_fprime(np.array(point), lambda x: _cost(x, *arguments)[0], 1e-6)
        np.testing.assert_allclose(slope, expected, rtol=1e-3, atol=1e-3)


def test_a_known_law_is_found_again() -> None:
    law = VisitLaw(coefficients=np.array([0.5, 0.8, -0.4]), spread=1.2)
    found = fitted(*drawn(1, 20_000, law))
    # fitted() standardises the covariates of the met minima again: their own spread is near one
    np.testing.assert_allclose(found.coefficients[1:], law.coefficients[1:], atol=0.1)
    assert found.spread == pytest.approx(law.spread, abs=0.1)


def test_the_weights_add_up_to_all_minima() -> None:
    law = VisitLaw(coefficients=np.array([0.0, 0.5]), spread=1.0)
    hits, covariates = drawn(2, 4000, law)
    assert len(hits) < 2600
    assert inverse_weights(hits, covariates, fitted(hits, covariates)).sum() == pytest.approx(4000, rel=0.1)


@pytest.mark.parametrize("completeness", [0.2, 0.5, 0.9])
@pytest.mark.parametrize("rho", [0.0, 0.3])
def test_weighted_correlations_are_those_over_all_minima(rho: float, completeness: float) -> None:
    found = sampled_correlations(rho, completeness, landscapes=60)
    weighted, plain = found.weighted - found.truth, found.found - found.truth
    assert abs(weighted.mean()) < 0.03 + 2.0 * weighted.std() / np.sqrt(60)
    if completeness == 0.5:  # otherwise few minima, or few missing ones, leave little difference
        assert abs(plain.mean()) > 0.035
        assert abs(weighted.mean()) < 0.5 * abs(plain.mean())
