import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq

from landscape.errors import PropertyError
from landscape.thermodynamics.superposition import (
    curves,
    free_energies,
    landscape_heat_capacity,
    log_occupations,
    occupations,
)
from tests.thermodynamics.landscapes import (
    EXAMPLES,
    FCC,
    ICOSAHEDRAL,
    LJ15_MINIMA,
    Wells,
    lj38,
    random_landscape,
    wells,
)


def test_two_copies_of_an_upper_minimum_are_occupied_as_by_hand() -> None:
    two = wells([0.0, 1.0], copies=[2.0, 6.0])
    for temperature in (0.1, 1.0, 10.0):
        ratio = 3.0 * np.exp(-1.0 / temperature)
        np.testing.assert_allclose(
            occupations(*two.columns, temperature), [1 / (1 + ratio), ratio / (1 + ratio)], rtol=1e-14
        )


def test_the_fcc_and_the_icosahedral_cluster_of_38_atoms_are_equal_at_their_known_temperature() -> None:
    found, _ = lj38()
    pair = Wells(**{name: column[[FCC, ICOSAHEDRAL]] for name, column in vars(found).items()})

    def difference(temperature: float) -> float:
        fcc, icosahedral = occupations(*pair.columns, temperature)
        return float(fcc - icosahedral)

    # by hand: dE / (dL / 2 + ln(48 / 10))
    assert brentq(difference, 0.1, 0.3) == pytest.approx(0.676048 / (2.138507 + 1.568616), rel=1e-5)


def test_a_common_factor_of_copies_beyond_all_numbers_changes_nothing() -> None:
    low, _ = random_landscape(0, 6, 0)
    many = low.log_orbit_size + 5000.0
    before = curves(*low.columns, np.array([0.1, 1.0]), 7)
    after = curves(low.energy, low.log_determinant, many, np.array([0.1, 1.0]), 7)
    for name in ("mean_energy", "landscape_heat_capacity", "entropy", "lowest_occupation"):
        np.testing.assert_allclose(getattr(after, name), getattr(before, name), rtol=1e-9)
    np.testing.assert_allclose(after.free_energy, before.free_energy - 5000.0 * before.temperature, rtol=1e-12)


def test_batches_of_temperatures_equal_single_ones() -> None:
    low, _ = random_landscape(1, 5, 0)
    grid = np.array([[0.1, 0.2], [0.5, 3.0]])
    whole = occupations(*low.columns, grid)
    assert whole.shape == (2, 2, 5)
    np.testing.assert_array_equal(whole[1, 0], occupations(*low.columns, 0.5))
    np.testing.assert_allclose(whole.sum(axis=-1), 1.0, rtol=1e-14)


@settings(max_examples=EXAMPLES)
@given(seed=st.integers(0, 10**6), temperature=st.floats(0.05, 5.0))
def test_the_functions_are_derivatives_of_the_free_energy(seed: int, temperature: float) -> None:
    low, _ = random_landscape(seed, 6, 0)
    step = 1e-3 * temperature
    grid = temperature + step * np.array([-2.0, -1.0, 0.0, 1.0, 2.0])
    found = curves(*low.columns, grid, 9)
    entropy = -(found.free_energy @ [1, -8, 0, 8, -1]) / (12 * step)
    slope = (found.potential_energy @ [1, -8, 0, 8, -1]) / (12 * step)
    assert found.potential_energy[2] == pytest.approx(found.free_energy[2] + temperature * entropy, rel=1e-6, abs=1e-7)
    assert found.heat_capacity[2] == pytest.approx(slope, rel=1e-6)


