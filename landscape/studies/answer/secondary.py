"""All pairs of a measure and a robustness beside the primary endpoints: an appendix, adjusted for its length.

Robustness is every stored column that counts as such, on training and on test samples, and how well a network
generalises, by its accuracy and loss on test samples. A barrier counts as a measure of depth only where nearly all
minima are connected, since those that are not connected are no random ones. Correlations are oriented as those of the
primary endpoints are.

Shapes: M distinct minima of a landscape, L landscapes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from landscape.database.database import Database
from landscape.declaration import TEST
from landscape.graph.depth import DEPTHS
from landscape.statistics.correlations import distinct_rows
from landscape.statistics.random_effects import Combined, adjusted_p, combined_correlations, replicate_means
from landscape.statistics.ranks import RankTable, spearman, tie_groups
from landscape.studies.answer.effects import LEAST_MINIMA
from landscape.studies.columns import Column, column_family
from landscape.studies.hypotheses import DEEPER, FLATTER, ROBUSTNESS_SIGNS

MEASURES = {**DEEPER.measures, **FLATTER.measures}
ROBUSTNESS = {
    **ROBUSTNESS_SIGNS,
    **{f"{TEST}{name}": sign for name, sign in ROBUSTNESS_SIGNS.items()},
    "test_accuracy": 1,
    "test_loss": -1,
}
CONNECTED = 0.9  # of the minima: least part that has a barrier, for barriers to count

Pair = tuple[str, str]


@dataclass(frozen=True, kw_only=True)
class SecondaryFinding:
    """What the replicates of a data set say about one pair, and p adjusted for all pairs; nan where replicates share
    samples, or one of them has no correlation.
    """

    measure: str
    robustness: str
    total: Combined
    p: float


def secondary_effects(db: Database) -> dict[Pair, float]:
    """Oriented rank correlations of all pairs over the distinct minima of a database, as far as they are defined."""
    stored = db.properties("minima")
    known = [name for name in (*MEASURES, *ROBUSTNESS) if name in DEPTHS or name in stored]
    columns = {one.name: one for name in known for one in column_family(db, name)}
    own = {name: one.values for name, one in columns.items() if one.property not in DEPTHS or name == "depth"}
    rows, _ = distinct_rows(own)
    measures = [one for one in columns.values() if one.property in MEASURES]
    robustness = [one for one in columns.values() if one.property in ROBUSTNESS]
    found: dict[Pair, float] = {}
    for measure in measures:
        found |= _effects_of(measure, robustness, rows)
    return found


def _effects_of(measure: Column, robustness: Sequence[Column], rows: np.ndarray) -> dict[Pair, float]:
    known = rows[np.isfinite(measure.values[rows])]
    others = [one for one in robustness if not np.isnan(one.values[known]).any()]
    if len(known) < max(LEAST_MINIMA, CONNECTED * len(rows)) or not others:
        return {}
    table = RankTable(
        x=tie_groups(measure.values[known][None]),
        y=tie_groups(np.stack([one.values[known] for one in others])),
        controls=tie_groups(np.zeros((0, len(known)))),
        stratum=np.zeros(len(known), dtype=np.int64),
        weights=np.ones(len(known)),
    )
    rho = MEASURES[measure.property] * spearman(table.spearman_sides())[0]
    return {
        (measure.name, one.name): float(ROBUSTNESS[one.property] * value)
        for one, value in zip(others, rho, strict=True)
    }


def secondary_findings(
    effects: Sequence[Mapping[Pair, float]], place: np.ndarray, shared: float
) -> tuple[SecondaryFinding, ...]:
    """The findings of all pairs that the landscapes [L] have, whose replicates are at the places int64[L]."""
    pairs = list(dict.fromkeys(pair for one in effects for pair in one))
    if not pairs:
        return ()
    z = np.stack([replicate_means(np.array([one.get(pair, np.nan) for one in effects]), place) for pair in pairs], 1)
    p = np.full(len(pairs), np.nan) if shared else adjusted_p(z)
    return tuple(
        SecondaryFinding(
            measure=measure,
            robustness=robustness,
            total=combined_correlations(z[:, number], shared),
            p=float(p[number]),
        )
        for number, (measure, robustness) in enumerate(pairs)
    )
