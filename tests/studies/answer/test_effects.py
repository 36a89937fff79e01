"""Correlations of a landscape against scipy and the formula of partial correlations, and the epsilon of a data set."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from landscape.database.database import Database
from landscape.errors import PropertyError
from landscape.studies.answer.effects import ENDPOINTS, MARGIN, ROBUST_ACCURACY, effects_of, rank_correlation
from landscape.studies.answer.minima import MeasuredMinima, Visits, common_epsilon
from tests.analysis.synthetic import build_store, funnel


def minima(count: int = 40, seed: int = 0) -> MeasuredMinima:
    random = np.random.default_rng(seed)
    depth, accuracy = random.random(count), np.round(0.7 + 0.3 * random.random(count), 2)
    distance = 0.4 - 0.2 * depth + 0.05 * random.random(count)
    robust = np.clip(accuracy[:, None] - [0.1, 0.4, 0.7] - 0.1 * depth[:, None], 0.0, 1.0)
    return MeasuredMinima(
        depth=depth,
        hessian_trace=random.random(count),
        accuracy=accuracy,
        margin=distance / accuracy,
        robust=robust,
        epsilon=(0.1, 0.2, 0.3),
    )


def partial(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> float:
    xy, xz, yz = (stats.spearmanr(*pair).statistic for pair in ((x, y), (x, z), (y, z)))
    return float((xy - xz * yz) / np.sqrt((1.0 - xz**2) * (1.0 - yz**2)))


def test_correlations_are_those_of_scipy() -> None:
    own = minima()
    found = effects_of(own, 1)
    margin = own.margin
    for direction, values in (("deeper", -own.depth), ("flatter", -own.hessian_trace)):
        for name, robust in ((MARGIN, margin), (ROBUST_ACCURACY, own.robust[:, 1])):
            key = direction, name
            assert found.total[key] == pytest.approx(stats.spearmanr(values, robust).statistic, abs=1e-12)
            assert found.given_accuracy[key] == pytest.approx(partial(values, robust, own.accuracy), abs=1e-12)
            first = stats.spearmanr(values[:20], robust[:20]).statistic
            assert found.first_half[key] == pytest.approx(first, abs=1e-12)
    assert found.total["deeper", MARGIN] > 0.5


def test_what_is_undefined_is_not_a_number() -> None:
    x = np.arange(10.0)
    assert np.isnan(rank_correlation(x[:7], x[:7]))
    assert np.isnan(rank_correlation(x, np.ones(10)))
    assert np.isnan(rank_correlation(x, x, x))
    assert np.isnan(rank_correlation(np.where(x == 3.0, np.nan, x), x))


def test_minima_that_were_not_measured_are_told_so() -> None:
    with Database(build_store(None, funnel(20), measured=False)) as db, pytest.raises(PropertyError) as caught:
        MeasuredMinima.of(db, np.arange(len(db.minima)))
    assert str(caught.value) == (
        "Expected minima with accuracy, hessian_trace, margin_linf and robust_accuracy, found none "
        "measured: continue the search, or run 'landscape measure' with the file."
    )


def test_the_epsilon_is_that_of_half_the_clean_accuracy() -> None:
    assert common_epsilon([minima(seed=seed) for seed in range(3)]) == 1
    weak = [replace(minima(), robust=minima().robust * [0.5, 0.1, 0.0])]
    assert common_epsilon(weak) == 0
    with pytest.raises(PropertyError, match=r"same epsilon, found \[0\.1, 0\.2, 0\.3\] and \[0\.1, 0\.2, 0\.4\]"):
        common_epsilon([minima(), replace(minima(), epsilon=(0.1, 0.2, 0.4))])


def test_of_a_sample_minima_count_for_those_that_were_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half of the minima, those with large basins, follow a law that the other half violates."""
    monkeypatch.setattr("landscape.studies.answer.effects.RESAMPLES", 60)
    random = np.random.default_rng(3)
    whole = minima(600)
    small = np.arange(600) % 2 == 1
    distance = np.where(small, whole.depth, -whole.depth) + 0.1 * random.random(600)
    whole = replace(whole, margin=1.0 + distance, robust=1.0 + distance[:, None] * np.ones(3))
    chance = np.where(small, 1.0, 12.0)
    hits = random.multinomial(900, chance / chance.sum())
    met = np.flatnonzero(hits)
    covariates = np.stack([whole.depth, small + 0.01 * random.random(600)], axis=1)
    sample = whole.take(met, Visits(hits[met], covariates[met]))
    truth, listed = (effects_of(one, 0) for one in (whole, whole.take(met, None)))
    found = effects_of(sample, 0)
    endpoint = ("deeper", MARGIN)
    assert listed.total[endpoint] > truth.total[endpoint] + 0.3
    low, high = found.total_interval[endpoint]
    assert low < truth.total[endpoint] < high
    assert found.total[endpoint] == pytest.approx(truth.total[endpoint], abs=0.15)
    assert {*found.given_interval} == {*ENDPOINTS}
    assert not listed.total_interval


def test_as_met_a_correlation_is_one_over_quenches() -> None:
    """Compared with Spearman's rho of scipy over single quenches, and its bootstrap."""
    random = np.random.default_rng(6)
    whole = minima(80)
    hits = random.integers(1, 5, 80)
    sample = replace(whole, visits=Visits(hits, random.normal(size=(80, 2))))
    found = effects_of(sample, 1, as_met=True)
    endpoint = ("flatter", MARGIN)
    columns = np.stack([-np.repeat(whole.hessian_trace, hits), np.repeat(whole.margin, hits)])
    assert found.total[endpoint] == pytest.approx(stats.spearmanr(*columns).statistic)
    own = [stats.spearmanr(*columns[:, random.integers(0, hits.sum(), hits.sum())]).statistic for _ in range(1000)]
    low, high = np.quantile(own, [0.025, 0.975])
    assert found.total_interval[endpoint] == pytest.approx((low, high), abs=0.05)


def test_equal_chances_give_equal_weights() -> None:
    random = np.random.default_rng(4)
    whole = minima(60)
    covariates = random.normal(size=(60, 2))
    hits = random.multinomial(6000, np.full(60, 1.0 / 60.0))
    sample = replace(whole, visits=Visits(hits, covariates))
    assert effects_of(sample, 1).total == pytest.approx(effects_of(whole, 1).total, abs=1e-9)


def test_intervals_of_samples_cover(monkeypatch: pytest.MonkeyPatch) -> None:
    """Basins have log-normal volumes that grow with depth, robustness follows depth, and half of the basins are met."""
    monkeypatch.setattr("landscape.studies.answer.effects.RESAMPLES", 40)
    random, covered = np.random.default_rng(5), 0
    for _ in range(30):
        depth, own, other = random.normal(size=(3, 300))
        whole = replace(minima(300), depth=-depth, margin=depth + other)
        truth = effects_of(whole, 0).total["deeper", MARGIN]
        hits = random.poisson(np.exp(0.6 * depth + own))
        met = np.flatnonzero(hits)
        sample = whole.take(met, Visits(hits[met], np.stack([-depth, own], axis=1)[met, :1]))
        low, high = effects_of(sample, 0).total_interval["deeper", MARGIN]
        covered += low <= truth <= high
    assert covered >= 24  # of 28.5 expected; 23 or fewer have probability 1e-4
