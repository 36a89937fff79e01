"""Findings of a table of regimes on each hypothesis: a difference with its intervals, and the words for it.

The difference at a unit is the mean of the first group of regimes less that of the second; at one unit all regimes
share initial parameters, minibatches and data. Units are subsets of the data: intervals and words are obtained as for
landscapes (`landscape.statistics.random_effects`, `landscape.studies.words`). A table of one set of samples has seeds
as units; their intervals say nothing about other samples, so there are no words.

Differences in all columns of robustness and flatness are listed too, with p adjusted for all of them by sign flips of
whole subsets.

Shapes: S units, C columns.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from landscape.declaration import TEST
from landscape.errors import PropertyError
from landscape.statistics.random_effects import Combined, adjusted_p, combined
from landscape.studies.hypotheses import FLATTER, ROBUSTNESS_SIGNS
from landscape.studies.regimes.hypotheses import HYPOTHESES, RegimeHypothesis
from landscape.studies.regimes.outcomes import COSTS_ACCURACY
from landscape.studies.regimes.table import Regimes
from landscape.studies.words import LEAST_REPLICATES, words_for


@dataclass(frozen=True, kw_only=True)
class RegimeFinding:
    """The difference of two groups in the outcome of a hypothesis, positive in favour of it, and its cost."""

    hypothesis: RegimeHypothesis
    first: tuple[str, ...]
    second: tuple[str, ...]
    column: str
    effect: Combined
    cost: Combined | None  # loss of clean test accuracy
    missing: tuple[str, ...]  # reasons why there are no words
    words: str


@dataclass(frozen=True, kw_only=True)
class Contrast:
    """The difference of two groups of regimes in one column, not oriented; p is adjusted for all columns."""

    first: tuple[str, ...]
    second: tuple[str, ...]
    column: str
    sign: int  # +1 where larger values are in favour
    effect: Combined
    p: float


def regime_findings(
    table: Regimes, hypotheses: Sequence[RegimeHypothesis] = HYPOTHESES, shared: float = 0.0
) -> list[RegimeFinding]:
    """A finding for each hypothesis whose two groups and outcome are in the table.

    `shared` is the part of the samples that two subsets have in common. Raises PropertyError for fewer than 3 subsets.
    """
    if table.unit == "subset" and table.units < 3:
        raise PropertyError(
            f"expected at least 3 subsets of the data, or one file, found {table.units}: train more with "
            "'landscape train --replicates'"
        )
    found = (_finding(one, table, shared) for one in hypotheses)
    return [one for one in found if one is not None]


def contrasts(finding: RegimeFinding, table: Regimes, shared: float = 0.0) -> list[Contrast]:
    """The differences of the two groups of a finding in every column of robustness and flatness, and in clean test
    accuracy; p is nan if units are seeds, or subsets that share samples.
    """
    signs = {**ROBUSTNESS_SIGNS, **FLATTER.measures, "accuracy": 1}
    signs |= {f"{TEST}{name}": sign for name, sign in signs.items()}
    columns = {name: signs[one.property] for name, one in table.columns.items() if one.property in signs}
    if not columns:
        return []
    first, second = (
        np.stack([table.values(group, name).mean(axis=0) for name in columns], axis=1)
        for group in (finding.first, finding.second)
    )
    difference = first - second  # [S, C]
    unknown = table.unit == "seed" or shared > 0.0
    p = np.full(len(columns), np.nan) if unknown else adjusted_p(difference)
    return [
        Contrast(
            first=finding.first,
            second=finding.second,
            column=name,
            sign=sign,
            effect=combined(difference[:, place], shared),
            p=float(p[place]),
        )
        for place, (name, sign) in enumerate(columns.items())
    ]


def _finding(hypothesis: RegimeHypothesis, table: Regimes, shared: float) -> RegimeFinding | None:
    first, second = hypothesis.groups(table.settings)
    column = hypothesis.outcome.column(table)
    if not first or not second or column is None:
        return None
    outcome = hypothesis.outcome
    difference = outcome.values(table, first, column) - outcome.values(table, second, column)
    effect, cost = combined(difference, shared), _cost(table, first, second, shared)
    missing = tuple(_missing(hypothesis, table, effect, cost))
    return RegimeFinding(
        hypothesis=hypothesis,
        first=tuple(first),
        second=tuple(second),
        column=column,
        effect=effect,
        cost=cost,
        missing=missing,
        words=words_for(effect, outcome.scale, missing=bool(missing)),
    )


def _cost(table: Regimes, first: Sequence[str], second: Sequence[str], shared: float) -> Combined | None:
    column = COSTS_ACCURACY.column(table)
    if column is None:
        return None
    return combined(COSTS_ACCURACY.values(table, first, column) - COSTS_ACCURACY.values(table, second, column), shared)


def _missing(hypothesis: RegimeHypothesis, table: Regimes, effect: Combined, cost: Combined | None) -> Iterator[str]:
    if table.unit == "seed":
        yield f"one set of samples, at least {LEAST_REPLICATES} subsets are needed"
    elif effect.replicates < LEAST_REPLICATES:
        yield f"{effect.replicates} subsets, at least {LEAST_REPLICATES} are needed"
    if hypothesis.chosen_after:
        yield "another set of networks: these ones have chosen the strength"
    if hypothesis.least_cost is not None and not (cost is not None and cost.mean >= hypothesis.least_cost):
        loss = "was not measured" if cost is None else f"changes by {-100.0 * cost.mean:+.1f} points"
        most = f"{-100.0 * hypothesis.least_cost:+g}"
        yield f"no overfitting regime reached: test accuracy {loss}, at most {most} is needed"
