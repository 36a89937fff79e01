import numpy as np
import pytest

from landscape.thermodynamics.superposition import occupations
from landscape.thermodynamics.validity import crossing_temperature, highest_temperature, lowest_barriers
from tests.thermodynamics.landscapes import random_landscape, wells


def test_barriers_are_those_of_the_lowest_state_degenerate_ones_included() -> None:
    found = lowest_barriers(np.array([0.0, 1.0, 2.0]), np.array([3.0, 2.5, 1.5]), np.array([[0, 1], [1, 0], [1, 1]]))
    np.testing.assert_array_equal(found, [2.5, 0.5, np.nan])


def test_one_occupied_minimum_sets_the_range() -> None:
    """p is 1 in the lowest minimum at these temperatures, so P T / 2 = its barrier at the end of the range."""
    two = wells([0.0, 100.0])
    assert highest_temperature(*two.columns, np.array([0.3, 1e-6]), 12) == pytest.approx(0.05, rel=1e-9)
    assert crossing_temperature(*two.columns, np.array([0.3, 1e-6])) == pytest.approx(0.3, rel=1e-9)


def test_at_the_end_of_the_range_half_of_the_occupation_has_lower_barriers() -> None:
    low, high = random_landscape(9, 40, 60)
    barriers = lowest_barriers(low.energy, high.energy, high.minima)
    end = highest_temperature(*low.columns, barriers, 10)
    for factor, more in ((0.999999, False), (1.000001, True)):
        temperature = factor * end
        crossed = occupations(*low.columns, temperature)[barriers <= 5.0 * temperature].sum()
        assert (crossed >= 0.5) == more


def test_without_barriers_the_range_is_unknown() -> None:
    two = wells([0.0, 1.0])
    assert np.isnan(highest_temperature(*two.columns, np.full(2, np.nan), 12))
    assert np.isnan(highest_temperature(*two.columns, np.array([np.nan, 1e-3]), 12))
