"""Peaks of the heat capacity, and the minima that take over there.

A peak marks a change between two sets of minima. By d p_a / dT = p_a (E_a - <E>) / T^2 minima below the mean energy
lose occupation when T rises, and minima above it gain. The smallest sets that make up 99 % of the loss and of the gain
name the change. Source: Wales, Phys. Rev. E 95, 030105(R) (2017).

Shapes: M minima, K temperatures.
"""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize_scalar

from landscape.thermodynamics.superposition import (
    checked_temperatures,
    checked_wells,
    landscape_heat_capacity,
    occupations,
)

SHARE = 0.99
LEAST = 1e-3  # heights below this, in units of k_B, are no peaks that anybody could see
_TOLERANCE = 1e-9  # of the logarithm of the temperature


@dataclass(frozen=True, kw_only=True)
class Peak:
    """A local maximum of the heat capacity; `height` is its part due to changes between minima."""

    temperature: float
    height: float
    losing: np.ndarray  # int64 rows of the minima that make up 99 % of the loss when T rises, largest loss first
    gaining: np.ndarray  # int64 rows of the minima that make up 99 % of the gain, largest gain first


def peaks(
    energy: np.ndarray, log_determinant: np.ndarray, log_orbit_size: np.ndarray, temperatures: np.ndarray
) -> list[Peak]:
    """Local maxima of the heat capacity between temperatures [K], which rise; each is refined between its neighbours.

    Takes energy, log_determinant and log_orbit_size [M]. A grid of twenty temperatures a decade separates the peaks of
    any two pairs of minima that can be told apart. Raises PropertyError for a temperature that is not positive and for
    minima whose numbers are not known.
    """
    checked_wells(energy, log_determinant, log_orbit_size)
    wells = (energy, log_determinant, log_orbit_size)
    logs = np.log(checked_temperatures(temperatures))
    heights = np.array([float(landscape_heat_capacity(*wells, np.exp(log))) for log in logs])
    inner = np.flatnonzero((heights[1:-1] > heights[:-2]) & (heights[1:-1] >= heights[2:])) + 1
    return [_refined(wells, logs[place - 1], logs[place + 1]) for place in inner if heights[place] > LEAST]


def changes(
    energy: np.ndarray, log_determinant: np.ndarray, log_orbit_size: np.ndarray, temperature: float
) -> np.ndarray:
    """Slopes [M] of the occupations in T; their sum is 0."""
    occupied = occupations(energy, log_determinant, log_orbit_size, temperature)
    above = energy - np.min(energy)
    return np.asarray(occupied * (above - occupied @ above) / temperature**2)


def largest(amounts: np.ndarray, share: float = SHARE) -> np.ndarray:
    """The fewest rows int64 whose positive `amounts` [M] make up a share of all positive ones, largest first."""
    order = np.argsort(-amounts, kind="stable")
    positive = np.maximum(amounts[order], 0.0)
    needed = int(np.searchsorted(np.cumsum(positive), share * positive.sum())) + 1
    return order[: min(needed, int((positive > 0.0).sum()))]


def _refined(wells: tuple[np.ndarray, np.ndarray, np.ndarray], low: float, high: float) -> Peak:
    """The maximum between two logarithms of temperatures."""
    found = minimize_scalar(
        lambda log: -float(landscape_heat_capacity(*wells, np.exp(log))),
        bounds=(low, high),
        method="bounded",
        options={"xatol": _TOLERANCE},
    )
    temperature = float(np.exp(found.x))
    change = changes(*wells, temperature)
    return Peak(temperature=temperature, height=-float(found.fun), losing=largest(-change), gaining=largest(change))
