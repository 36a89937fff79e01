"""Free energies against integrals of Boltzmann factors of quadratic wells and saddles."""

import numpy as np
import pytest
from scipy.integrate import quad

from landscape.thermodynamics.superposition import free_energies

EIGENVALUES = np.array([0.7, 3.0, 11.0])
TEMPERATURE, ENERGY, COPIES = 0.37, 1.3, 24.0


def width(eigenvalue: float) -> float:
    """The integral of exp(-eigenvalue x^2 / 2T) over x."""
    return float(quad(lambda x: np.exp(-0.5 * eigenvalue * x * x / TEMPERATURE), -40.0, 40.0)[0])


@pytest.mark.parametrize("modes", [3, 2])
def test_the_free_energy_is_that_of_the_configurational_integral(modes: int) -> None:
    bound = EIGENVALUES[-modes:]  # a transition state has one mode less than a minimum
    integral = COPIES * np.exp(-ENERGY / TEMPERATURE) * np.prod([width(value) for value in bound])
    columns = np.array([ENERGY]), np.log(bound).sum(keepdims=True), np.log(np.array([COPIES]))
    assert free_energies(*columns, TEMPERATURE, modes)[0] == pytest.approx(-TEMPERATURE * np.log(integral), rel=1e-9)


def test_the_free_energy_at_a_vanishing_temperature_is_the_energy() -> None:
    assert free_energies(np.array([ENERGY]), np.array([2.0]), np.zeros(1), 1e-100, 3)[0] == ENERGY


def test_energy_decides_at_low_temperature_and_width_at_high_temperature() -> None:
    columns = np.array([0.0, 0.1]), np.array([0.0, -50.0]), np.zeros(2)
    assert np.argmin(free_energies(*columns, 1e-4, 3)) == 0
    assert np.argmin(free_energies(*columns, 1.0, 3)) == 1
