"""Harmonic superposition: thermodynamics of a landscape as a sum over its minima.

Each minimum stands for the quadratic well around it and for its symmetric copies. At temperature T the logarithm of the
partition function of minimum a is

    ln Z_a = ln n_a - E_a / T - L_a / 2 + P / 2 ln(2 pi T)

with its energy E_a, the logarithm L_a of the determinant of its Hessian, its n_a copies and P parameters. Occupations
are p_a = Z_a / sum Z, and all else follows from them. Sources: Wales, Energy Landscapes (2003), chapter 7; for neural
networks Ballard et al., J. Chem. Phys. 144, 124119 (2016).

T has the unit of the energy (k_B = 1). A network has no momenta, so quantities are configurational: with momenta the
heat capacity has a further P / 2. The energy of a network is a mean loss over N samples, with an L2 penalty. If the
loss is a negative log likelihood, the posterior density is proportional to exp(-N E), and the occupations at T = 1/N
are its Laplace approximation, with all modes. The cross-entropy is one; a squared error is one for Gaussian noise of a
fixed variance.

All factors enter as logarithms, so the number of copies may exceed the range of floating-point numbers.

Shapes: M minima, K temperatures, P parameters.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.special import logsumexp

from landscape.errors import PropertyError

LEAST = 1e-100  # temperatures below this have inverses and squares that are no floating-point numbers


@dataclass(frozen=True, kw_only=True)
class Curves:
    """Thermodynamic functions at K temperatures; energies are absolute."""

    temperature: np.ndarray  # [K]
    n_parameters: int
    mean_energy: np.ndarray  # [K] sum of p_a E_a: the mean energy of the occupied minima
    landscape_heat_capacity: np.ndarray  # [K] variance of E_a over T^2: the part due to changes between minima
    entropy: np.ndarray  # [K] -sum of p_a ln p_a: over distinct minima, without copies and vibrations
    free_energy: np.ndarray  # [K] -T ln(sum of Z_a)
    lowest_occupation: np.ndarray  # [K] occupation of the lowest minimum

    @property
    def potential_energy(self) -> np.ndarray:
        """Mean energy [K] U: that of the occupied minima plus T / 2 a parameter."""
        return self.mean_energy + self.n_parameters * self.temperature / 2.0

    @property
    def heat_capacity(self) -> np.ndarray:
        """Configurational heat capacity [K] dU/dT: P / 2 plus the part due to changes between minima."""
        return self.n_parameters / 2.0 + self.landscape_heat_capacity

    @property
    def effective_minima(self) -> np.ndarray:
        """The number [K] of equally occupied minima that would have the same entropy."""
        return np.asarray(np.exp(self.entropy))


def checked_temperatures(temperature: float | np.ndarray) -> np.ndarray:
    """Temperatures as float64, of any shape. Raises PropertyError unless all are finite and at least `LEAST`."""
    found = np.asarray(temperature, dtype=np.float64)
    wrong = found[~(np.isfinite(found) & (found >= LEAST))]
    if wrong.size:
        raise PropertyError(
            f"expected temperatures above 0, in units of the energy, found {wrong.flat[0]:g}: choose another one"
            + (f", {LEAST:g} or more" if 0.0 < wrong.flat[0] < LEAST else "")
        )
    return found


def checked_wells(energy: np.ndarray, log_determinant: np.ndarray, log_orbit_size: np.ndarray) -> None:
    """Raise PropertyError without minima, or where one of the three numbers of a minimum [M] is not known."""
    if not len(energy):
        raise PropertyError("expected minima, found none: explore the landscape first (landscape run)")
    for name, values in (("energy", energy), ("log_determinant", log_determinant), ("log_orbit_size", log_orbit_size)):
        missing = int(np.sum(~np.isfinite(values)))
        if missing:
            raise PropertyError(
                f"expected {name} of all stationary points, found none for {missing} of {len(values)}: "
                "explore the landscape with this version (landscape run)"
            )


def log_weights(
    energy: np.ndarray, log_determinant: np.ndarray, log_orbit_size: np.ndarray, temperature: float | np.ndarray
) -> np.ndarray:
    """ln Z [..., M] without P / 2 ln(2 pi T), which is common to all, of points [M] at temperatures of shape [...].

    Raises PropertyError for a temperature that is not positive.
    """
    temperature = checked_temperatures(temperature)
    return np.asarray(log_orbit_size - log_determinant / 2.0 - energy / temperature[..., None])


def log_occupations(
    energy: np.ndarray, log_determinant: np.ndarray, log_orbit_size: np.ndarray, temperature: float | np.ndarray
) -> np.ndarray:
    """Logarithms [..., M] of the occupations; see `occupations`."""
    energy = np.asarray(energy, dtype=np.float64)
    weights = log_weights(energy - energy.min(), log_determinant, log_orbit_size, temperature)
    return np.asarray(weights - logsumexp(weights, axis=-1, keepdims=True))


def occupations(
    energy: np.ndarray, log_determinant: np.ndarray, log_orbit_size: np.ndarray, temperature: float | np.ndarray
) -> np.ndarray:
    """Occupation p_a [..., M] of each minimum with its copies, at temperatures of shape [...]; the sum over a is 1.

    Takes energy, log_determinant and log_orbit_size [M], as stored in a database.
    Raises PropertyError for a temperature that is not positive.
    """
    return np.asarray(np.exp(log_occupations(energy, log_determinant, log_orbit_size, temperature)))


def free_energies(
    energy: np.ndarray,
    log_determinant: np.ndarray,
    log_orbit_size: np.ndarray,
    temperature: float | np.ndarray,
    modes: int,
) -> np.ndarray:
    """Free energies -T ln Z [..., M] of points [M], in units of the energy.

    `modes` is P for minima, and P - 1 for transition states, whose partition function is that of the surface across
    the path. With these free energies the TST rate out of a minimum is sqrt(T / 2 pi) exp(-(F_ts - F_a) / T). The
    difference between a state and a minimum therefore depends on the unit of the parameters, that between two minima
    or two states does not.
    """
    temperature = checked_temperatures(temperature)
    vibrations = (modes / 2.0 * np.log(2.0 * np.pi * temperature))[..., None]
    return np.asarray(energy + temperature[..., None] * (log_determinant / 2.0 - log_orbit_size - vibrations))


def landscape_heat_capacity(
    energy: np.ndarray, log_determinant: np.ndarray, log_orbit_size: np.ndarray, temperature: float | np.ndarray
) -> np.ndarray:
    """Heat capacity [...] due to changes between minima: the variance of E_a over T^2, in units of k_B."""
    temperature = checked_temperatures(temperature)
    occupied = occupations(energy, log_determinant, log_orbit_size, temperature)
    above = energy - np.min(energy)
    deviation = above - (occupied @ above)[..., None]
    return np.asarray(np.sum(occupied * deviation**2, axis=-1) / temperature**2)


def curves(
    energy: np.ndarray,
    log_determinant: np.ndarray,
    log_orbit_size: np.ndarray,
    temperatures: np.ndarray,
    n_parameters: int,
) -> Curves:
    """All thermodynamic functions at temperatures [K], from energy, log_determinant and log_orbit_size [M].

    Temperatures are treated one by one, so that 10^5 minima need little memory. Raises PropertyError for a temperature
    that is not positive and for minima whose numbers are not known.
    """
    checked_wells(energy, log_determinant, log_orbit_size)
    temperatures = checked_temperatures(temperatures).ravel()
    lowest, least = int(np.argmin(energy)), float(np.min(energy))
    columns = np.array([*_rows(energy - least, log_determinant, log_orbit_size, temperatures, lowest)]).reshape(-1, 5)
    log_sum = columns[:, 3] + n_parameters / 2.0 * np.log(2.0 * np.pi * temperatures)
    return Curves(
        temperature=temperatures,
        n_parameters=n_parameters,
        mean_energy=least + columns[:, 0],
        landscape_heat_capacity=columns[:, 1],
        entropy=columns[:, 2],
        free_energy=least - temperatures * log_sum,
        lowest_occupation=columns[:, 4],
    )


def _rows(
    above: np.ndarray, log_determinant: np.ndarray, log_orbit_size: np.ndarray, temperatures: np.ndarray, lowest: int
) -> Iterator[tuple[float, float, float, float, float]]:
    """Mean and variance over T^2 of energies above the lowest, entropy, ln of the sum of weights, p of the lowest."""
    for temperature in temperatures:
        weights = log_weights(above, log_determinant, log_orbit_size, temperature)
        log_sum = float(logsumexp(weights))
        occupied = np.exp(weights - log_sum)
        mean = float(occupied @ above)
        variance = float(occupied @ (above - mean) ** 2)
        entropy = -float(occupied @ (weights - log_sum))
        yield mean, variance / temperature**2, entropy, log_sum, float(occupied[lowest])
