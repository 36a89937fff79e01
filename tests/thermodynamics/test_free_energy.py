"""Free energies against integrals of Boltzmann factors of quadratic wells and saddles."""

import numpy as np
import pytest
from scipy.integrate import quad

from landscape.thermodynamics.free_energy import free_energy

EIGENVALUES = np.array([0.7, 3.0, 11.0])
TEMPERATURE, ENERGY, COPIES = 0.37, 1.3, 24.0


def width(eigenvalue: float) -> float:
    """The integral of exp(-eigenvalue x^2 / 2T) over x."""
    return float(quad(lambda x: np.exp(-0.5 * eigenvalue * x * x / TEMPERATURE), -40.0, 40.0)[0])


@pytest.mark.parametrize("is_state", [False, True])
def test_the_free_energy_is_that_of_the_configurational_integral(is_state: bool) -> None:
    bound = EIGENVALUES[1:] if is_state else EIGENVALUES  # a transition state has one vibration less
    integral = COPIES * np.exp(-ENERGY / TEMPERATURE) * np.prod([width(value) for value in bound])
    common = 0.5 * len(EIGENVALUES) * TEMPERATURE * np.log(2.0 * np.pi * TEMPERATURE)
    found = free_energy(
        np.array([ENERGY]),
        np.log(bound).sum(keepdims=True),
        np.log(np.array([COPIES])),
        TEMPERATURE,
        transition_states=is_state,
    )
    assert found[0] - common == pytest.approx(-TEMPERATURE * np.log(integral), rel=1e-9)


def test_energy_decides_at_low_temperature_and_width_at_high_temperature() -> None:
    energy, wide = np.array([0.0, 0.1]), np.array([0.0, -50.0])
    assert np.argmin(free_energy(energy, wide, np.zeros(2), 1e-4)) == 0
    assert np.argmin(free_energy(energy, wide, np.zeros(2), 1.0)) == 1
