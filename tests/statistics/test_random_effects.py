"""Means over replicates against statsmodels, and the coverage of their intervals."""

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.meta_analysis import combine_effects

from landscape.statistics.random_effects import adjusted_p, combined, least_p, replicate_means


@pytest.mark.parametrize("replicates", [3, 5, 12, 20])
def test_intervals_are_those_of_hartung_knapp_sidik_and_jonkman(replicates: int) -> None:
    z = np.random.default_rng(replicates).normal(0.3, 0.4, replicates)
    found = combined(z)
    theirs = combine_effects(z, np.full(replicates, 1e-10), method_re="iterated")
    low, high = theirs.conf_int(use_t=True)[3]  # for the random effects, with the scale of Hartung and Knapp
    np.testing.assert_allclose([found.mean, found.low, found.high], [theirs.mean_effect_re, low, high], rtol=1e-6)
    np.testing.assert_allclose(found.tau**2, theirs.tau2, rtol=1e-6)
    reach = stats.t.ppf(0.975, replicates - 2) * np.hypot(found.tau, theirs.sd_eff_w_re_hksj)
    np.testing.assert_allclose(found.predicted_low, found.mean - reach, rtol=1e-6)
    np.testing.assert_allclose(found.predicted_high, found.mean + reach, rtol=1e-6)


@pytest.mark.parametrize("replicates", [5, 10, 20])
def test_without_an_effect_one_interval_in_twenty_leaves_zero_out(replicates: int) -> None:
    draws = np.random.default_rng(0).normal(0.0, 0.4, (2000, replicates))
    outside = [found.low > 0.0 or found.high < 0.0 for found in map(combined, draws)]
    assert 0.03 <= np.mean(outside) <= 0.07


def test_an_effect_is_seen_with_twenty_replicates() -> None:
    """Correlations of 0.3 that scatter by 0.4 in Fisher's z, as unrelated properties of one landscape do."""
    draws = np.random.default_rng(1).normal(np.arctanh(0.3), 0.4, (2000, 20))
    assert np.mean([combined(one).low > 0.0 for one in draws]) >= 0.8


@pytest.mark.parametrize("shared", [0.0, 0.2, 0.5])
def test_intervals_of_replicates_that_share_samples_are_wide_enough(shared: float) -> None:
    random = np.random.default_rng(2)
    common, own = random.normal(size=(4000, 1)), random.normal(size=(4000, 10))
    draws = np.sqrt(shared) * common + np.sqrt(1.0 - shared) * own
    rejected = [found.low > 0.0 or found.high < 0.0 for found in (combined(one, shared) for one in draws)]
    assert np.mean(rejected) <= 0.07
    if shared:
        naive = [found.low > 0.0 or found.high < 0.0 for found in map(combined, draws)]
        assert np.mean(naive) > 0.2


def test_too_few_effects_tell_nothing() -> None:
    none, one, two = (combined(np.array(values)) for values in ([], [0.3, np.nan], [0.3, 0.5]))
    assert none.replicates == 0
    assert np.isnan([none.mean, none.low, none.tau]).all()
    assert (one.replicates, one.mean) == (1, 0.3)
    assert np.isnan([one.low, one.high, one.predicted_low]).all()
    assert np.isfinite([two.low, two.high]).all()
    assert np.isnan(two.predicted_low)


@pytest.mark.parametrize("replicates", [4, 7, 10])
def test_p_of_one_effect_is_that_of_scipy(replicates: int) -> None:
    z = np.random.default_rng(replicates).normal(0.3, 0.4, replicates)
    theirs = stats.permutation_test((z,), np.mean, permutation_type="samples", n_resamples=np.inf)
    assert adjusted_p(z[:, None])[0] == pytest.approx(theirs.pvalue, rel=1e-12)


def stepped_down(effects: np.ndarray) -> np.ndarray:
    """Algorithm 4.1 of Westfall and Young written out: one effect after the other, the largest t first."""
    patterns = np.array(np.meshgrid(*[(1.0, -1.0)] * len(effects))).reshape(len(effects), -1).T
    sizes = np.array([np.abs(stats.ttest_1samp(signs[:, None] * effects, 0.0).statistic) for signs in patterns])
    own = np.abs(stats.ttest_1samp(effects, 0.0).statistic)
    left, p, before = list(np.argsort(-own)), np.empty(len(own)), 0.0
    while left:
        before = max(before, float(np.mean(sizes[:, left].max(axis=1) >= own[left[0]] - 1e-9)))
        p[left.pop(0)] = before
    return p


def test_p_is_adjusted_by_stepping_down() -> None:
    random = np.random.default_rng(5)
    effects = random.normal([0.6, 0.0, 0.4, 0.1, 0.0], 0.4, (8, 5)) + 0.3 * random.normal(size=(8, 1))
    np.testing.assert_allclose(adjusted_p(effects), stepped_down(effects), rtol=1e-12)
    assert adjusted_p(np.full((6, 1), 0.2))[0] == least_p(6) == 1.0 / 2**5
    unknown = adjusted_p(np.where(np.arange(5) == 1, np.nan, effects))
    assert np.isnan(unknown).tolist() == [False, True, False, False, False]
    assert adjusted_p(np.zeros((6, 2))).tolist() == [1.0, 1.0]


def test_of_forty_dependent_effects_that_are_none_one_family_in_twenty_has_one() -> None:
    random = np.random.default_rng(6)
    families = 0.8 * random.normal(size=(600, 10, 1)) + 0.6 * random.normal(size=(600, 10, 40))
    assert 0.03 <= np.mean([adjusted_p(family).min() < 0.05 for family in families]) <= 0.07


def test_landscapes_of_a_replicate_are_averaged() -> None:
    rho, place = np.array([0.2, 0.4, np.nan, 1.0, np.nan]), np.array([0, 0, 0, 1, 2])
    expected = [np.arctanh([0.2, 0.4]).mean(), np.arctanh(1.0 - 1e-6), np.nan]
    np.testing.assert_allclose(replicate_means(rho, place), expected)
