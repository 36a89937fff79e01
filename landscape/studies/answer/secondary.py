"""All pairs of a measure and a robustness except the primary pairs: an appendix, with p adjusted for all of its pairs.

Robustness here means all stored columns of robustness, on training and on test samples, and generalisation: accuracy
and loss on test samples. A barrier counts as a measure of depth only if nearly all minima are connected, since
unconnected minima are not a random part of all minima. Correlations are oriented like those of the primary endpoints.

Shapes: M distinct minima of a landscape, L landscapes.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from landscape.database.database import Database
from landscape.declaration import TEST
from landscape.messages import number_text
from landscape.statistics.random_effects import Combined, adjusted_p, combined_correlations, replicate_means
from landscape.studies.answer.effects import rank_correlations
from landscape.studies.answer.minima import MARGIN_COLUMN
from landscape.studies.answer.minima import MEASURES as PRIMARY
from landscape.studies.hypotheses import DEEPER, FLATTER, ROBUSTNESS_SIGNS
from landscape.studies.minima_table import compare
from landscape.studies.words import CORRELATION, GENERALISATION, words_for

MEASURES = {**DEEPER.measures, **FLATTER.measures}
ROBUSTNESS = {
    **ROBUSTNESS_SIGNS,
    **{f"{TEST}{name}": sign for name, sign in ROBUSTNESS_SIGNS.items()},
    "test_accuracy": 1,
    "test_loss": -1,
}
CONNECTED = 0.9  # least part of the minima that must have a barrier for barriers to count

HELD_OUT = {
    "test_accuracy": GENERALISATION,
    f"{TEST}{MARGIN_COLUMN}": CORRELATION,
    f"{TEST}robust_accuracy": CORRELATION,
}
"""Properties of test samples whose relation to depth and flatness gets words, like that of primary endpoints."""

Pair = tuple[str, str]


@dataclass(frozen=True, kw_only=True)
class SecondaryFinding:
    """The finding of the replicates of a data set on one pair, with p adjusted for all pairs.

    `p` is nan if replicates share samples, if one of them has no correlation, or if the data set lacks replicates,
    complete landscapes or minima. `words` state the finding, and are empty except for pairs chosen beforehand.
    """

    measure: str
    robustness: str
    total: Combined
    p: float
    words: str = ""


def secondary_effects(db: Database, rows: np.ndarray) -> dict[Pair, float]:
    """Oriented rank correlations of all pairs, as far as defined, over the distinct minima in some rows int64."""
    compared = compare([db], ROBUSTNESS)
    highest = db.minima.energy[rows].max(initial=-np.inf)
    asked = compared.measures["depth"].values <= highest - db.minima.energy.min()
    # Rows without any measured robustness are copies of measured minima.
    asked &= np.any([np.isfinite(one.values) for one in compared.robustness.values()], axis=0)
    found: dict[Pair, float] = {}
    for measure in (one for one in compared.measures.values() if one.property in MEASURES):
        known = asked & np.isfinite(measure.values)
        others = {
            name: compared.robustness_signs[name] * one.values[known]
            for name, one in compared.robustness.items()
            if not np.isnan(one.values[known]).any()
        }
        if others and known.sum() >= CONNECTED * asked.sum():
            own = MEASURES[measure.property] * measure.values[known]
            rho = rank_correlations(own, np.stack(list(others.values())))
            found |= {(measure.name, name): float(value) for name, value in zip(others, rho, strict=True)}
    return found


def secondary_findings(
    effects: Sequence[Mapping[Pair, float]],
    place: np.ndarray,
    shared: float,
    *,
    epsilon: float,
    steady: Collection[str],
    missing: bool,
) -> tuple[SecondaryFinding, ...]:
    """The findings of all pairs of the landscapes [L] except the primary pairs, whose robust accuracy is at epsilon.

    `place` int64[L] is the replicate of each landscape. There is no p if the data set lacks replicates, complete
    landscapes or minima, that is if `missing`. A finding is stated in words only for measures whose primary
    correlations are `steady`; it holds for the test samples at hand, which replicates share in part.
    """
    primary = {*product(PRIMARY.values(), (MARGIN_COLUMN, f"robust_accuracy@{number_text(epsilon)}"))}
    pairs = [pair for pair in dict.fromkeys(pair for one in effects for pair in one) if pair not in primary]
    if not pairs:
        return ()
    z = np.stack([replicate_means(np.array([one.get(pair, np.nan) for one in effects]), place) for pair in pairs], 1)
    p = np.full(len(pairs), np.nan) if shared or missing else adjusted_p(z)
    at_epsilon = f"@{number_text(epsilon)}"
    found = []
    for number, (measure, robustness) in enumerate(pairs):
        total = combined_correlations(z[:, number], shared)
        scale = HELD_OUT.get(robustness.removesuffix(at_epsilon)) if measure in PRIMARY.values() else None
        words = words_for(total, scale, missing=missing or measure not in steady) if scale else ""
        found.append(
            SecondaryFinding(measure=measure, robustness=robustness, total=total, p=float(p[number]), words=words)
        )
    return tuple(found)
