"""Three different measures of the depth of a minimum, declared in `DEPTHS`.

`depth` is the energy above the global minimum, without barriers. `escape_barrier` is the climb to the lowest transition
state that leads to another minimum. `barrier_to_global` is the climb to the lowest energy at which the minimum is
connected with the global minimum, a merge of the disconnectivity tree. The global minimum is the first of lowest
energy. Both climbs are upper bounds: a transition state that is not known yet can only lower them. A climb is NaN, not
infinite, if the known transition states do not determine it.

Shapes: M minima, T transition states. Costs are at most O(T log T). Functions that take ts_energy raise PropertyError
for tables that do not match, see `landscape.graph.superbasins.checked_tables`.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from landscape.declaration import ENERGY, Property
from landscape.graph.merges import connection_energy
from landscape.graph.superbasins import build_tree, checked_tables


def depth(energy: np.ndarray) -> np.ndarray:
    """Energy [M] of each minimum above the lowest minimum, from energy [M]."""
    energy = np.asarray(energy, dtype=np.float64)
    return energy - energy.min() if len(energy) else energy.copy()


def escape_barrier(energy: np.ndarray, ts_energy: np.ndarray, ts_minima: np.ndarray) -> np.ndarray:
    """Climb [M] from each minimum to its lowest transition state to another minimum; NaN where it has none.

    Takes energy [M], ts_energy [T], ts_minima [T, 2]; degenerate rearrangements do not count.
    """
    energy, ts_energy, ts_minima = checked_tables(energy, ts_energy, ts_minima)
    joins = ts_minima[:, 0] != ts_minima[:, 1]
    lowest = np.full(len(energy), np.inf)
    for side in (0, 1):
        np.minimum.at(lowest, ts_minima[joins, side], ts_energy[joins])
    return np.where(np.isfinite(lowest), lowest - energy, np.nan)


def barrier_to_global(energy: np.ndarray, ts_energy: np.ndarray, ts_minima: np.ndarray) -> np.ndarray:
    """Climb [M] from each minimum on the easiest known path to the global minimum; NaN where there is no path.

    The climb of the global minimum itself is 0. Takes energy [M], ts_energy [T], ts_minima [T, 2].
    """
    tree = build_tree(energy, ts_energy, ts_minima)
    if not tree.n_leaves:
        return np.empty(0)
    own = tree.height[: tree.n_leaves]
    connection = connection_energy(tree, int(np.argmin(own)))
    return np.asarray(np.where(np.isfinite(connection), connection, np.nan) - own)


def components(n_minima: int, ts_minima: np.ndarray) -> np.ndarray:
    """Number int64[M] of the component of each minimum; minima that ts_minima [T, 2] connect have the same number."""
    edges = coo_array((np.ones(len(ts_minima), dtype=np.int8), ts_minima.T), shape=(n_minima, n_minima))
    return np.asarray(connected_components(edges, directed=False)[1], dtype=np.int64)


def connected_with_lowest(energy: np.ndarray, ts_minima: np.ndarray) -> np.ndarray:
    """True, bool[M], for each minimum that is connected with the global minimum, itself included.

    Takes energy [M], ts_minima [T, 2].
    """
    if not len(energy):
        return np.empty(0, dtype=bool)
    component = components(len(energy), ts_minima)
    return np.asarray(component == component[np.argmin(energy)])


def component_fraction(energy: np.ndarray, ts_energy: np.ndarray, ts_minima: np.ndarray) -> float:
    """Fraction of the minima that are connected with the global minimum, itself included; NaN without minima.

    Takes energy [M], ts_energy [T], ts_minima [T, 2].
    """
    energy, _, ts_minima = checked_tables(energy, ts_energy, ts_minima)
    return float(connected_with_lowest(energy, ts_minima).mean()) if len(energy) else float("nan")


@dataclass(frozen=True, kw_only=True)
class Depth(Property):
    """A property [M] of the minima that depends on the whole landscape: energy [M], ts_energy [T], ts_minima [T, 2]."""

    compute: Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]


DEPTHS: dict[str, Depth] = {
    one.name: one
    for one in (
        Depth(
            name="depth",
            description="energy above the lowest minimum",
            units=ENERGY,
            compute=lambda energy, *_: depth(energy),
            trait="depth",
            sign=-1,
        ),
        Depth(
            name="escape_barrier",
            description="upper bound of the climb to another minimum, by the lowest known transition state",
            units=ENERGY,
            compute=escape_barrier,
            trait="depth",
        ),
        Depth(
            name="barrier_to_global",
            description="upper bound of the climb to the lowest minimum, on the easiest known path",
            units=ENERGY,
            compute=barrier_to_global,
        ),
    )
}


def depths(energy: np.ndarray, ts_energy: np.ndarray, ts_minima: np.ndarray) -> dict[str, np.ndarray]:
    """The values [M] of all `DEPTHS` by name."""
    return {name: one.compute(energy, ts_energy, ts_minima) for name, one in DEPTHS.items()}
