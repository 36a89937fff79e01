"""Verification of what samples say of their points: basins of quenches, and ends and bounds of pairs."""

from collections.abc import Iterator

import numpy as np

from landscape.campaign.context import Context
from landscape.campaign.identity import PointIndex
from landscape.database.database import Database
from landscape.database.sampled import QUENCHES, TRAINING


def sample_faults(db: Database, context: Context, tolerance: float) -> Iterator[str]:
    """One line for every fault of the sampled quenches and pairs; `tolerance` is that of energies."""
    yield from _basin_faults(db, context)
    yield from _pair_faults(db, tolerance)


def _basin_faults(db: Database, context: Context) -> Iterator[str]:
    """Faults of sampled quenches whose basin is not the first quench with the same minimum."""
    quenches, index = db.sampled_quenches, PointIndex(context.objective.symmetry, context.identity)
    first: list[int] = []
    for row, (basin, energy, theta) in enumerate(
        zip(quenches.basin.tolist(), quenches.energy.tolist(), quenches.parameters, strict=True)
    ):
        expected = -1
        if np.isfinite(theta).all():
            number = index.find_or_add(energy, theta)
            first += [row] * (number == len(first))
            expected = first[number]
        elif np.isfinite(energy):
            yield f"sampled quench {row}: an energy, but no finite parameters"
        if basin != expected:
            yield f"sampled quench {row}: in the basin of quench {basin} by the file, of {expected} by its minimum"


def _pair_faults(db: Database, tolerance: float) -> Iterator[str]:
    """Faults of sampled pairs whose ends, energies, bounds and highest states do not fit one another."""
    pairs = db.sampled_pairs
    ends = {QUENCHES: db.sampled_quenches.energy, TRAINING: _below_training(db)}
    has_state = [bool(np.isfinite(theta).all()) for theta in pairs.parameters]
    for row, (table, rows) in enumerate(zip(pairs.ends_of.tolist(), pairs.rows, strict=True)):
        what, energies, certified = f"sampled pair {row}", pairs.energies[row], pairs.certified[row]
        known = ends.get(table, np.empty(0))
        if not ((rows >= 0) & (rows < len(known))).all():
            yield f"{what}: joins rows {rows[0]} and {rows[1]} of {table}, but there are {len(known)}"
        elif not np.allclose(known[rows], energies, rtol=0.0, atol=tolerance):
            yield f"{what}: energies {energies[0]:.12g} and {energies[1]:.12g} are not those of its ends"
        if pairs.joined[row] != np.isfinite(certified) or (has_state[row] and not pairs.joined[row]):
            yield f"{what}: it is joined exactly if it has a certified bound"
        elif not has_state[row] and pairs.joined[row] and abs(certified - energies.max()) > tolerance:
            yield f"{what}: a certified bound above its ends needs a transition state"
        lowest = np.nanmin([pairs.straight[row], pairs.band[row], certified])
        if not lowest >= energies.max() - tolerance:
            yield f"{what}: a bound is below its ends"


def _below_training(db: Database) -> np.ndarray:
    """Energies of the minima below the end points of training, NaN if there is none; empty before they are located."""
    stored = db.properties("training").get("minimum")
    if stored is None:
        return np.empty(0)
    energy: np.ndarray = np.append(db.minima.energy, np.nan)
    return energy[np.nan_to_num(stored.values, nan=-1).astype(np.int64)]
