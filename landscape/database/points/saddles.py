"""Saddles of higher index: stationary points whose Hessian has two or more negative eigenvalues.

They join no two minima, so they are no part of the graph; together with minima and transition states they complete the
alternating sum of Morse theory. The table is empty unless the run file asks for them.

Shapes: S saddles, P parameters.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from landscape.database.lazy import Table, column

LOWEST_INDEX = 2


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Saddles(Table):
    """Saddles, one row each, distinct modulo the symmetry of the problem.

    `index` is the number of negative Hessian eigenvalues. `softest_eigenvalue` is the eigenvalue of least magnitude,
    `log_determinant` the sum of the logarithms of the magnitudes of all eigenvalues. `round` is the row in `Rounds` of
    the round that found the saddle.
    """

    parameters: NDArray[np.float64] = field(metadata=column(np.float64, "P", essential=True))  # [S, P]
    energy: NDArray[np.float64] = field(metadata=column(np.float64, essential=True))  # [S]
    rms_gradient: NDArray[np.float64] = field(metadata=column(np.float64))  # [S]
    index: NDArray[np.int64] = field(metadata=column(np.int64, essential=True))  # [S]
    softest_eigenvalue: NDArray[np.float64] = field(metadata=column(np.float64))  # [S]
    log_determinant: NDArray[np.float64] = field(metadata=column(np.float64))  # [S]
    log_orbit_size: NDArray[np.float64] = field(metadata=column(np.float64))  # [S]
    round: NDArray[np.int64] = field(metadata=column(np.int64))  # [S]
