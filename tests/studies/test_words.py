"""Words follow from intervals."""

import pytest

from landscape.statistics.random_effects import Combined
from landscape.studies.words import CORRELATION, Scale, words_for


@pytest.mark.parametrize(
    ("interval", "predicted", "expected"),
    [
        ((0.11, 0.5), (-0.4, 0.9), "more robust"),
        ((-0.5, -0.11), (-0.9, 0.4), "less robust"),
        ((-0.09, 0.09), (-0.2, 0.2), "no relation"),
        ((-0.2, 0.3), (-0.5, 0.6), "varies"),
        ((-0.2, 0.3), (-0.25, 0.6), "not enough data"),
        ((0.05, 0.5), (-0.4, 0.9), "not enough data"),
        ((float("nan"), float("nan")), (float("nan"), float("nan")), "not enough data"),
    ],
)
def test_words(interval: tuple[float, float], predicted: tuple[float, float], expected: str) -> None:
    effect = Combined(
        replicates=12,
        mean=sum(interval) / 2,
        low=interval[0],
        high=interval[1],
        predicted_low=predicted[0],
        predicted_high=predicted[1],
        tau=0.2,
    )
    assert words_for(effect, CORRELATION, missing=False) == expected
    assert words_for(effect, CORRELATION, missing=True) == "not enough data"


def test_words_are_those_of_the_scale() -> None:
    points = Scale(more="gains", less="costs", none="costs nothing", negligible=0.02)
    interval = {"low": 0.03, "high": 0.05, "predicted_low": 0.0, "predicted_high": 0.08}
    effect = Combined(replicates=10, mean=0.04, tau=0.01, **interval)
    assert words_for(effect, points, missing=False) == "gains"
    assert words_for(effect, CORRELATION, missing=False) == "no relation"
