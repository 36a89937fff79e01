"""Verdicts on tables made by hand: each answer, with its numbers."""

import numpy as np
import pytest

from landscape.statistics.correlations import Association, Correlation
from landscape.studies.hypotheses import Hypothesis, judge

DEEPER = Hypothesis(sentence="deeper minima are more robust", measures={"depth": -1, "escape_barrier": 1})
SIGNS = {"accuracy": 1, "loss": -1}


def row(measure: str, robustness: str, plain: tuple[float, float], partial: tuple[float, float]) -> Correlation:
    def association(value: float, p: float) -> Association:
        return Association(value=value, low=value, high=value, p=p, p_adjusted=p)

    return Correlation(
        measure=measure,
        robustness=robustness,
        count=20,
        found={
            "spearman": association(*plain),
            "partial": association(*partial),
            "weighted": association(-plain[0] / 2.0, plain[1]),
        },
    )


NOTHING = (np.nan, np.nan)


@pytest.mark.parametrize(
    ("plain", "answer", "counts"),
    [
        # depth with an accuracy speaks for the hypothesis when negative, with a loss when positive
        ([(-0.8, 0.01), (0.7, 0.01), (0.5, 0.01), (0.1, 0.9)], "supported", (4, 3, 0)),
        ([(0.8, 0.01), (-0.7, 0.01), (-0.5, 0.01), (0.1, 0.9)], "contradicted", (4, 0, 3)),
        ([(-0.8, 0.01), (-0.7, 0.01), (0.5, 0.01), (-0.6, 0.01)], "undecided", (4, 3, 1)),
        ([(-0.8, 0.2), (0.7, 0.2), (0.5, 0.2), (0.1, 0.9)], "undecided", (4, 0, 0)),
        ([(-0.8, 0.01), (0.7, 0.01), (0.5, 0.2), (0.1, 0.9)], "undecided", (4, 2, 0)),
        ([(-0.8, 0.01), NOTHING, NOTHING, NOTHING], "supported", (1, 1, 0)),
        ([NOTHING] * 4, "undecided", (0, 0, 0)),
    ],
)
def test_answers(plain: list[tuple[float, float]], answer: str, counts: tuple[int, int, int]) -> None:
    pairs = [("depth", "accuracy"), ("depth", "loss"), ("escape_barrier", "accuracy"), ("escape_barrier", "loss")]
    table = [row(*pair, value, NOTHING) for pair, value in zip(pairs, plain, strict=True)]
    found = judge(DEEPER, table, SIGNS).plain
    assert (found.answer, (found.tested, found.in_favour, found.against)) == (answer, counts)
    assert found.answer.upper() in str(found)
    tested = tuple(number for number, (value, _) in enumerate(plain, start=1) if np.isfinite(value))
    assert found.rows == tested
    assert (len(found.rows_in_favour), len(found.rows_against)) == counts[1:]
    assert set(found.rows_in_favour) | set(found.rows_against) <= set(tested)


def test_the_partial_verdict_stands_beside_the_plain_one() -> None:
    found = judge(DEEPER, [row("depth", "loss", (0.9, 0.001), (-0.6, 0.01))], SIGNS)
    assert (found.plain.answer, found.partial.answer) == ("supported", "contradicted")
    assert (found.plain.median, found.partial.median) == (0.9, -0.6)
    assert "0 of 1 pairs significantly in favour, 1 against" in str(found.partial)


def test_what_weighting_does_is_told() -> None:
    table = [row("depth", "loss", (0.8, 0.001), NOTHING), row("depth", "accuracy", NOTHING, NOTHING)]
    found = judge(DEEPER, table, SIGNS).weighting
    assert (found.compared, found.reversed, found.median) == (1, 1, -0.4)


def test_other_measures_and_columns_without_a_sign_do_not_count() -> None:
    table = [row("trace", "loss", (0.9, 0.001), NOTHING), row("depth", "energy", (0.9, 0.001), NOTHING)]
    assert judge(DEEPER, table, SIGNS).plain.tested == 0
