"""Free energies of stationary points in the harmonic approximation."""

import numpy as np


def free_energy(
    energy: np.ndarray,
    log_determinant: np.ndarray,
    log_orbit_size: np.ndarray,
    temperature: float,
    *,
    transition_states: bool = False,
) -> np.ndarray:
    """Free energies [n] of minima, or of `transition_states`, at a temperature in units of the energy, k_B = 1.

    Takes energy [n]; log_determinant [n], the sum of the logarithms of the positive Hessian eigenvalues, L; and
    log_orbit_size [n], the logarithm of the number of symmetric copies, ln n. A minimum has F = E + T (L / 2 - ln n).
    A transition state has one vibration less, hence + (T / 2) ln(2 pi T). The part -(P T / 2) ln(2 pi T) that all
    points have in common is left out. The source is Evans and Wales, J. Chem. Phys. 118, 3891 (2003), with the
    configurational integral in place of the quantum partition function.
    """
    harmonic: np.ndarray = energy + temperature * (0.5 * log_determinant - log_orbit_size)
    return harmonic + (0.5 * temperature * float(np.log(2.0 * np.pi * temperature)) if transition_states else 0.0)
