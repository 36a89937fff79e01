"""Where the end points of each regime lie, as text."""

from collections.abc import Iterable

import numpy as np

from landscape.database.database import Database
from landscape.properties.locations import Landing, equal_levels, locations_of, surroundings


def locations_report(db: Database) -> Iterable[str]:
    """Lines on where the end points of each regime lie. Raises PropertyError where none was located."""
    found = locations_of(db)
    energy, states = db.minima.energy, db.transition_states
    levels = equal_levels(energy, states.energy, states.minima)
    around = surroundings(found.minimum, energy, states.energy, states.minima, levels)
    home = around["superbasin"] == int(np.argmin(energy)) if len(energy) else np.empty((0, len(levels)), dtype=bool)
    yield f"Where {len(found.minimum)} end points lie among {len(energy)} minima: how many were located, at how many"
    yield "minima, medians of depth and barrier to the lowest minimum, and the share in the superbasin of that at"
    yield "energy levels"
    heads = "".join(f"{level:>10.4g}" for level in levels)
    yield f"  {'regime':<24}{'located':>9}{'minima':>8}{'depth':>11}{'barrier':>11}{heads}"
    for number, name in enumerate(found.regimes):
        rows = found.regime == number
        at = rows & (found.minimum >= 0)
        depth, barrier = (_median(around[key][at]) for key in ("depth", "barrier_to_global"))
        shares = "".join(f"{share:>10.0%}" for share in home[at].mean(axis=0)) if at.any() else ""
        minima = len(np.unique(found.minimum[at]))
        yield f"  {name:<24}{f'{at.sum()}/{rows.sum()}':>9}{minima:>8}{depth:>11}{barrier:>11}{shares}"
    for landing in Landing:
        if landing is not Landing.LOCATED and (found.landing == landing).any():
            yield f"  {np.sum(found.landing == landing)} not located: {landing.message}"


def _median(values: np.ndarray) -> str:
    """The median of values of which the unknown ones are the largest."""
    median = float(np.median(np.nan_to_num(values, nan=np.inf))) if len(values) else np.inf
    return f"{median:.4g}" if np.isfinite(median) else "unknown"
