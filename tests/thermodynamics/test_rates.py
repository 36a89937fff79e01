from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from scipy.integrate import quad

from landscape.errors import PropertyError
from landscape.thermodynamics.rates import checked_ends, log_rates, network
from landscape.thermodynamics.superposition import free_energies, occupations
from tests.thermodynamics.landscapes import (
    EXAMPLES,
    Passes,
    Wells,
    landscapes,
    passes,
    random_landscape,
    rate_matrix,
    wells,
)


def test_a_rate_is_that_of_the_formula() -> None:
    low = Wells(energy=np.array([0.0, 0.5]), log_determinant=np.log([4.0, 9.0]), log_orbit_size=np.log([2.0, 8.0]))
    high = Passes(
        energy=np.array([1.0]),
        log_determinant=np.log([16.0]),
        log_orbit_size=np.log([6.0]),
        minima=np.array([[0, 1]]),
        eigenvalue=np.array([-0.25]),
    )
    expected = [3.0 * (2 / 4) * np.exp(-10.0) / (2 * np.pi), 0.75 * (3 / 4) * np.exp(-5.0) / (2 * np.pi)]
    np.testing.assert_allclose(np.exp(log_rates(low, high, 0.1)[0]), expected, rtol=1e-13)
    kramers = np.exp(log_rates(low, high, 0.1, "kramers")[0])
    np.testing.assert_allclose(kramers, 0.5 * np.array(expected), rtol=1e-13)


@settings(max_examples=EXAMPLES)
@given(landscapes())
def test_rates_are_those_of_free_energies_and_obey_detailed_balance(landscape: tuple[Wells, Passes]) -> None:
    low, high = landscape
    temperature, modes = 0.3, 7
    for dynamics in ("tst", "kramers"):
        rates = log_rates(low, high, temperature, dynamics)
        flux = np.log(occupations(*low.columns, temperature))[high.minima] + rates
        np.testing.assert_allclose(flux[:, 0], flux[:, 1], atol=1e-12)
    climbs = (
        free_energies(*high.columns, temperature, modes - 1)[:, None]
        - free_energies(*low.columns, temperature, modes)[high.minima]
    )
    by_free_energy = 0.5 * np.log(temperature / (2 * np.pi)) - climbs / temperature
    np.testing.assert_allclose(log_rates(low, high, temperature), by_free_energy, atol=1e-11)


@settings(max_examples=EXAMPLES)
@given(landscapes())
def test_occupations_are_stationary(landscape: tuple[Wells, Passes]) -> None:
    low, high = landscape
    flow = rate_matrix(network(low, high, 0.4, "kramers")) @ occupations(*low.columns, 0.4)
    np.testing.assert_allclose(flow, 0.0, atol=1e-14)


def test_states_of_a_pair_add_and_degenerate_ones_are_left_out() -> None:
    low = wells([0.0, 0.2, 0.1])
    high = passes([(0, 1), (1, 0), (2, 2), (0, 1), (1, 2)], [1.0, 0.9, 0.3, 1.1, 2.0])
    found = network(low, high, 0.5)
    assert found.pairs.tolist() == [[0, 1], [1, 2]]
    assert found.states.tolist() == found.lowest_states.tolist() == [1, 4]
    expected = sum(np.exp(-energy / 0.5) for energy in (1.0, 0.9, 1.1)) / (2 * np.pi)
    assert np.exp(found.log_rates[0, 0]) == pytest.approx(expected, rel=1e-13)
    assert np.exp(found.log_rates[0, 1]) == pytest.approx(expected * np.exp(0.2 / 0.5), rel=1e-13)


def test_the_lowest_state_and_that_of_the_largest_flux_may_differ() -> None:
    high = passes([(0, 1), (0, 1)], [1.0, 0.9])
    found = network(wells([0.0, 0.0]), replace(high, log_orbit_size=np.array([3.0, 0.0])), 0.1)
    assert (found.states.tolist(), found.lowest_states.tolist()) == ([0], [1])


def test_kramers_rates_are_those_of_a_double_well() -> None:
    """The mean first passage time of noisy gradient flow in E = (x^2 - 1)^2 is an integral; the error falls as T."""

    def energy(x: float) -> float:
        return (x * x - 1.0) ** 2

    def exact(temperature: float) -> float:
        def inner(y: float) -> float:
            return float(quad(lambda z: np.exp((energy(y) - energy(z) - 1.0) / temperature), -3.0, y, limit=200)[0])

        return float(quad(inner, -1.0, 1.0, limit=200)[0] / temperature * np.exp(1.0 / temperature))

    low = wells([0.0, 0.0])
    low = replace(low, log_determinant=np.log([8.0, 8.0]))
    high = replace(passes([(0, 1)], [1.0]), eigenvalue=np.array([-4.0]))
    errors = [
        abs(exact(temperature) * np.exp(log_rates(low, high, temperature, "kramers")[0, 0]) - 1.0)
        for temperature in (0.04, 0.02)
    ]
    assert errors[0] < 0.04
    assert errors[1] / errors[0] == pytest.approx(0.5, abs=0.1)


def test_unusable_tables_are_refused() -> None:
    low, high = random_landscape(0, 3, 2)
    with pytest.raises(PropertyError, match="expected temperatures above 0"):
        log_rates(low, high, 0.0)
    with pytest.raises(PropertyError, match="expected dynamics tst or kramers, found 'newton'"):
        log_rates(low, high, 1.0, "newton")  # type: ignore[arg-type]
    with pytest.raises(PropertyError, match="expected log_determinant of all stationary points, found none for"):
        log_rates(low, replace(high, log_determinant=np.full(len(high.energy), np.nan)), 1.0)
    with pytest.raises(PropertyError, match="expected the negative eigenvalue of all transition states"):
        log_rates(low, replace(high, eigenvalue=np.full(len(high.energy), np.nan)), 1.0, "kramers")


@pytest.mark.parametrize(
    ("to", "start", "message"),
    [
        ([], [1], "expected at least one minimum on either side"),
        ([0], [4], "expected rows of minima from 0 to 3, found 4"),
        ([0], [-1], "expected rows of minima from 0 to 3, found -1"),
        ([0, 1], [1], "expected different minima on the two sides of a rate, found 1 in both"),
        ([0], [3], "expected minima that known transition states connect, found no way from 0 to 3"),
    ],
)
def test_unusable_ends_are_refused(to: list[int], start: list[int], message: str) -> None:
    found = network(wells([0.0] * 4), passes([(0, 1), (1, 2)], [1.0, 1.0]), 1.0)
    with pytest.raises(PropertyError, match=message):
        checked_ends(found, to, start)
