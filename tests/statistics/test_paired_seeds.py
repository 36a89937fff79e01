"""Intervals and p of contrasts against scipy, how often they cover and decide, and what a curve over regimes is."""

import numpy as np
import pytest
from scipy import stats

from landscape.statistics.paired_seeds import (
    LEVEL,
    affordable,
    contrasts,
    mean_over_seeds,
    sign_flip_p,
    sign_test_p,
    smallest_p,
    trend,
)


def test_means_and_p_are_those_of_scipy() -> None:
    values = np.random.default_rng(0).gamma(2.0, size=9)
    found = mean_over_seeds(np.append(values, np.nan))
    expected = stats.ttest_1samp(values, 0.0).confidence_interval(0.95)
    np.testing.assert_allclose([found.low, found.high], [expected.low, expected.high], rtol=1e-12)
    assert found.seeds == 9
    difference = np.random.default_rng(1).normal(0.4, size=10)
    exact = stats.permutation_test((difference,), np.mean, permutation_type="samples", n_resamples=np.inf)
    assert sign_flip_p(difference) == pytest.approx(exact.pvalue, abs=1e-12)
    assert sign_flip_p(np.arange(1.0, 9.0)) == smallest_p(8) == 2.0 / 2**8


@pytest.mark.parametrize(("more", "fewer"), [(0, 0), (1, 0), (5, 0), (3, 8), (20, 10)])
def test_p_of_signs_is_that_of_scipy(more: int, fewer: int) -> None:
    expected = stats.binomtest(more, more + fewer, alternative="greater").pvalue if more + fewer else 1.0
    assert sign_test_p(more, fewer) == pytest.approx(expected, rel=1e-12)


def test_many_seeds_are_flipped_at_random() -> None:
    difference = np.random.default_rng(2).normal(0.25, size=40)
    assert sign_flip_p(difference) == pytest.approx(stats.ttest_1samp(difference, 0.0).pvalue, rel=0.2)


def test_what_cannot_be_told_is_nan() -> None:
    assert np.isnan(sign_flip_p(np.zeros(8)))
    assert np.isnan(sign_flip_p(np.full(3, np.nan)))
    assert np.isnan(mean_over_seeds(np.array([1.0])).low)


def test_intervals_cover_and_null_contrasts_decide_rarely() -> None:
    random, tables = np.random.default_rng(3), 400
    accuracy = random.binomial(300, 0.8, size=(tables, 10)) / 300.0
    covered = [abs(mean.value - 0.8) <= mean.half_width for mean in map(mean_over_seeds, accuracy)]
    assert 0.92 <= np.mean(covered) <= 0.98  # 400 trials of 0.95: five standard errors are 0.054
    groups = random.normal(size=(tables, 2, 4, 1, 10))
    decided = 0
    for first, second in groups:
        family = contrasts(*({str(c): side[c] for c in range(4)} for side in (first, second)))
        decided += any(one.p_adjusted < LEVEL for one in family)
    assert decided <= 0.05 * tables + 3.0 * np.sqrt(0.05 * 0.95 * tables)


def curve(*means: float, noise: float = 0.01, seeds: int = 10) -> np.ndarray:
    common = np.random.default_rng(4).normal(0.0, 0.1, seeds)  # what a seed shares among regimes drops out
    return np.array(means)[:, None] + common + np.random.default_rng(5).normal(0.0, noise, (len(means), seeds))


@pytest.mark.parametrize(
    ("means", "course"),
    [
        ((0.1, 0.3, 0.5, 0.7), "monotone"),
        ((0.1, 0.3, 0.3, 0.7), "monotone"),
        ((0.1, 0.5, 0.3, 0.7), "not monotone"),
        ((0.1, 0.3, 0.9, 0.7), "not monotone"),
        ((0.5, 0.5, 0.5, 0.5), "undecided"),
        ((0.7, 0.5, 0.3, 0.1), "opposite"),
    ],
)
def test_courses(means: tuple[float, ...], course: str) -> None:
    assert trend(curve(*means), 1).course == course
    assert trend(-curve(*means), -1).course == course
    flipped = {"monotone": "opposite", "opposite": "monotone"}
    assert trend(curve(*means), -1).course == flipped.get(course, trend(curve(*means), -1).course)


def test_noise_is_no_setback() -> None:
    noise = np.random.default_rng(6).normal(0.0, 0.01, (200, 5, 10))
    rising = np.array([0.0, 0.1, 0.1, 0.1, 0.2])[:, None]
    found = [trend(values, 1).course for values in noise + rising]
    assert found.count("monotone") >= 185


def test_a_curve_is_affordable_up_to_the_first_point_that_costs_too_much() -> None:
    assert affordable(curve(0.9, 0.895, 0.87, 0.9, noise=1e-4)) == 2
    assert affordable(curve(0.9, 0.89, 0.885, noise=1e-4)) == 3
    assert affordable(curve(0.9, 0.8, noise=1e-4)) == 1
