"""Thermodynamics of the landscape in a database: curves over T, peaks, thermal averages of every robustness.

The temperatures are chosen from the data if nobody names them. They begin where the lowest minimum has nearly all of
the occupation, and end where walkers cross most barriers, or at T = 1/N of N samples if that is higher. Curves are
harmonic up to T_max (see `landscape.thermodynamics.validity`). T = 1/N is always one of the temperatures.

Shapes: M minima, K temperatures.
"""

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from landscape.database.database import Database
from landscape.errors import PropertyError
from landscape.studies.columns import Column, column_family
from landscape.studies.hypotheses import ROBUSTNESS_SIGNS
from landscape.thermodynamics.averages import Average, average
from landscape.thermodynamics.peaks import Peak, peaks
from landscape.thermodynamics.superposition import Curves, checked_temperatures, checked_wells, curves, occupations
from landscape.thermodynamics.validity import crossing_temperature, highest_temperature, lowest_barriers

COUNT = 20  # temperatures
REST = 1e-3  # occupation of all but the lowest minimum at the lowest temperature, at most
UNKNOWN = 1e-3  # occupation of minima without a value, at most
SLOPE = "slope_of_"
_A_DECADE = 40  # temperatures a decade among which peaks are looked for

Wells = tuple[np.ndarray, np.ndarray, np.ndarray]
"""energy, log_determinant and log_orbit_size [M]."""


@dataclass(frozen=True, kw_only=True)
class Thermodynamics:
    """Curves of one landscape at temperatures [K], which rise."""

    curves: Curves
    highest: float  # T_max, the end of the harmonic range; NaN if unknown
    posterior: float  # 1/N; NaN without samples
    averages: Mapping[str, Average]  # by the name of a robustness; NaN where it is not known, see `_average`
    signs: Mapping[str, int]  # +1 for a robustness whose larger values are more robust, -1 for the others
    unknown: Mapping[str, int]  # number of minima without a value, for columns that have some
    peaks: list[Peak]
    minima: int
    states: int

    @property
    def in_range(self) -> np.ndarray:
        """True, bool[K], where the harmonic approximation holds; false everywhere if its range is not known."""
        return np.asarray(self.curves.temperature <= self.highest)


def thermodynamics(db: Database, temperatures: np.ndarray | None = None) -> Thermodynamics:
    """Curves of a database at temperatures [K], or at those that its data suggest.

    Raises PropertyError for a temperature that is not positive, without minima, and where the harmonic approximation
    has no wells: a determinant or number of copies is not known, or an eigenvalue is not positive.
    """
    wells = wells_of(db)
    n_parameters = db.problem_record.n_parameters
    states = db.transition_states
    barriers = lowest_barriers(wells[0], states.energy, states.minima)
    highest = highest_temperature(*wells, barriers, n_parameters)
    posterior = posterior_temperature(db)
    if temperatures is None:
        end = float(np.fmax(crossing_temperature(*wells, barriers), posterior))
        temperatures = suggested_temperatures(wells, highest, end)
        temperatures = np.append(temperatures, posterior if np.isfinite(posterior) else [])
    temperatures = np.unique(checked_temperatures(temperatures))
    columns = _robustness(db)
    return Thermodynamics(
        curves=curves(*wells, temperatures, n_parameters),
        highest=highest,
        posterior=posterior,
        averages={name: _average(one.values, wells, temperatures) for name, one in columns.items()},
        signs={name: ROBUSTNESS_SIGNS[one.property] for name, one in columns.items()},
        unknown={name: count for name, one in columns.items() if (count := int(np.isnan(one.values).sum()))},
        peaks=peaks(*wells, _fine(temperatures)),
        minima=len(db.minima),
        states=len(states),
    )


def wells_of(db: Database) -> Wells:
    """The harmonic wells of a database. Raises PropertyError where there are none, see `thermodynamics`."""
    minima = db.minima
    wells = (minima.energy, minima.log_determinant, minima.log_orbit_size)
    checked_wells(*wells)
    flat = int(np.sum(minima.lowest_eigenvalue <= 0.0))
    if flat:
        raise PropertyError(
            f"expected positive Hessian eigenvalues at all minima, found {flat} of {len(minima)} minima with others: "
            "a harmonic well has no flat direction, so a landscape with l2 > 0 is needed"
        )
    return wells


