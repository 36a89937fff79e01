"""The table of landscapes of networks of several widths and depths.

The row of a landscape has its size and data, the minima and the completeness of the search, the energies and barriers,
and the losses at the lowest minimum and over all minima.

A number that is not known is NaN: barriers without transition states, for instance.

Shapes: M minima, C minima that are connected with the lowest one, besides it.
"""

from collections.abc import Sequence

import numpy as np

from landscape.database.database import Database
from landscape.errors import PropertyError
from landscape.graph.depth import barrier_to_global, connected_with_lowest, escape_barrier
from landscape.statistics.coverage import coverage
from landscape.studies.completeness.criteria import Criteria
from landscape.studies.completeness.goal import Goal

GOAL = Goal(lowest=10, energy=np.inf, fraction=1.0, searches=10)
"""The minima whose completeness is judged, as in `runs/width-*.toml`."""
TOLERANCE = 1e-9  # of energies that two quenches of one minimum reach
LOSSES = {"train_loss": "clean_loss", "test_loss": "test_loss"}
ACCURACIES = {"train_accuracy": "accuracy", "test_accuracy": "test_accuracy"}
Row = dict[str, str | float]


def row_of(db: Database) -> Row:
    """The row of a landscape. Raises PropertyError if there are no minima, or no loss of one of them."""
    minima, record = db.minima, db.problem_record
    if not len(minima):
        raise PropertyError("Expected minima in the database, found none: find some with 'landscape run'.")
    table = record.tables(str(db.path))["problem"]
    seen, criteria = coverage(minima.hits), Criteria.of(db, GOAL, record.energy_tolerance)
    return {
        "dataset": " ".join([table["dataset"], *map(str, table.get("classes", ()))]),
        "data": record.sha256[:8],
        "l2": table["l2"],
        "hidden": " ".join(map(str, table["hidden"])),
        "layers": len(table["hidden"]),
        "units": max(table["hidden"], default=0),
        "parameters": record.n_parameters,
        "samples": len(_required(record.inputs)),
        "test_samples": len(_required(record.test_inputs)),
        "quenches": seen.quenches,
        "minima": len(minima),
        "met": seen.observed,
        "unseen": seen.unseen_mass,
        "chao1": seen.chao1,
        "chao1_high": seen.chao1_high,
        "transition_states": len(db.transition_states),
        "judged": len(criteria.target),
        "judged_connected": criteria.connected,
        "judged_expected": criteria.channels.expected,
        "judged_complete": "yes" if criteria.all_hold else "no",
        **_energies(db),
        **_losses(db),
    }


def with_misses(rows: Sequence[Row]) -> list[Row]:
    """The rows with a last column, "yes" if the lowest minimum known cannot be the lowest one.

    A network with no more units in any layer is a point of the landscape of a wider one of as many layers, with the
    same data and l2, whose lowest minimum is therefore no higher (`landscape embed`).
    """

    def misses(row: Row) -> bool:
        narrower = [float(other["lowest_energy"]) for other in rows if _is_narrower(other, row)]
        return float(row["lowest_energy"]) > min(narrower, default=np.inf) + TOLERANCE

    return [{**row, "lowest_missed": "yes" if misses(row) else "no"} for row in rows]


def _is_narrower(other: Row, row: Row) -> bool:
    """True if the networks of a row are points of those of another one."""
    units, most = (str(one["hidden"]).split() for one in (other, row))
    same = all(other[name] == row[name] for name in ("folder", "data", "l2")) and len(units) == len(most)
    return same and units != most and all(int(few) <= int(many) for few, many in zip(units, most, strict=True))


def _energies(db: Database) -> Row:
    """Energies of all minima, the climb out of the lowest one, and medians over C minima of climb and depth."""
    energy, states = db.minima.energy, db.transition_states
    tables = energy, states.energy, states.minima
    lowest = int(energy.argmin())
    others = connected_with_lowest(energy, states.minima) & (np.arange(len(energy)) != lowest)
    return {
        "lowest_energy": energy[lowest],
        "median_energy": float(np.median(energy)),
        "spread": float(np.ptp(energy)),
        "escape_of_lowest": escape_barrier(*tables)[lowest],
        "connected": int(others.sum()),
        "barrier": _median(barrier_to_global(*tables)[others]),
        "depth": _median(energy[others] - energy[lowest]),
    }


def _losses(db: Database) -> Row:
    """Losses at the lowest minimum, then the least, the median and the largest of all minima, and accuracies there."""
    found: Row = {}
    lowest = int(db.minima.energy.argmin())
    for name, stored in LOSSES.items():
        values = _measured(db, stored)
        found[name] = values[lowest]
        for what, quantile in (("least", 0.0), ("median", 0.5), ("largest", 1.0)):
            found[f"{name}_{what}"] = float(np.quantile(values, quantile))
    return found | {name: _measured(db, stored)[lowest] for name, stored in ACCURACIES.items()}


def _measured(db: Database, name: str) -> np.ndarray:
    """The values [M] of a property of all minima."""
    stored = db.properties("minima")
    known = stored[name].values if name in stored else np.empty(0)
    if len(known) < len(db.minima) or np.isnan(known).any():
        raise PropertyError(
            f"Expected {name} of all minima, found it of {int(np.isfinite(known).sum())}: run "
            "'landscape measure FILE loss', of a problem with test samples."
        )
    return known


def _required(samples: np.ndarray | None) -> np.ndarray:
    if samples is None:
        raise PropertyError(
            "Expected training and test samples in the database, found none: set problem.test_fraction in the run file."
        )
    return samples


def _median(values: np.ndarray) -> float:
    return float(np.median(values)) if len(values) else float("nan")
