"""The range of temperature in which the harmonic approximation holds."""

import numpy as np

from landscape.graph.depth import escape_barrier
from landscape.thermodynamics.superposition import checked_wells, occupations

PART = 0.5
_STEPS = 200  # temperatures that are tried, one after the other, before the last step is bisected
_BISECTIONS = 40


def barriers_out(energy: np.ndarray, ts_energy: np.ndarray, ts_minima: np.ndarray) -> np.ndarray:
    """Climb [M] from each minimum to its lowest transition state, to a copy of itself too; NaN where none is known."""
    raise NotImplementedError
