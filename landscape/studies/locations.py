"""Locations of end points of training: the minimum below each, and the superbasin of that minimum.

`landscape locate` stores locations as properties of /training: the row of the minimum to which a quench on the common
energy leads, the distance and the changes of energy and accuracy on the way, or the reason why there is no minimum. The
superbasin of a minimum at an energy level is the set of minima that it can reach without rising above the level; its
name is the row of its lowest minimum. A minimum above the level is alone.

Shapes: M minima, S transition states, T end points, L levels.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from landscape.database.database import Database
from landscape.database.records import Property as StoredProperty
from landscape.database.trained_points import TrainedPoints
from landscape.declaration import ENERGY, FRACTION, Property, Section, by_name
from landscape.errors import PropertyError
from landscape.graph.depth import barrier_to_global, components

LEVELS = 4


class Landing(IntEnum):
    """Outcome of the quench of an end point."""

    LOCATED = 0
    SADDLE = 1
    OUT_OF_STEPS = 2
    STALLED = 3
    NOT_FINITE = 4


_MEANING = {
    "located": "at a minimum",
    "saddle": "on a saddle, stepped off in vain",
    "out_of_steps": "out of steps before the gradient was small enough",
    "stalled": "stalled: no acceptable step, not even along the gradient",
    "not_finite": "energy or gradient not finite",
}

ROW = "row of /minima"
LOCATION = by_name(
    Property(
        name="landing",
        description="how the quench on the common energy ended, a code whose names stand in the settings",
        units="code",
    ),
    Property(
        name="minimum", description="row of the minimum that the quench led to, NaN where it led to none", units=ROW
    ),
    Property(
        name="energy",
        description="common energy of the end point as it was trained",
        units=ENERGY,
        section=Section.QUENCH,
    ),
    Property(
        name="rms_gradient",
        description="root mean square gradient of the common energy at the end point",
        units=ENERGY,
    ),
    Property(name="energy_drop", description="common energy lost in the quench", units=ENERGY, section=Section.QUENCH),
    Property(
        name="distance",
        description="distance from the end point to the minimum, aligned",
        units="parameter units",
        section=Section.QUENCH,
    ),
    Property(
        name="accuracy_change",
        description="accuracy on the training samples of the minimum less that of the end point",
        units=FRACTION,
        section=Section.QUENCH,
    ),
    Property(
        name="test_accuracy_change",
        description="accuracy on the test samples of the minimum less that of the end point",
        units=FRACTION,
        section=Section.QUENCH,
    ),
)
"""The properties of an end point that give its location."""
SURROUNDINGS = by_name(
    Property(
        name="depth",
        description="energy of the minimum of the end point above the lowest minimum",
        units=ENERGY,
    ),
    Property(
        name="barrier_to_global",
        description="upper bound of the climb from the minimum of the end point to the lowest minimum, on known paths",
        units=ENERGY,
    ),
    Property(
        name="superbasin",
        description="row of the lowest minimum of its superbasin, one column an energy level",
        units=ROW,
    ),
)
"""The properties of an end point that depend on the whole landscape."""


@dataclass(frozen=True, kw_only=True)
class Locations:
    """The locations of the leading T end points of a database."""

    regimes: tuple[str, ...]
    regime: np.ndarray  # int64[T]
    landing: np.ndarray  # str[T]: names of `Landing`, or names stored by a newer version
    minimum: np.ndarray  # int64[T]: a row of minima, -1 for none


def end_points(db: Database) -> TrainedPoints:
    """The end points of training of a database. Raises PropertyError where nothing was trained."""
    if not len(db.training):
        raise PropertyError(
            "expected end points of training, found none: train with 'landscape train RUN.toml -o FILE.h5' first"
        )
    return db.training


def locations_of(db: Database) -> Locations:
    """The locations of a database. Raises PropertyError where nothing was trained or located."""
    points, stored = end_points(db), db.store.tables.properties["training"].get("minimum")
    if stored is None:
        raise PropertyError("expected located end points of training, found none: run 'landscape locate FILE.h5' first")
    count, landing = len(stored.values), db.store.tables.properties["training"]["landing"]
    return Locations(
        regimes=tuple(db.regimes),
        regime=points.regime[:count],
        landing=np.array(landing.settings["names"])[landing.values[:count].astype(np.int64)],
        minimum=minimum_rows(stored),
    )


def minimum_rows(stored: StoredProperty) -> np.ndarray:
    """The rows int64[T] of minima in the property `minimum`, -1 for none."""
    return np.nan_to_num(stored.values, nan=-1.0).astype(np.int64)


def superbasins(energy: np.ndarray, ts_energy: np.ndarray, ts_minima: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """The superbasin int64[M, L] of each minimum at levels [L]; takes energy [M], ts_energy [S], ts_minima [S, 2]."""
    order = np.argsort(energy, kind="stable")
    found = np.empty((len(energy), len(levels)), dtype=np.int64)
    for column, level in enumerate(levels):
        component = components(len(energy), ts_minima[ts_energy <= level])
        lowest = np.empty(component.max(initial=-1) + 1, dtype=np.int64)
        lowest[component[order[::-1]]] = order[::-1]  # the lowest is written last
        found[:, column] = lowest[component]
    return found


def equal_levels(energy: np.ndarray, ts_energy: np.ndarray, ts_minima: np.ndarray) -> np.ndarray:
    """`LEVELS` energies in equal steps from the lowest minimum to the highest transition state between two minima, or
    to the highest minimum if that is higher; zeros without minima.
    """
    joining = ts_energy[ts_minima[:, 0] != ts_minima[:, 1]]
    if not len(energy):
        return np.zeros(LEVELS)
    return np.linspace(energy.min(), joining.max(initial=energy.max()), LEVELS + 1)[1:]


def surroundings(
    minimum: np.ndarray, energy: np.ndarray, ts_energy: np.ndarray, ts_minima: np.ndarray, levels: np.ndarray
) -> dict[str, np.ndarray]:
    """The properties `SURROUNDINGS`, [T] or [T, L], of end points whose `minimum` is int64[T]; NaN where it is -1."""
    values = {
        "depth": energy - energy.min(initial=np.inf),
        "barrier_to_global": barrier_to_global(energy, ts_energy, ts_minima),
        "superbasin": superbasins(energy, ts_energy, ts_minima, levels).astype(np.float64),
    }
    found = {}
    for name, column in values.items():
        nowhere = np.full((1, *column.shape[1:]), np.nan)
        found[name] = np.concatenate([column, nowhere])[minimum]
    return found


def locations_report(db: Database) -> Iterable[str]:
    """Lines on the locations of the end points of each regime. Raises PropertyError if none was located."""
    found = locations_of(db)
    energy, states = db.minima.energy, db.transition_states
    levels = equal_levels(energy, states.energy, states.minima)
    around = surroundings(found.minimum, energy, states.energy, states.minima, levels)
    home = around["superbasin"] == int(np.argmin(energy)) if len(energy) else np.empty((0, len(levels)), dtype=bool)
    yield f"Where {len(found.minimum)} end points lie among {len(energy)} minima: how many were located, at how many"
    yield "minima, medians of depth and of the barrier to the lowest minimum, an upper bound, and the share in the"
    yield "superbasin of that at energy levels"
    heads = "".join(f"{level:>10.4g}" for level in levels)
    yield f"  {'regime':<24}{'located':>9}{'minima':>8}{'depth':>11}{'barrier':>11}{heads}"
    for number, name in enumerate(found.regimes):
        rows = found.regime == number
        at = rows & (found.minimum >= 0)
        depth, barrier = (_median(around[key][at]) for key in ("depth", "barrier_to_global"))
        shares = "".join(f"{share:>10.0%}" for share in home[at].mean(axis=0)) if at.any() else ""
        minima = len(np.unique(found.minimum[at]))
        yield f"  {name:<24}{f'{at.sum()}/{rows.sum()}':>9}{minima:>8}{depth:>11}{barrier:>11}{shares}"
    for name in sorted(set(found.landing.tolist()), key=_order):
        if name != Landing.LOCATED.name.lower():
            yield f"  {np.sum(found.landing == name)} not located: {_MEANING.get(name, name)}"


def _order(name: str) -> tuple[int, str]:
    """Sort key of a landing in a report: known names in order of declaration, then names of a newer version."""
    return list(_MEANING).index(name) if name in _MEANING else len(_MEANING), name


def _median(values: np.ndarray) -> str:
    """The median of values as text; unknown values count as the largest."""
    median = float(np.median(np.nan_to_num(values, nan=np.inf))) if len(values) else np.inf
    return f"{median:.4g}" if np.isfinite(median) else "unknown"
