"""Occupations and heat capacity of minima in the harmonic superposition approximation.

A minimum a of energy E_a, log determinant L_a of its Hessian and n_a symmetric copies has the partition function
ln Z_a = -E_a / T - L_a / 2 + ln n_a up to terms that are the same for all minima. Its occupation is p_a = Z_a / sum Z.
The heat capacity is C = P / 2 + var(E) / T^2 with the variance under p (Wales, Energy Landscapes, 2003, chapter 7).

Shapes: M minima, K temperatures.
"""

import numpy as np

POINTS = 81
LOWEST, HIGHEST = 1e-4, 1.0  # temperatures of the grid, in units of the range of the energies


def temperatures(energy: np.ndarray) -> np.ndarray:
    """A logarithmic grid [K] of temperatures for minima of energy [M]; empty if all energies are equal."""
    span = float(np.ptp(energy)) if len(energy) else 0.0
    return span * np.geomspace(LOWEST, HIGHEST, POINTS) if span > 0.0 else np.empty(0)


def occupations(
    energy: np.ndarray, log_determinant: np.ndarray, log_orbit_size: np.ndarray, temperature: np.ndarray
) -> np.ndarray:
    """Occupations [K, M] at temperature [K] of minima with energy, log_determinant and log_orbit_size [M]."""
    weight = log_orbit_size - log_determinant / 2.0 - (energy - energy.min()) / temperature[:, None]
    weight = np.exp(weight - weight.max(axis=1, keepdims=True))
    found: np.ndarray = weight / weight.sum(axis=1, keepdims=True)
    return found


def heat_capacity(energy: np.ndarray, occupation: np.ndarray, temperature: np.ndarray, n_parameters: int) -> np.ndarray:
    """Heat capacities [K] from energy [M], occupation [K, M] and temperature [K]."""
    mean = occupation @ energy
    variance = np.sum(occupation * (energy - mean[:, None]) ** 2, axis=1)
    found: np.ndarray = n_parameters / 2.0 + variance / temperature**2
    return found
