"""Orders of symmetry groups and of the stabilisers of points.

The stabiliser of a point are the symmetry operations that leave it alone. A point with N copies under a group G has a
stabiliser of the order |G| / N, which is 1 for a network without dead or equal units.

Shapes: M points.
"""

import numpy as np
from jaxtyping import Float

from landscape.objective import Symmetry

WHOLE = 1e-6  # largest distance of a computed order from a whole number, relative to it
MOST_EXACT = 2.0**53


def log_group_order(symmetry: Symmetry, n_parameters: int) -> float:
    """Logarithm of |G|, the number of copies of a point which no operation leaves alone."""
    generic = np.random.default_rng(0).normal(size=(1, n_parameters))
    return float(symmetry.log_orbit_size(generic)[0])


def stabiliser_orders(log_group: float, log_orbit_size: Float[np.ndarray, " M"]) -> Float[np.ndarray, " M"]:
    """Orders [M] of the stabilisers of points, from the logarithms [M] of their numbers of copies.

    NaN where an order is no whole number below 2^53.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        order = np.exp(log_group - log_orbit_size)
        whole = np.rint(order)
        good = (whole >= 1.0) & (whole < MOST_EXACT) & (np.abs(order - whole) <= WHOLE * whole)
    return np.where(good, whole, np.nan)