def posterior_temperature(db: Database) -> float:
    """T = 1/N of the N samples of a database, at which the Boltzmann law is the posterior; NaN without samples."""
    samples = db.problem_record.inputs
    return 1.0 / len(samples) if samples is not None and len(samples) else float("nan")


def suggested_temperatures(wells: Wells, highest: float, end: float, count: int = COUNT) -> np.ndarray:
    """Temperatures [count] from a nearly pure lowest minimum up to `end`, or to the range of energies if that is NaN.

    At the lowest temperature all other minima together have an occupation of at most `REST`: Z_a / Z_lowest is at most
    `REST` / M for each. Minima of the energy of the lowest one, such as mirror images, do not count.
    """
    energy, log_determinant, log_orbit_size = wells
    above = energy - energy.min()
    volume = log_orbit_size - log_determinant / 2.0
    others = above > 1e-9 * max(1.0, float(np.ptp(energy)))
    needed = np.maximum(volume - volume[np.argmin(energy)], 0.0) + np.log(len(energy) / REST)
    lowest = [*(above / needed)[others], highest / 2.0 if others.any() else highest / 10.0]
    low = min((temperature for temperature in lowest if np.isfinite(temperature)), default=None)
    if low is None:
        raise PropertyError("expected gaps or barriers to choose temperatures by, found none: name --temperatures")
    high = end if np.isfinite(end) else float(above.max())
    return np.geomspace(low, max(high, 4.0 * low), count)


def csv_text(found: Thermodynamics) -> str:
    """All curves with all digits, one row a temperature; slopes are those in T."""
    own = found.curves
    columns: dict[str, np.ndarray] = {
        "temperature": own.temperature,
        "in_range": found.in_range.astype(np.int64),
        "heat_capacity": own.heat_capacity,
        "landscape_heat_capacity": own.landscape_heat_capacity,
        "mean_energy": own.mean_energy,
        "potential_energy": own.potential_energy,
        "free_energy": own.free_energy,
        "entropy": own.entropy,
        "effective_minima": own.effective_minima,
        "lowest_occupation": own.lowest_occupation,
    }
    for name, one in found.averages.items():
        columns |= {name: one.value, f"{SLOPE}{name}": one.slope}
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(zip(*(values.tolist() for values in columns.values()), strict=True))
    return text.getvalue()


def _robustness(db: Database) -> dict[str, Column]:
    """Columns of robustness, by name, that are known for some minima."""
    stored = db.properties("minima")
    columns = {one.name: one for name in ROBUSTNESS_SIGNS if name in stored for one in column_family(db, name)}
    return {name: one for name, one in columns.items() if np.isfinite(one.values).any()}


def _average(values: np.ndarray, wells: Wells, temperatures: np.ndarray) -> Average:
    """Thermal average over the minima with a value; NaN where the others have more than `UNKNOWN` of the occupation.

    Searches for the lowest minima measure only these, and at low temperature only these are occupied.
    """
    known = np.isfinite(values)
    energy, log_determinant, log_orbit_size = (own[known] for own in wells)
    found = average(values[known], energy, log_determinant, log_orbit_size, temperatures)
    missing = np.array([occupations(*wells, temperature)[~known].sum() for temperature in temperatures])
    return Average(
        value=np.where(missing <= UNKNOWN, found.value, np.nan), slope=np.where(missing <= UNKNOWN, found.slope, np.nan)
    )


def _fine(temperatures: np.ndarray) -> np.ndarray:
    """Temperatures between the lowest and the highest that are near enough to show all peaks."""
    low, high = float(temperatures[0]), float(temperatures[-1])
    return np.geomspace(low, high, max(3, int(_A_DECADE * np.log10(high / low)) + 1)) if low < high else temperatures
