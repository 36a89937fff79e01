import numpy as np
import pytest
from scipy.optimize import brentq

from landscape.thermodynamics.peaks import changes, largest, peaks
from landscape.thermodynamics.superposition import landscape_heat_capacity, occupations
from tests.thermodynamics.landscapes import random_landscape, wells

GRID = np.geomspace(1e-3, 10.0, 121)


def test_two_levels_have_the_peak_of_schottky() -> None:
    """The maximum of x^2 e^x / (1 + e^x)^2 with x = 1/T is where x/2 tanh(x/2) = 1."""
    (found,) = peaks(*wells([3.0, 4.0]).columns, GRID)
    half = brentq(lambda y: y * np.tanh(y) - 1.0, 1.0, 2.0)
    assert found.temperature == pytest.approx(0.5 / half, rel=1e-7)
    assert found.temperature == pytest.approx(0.41678, abs=1e-5)
    assert found.height == pytest.approx(half**2 - 1.0, rel=1e-12)  # x^2 / (2 cosh(x/2))^2 there
    assert found.height == pytest.approx(0.4392288, abs=1e-7)
    assert (found.losing.tolist(), found.gaining.tolist()) == ([0], [1])


def test_two_changes_are_two_peaks_with_their_minima() -> None:
    found = peaks(*wells([0.0, 0.01, 1.0, 1.0, 1.0], copies=[1, 1, 9, 9, 1e-6]).columns, GRID)
    assert [peak.temperature < 0.02 for peak in found] == [True, False]
    assert [peak.losing.tolist() for peak in found] == [[0], [0, 1]]
    assert found[0].gaining.tolist() == [1]
    assert sorted(found[1].gaining.tolist()) == [2, 3]  # without the minimum that hardly counts


def test_changes_are_slopes_of_the_occupations_and_sum_to_nothing() -> None:
    low, _ = random_landscape(7, 9, 0)
    found = changes(*low.columns, 0.2)
    near = occupations(*low.columns, np.array([0.2 - 1e-6, 0.2 + 1e-6]))
    np.testing.assert_allclose(found, (near[1] - near[0]) / 2e-6, atol=1e-8)
    assert found.sum() == pytest.approx(0.0, abs=1e-14)


def test_a_peak_is_higher_than_everything_around_it() -> None:
    low, _ = random_landscape(8, 30, 0)
    for peak in peaks(*low.columns, GRID):
        around = peak.temperature * np.array([0.99, 0.999, 1.001, 1.01])
        assert (landscape_heat_capacity(*low.columns, around) < peak.height).all()
        assert np.isclose(landscape_heat_capacity(*low.columns, peak.temperature), peak.height, rtol=1e-12)


def test_the_largest_amounts_are_the_fewest_that_suffice() -> None:
    amounts = np.array([0.5, -3.0, 3.0, 0.0, 96.5])
    assert largest(amounts, 0.96).tolist() == [4]
    assert largest(amounts, 0.99).tolist() == [4, 2]
    assert largest(amounts, 1.0).tolist() == [4, 2, 0]
    assert largest(np.array([-1.0, 0.0])).tolist() == []


def test_equal_minima_have_no_peak() -> None:
    assert peaks(*wells([1.0, 1.0]).columns, GRID) == []