def test_a_well_has_the_partition_function_of_its_integral() -> None:
    """-T ln of the integral of exp(-E / T) over a quadratic well in the plane with three copies."""
    hessian, energy, temperature = np.array([[2.0, 0.3], [0.3, 1.0]]), 0.7, 0.05
    grid = np.linspace(-3.0, 3.0, 601)
    x = np.stack(np.meshgrid(grid, grid), axis=-1)
    heights = energy + np.einsum("abi,ij,abj->ab", x, hessian, x) / 2.0
    volume = 3.0 * np.exp(-heights / temperature).sum() * (grid[1] - grid[0]) ** 2
    found = free_energies(
        np.array([energy]), np.array([np.linalg.slogdet(hessian)[1]]), np.log([3.0]), temperature, modes=2
    )
    assert found[0] == pytest.approx(-temperature * np.log(volume), rel=1e-9)


def test_the_whole_free_energy_is_that_of_all_minima() -> None:
    low, _ = random_landscape(2, 8, 0)
    own = free_energies(*low.columns, 0.3, modes=4)
    whole = curves(*low.columns, np.array([0.3]), 4).free_energy[0]
    assert whole == pytest.approx(-0.3 * np.log(np.exp(-own / 0.3).sum()), rel=1e-13)
    np.testing.assert_allclose(log_occupations(*low.columns, 0.3), (whole - own) / 0.3, rtol=1e-11)


def test_equal_minima_have_the_entropy_of_their_number() -> None:
    found = curves(*wells([0.5, 0.5, 0.5]).columns, np.array([1e-9, 1.0]), 3)
    np.testing.assert_allclose(found.effective_minima, 3.0, rtol=1e-12)
    np.testing.assert_array_equal(found.landscape_heat_capacity, 0.0)


def test_heat_capacity_keeps_its_digits_far_above_the_zero_of_the_energy() -> None:
    low, _ = random_landscape(3, 5, 0)
    far = low.energy.min() + 2.0**20
    moved = low.energy + 2.0**20
    moved[np.argmin(low.energy)] = far
    expected = landscape_heat_capacity(moved - 2.0**20, low.log_determinant, low.log_orbit_size, 1e-2)
    assert landscape_heat_capacity(moved, low.log_determinant, low.log_orbit_size, 1e-2) == pytest.approx(
        float(expected), rel=1e-13
    )


def test_fifteen_atoms_have_the_values_of_the_tests_of_pele() -> None:
    """pele/thermodynamics/tests/test_heat_capacity.py, with k = 39: its Cv has k / 2 for momenta, its U has not."""
    energy, log_determinant, order = LJ15_MINIMA.T
    found = curves(energy, log_determinant, -np.log(order), np.array([0.1, 1.0]), 39)
    np.testing.assert_allclose(found.potential_energy, [-50.37139067, -31.26584667], atol=1e-5)
    np.testing.assert_allclose(found.heat_capacity + 39 / 2, [39.1151649, 39.20781194], atol=1e-5)


def test_heat_capacity_is_that_of_pele() -> None:
    """Numbers of pele 0.1.2, minima_to_cv of the twelve minima of LJ38 with k = 108, whose Cv counts momenta too."""
    low, _ = lj38()
    found = curves(*low.columns, np.array([0.1, 0.2, 0.5]), 108)
    np.testing.assert_allclose(
        found.heat_capacity + 108 / 2, [112.77965209283866, 111.57391627403558, 109.98282583446417], rtol=1e-10
    )
    np.testing.assert_allclose(
        found.potential_energy, [-168.4690202783566, -162.25924682913583, -142.41818542734214], rtol=1e-13
    )


@pytest.mark.parametrize("temperature", [0.0, -1.0, 1e-320, np.nan, np.inf])
def test_temperatures_that_are_none_are_refused(temperature: float) -> None:
    with pytest.raises(PropertyError, match="expected temperatures above 0, in units of the energy, found"):
        occupations(*wells([0.0, 1.0]).columns, temperature)


def test_unknown_determinants_are_refused() -> None:
    with pytest.raises(PropertyError, match="expected log_determinant of all stationary points, found none for 1 of 2"):
        curves(np.zeros(2), np.array([0.0, np.nan]), np.zeros(2), np.array([1.0]), 3)
    with pytest.raises(PropertyError, match="expected minima, found none"):
        curves(np.empty(0), np.empty(0), np.empty(0), np.array([1.0]), 3)
