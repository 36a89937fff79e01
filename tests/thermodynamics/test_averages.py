import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from landscape.thermodynamics.averages import average
from landscape.thermodynamics.superposition import curves, occupations
from tests.thermodynamics.landscapes import EXAMPLES, random_landscape


@settings(max_examples=EXAMPLES)
@given(seed=st.integers(0, 10**6), temperature=st.floats(0.03, 5.0))
def test_the_slope_is_that_of_finite_differences(seed: int, temperature: float) -> None:
    low, _ = random_landscape(seed, 7, 0)
    values = np.random.default_rng(seed).random(7)
    step = 1e-3 * temperature
    near = average(values, *low.columns, temperature + step * np.array([-2.0, -1.0, 1.0, 2.0])).value
    found = average(values, *low.columns, np.array([temperature]))
    assert found.slope[0] * temperature == pytest.approx(
        float(near @ [1, -8, 8, -1]) / 12 / step * temperature, rel=1e-6, abs=1e-8
    )
    assert found.value[0] == pytest.approx(float(occupations(*low.columns, temperature) @ values), rel=1e-12)


def test_the_slope_of_the_energy_is_the_heat_capacity() -> None:
    low, _ = random_landscape(5, 20, 0)
    grid = np.geomspace(1e-3, 10.0, 9)
    found = average(low.energy, *low.columns, grid)
    np.testing.assert_allclose(
        found.slope, curves(*low.columns, grid, 1).landscape_heat_capacity, rtol=1e-9, atol=1e-300
    )


def test_a_property_that_all_minima_share_has_no_slope() -> None:
    low, _ = random_landscape(6, 5, 0)
    found = average(np.full(5, 0.25), *low.columns, np.array([0.1, 1.0]))
    np.testing.assert_allclose(found.value, 0.25, rtol=1e-14)
    np.testing.assert_allclose(found.slope, 0.0, atol=1e-13)
