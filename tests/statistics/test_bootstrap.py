"""Correlations of resamples, their standard errors and the intervals made of them, against scipy and differences."""

import numpy as np
import pytest
from scipy import stats

from landscape.statistics import bootstrap
from landscape.statistics.kendall import KENDALL, taus_and_variances
from landscape.statistics.rank_statistics import SPEARMAN, WEIGHTED, rhos
from landscape.statistics.ranks import RankTable, spearman, tie_groups
from landscape.statistics.spearman import rhos_and_variances
from landscape.statistics.table import STATISTICS
from tests.benchmarks.interval_coverage import coverage, truth

STRATUM = np.repeat([0, 1], [6, 8])
COUNTS = np.array([[1.0] * 14, [0, 2, 1, 1, 0, 2, 1, 0, 3, 1, 0, 2, 1, 1]])


@pytest.fixture
def table() -> RankTable:
    """Columns with ties, two controls and weights, in two landscapes."""
    random = np.random.default_rng(0)
    x, y, controls = (tie_groups(random.integers(0, 6, (columns, 14))) for columns in (2, 3, 2))
    weights = random.integers(1, 4, 14).astype(np.float64)
    return RankTable(x=x, y=y, controls=controls, stratum=STRATUM, weights=weights)


def kinds(table: RankTable) -> list[tuple[np.ndarray, np.ndarray]]:
    """Controls and weights of the plain, the partial and the weighted correlation."""
    equal, none = np.ones(14), table.controls[:0]
    return [(none, equal), (table.controls, equal), (none, table.weights)]


def variance_by_differences(statistic: np.ndarray, counts: np.ndarray, stratum: np.ndarray) -> np.ndarray:
    """Variance within strata from changes [n, A, B] of a statistic by each row."""
    found = np.zeros(statistic.shape[1:])
    for number in np.unique(stratum):
        own = counts[number == stratum, None, None]
        change = statistic[number == stratum]
        mean = np.sum(own * change, axis=0) / own.sum()
        found += np.sum(own * (change - mean) ** 2, axis=0) * own.sum() / (own.sum() - 1.0)
    return found


@pytest.mark.parametrize("kind", range(3))
def test_rho_of_a_table_is_that_of_its_ranks(table: RankTable, kind: int) -> None:
    sides = [table.spearman_sides(), table.partial_sides(), table.weighted_sides()][kind]
    rho, _ = rhos(table, *kinds(table)[kind], COUNTS)
    np.testing.assert_allclose(rho[0], spearman(sides), atol=1e-12)


def test_rho_and_tau_of_resamples_are_those_of_repeated_rows(table: RankTable) -> None:
    one = np.zeros(14, dtype=np.int64)
    x, y, rows = table.x[0], table.y[1], COUNTS[1].astype(np.int64)
    rho, _ = rhos_and_variances(x[None], y[None], table.controls[:0], one, np.ones(14), COUNTS)
    assert rho[1, 0, 0] == pytest.approx(stats.spearmanr(np.repeat(x, rows), np.repeat(y, rows)).statistic)
    alone = RankTable(x=x[None], y=y[None], controls=table.controls, stratum=one, weights=np.ones(14))
    tau, _ = taus_and_variances(alone, COUNTS)
    assert tau[1, 0, 0] == pytest.approx(stats.kendalltau(np.repeat(x, rows), np.repeat(y, rows)).statistic)


@pytest.mark.parametrize("kind", range(3))
def test_variance_of_rho_is_that_of_small_changes_of_the_counts(table: RankTable, kind: int) -> None:
    _, found = rhos(table, *kinds(table)[kind], COUNTS)
    for counts, variance in zip(COUNTS, found, strict=True):
        steps = np.concatenate([counts + 1e-6 * np.eye(14), counts - 1e-6 * np.eye(14)])
        up, down = np.split(rhos(table, *kinds(table)[kind], steps)[0], 2)
        np.testing.assert_allclose(variance, variance_by_differences((up - down) / 2e-6, counts, STRATUM), rtol=1e-6)


def plain_tau(table: RankTable, counts: np.ndarray) -> float:
    """Tau-b of the first columns where rows count so often."""
    same = table.stratum[:, None] == table.stratum
    x, y = (same * np.sign(side[0][:, None] - side[0]) for side in (table.x, table.y))
    return float(counts @ (x * y) @ counts / np.sqrt((counts @ x**2 @ counts) * (counts @ y**2 @ counts)))


def plain_variance(table: RankTable, counts: np.ndarray) -> float:
    """Variance of `plain_tau` by differences."""
    steps = 1e-5 * np.eye(len(counts))
    change = [(plain_tau(table, counts + step) - plain_tau(table, counts - step)) / 2e-5 for step in steps]
    return float(variance_by_differences(np.reshape(change, (-1, 1, 1)), counts, table.stratum)[0, 0])


