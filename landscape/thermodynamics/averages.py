"""Thermal averages of properties: R(T) = sum of p_a R_a, and the slope dR/dT.

Only the occupations depend on T, and d ln p_a / dT = (E_a - <E>) / T^2. The slope is therefore exact:

    dR/dT = sum of p_a (E_a - <E>) (R_a - <R>) / T^2,

the covariance of the property with the energy over T^2. A property that falls with T is larger in the deeper
ones of the occupied minima. This describes one landscape; it is no inference.

Shapes: M minima, K temperatures.
"""

from dataclasses import dataclass

import numpy as np

from landscape.thermodynamics.superposition import checked_temperatures, occupations


@dataclass(frozen=True, kw_only=True)
class Average:
    """Thermal average [K] of a property, and its slope [K] in T."""

    value: np.ndarray
    slope: np.ndarray


def average(
    values: np.ndarray,
    energy: np.ndarray,
    log_determinant: np.ndarray,
    log_orbit_size: np.ndarray,
    temperatures: np.ndarray,
) -> Average:
    """Thermal average of a property with values [M], at temperatures [K].

    Takes energy, log_determinant and log_orbit_size [M]. A value that is NaN makes the average NaN wherever its
    minimum has an occupation. Raises PropertyError for a temperature that is not positive.
    """
    temperatures = checked_temperatures(temperatures).ravel()
    above = energy - np.min(energy)
    rows = np.empty((len(temperatures), 2))
    for row, temperature in enumerate(temperatures):
        occupied = occupations(energy, log_determinant, log_orbit_size, temperature)
        mean = float(occupied @ values)
        rows[row] = mean, float(occupied @ ((above - occupied @ above) * (values - mean))) / temperature**2
    return Average(value=rows[:, 0], slope=rows[:, 1])
