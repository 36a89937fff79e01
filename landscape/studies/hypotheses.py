"""From a table of correlations to the answer to a question, given as plainly against a hypothesis as for it.

A hypothesis says that minima with more of something are more robust. Each measure has a sign: +1 where a larger value
is more of it, -1 where it is less ("deeper": -1 for the energy above the global minimum, +1 for the barrier to escape).
Each robustness has one too: +1 for an accuracy under attack, -1 for an adversarial loss. A correlation times both signs
is oriented: positive is in favour.

A pair counts for or against only with an adjusted p below the level. The hypothesis is supported where more than half
of the pairs that could be tested are in favour and none is against, contradicted where it is the other way round, and
undecided otherwise. The verdict is given twice: from Spearman's rho, and from the partial rho with the controls held
fixed, since a correlation that only the norm of the parameters carries is no property of depth or flatness. Beside it
stands what weighting the minima by how often they were found does to the correlations; no verdict is drawn from that.

A notion that stands in the table with and without its L2 part counts as two measures: they rank the minima differently,
or `landscape.studies.minima_table` would have left one out, and Holm's method adjusts for both.

Rows of a table are numbered from 1, so that a verdict can name those it comes from.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from landscape.declaration import Property, Trait
from landscape.graph.depth import DEPTHS
from landscape.properties.catalogue import PROPERTIES
from landscape.statistics.correlations import Association, Correlation
from landscape.statistics.rank_statistics import PARTIAL, SPEARMAN, WEIGHTED

Answer = Literal["supported", "contradicted", "undecided"]


@dataclass(frozen=True, kw_only=True)
class Hypothesis:
    """A sentence and the measures that speak for it, with the sign of each."""

    sentence: str
    measures: Mapping[str, int]


@dataclass(frozen=True, kw_only=True)
class Tally:
    """An answer and the numbers behind it."""

    answer: Answer
    tested: int  # pairs that could be tested
    in_favour: int  # significant with the sign of the hypothesis
    against: int  # significant with the opposite sign
    median: float  # of the oriented values; NaN where none could be computed
    rows: tuple[int, ...]  # of the table that could be tested
    rows_in_favour: tuple[int, ...]
    rows_against: tuple[int, ...]

    def __str__(self) -> str:
        if not self.tested:
            return f"{self.answer.upper()} (no pair could be tested)"
        return (
            f"{self.answer.upper()} ({self.in_favour} of {self.tested} pairs significantly in favour, "
            f"{self.against} against, median oriented rho {self.median:+.2f})"
        )


@dataclass(frozen=True, kw_only=True)
class Weighting:
    """The effect on oriented correlations of weighting minima by how often they were found."""

    compared: int  # pairs with both correlations
    median: float  # of the weighted ones; NaN where there are none
    reversed: int  # pairs whose sign differs


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """The verdict of a table on one hypothesis."""

    sentence: str
    plain: Tally
    partial: Tally  # with the controls held fixed
    weighting: Weighting


def signs(properties: Iterable[Property], trait: Trait) -> dict[str, int]:
    """The signs, by name, of the properties that are declared to tell of a trait."""
    return {one.name: one.sign for one in properties if one.trait == trait}


ROBUSTNESS_SIGNS = signs(PROPERTIES.values(), "robustness")
"""+1 for the properties of which a larger value is more robust, -1 where it is less."""
DEEPER = Hypothesis(sentence="deeper minima are more robust", measures=signs(DEPTHS.values(), "depth"))
FLATTER = Hypothesis(sentence="flatter minima are more robust", measures=signs(PROPERTIES.values(), "flatness"))


def judge(
    hypothesis: Hypothesis, table: Sequence[Correlation], robustness_signs: Mapping[str, int], level: float = 0.05
) -> Verdict:
    """The verdict of a table on a hypothesis, from the pairs whose measure and robustness both have a sign."""
    rows = [
        (number, row, hypothesis.measures[row.measure] * robustness_signs[row.robustness])
        for number, row in enumerate(table, start=1)
        if row.measure in hypothesis.measures and row.robustness in robustness_signs
    ]
    return Verdict(
        sentence=hypothesis.sentence,
        plain=_of_associations([(number, row.of(SPEARMAN), sign) for number, row, sign in rows], level),
        partial=_of_associations([(number, row.of(PARTIAL), sign) for number, row, sign in rows], level),
        weighting=_weighting([(sign * row.of(SPEARMAN).value, sign * row.of(WEIGHTED).value) for _, row, sign in rows]),
    )


def tally(pairs: Iterable[tuple[int, float, float]], level: float) -> Tally:
    """The answer of pairs of which each has its row, a value that is positive in favour, and an adjusted p, NaN where
    it could not be tested.
    """
    tested = {row: (value, p) for row, value, p in pairs if np.isfinite(p)}
    in_favour = tuple(n for n, (value, p) in tested.items() if value > 0 and p < level)
    against = tuple(n for n, (value, p) in tested.items() if value < 0 and p < level)
    answer: Answer = "undecided"
    if 2 * len(in_favour) > len(tested) and not against:
        answer = "supported"
    elif 2 * len(against) > len(tested) and not in_favour:
        answer = "contradicted"
    return Tally(
        answer=answer,
        tested=len(tested),
        in_favour=len(in_favour),
        against=len(against),
        median=float(np.median([value for value, _ in tested.values()])) if tested else float("nan"),
        rows=tuple(tested),
        rows_in_favour=in_favour,
        rows_against=against,
    )


def _of_associations(pairs: Iterable[tuple[int, Association, int]], level: float) -> Tally:
    return tally(((row, found.value * sign, found.p_adjusted) for row, found, sign in pairs), level)


def _weighting(pairs: Iterable[tuple[float, float]]) -> Weighting:
    both = np.array([pair for pair in pairs if np.isfinite(pair).all()]).reshape(-1, 2)
    return Weighting(
        compared=len(both),
        median=float(np.median(both[:, 1])) if len(both) else float("nan"),
        reversed=int(np.sum(both[:, 0] * both[:, 1] < 0.0)),
    )
