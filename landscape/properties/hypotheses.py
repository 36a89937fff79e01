"""From a table of correlations to the answer to a question, given as plainly against a hypothesis as for it.

A hypothesis says that minima with more of something are more robust. Each measure has a sign: +1 where a larger value
is more of it, -1 where it is less ("deeper": -1 for the energy above the global minimum, +1 for the barrier to escape).
Each robustness has one too: +1 for an accuracy under attack, -1 for an adversarial loss. A correlation times both signs
is oriented: positive is in favour.

A pair counts for or against only with an adjusted p below the level. The hypothesis is supported where more than half
of the pairs that could be tested are in favour and none is against, contradicted where it is the other way round, and
undecided otherwise. The verdict is given twice: from Spearman's rho, and from the partial rho with the controls held
fixed, since a correlation that only the norm of the parameters carries is no property of depth or flatness.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from landscape.properties.statistics import Association, Correlation

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
    median: float  # of the oriented correlations; NaN where none could be computed

    def __str__(self) -> str:
        if not self.tested:
            return f"{self.answer.upper()} (no pair could be tested)"
        return (
            f"{self.answer.upper()} ({self.in_favour} of {self.tested} pairs significantly in favour, "
            f"{self.against} against, median oriented correlation {self.median:+.2f})"
        )


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What the table says about one hypothesis."""

    sentence: str
    plain: Tally
    partial: Tally  # with the controls held fixed


DEEPER = Hypothesis(sentence="deeper minima are more robust", measures={"depth": -1, "escape_barrier": 1})
FLATTER = Hypothesis(
    sentence="flatter minima are more robust",
    measures={
        "hessian_trace": -1,
        "hessian_largest": -1,
        "hessian_log_determinant": -1,
        "hessian_effective_dimension": -1,
        "keskar_sharpness": -1,
        "sam_sharpness": -1,
        "task_relative_flatness": -1,
        "task_fisher_rao_norm": -1,
    },
)
"""Of the measures that come with and without their L2 part this has the one that its authors meant."""
ROBUSTNESS_SIGNS = {
    "fgsm_accuracy": 1,
    "pgd_accuracy": 1,
    "apgd_ce_accuracy": 1,
    "apgd_dlr_accuracy": 1,
    "square_accuracy": 1,
    "robust_accuracy": 1,
    "noise_accuracy": 1,
    "adversarial_distance_linf": 1,
    "adversarial_distance_l2": 1,
    "certified_accuracy_ibp": 1,
    "certified_accuracy_crown": 1,
    "certified_epsilon": 1,
    "adversarial_loss": -1,
    "sensitivity_logits": -1,
    "sensitivity_softmax": -1,
    "sensitivity_logits_crown": -1,
    "sensitivity_softmax_crown": -1,
}
"""+1 for the properties of which a larger value is more robust, -1 where it is less."""


def judge(
    hypothesis: Hypothesis, table: Sequence[Correlation], robustness_signs: Mapping[str, int], level: float = 0.05
) -> Verdict:
    """The verdict of a table on a hypothesis, from the pairs whose measure and robustness both have a sign."""
    rows = [
        (row, hypothesis.measures[row.measure] * robustness_signs[row.robustness])
        for row in table
        if row.measure in hypothesis.measures and row.robustness in robustness_signs
    ]
    return Verdict(
        sentence=hypothesis.sentence,
        plain=_tally([(row.spearman, sign) for row, sign in rows], level),
        partial=_tally([(row.partial, sign) for row, sign in rows], level),
    )


def _tally(pairs: Iterable[tuple[Association, int]], level: float) -> Tally:
    tested = [(found.value * sign, found.p_adjusted) for found, sign in pairs if np.isfinite(found.p_adjusted)]
    in_favour = sum(value > 0 and p < level for value, p in tested)
    against = sum(value < 0 and p < level for value, p in tested)
    answer: Answer = "undecided"
    if 2 * in_favour > len(tested) and not against:
        answer = "supported"
    elif 2 * against > len(tested) and not in_favour:
        answer = "contradicted"
    return Tally(
        answer=answer,
        tested=len(tested),
        in_favour=in_favour,
        against=against,
        median=float(np.median([value for value, _ in tested])) if tested else float("nan"),
    )
