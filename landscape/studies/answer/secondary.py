"""All pairs of a measure and a robustness but the primary ones: an appendix, adjusted for its length.

A measure of the task alone is left out where it ranks the minima as that of the energy does. Robustness is every stored
column that counts as such, on training and on test samples, and how well a network generalises, by its accuracy and
loss on test samples. A barrier counts as a measure of depth only where nearly all minima are connected, since those
that are not connected are no random ones. Correlations are oriented as those of the primary endpoints are.

Shapes: M distinct minima of a landscape, L landscapes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np

from landscape.database.database import Database
from landscape.declaration import TEST
from landscape.graph.depth import DEPTHS
from landscape.messages import number_text
from landscape.statistics.correlations import distinct_rows
from landscape.statistics.random_effects import Combined, adjusted_p, combined_correlations, replicate_means
from landscape.statistics.ranks import RankTable, spearman, tie_groups
from landscape.studies.answer.effects import LEAST_MINIMA
from landscape.studies.answer.effects import MEASURES as PRIMARY
from landscape.studies.columns import Column, column_family
from landscape.studies.hypotheses import DEEPER, FLATTER, ROBUSTNESS_SIGNS

MEASURES = {**DEEPER.measures, **FLATTER.measures}
ROBUSTNESS = {
    **ROBUSTNESS_SIGNS,
    **{f"{TEST}{name}": sign for name, sign in ROBUSTNESS_SIGNS.items()},
    "test_accuracy": 1,
    "test_loss": -1,
}
TASK, LINF_MARGIN = "task_", "margin_linf"
CONNECTED = 0.9  # of the minima: least part that has a barrier, for barriers to count

Pair = tuple[str, str]


@dataclass(frozen=True, kw_only=True)
class SecondaryFinding:
    """What the replicates of a data set say about one pair, and p adjusted for all pairs; nan where replicates share
    samples, where one of them has no correlation, and where the data set lacks something.
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
    rows, member = distinct_rows(own)
    energy, states = db.minima.energy[rows], db.transition_states
    barriers = {  # of all copies of a minimum
        name: one.compute(energy, states.energy, member[states.minima])
        for name, one in DEPTHS.items()
        if name in columns and name != "depth"
    }
    distinct = {name: replace(one, values=barriers.get(name, one.values[rows])) for name, one in columns.items()}
    robustness = [one for one in distinct.values() if one.property in ROBUSTNESS]
    found: dict[Pair, float] = {}
    for measure in distinct.values():
        twin = distinct.get(measure.name.removeprefix(TASK), measure)
        if measure.property in MEASURES and (twin is measure or not _ranks_alike(measure, twin)):
            found |= _effects_of(measure, robustness)
    return found


def _ranks_alike(one: Column, other: Column) -> bool:
    return np.array_equal(tie_groups(one.values[None]), tie_groups(other.values[None]))


def _effects_of(measure: Column, robustness: Sequence[Column]) -> dict[Pair, float]:
    known = np.flatnonzero(np.isfinite(measure.values))
    others = [one for one in robustness if not np.isnan(one.values[known]).any()]
    if len(known) < max(LEAST_MINIMA, CONNECTED * len(measure.values)) or not others:
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
    effects: Sequence[Mapping[Pair, float]], place: np.ndarray, shared: float, *, epsilon: float, missing: bool
) -> tuple[SecondaryFinding, ...]:
    """The findings of all pairs that the landscapes [L] have, whose replicates are at the places int64[L], but the
    primary ones, with robust accuracy at epsilon; without p where something is `missing`.
    """
    primary = {*product(PRIMARY.values(), (LINF_MARGIN, f"robust_accuracy@{number_text(epsilon)}"))}
    pairs = [pair for pair in dict.fromkeys(pair for one in effects for pair in one) if pair not in primary]
    if not pairs:
        return ()
    z = np.stack([replicate_means(np.array([one.get(pair, np.nan) for one in effects]), place) for pair in pairs], 1)
    p = np.full(len(pairs), np.nan) if shared or missing else adjusted_p(z)
    return tuple(
        SecondaryFinding(
            measure=measure,
            robustness=robustness,
            total=combined_correlations(z[:, number], shared),
            p=float(p[number]),
        )
        for number, (measure, robustness) in enumerate(pairs)
    )
