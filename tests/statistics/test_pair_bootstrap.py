"""Intervals of pairs, against all resamples of a few units and against a known truth."""

from itertools import product

import numpy as np
import pytest

from landscape.statistics.pair_bootstrap import mean_interval, median_interval, pair_weights, share_interval

PAIRS = np.array([[0, 1], [0, 2], [1, 2]])
VALUES = np.array([1.0, 2.0, 6.0])


def all_resamples() -> np.ndarray:
    """The weights of the three pairs in those of the 27 resamples of three units that have a pair."""
    rows = []
    for drawn in product(range(3), repeat=3):
        count = np.bincount(drawn, minlength=3)
        if len(set(drawn)) > 1:
            rows.append([count[i] * count[j] for i, j in PAIRS.tolist()])
    return np.array(rows, dtype=np.float64)


def test_the_interval_of_a_mean_is_that_of_all_resamples() -> None:
    """Of 24 resamples 6 have each single pair, with weight 2, and 6 all three pairs. Means: 1, 2, 6 and 3."""
    exact = all_resamples()
    assert len(exact) == 24
    assert sorted((exact * VALUES).sum(axis=1) / exact.sum(axis=1)) == [1.0] * 6 + [2.0] * 6 + [3.0] * 6 + [6.0] * 6
    weights = pair_weights(PAIRS, np.random.default_rng(0), 40_000)
    assert mean_interval(VALUES, weights) == mean_interval(VALUES, exact) == (1.0, 6.0)
    means = (weights * VALUES).sum(axis=1) / weights.sum(axis=1)
    for mean in (1.0, 2.0, 3.0, 6.0):
        assert np.isclose(means, mean).mean() == pytest.approx(0.25, abs=0.01)


def test_a_median_stands_infinite_values() -> None:
    values = np.array([1.0, 2.0, np.inf])
    assert median_interval(values, all_resamples()) == (1.0, np.inf)
    assert median_interval(values, np.array([[1.0, 1.0, 1.0]])) == (2.0, 2.0)


def test_names_of_units_do_not_matter() -> None:
    first, second = (pair_weights(pairs, np.random.default_rng(1), 50) for pairs in (PAIRS, 10 * PAIRS + 7))
    np.testing.assert_array_equal(first, second)


def test_all_of_a_few_is_not_surely_all() -> None:
    """Wilson's interval for 10 of 10 is 72 % to 100 %."""
    low, high = share_interval(10, 10, (1.0, 1.0))
    assert low == pytest.approx(0.7225, abs=1e-4)
    assert high == pytest.approx(1.0)
    low, high = share_interval(5, 10, (0.1, 0.6))
    assert low == 0.1
    assert high == pytest.approx(0.7634, abs=1e-4)


def test_intervals_of_means_cover_at_least_as_often_as_they_say() -> None:
    """Values are sums of unit effects and noise, and some pairs share units; the true mean is zero."""
    random = np.random.default_rng(2)
    covered, trials = 0, 200
    for _ in range(trials):
        pairs = np.array([random.choice(25, 2, replace=False) for _ in range(40)])
        effect = random.standard_normal(25)
        values = effect[pairs].sum(axis=1) + random.standard_normal(40)
        low, high = mean_interval(values, pair_weights(pairs, random, 300))
        covered += low <= 0.0 <= high
    assert covered / trials >= 0.92