def test_variance_of_tau_is_that_of_small_changes_of_the_counts(table: RankTable) -> None:
    tau, found = taus_and_variances(table, COUNTS)
    np.testing.assert_allclose(tau[:, 0, 0], [plain_tau(table, counts) for counts in COUNTS], rtol=1e-12)
    np.testing.assert_allclose(found[:, 0, 0], [plain_variance(table, counts) for counts in COUNTS], rtol=1e-6)


def test_the_interval_of_tau_is_made_of_resamples_and_of_the_variance_of_normal_data(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(bootstrap, "RESAMPLES", 39)
    random = np.random.default_rng(5)
    x = random.integers(0, 8, 20)
    y = x + random.integers(0, 12, 20)
    one = RankTable(
        x=tie_groups(x[None]), y=tie_groups(y[None]), controls=np.zeros((0, 20), dtype=np.int64),
        stratum=np.zeros(20, dtype=np.int64), weights=np.ones(20),
    )  # fmt: skip
    rows = np.random.default_rng(0).multinomial(20, np.full(20, 0.05), 39)
    counts = np.vstack([np.ones(20), rows]).astype(np.float64)
    tau, ties = stats.kendalltau(x, y).statistic, stats.kendalltau(x, y, method="asymptotic")
    null = (tau / stats.norm.isf(ties.pvalue / 2.0)) ** 2 / (2.0 * 45.0 / (9.0 * 20.0 * 19.0))
    taus = np.array([plain_tau(one, row) for row in counts])
    own = np.array([plain_variance(one, row) for row in counts]) / (1.0 - taus**2) ** 2
    error = np.sqrt((20 * own + 16 * null * 0.437 / 16) / 36)
    distance = np.sort(np.abs(np.arctanh(taus[1:]) - np.arctanh(tau)) / error[1:])
    quantile = max(distance[37], stats.norm.ppf(0.975))  # 38 of 39 and the table itself: 95 % of 40
    reach = (stats.norm.ppf(0.975) + (20 / 36) ** 2 * (quantile - stats.norm.ppf(0.975))) * error[0]
    found = bootstrap.intervals([KENDALL], one, np.random.default_rng(0))["kendall"][:, 0, 0]
    expected = [tau, np.tanh(np.arctanh(tau) - reach), np.tanh(np.arctanh(tau) + reach)]
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-6)


