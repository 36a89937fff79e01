"""Orders of point groups, as programs for molecules call the number of symmetry operations that leave a point alone.

A network with H tanh units in a layer has the group G of the 2^H H! permutations and sign flips of its units. A point
with N copies is left alone by |G| / N of them, which is its order; a point without dead or equal units has order 1.
PATHSAMPLE and pele count copies as a constant over the order, so only ratios of orders matter to them.
"""

import math

import numpy as np

from landscape.campaign.preparation import stored_context
from landscape.database.database import Database
from landscape.errors import ExchangeError
from landscape.numerics.stabilisers import log_group_order, stabiliser_orders

MOST_FORTRAN = 2**31 - 1
MOST_LOG = 700.0  # of a float in a message


def log_group_size(db: Database) -> float:
    """The logarithm of |G|: of the network of the run file, otherwise the largest log orbit size of the points.

    The orbit of a point without dead or equal units is the whole group.
    """
    if db.problem_record.toml:
        symmetry = stored_context(db.problem_record, "cpu", source=str(db.path)).objective.symmetry
        return log_group_order(symmetry, db.problem_record.n_parameters)
    return float(max(db.minima.log_orbit_size.max(initial=0.0), db.transition_states.log_orbit_size.max(initial=0.0)))


def point_group_orders(log_group: float, log_orbit_size: np.ndarray, source: str) -> np.ndarray:
    """Orders int64[M] of points from the logarithms [M] of their numbers of copies.

    Raises `ExchangeError` if one is no whole number below 2^53.
    """
    orders = stabiliser_orders(log_group, log_orbit_size)
    lacking = np.isnan(orders)
    if lacking.any():
        found = math.exp(min(float(log_group - log_orbit_size[lacking][0]), MOST_LOG))
        raise ExchangeError(
            f"{source}: expected whole orders of point groups below 2^53, found {found:.10g}: "
            "export to csv, which has the numbers of copies"
        )
    return orders.astype(np.int64)
