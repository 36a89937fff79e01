"""Intervals of means and p of signs against scipy, and the coverage of intervals."""

import numpy as np
import pytest
from scipy import stats

from landscape.statistics.means import mean_over_units, sign_test_p


def test_means_are_those_of_scipy() -> None:
    values = np.random.default_rng(0).gamma(2.0, size=9)
    found = mean_over_units(np.append(values, np.nan))
    expected = stats.ttest_1samp(values, 0.0).confidence_interval(0.95)
    np.testing.assert_allclose([found.low, found.high], [expected.low, expected.high], rtol=1e-12)
    assert found.units == 9
    assert np.isnan(mean_over_units(np.array([1.0])).low)


@pytest.mark.parametrize(("more", "fewer"), [(0, 0), (1, 0), (5, 0), (3, 8), (20, 10)])
def test_p_of_signs_is_that_of_scipy(more: int, fewer: int) -> None:
    expected = stats.binomtest(more, more + fewer, alternative="greater").pvalue if more + fewer else 1.0
    assert sign_test_p(more, fewer) == pytest.approx(expected, rel=1e-12)


def test_intervals_cover() -> None:
    random, tables = np.random.default_rng(3), 400
    accuracy = random.binomial(300, 0.8, size=(tables, 10)) / 300.0
    covered = [abs(mean.value - 0.8) <= mean.half_width for mean in map(mean_over_units, accuracy)]
    assert 0.92 <= np.mean(covered) <= 0.98  # 400 trials of 0.95: five standard errors are 0.054
