"""Values that columns may have: finite numbers, signs, and row numbers that refer to rows.

Both a commit and a file are checked by the same declarations. In a file, a column that is not essential may have
missing values in rows that are older than the column.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from landscape.database.lazy import MISSING, Column
from landscape.database.points.saddles import LOWEST_INDEX


class Range(NamedTuple):
    """Whole numbers from `lowest` on, below the number `ends[below]` if that is not empty."""

    lowest: int
    below: str = ""


REGIMES, INDICES = "regimes", "indices"
"""Ends that are no numbers of rows: the number of regimes of training, and one more than the largest index."""

COUNT = (Range(0),)
RANGES: Mapping[str, tuple[Range, ...]] = {
    "minima.hits": COUNT,
    "transition_states.minima": (Range(0, "minima"),),
    "transition_states.found_from": (Range(-1, "minima"),),
    "attempts.minima": (Range(0, "minima"), Range(-1, "minima")),
    "attempts.round": (Range(0, "rounds"),),
    "attempts.state": (Range(-1, "transition_states"),),
    "rounds.tasks": COUNT,
    "rounds.evaluations": COUNT,
    "rounds.new_minima": COUNT,
    "rounds.new_transition_states": COUNT,
    "rounds.left": COUNT,
    "rounds.highest_index": (Range(0, INDICES),),
    "walkers.minimum": (Range(-1, "minima"),),
    "walkers.stale": COUNT,
    "training.regime": (Range(0, REGIMES),),
    "training.seed": COUNT,
    "training.gradient_evaluations": COUNT,
    "training.epochs": COUNT,
    "sampled_quenches.basin": (Range(-1, "sampled_quenches"),),
    "sampled_pairs.rows": COUNT,
    "sampled_pairs.attempts": COUNT,
    "tracks.track": COUNT,
    "tracks.index": (Range(0, INDICES),),
    "tracks.row": (Range(-1),),
    "events.multiplicity": COUNT,
    "event_branches.event": (Range(0, "events"),),
    "event_branches.track": (Range(-1),),
    "event_branches.index": (Range(0, INDICES),),
    "saddles.index": (Range(LOWEST_INDEX, INDICES),),
    "saddles.round": (Range(0, "rounds"),),
}
"""The ranges of whole numbers: one for all, or one for each entry of a row."""

FINITE = {
    *(f"{table}.{name}" for table in ("minima", "transition_states", "saddles") for name in ("parameters", "energy")),
    *("walkers.step", "walkers.temperature"),
}
"""Columns without missing or infinite values."""

NOT_NEGATIVE = {
    *(f"{table}.rms_gradient" for table in ("minima", "transition_states", "saddles")),
    *("rounds.seconds", "walkers.step", "walkers.temperature"),
}
"""Columns of numbers that are zero, positive or missing."""

CHECKED = RANGES.keys() | FINITE | NOT_NEGATIVE


def unfit(name: str, values: np.ndarray, ends: Mapping[str, int], column: Column | None = None) -> str:
    """The first value [rows, ...] of the column TABLE.NAME that it may not have, as half a sentence; empty if all fit.

    `ends` has the number of rows of each table, and those of `REGIMES` and `INDICES`. `column` is the declaration of
    values that are read from a file.
    """
    if name in FINITE and not np.isfinite(values).all():
        row = int(np.flatnonzero(~np.isfinite(values).reshape(len(values), -1).all(axis=1))[0])
        return f"{name} must be finite, found another value in row {row}"
    if name in NOT_NEGATIVE and (values < 0.0).any():
        return f"{name} must not be negative, found {values[values < 0.0][:1].tolist()}"
    ranges = RANGES.get(name, ())
    for one, part in zip(ranges, values.T if len(ranges) > 1 else [values] * len(ranges), strict=True):
        lowest = one.lowest if column is None or column.essential else min(one.lowest, MISSING["i"])
        end = ends[one.below] if one.below else None
        outside = part[(part < lowest) if end is None else (part < lowest) | (part >= end)]
        if len(outside):
            limits = f"be at least {lowest}" if end is None else f"lie in [{lowest}, {end})"
            return f"{name} must {limits}, found {outside[:1].tolist()}"
    return ""
