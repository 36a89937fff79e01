"""Contexts, tables and task results made by hand: points in a plane with chosen energies."""

from collections.abc import Sequence

import numpy as np

from landscape.campaign.context import Context
from landscape.campaign.preparation import prepared_context, record_of
from landscape.campaign.resumption import open_or_create
from landscape.config.run_file import Settings
from landscape.database.points.saddles import Saddles
from landscape.database.records import Minima, TransitionStates
from landscape.database.store import MemoryStore, Store
from landscape.problems.surfaces.analytic import SixHumpCamel


def plane(**tables: object) -> Context:
    """A context of a surface in the plane, which has no symmetry."""
    settings = Settings.from_table(tables)
    return prepared_context(SixHumpCamel(), settings, (-2.0, 2.0))


def store_of(context: Context) -> Store:
    store = open_or_create(None, record_of(context), resume=False)
    assert isinstance(store, MemoryStore)
    return store


def minima(places: Sequence[float], hits: Sequence[int] | None = None) -> Minima:
    """Minima at (place, 0) whose energy is their place."""
    x = np.array(places, dtype=np.float64)
    return Minima(
        parameters=np.stack([x, np.zeros(len(x))], 1),
        energy=x.copy(),
        rms_gradient=np.zeros(len(x)),
        lowest_eigenvalue=np.ones(len(x)),
        log_determinant=np.zeros(len(x)),
        log_orbit_size=np.zeros(len(x)),
        hits=np.array(hits or [1] * len(x), dtype=np.int64),
    )


def states(places: Sequence[float], sides: Sequence[tuple[int, int]]) -> TransitionStates:
    """Transition states at (place, 1) whose energy is 10 above their place."""
    x = np.array(places, dtype=np.float64)
    return TransitionStates(
        parameters=np.stack([x, np.ones(len(x))], 1),
        energy=10.0 + x,
        rms_gradient=np.zeros(len(x)),
        eigenvalue=-np.ones(len(x)),
        minima=np.array(sides, dtype=np.int64).reshape(-1, 2),
        log_determinant=np.zeros(len(x)),
        log_orbit_size=np.zeros(len(x)),
        lowest_positive_eigenvalue=np.ones(len(x)),
        sides_ambiguous=np.zeros(len(x), dtype=bool),
        found_from=np.full((len(x), 2), -1),
    )


def saddles(places: Sequence[float], index: Sequence[int], round_number: int = 0) -> Saddles:
    """Saddles at (place, 2) whose energy is 20 above their place."""
    x = np.array(places, dtype=np.float64)
    return Saddles(
        parameters=np.stack([x, np.full(len(x), 2.0)], 1),
        energy=20.0 + x,
        rms_gradient=np.zeros(len(x)),
        index=np.array(index, dtype=np.int64),
        softest_eigenvalue=-np.ones(len(x)),
        log_determinant=np.zeros(len(x)),
        log_orbit_size=np.zeros(len(x)),
        round=np.full(len(x), round_number),
    )