def test_the_interval_of_rho_takes_the_variance_of_normal_data_at_the_rho_of_each_resample(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(bootstrap, "RESAMPLES", 39)
    random = np.random.default_rng(5)
    x = random.normal(size=20)
    one = RankTable(
        x=tie_groups(x[None]), y=tie_groups((x + random.normal(size=20))[None]),
        controls=np.zeros((0, 20), dtype=np.int64), stratum=np.zeros(20, dtype=np.int64), weights=np.ones(20),
    )  # fmt: skip
    rows = np.random.default_rng(0).multinomial(20, np.full(20, 0.05), 39)
    counts = np.vstack([np.ones(20), rows]).astype(np.float64)
    rho, variance = (found[:, 0, 0] for found in rhos(one, one.controls, np.ones(20), counts))
    normal = (1.0 + rho**2 / 2.0) / 17.0
    error = np.sqrt((20 * variance / (1.0 - rho**2) ** 2 + 16 * normal) / 36)
    distance = np.sort(np.abs(np.arctanh(rho[1:]) - np.arctanh(rho[0])) / error[1:])
    quantile = max(distance[37], stats.norm.ppf(0.975))
    reach = (stats.norm.ppf(0.975) + (20 / 36) ** 2 * (quantile - stats.norm.ppf(0.975))) * error[0]
    found = bootstrap.intervals([SPEARMAN], one, np.random.default_rng(0))["spearman"][:, 0, 0]
    expected = [rho[0], np.tanh(np.arctanh(rho[0]) - reach), np.tanh(np.arctanh(rho[0]) + reach)]
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_variance_of_tau_is_that_of_leaving_rows_out() -> None:
    random = np.random.default_rng(1)
    x = random.normal(size=400)
    y = np.round(x + random.normal(size=400))
    large = RankTable(
        x=tie_groups(x[None]), y=tie_groups(y[None]), controls=np.zeros((0, 400), dtype=np.int64),
        stratum=np.zeros(400, dtype=np.int64), weights=np.ones(400),
    )  # fmt: skip
    tau, variance = taus_and_variances(large, np.ones((1, 400)))
    left = [stats.kendalltau(np.delete(x, row), np.delete(y, row)).statistic for row in range(400)]
    assert tau[0, 0, 0] == pytest.approx(stats.kendalltau(x, y).statistic)
    assert variance[0, 0, 0] == pytest.approx(399 * np.var(left), rel=0.02)  # to first order in 1 / n


def test_perfect_agreement_has_an_interval() -> None:
    x = np.arange(9)[None]
    perfect = RankTable(x=x, y=x, controls=x[:0], stratum=np.zeros(9, dtype=np.int64), weights=np.ones(9))
    value, low, high = bootstrap.intervals([SPEARMAN], perfect, np.random.default_rng(0))["spearman"][:, 0, 0]
    assert (value, high) == (1.0, 1.0)
    assert 0.8 < low < 0.99


@pytest.mark.parametrize("n", [9, 10, 33, 100])
@pytest.mark.parametrize("sign", [1, -1])
def test_perfect_agreement_is_exactly_one(sign: int, n: int) -> None:
    x, equal = np.arange(n)[None], np.ones(n)
    perfect = RankTable(x=x, y=x[:, ::sign], controls=x[:0], stratum=np.zeros(n, dtype=np.int64), weights=equal)
    found = bootstrap.intervals(STATISTICS, perfect, np.random.default_rng(0))
    for value, low, high in (one[:, 0, 0] for one in found.values()):
        assert value == (high if sign > 0 else low) == sign


def test_undefined_resamples_widen_the_interval() -> None:
    # one row alone tells y from a constant: a third of the resamples are without it
    x = np.arange(9)[None]
    lonely = RankTable(
        x=x, y=(x == 4).astype(np.int64), controls=x[:0], stratum=np.zeros(9, dtype=np.int64), weights=np.ones(9)
    )
    _, low, high = bootstrap.intervals([SPEARMAN], lonely, np.random.default_rng(0))["spearman"][:, 0, 0]
    assert (low, high) == (-1.0, 1.0)


@pytest.mark.filterwarnings("error")
def test_nothing_is_known_of_a_value_that_no_order_of_the_rows_would_change() -> None:
    # x differs in the one landscape, y in the other
    x, y, stratum = np.arange(16)[None].clip(max=7), np.arange(16)[None].clip(min=8), np.repeat([0, 1], 8)
    apart = RankTable(x=x, y=y, controls=x[:0], stratum=stratum, weights=np.ones(16))
    for found in bootstrap.intervals(STATISTICS, apart, np.random.default_rng(0)).values():
        np.testing.assert_allclose(found[:, 0, 0], [0.0, -1.0, 1.0], atol=1e-12)


@pytest.mark.filterwarnings("error")
def test_rows_without_weight_have_no_weighted_correlation() -> None:
    x = np.arange(12)[None]
    unweighted = RankTable(x=x, y=x, controls=x[:0], stratum=np.zeros(12, dtype=np.int64), weights=np.zeros(12))
    assert np.isnan(bootstrap.intervals([WEIGHTED], unweighted, np.random.default_rng(0))["weighted"]).all()


def covered(kind: str, rho: float, n: int, strata: int, tables: int = 1000) -> np.ndarray:
    """How often the intervals [4] cover; the benchmark does the same at more places."""
    expected = truth(kind, rho, population=200_000)
    return coverage(kind, n, strata, expected, rho, tables, np.random.default_rng((int(100 * rho), n)))


@pytest.fixture
def few_resamples(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bootstrap, "RESAMPLES", 99)


@pytest.mark.usefixtures("few_resamples")
@pytest.mark.parametrize(("n", "tables"), [(10, 2000), (30, 1000), (100, 1000)])
@pytest.mark.parametrize("rho", [0.0, 0.5, 0.8])
@pytest.mark.parametrize("kind", ["normal", "tied"])
def test_intervals_cover_the_truth_at_their_rate(kind: str, rho: float, n: int, tables: int) -> None:
    np.testing.assert_allclose(covered(kind, rho, n, 1, tables), 0.95, atol=0.02)


@pytest.mark.usefixtures("few_resamples")
@pytest.mark.parametrize(
    ("kind", "rho", "n", "strata"),
    [("normal", 0.9, 20, 1), ("normal", 0.0, 50, 3), ("tied", 0.6, 20, 1), ("tied-twice", 0.3, 20, 1)],
)
def test_intervals_cover_high_correlations_several_landscapes_and_ties(
    kind: str, rho: float, n: int, strata: int
) -> None:
    np.testing.assert_allclose(covered(kind, rho, n, strata), 0.95, atol=0.02)


@pytest.mark.usefixtures("few_resamples")
def test_intervals_hold_where_the_spread_follows_the_measure() -> None:
    # normal theory says 90 % here
    np.testing.assert_allclose(covered("spread", 0.0, 30, 1), 0.95, atol=0.02)
