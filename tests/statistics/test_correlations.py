"""The correlation table against scipy and textbook formulas, on null data, and on data that must be refused."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.multitest import multipletests

from landscape.errors import PropertyError
from landscape.statistics import correlations
from landscape.statistics.correlations import Association, Columns, Correlation, correlate, distinct_rows, estimate_all
from landscape.statistics.kendall import KENDALL, KENDALL_LIMIT
from landscape.statistics.rank_statistics import PARTIAL, SPEARMAN, WEIGHTED
from landscape.statistics.ranks import RankTable, tie_groups
from landscape.statistics.statistic import Shuffles, Statistic
from landscape.statistics.table import STATISTICS as ALL
from landscape.studies.hypotheses import Hypothesis, judge

STATISTICS = ("spearman", "kendall", "partial")


@pytest.fixture(autouse=True)
def few_resamples(monkeypatch: pytest.MonkeyPatch) -> None:
    """Intervals have their own tests."""
    monkeypatch.setattr("landscape.statistics.bootstrap.RESAMPLES", 39)


def single(
    x: np.ndarray,
    y: np.ndarray,
    control: np.ndarray,
    permutations: int = 99,
    seed: int = 0,
    landscape: np.ndarray | None = None,
    hits: np.ndarray | None = None,
) -> Correlation:
    return correlate(
        {"x": x},
        {"y": y},
        controls={"c": control},
        landscape=landscape,
        hits=hits,
        permutations=permutations,
        seed=seed,
    )[0]


def coarse(measures: Columns, robustness: Columns, control: np.ndarray) -> tuple[Correlation, ...]:
    return correlate(measures, robustness, controls={"c": control}, permutations=99)


def columns(count: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A measure, a robustness with ties that follows it, and a control."""
    random = np.random.default_rng(seed)
    x, control = random.normal(size=(2, count))
    return x, np.round(x + random.normal(size=count) + 0.5 * control, 1), control


@pytest.mark.parametrize("count", [8, 30, KENDALL_LIMIT, KENDALL_LIMIT + 1, 300])
def test_coefficients_agree_with_scipy(count: int) -> None:
    x, y, control = columns(count)
    row = single(x, y, control)
    assert row.found["spearman"].value == pytest.approx(stats.spearmanr(x, y).statistic)
    assert row.found["kendall"].value == pytest.approx(stats.kendalltau(x, y).statistic)
    a, b, c = (stats.spearmanr(*pair).statistic for pair in ((x, y), (x, control), (y, control)))
    assert row.found["partial"].value == pytest.approx((a - b * c) / np.sqrt((1 - b**2) * (1 - c**2)))
    assert row.count == count


def test_permutation_p_agrees_with_scipy() -> None:
    x, y, control = columns(12, seed=3)
    y = y + 0.3 * np.random.default_rng(5).normal(size=12)
    row = single(x, y, control, permutations=20_000)

    def exact(statistic: str) -> float:
        function = getattr(stats, statistic)
        found = stats.permutation_test(
            (x,), lambda a: function(a, y).statistic, permutation_type="pairings", n_resamples=3_000, rng=1
        )
        return float(found.pvalue)

    assert row.found["spearman"].p == pytest.approx(exact("spearmanr"), abs=0.03)
    assert row.found["kendall"].p == pytest.approx(exact("kendalltau"), abs=0.03)


def test_large_sample_kendall_continues_the_permutation_p() -> None:
    x, y, control = columns(KENDALL_LIMIT + 1, seed=4)
    y = np.round(y + 4.0 * np.random.default_rng(1).normal(size=len(y)))
    large = single(x, y, control)
    small = single(x[:-1], y[:-1], control[:-1], permutations=4_000)
    expected = stats.kendalltau(x[:-1], y[:-1], method="asymptotic").pvalue
    assert small.found["kendall"].p == pytest.approx(expected, abs=0.03)
    assert large.found["kendall"].p == pytest.approx(stats.kendalltau(x, y, method="asymptotic").pvalue, rel=1e-9)


