"""Words come from intervals."""

import pytest

from landscape.statistics.random_effects import Combined
from landscape.studies.answer.words import words_for


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
    assert words_for(effect, missing=False) == expected
    assert words_for(effect, missing=True) == "not enough data"
