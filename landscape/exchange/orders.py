"""Orders of point groups, as programs for molecules call the number of symmetry operations that leave a point alone.

A network with H tanh units in a layer has the group G of the 2^H H! permutations and sign flips of its units. A point
with N copies is left alone by |G| / N of them, which is its order; a point without dead or equal units has order 1.
PATHSAMPLE and pele count copies as a constant over the order, so only ratios of orders matter to them.
"""

import numpy as np

from landscape.campaign.preparation import stored_context
from landscape.database.database import Database
from landscape.errors import ExchangeError

MOST_FORTRAN = 2**31 - 1
WHOLE = 1e-6  # largest distance of a computed order from a whole number, relative to it
MOST_EXACT = 2.0**53


def log_group_size(db: Database) -> float:
    """The logarithm of |G|: of the network of the run file, otherwise the largest log orbit size of the points.

    The orbit of a point without dead or equal units is the whole group.
    """
    if db.problem_record.toml:
        symmetry = stored_context(db.problem_record, "cpu", source=str(db.path)).objective.symmetry
        generic = np.random.default_rng(0).normal(size=(1, db.problem_record.n_parameters))
        return float(symmetry.log_orbit_size(generic)[0])
    return float(max(db.minima.log_orbit_size.max(initial=0.0), db.transition_states.log_orbit_size.max(initial=0.0)))


def point_group_orders(log_group: float, log_orbit_size: np.ndarray, source: str) -> np.ndarray:
    """Orders int64[M] of points from the logarithms [M] of their numbers of copies.

    Raises `ExchangeError` if one is no whole number below 2^53.
    """
    order = np.exp(log_group - log_orbit_size)
    whole = np.rint(order)
    good = (whole >= 1.0) & (whole < MOST_EXACT) & (np.abs(order - whole) <= WHOLE * whole)
    if not good.all():
        raise ExchangeError(
            f"{source}: expected whole orders of point groups below 2^53, found {order[~good][0]:.10g}: "
            "export to csv, which has the numbers of copies"
        )
    return whole.astype(np.int64)