def with_weighted_shuffles(number: int) -> tuple[Statistic, ...]:
    """All statistics, the weighted one tested under so many shuffles."""
    return SPEARMAN, KENDALL, PARTIAL, replace(WEIGHTED, shuffles=Shuffles("weighted ranks", number))


def rank_table(x: np.ndarray, y: np.ndarray, control: np.ndarray) -> RankTable:
    n = len(x)
    x, y, control = (tie_groups(values[None]) for values in (x, y, control))
    return RankTable(x=x, y=y, controls=control, stratum=np.zeros(n, dtype=np.int64), weights=np.ones(n))


def test_p_of_the_partial_correlation_is_uniform_on_null_data(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(correlations, "STATISTICS", with_weighted_shuffles(9))
    random = np.random.default_rng(2)
    p = []
    for _ in range(200):
        control = random.normal(size=12)
        x, y = control + 2.0 * random.normal(size=(2, 12))  # related through the control alone
        found = estimate_all(rank_table(x, y, control), permutations=199, random=random)
        p.append(float(found["partial"].p[0, 0]))
    assert stats.kstest(p, "uniform").pvalue > 0.01


def test_weighting_is_repeating() -> None:
    x, y, control = columns(20)
    hits = np.random.default_rng(3).integers(0, 6, 20)
    found = single(x, y, control, hits=hits, permutations=999).found["weighted"]
    assert found.value == pytest.approx(stats.spearmanr(np.repeat(x, hits), np.repeat(y, hits)).statistic)
    assert found.low < found.value < found.high
    assert np.isnan(found.p_adjusted)


def test_equal_weights_change_nothing_and_one_minimum_cannot_be_correlated() -> None:
    x, y, control = columns(20)
    equal = single(x, y, control, hits=np.full(20, 7))
    assert equal.found["weighted"].value == pytest.approx(equal.found["spearman"].value)
    assert equal.found["weighted"].low == pytest.approx(equal.found["spearman"].low)
    alone = single(x, y, control, hits=np.eye(20)[0])
    assert np.isnan(alone.found["weighted"].value)
    assert alone.found["spearman"] == equal.found["spearman"]


def test_a_statistic_of_the_table_is_reported_beside_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    x, y, control = columns(20)
    before = single(x, y, control, permutations=199)
    again = replace(SPEARMAN, name="again", adjusted=False)
    monkeypatch.setattr(correlations, "STATISTICS", (*ALL, again))
    after = single(x, y, control, permutations=199)
    assert after.of(again) == replace(before.of(SPEARMAN), p_adjusted=after.of(again).p_adjusted)
    assert {name: after.found[name] for name in STATISTICS} == {name: before.found[name] for name in STATISTICS}


def test_p_of_the_weighted_correlation_is_uniform_where_weights_follow_a_measure(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(correlations, "STATISTICS", with_weighted_shuffles(99))
    random, p = np.random.default_rng(6), []
    for _ in range(60):
        x, y, control = random.normal(size=(3, 15))
        p.append(single(x, y, control, hits=np.ceil(np.exp(1.5 * x))).found["weighted"].p)
    assert stats.kstest(p, "uniform").pvalue > 0.01


def test_holm_adjusts_over_all_tests_of_the_table() -> None:
    x, y, control = columns(20)
    table = coarse({"x": x, "x2": np.sin(7.0 * x)}, {"y": y, "y2": -y + x}, control)
    found = [(row.found[name].p, row.found[name].p_adjusted) for row in table for name in STATISTICS]
    raw, adjusted = np.array(found).T
    np.testing.assert_allclose(adjusted, multipletests(raw, method="holm")[1])
    assert len(raw) == 12


def associations(row: Correlation) -> list[Association]:
    return [row.found["spearman"], row.found["kendall"], row.found["partial"]]


@pytest.mark.parametrize("count", [20, KENDALL_LIMIT + 5])
def test_constant_columns_are_undefined_not_fatal(count: int) -> None:
    x, y, control = columns(count)
    constant = np.full(count, 0.9733) + 1e-15 * np.arange(count)
    rows = coarse({"x": x, "flat": constant}, {"y": y, "one": constant}, control)
    for row in rows[1:]:
        for found in associations(row):
            assert np.isnan([found.value, found.low, found.high, found.p, found.p_adjusted]).all()
    assert np.isfinite(rows[0].found["spearman"].p_adjusted)


def test_a_measure_that_is_the_control_has_no_partial_correlation() -> None:
    x, y, _ = columns(20)
    row = single(x, y, np.exp(x))
    assert np.isfinite(row.found["spearman"].value)
    assert np.isnan([row.found["partial"].value, row.found["partial"].p]).all()


def test_unknown_values_leave_their_minima_out_of_their_pairs_alone() -> None:
    x, y, control = columns(20)
    gaps = x.copy()
    gaps[[2, 5]] = np.nan
    few = np.where(np.arange(20) < 7, x, np.nan)
    whole, with_gaps, too_few = coarse({"x": x, "gaps": gaps, "few": few}, {"y": y}, control)
    known = np.isfinite(gaps)
    assert (whole.count, with_gaps.count, too_few.count) == (20, 18, 7)
    assert with_gaps.found["spearman"].value == pytest.approx(stats.spearmanr(x[known], y[known]).statistic)
    assert np.isnan(too_few.found["spearman"].value)


def test_minima_are_compared_within_their_landscape() -> None:
    random = np.random.default_rng(1)
    landscape = np.repeat([2, 0, 1], 20)
    x, y, control = random.normal(size=(3, 60))
    moved = single(np.exp(x + 3.0 * landscape), y - 3.0 * landscape**2, control)
    fixed = single(np.exp(x + 3.0 * landscape), y - 3.0 * landscape**2, control - landscape, landscape=landscape)
    assert moved.found["spearman"].value < -0.7
    within = [slice(start, start + 20) for start in (0, 20, 40)]
    rho = np.mean([stats.spearmanr(x[part], y[part]).statistic for part in within])
    tau = np.mean([stats.kendalltau(x[part], y[part]).statistic for part in within])
    assert fixed.found["spearman"].value == pytest.approx(rho)
    assert fixed.found["kendall"].value == pytest.approx(tau)
    own = single(x, y, control, landscape=landscape)  # whatever moves a whole landscape changes nothing
    for name in (*STATISTICS, "weighted"):
        ours, theirs = fixed.found[name], own.found[name]
        assert (ours.value, ours.low, ours.high) == pytest.approx((theirs.value, theirs.low, theirs.high))
        assert ours.p == theirs.p


def test_p_is_uniform_for_unrelated_minima_of_landscapes_that_differ(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(correlations, "STATISTICS", with_weighted_shuffles(9))
    random, p = np.random.default_rng(7), []
    landscape = np.repeat([0, 1, 2], [4, 7, 9])
    for _ in range(100):
        x, y, control = random.normal(size=(3, 20)) * (1.0 + landscape) + 5.0 * landscape
        p.append([single(x, y, control, landscape=landscape).found[name].p for name in STATISTICS])
    assert all(stats.kstest(values, "uniform").pvalue > 0.01 for values in np.array(p).T)


def test_equal_arguments_give_equal_tables() -> None:
    x, y, control = columns(20)
    assert single(x, y, control, seed=7) == single(x, y, control, seed=7)
    assert single(x, y, control, seed=7) != single(x, y, control, seed=8)


def test_null_tables_are_declared_supported_in_at_most_five_per_cent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(correlations, "STATISTICS", with_weighted_shuffles(9))
    random = np.random.default_rng(4)
    hypothesis = Hypothesis(sentence="more is more", measures={"x0": 1, "x1": 1})
    declared = {"supported": 0, "contradicted": 0, "significant": 0}
    for seed in range(200):
        common, control = random.normal(size=(2, 15))
        x, y = random.normal(size=(2, 2, 15))
        table = correlate(
            {f"x{i}": x[i] + common for i in range(2)},
            {f"y{i}": y[i] + control for i in range(2)},
            controls={"c": control},
            permutations=999,
            seed=seed,
        )
        verdict = judge(hypothesis, table, {"y0": 1, "y1": 1})
        for answer in {verdict.plain.answer, verdict.partial.answer} - {"undecided"}:
            declared[answer] += 1
        declared["significant"] += any(found.p_adjusted < 0.05 for row in table for found in associations(row))
    assert max(declared.values()) <= 15  # 10 expected at the most; more than 15 has probability 0.05
    assert declared["supported"] + declared["contradicted"] <= 10


def test_the_default_permutations_can_reach_significance_after_adjustment() -> None:
    x = np.arange(12.0)
    table = correlate({"x": x}, {"y": x**2}, controls={"c": np.cos(x)})
    assert all(found.p_adjusted < 0.02 for found in associations(table[0]))


def test_raw_runs_are_refused() -> None:
    # 50 runs that ended in 2 minima, with rounding noise
    random = np.random.default_rng(0)
    which = random.integers(0, 2, 50)
    noise = 1e-10 * random.normal(size=(3, 50))
    x, y, control = np.array([[0.3, 0.4], [0.9, 0.8], [5.0, 6.0]])[:, which] + noise
    with pytest.raises(PropertyError, match="at least 8 distinct minima to correlate, found 2 in 50 rows"):
        single(x, y, control)


def test_copies_among_enough_minima_are_refused() -> None:
    x, y, control = (np.append(values, values[:2]) for values in columns(20))
    with pytest.raises(PropertyError, match="found 22 rows of which 20 are distinct"):
        single(x, y, control)


def test_fewer_than_eight_minima_are_refused() -> None:
    with pytest.raises(PropertyError, match="found 7:"):
        single(*columns(7))


def test_columns_of_unequal_length_are_refused() -> None:
    with pytest.raises(PropertyError, match=r"one length, found \[9, 10\]"):
        single(np.arange(9.0), np.arange(10.0), np.arange(10.0))


def test_distinct_rows_know_unknown_values() -> None:
    a = np.array([1.0, 1.0, 1.0 + 1e-9, np.nan, np.nan, 0.0])
    b = np.array([2.0, 3.0, 2.0, 2.0, 2.0, 2.0])
    first, member = distinct_rows({"a": a, "b": b})
    assert first.tolist() == [0, 1, 3, 5]
    assert member.tolist() == [0, 1, 0, 2, 2, 3]


def test_distinct_rows_tell_finite_values_apart_beside_infinities() -> None:
    a = np.array([-np.inf, *np.arange(1.0, 10.0), np.inf, np.nan, -np.inf])
    first, member = distinct_rows({"a": a})
    assert first.tolist() == list(range(12))
    assert member.tolist() == [*range(12), 0]


def test_infinities_have_a_rank() -> None:
    x, y, control = columns(20)
    y[[3, 7]], y[11] = -np.inf, np.inf
    row = single(x, y, control)
    finite = np.where(np.isinf(y), 99.0 * np.sign(y), y)
    assert row.count == 20
    assert row.found["spearman"].value == pytest.approx(stats.spearmanr(x, finite).statistic)
    assert row.found["kendall"].value == pytest.approx(stats.kendalltau(x, finite).statistic)


@given(st.lists(st.integers(0, 5), min_size=1, max_size=20), st.floats(1e-3, 1e6))
def test_tie_groups_ignore_rounding(numbers: list[int], scale: float) -> None:
    values = scale * np.array(numbers, dtype=np.float64)
    noisy = values * (1.0 + 1e-13 * np.random.default_rng(0).normal(size=len(values)))
    expected = np.unique(numbers, return_inverse=True)[1]
    np.testing.assert_array_equal(tie_groups(noisy[None])[0], expected)
