"""The range of temperature in which harmonic wells describe a landscape.

At temperature T the mean potential energy of a well of P harmonic modes is P T / 2 above its minimum. While this is
below the lowest transition state out of the minimum, a thermal walker stays where its well is one well. Above it the
walker sees the neighbouring wells, and the quadratic form says little. The harmonic approximation is therefore taken to
hold up to the temperature T_max at which half of the occupation is in minima whose lowest barrier is below P T / 2. The
barriers that count are those of the occupied minima: a high minimum that nobody visits may have low ones. The criterion
is cautious, since modes that lead nowhere also count in P. A weaker one compares T alone with the barriers: beyond the
temperature `crossing_temperature` one mode suffices to cross them, and occupations mean nothing any more.

Barriers are those over known transition states, degenerate rearrangements included; a further state can only lower them
and the range. Also, a minimum that is not known has no occupation, whatever its volume.

Shapes: M minima, T transition states.
"""

from collections.abc import Callable

import numpy as np

from landscape.graph.superbasins import checked_tables
from landscape.thermodynamics.superposition import checked_wells, occupations

PART = 0.5  # of the occupation
_STEPS = 200  # temperatures that are tried, from the lowest barrier to the highest
_BISECTIONS = 40


def lowest_barriers(energy: np.ndarray, ts_energy: np.ndarray, ts_minima: np.ndarray) -> np.ndarray:
    """Climb [M] from each minimum to its lowest transition state, one to a copy of itself included; NaN without one.

    Takes energy [M], ts_energy [T], ts_minima [T, 2]. Raises PropertyError for tables that do not match.
    """
    energy, ts_energy, ts_minima = checked_tables(energy, ts_energy, ts_minima)
    lowest = np.full(len(energy), np.inf)
    for side in (0, 1):
        np.minimum.at(lowest, ts_minima[:, side], ts_energy)
    return np.where(np.isfinite(lowest), lowest - energy, np.nan)


def highest_temperature(
    energy: np.ndarray,
    log_determinant: np.ndarray,
    log_orbit_size: np.ndarray,
    barriers: np.ndarray,
    n_parameters: int,
) -> float:
    """T_max, the end of the range of the harmonic approximation; NaN if too few barriers are known to tell.

    Takes energy, log_determinant, log_orbit_size and `barriers` [M], NaN where unknown, see `lowest_barriers`.
    Raises PropertyError for minima whose numbers are not known.
    """
    checked_wells(energy, log_determinant, log_orbit_size)
    return _first(energy, log_determinant, log_orbit_size, barriers, n_parameters / 2.0)


def crossing_temperature(
    energy: np.ndarray, log_determinant: np.ndarray, log_orbit_size: np.ndarray, barriers: np.ndarray
) -> float:
    """The temperature at which half of the occupation is in minima whose lowest barrier is below T; NaN if unknown.

    Takes and raises what `highest_temperature` does.
    """
    checked_wells(energy, log_determinant, log_orbit_size)
    return _first(energy, log_determinant, log_orbit_size, barriers, 1.0)


def _first(
    energy: np.ndarray, log_determinant: np.ndarray, log_orbit_size: np.ndarray, barriers: np.ndarray, factor: float
) -> float:
    """The lowest temperature at which `PART` of the occupation has barriers below factor * T; NaN if there is none."""

    def passes(temperature: float) -> bool:
        occupied = occupations(energy, log_determinant, log_orbit_size, temperature)
        return float(occupied[barriers <= factor * temperature].sum()) >= PART

    known = barriers[barriers > 0.0] / factor
    if not len(known):
        return float("nan")
    steps = np.geomspace(known.min(), 2.0 * known.max(), _STEPS).tolist()
    place = next((place for place, temperature in enumerate(steps) if passes(temperature)), None)
    if place is None:
        return float("nan")
    return _bisected(passes, steps[place - 1], steps[place]) if place else float(steps[0])


def _bisected(passes: Callable[[float], bool], low: float, high: float) -> float:
    """A temperature at which `passes` turns true, between one where it is false and one where it is true."""
    for _ in range(_BISECTIONS):
        middle = float(np.sqrt(low * high))
        low, high = (low, middle) if passes(middle) else (middle, high)
    return high
