"""The correlation table against scipy and textbook formulas, on null data, and on data that must be refused."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.multitest import multipletests

from landscape.errors import PropertyError
from landscape.properties.ranks import RankTable, tie_groups
from landscape.properties.resampling import KENDALL_LIMIT, estimate_all
from landscape.properties.statistics import Association, Columns, Correlation, correlate, distinct_rows

STATISTICS = ("spearman", "kendall", "partial")


def single(
    x: np.ndarray, y: np.ndarray, control: np.ndarray, permutations: int = 99, bootstraps: int = 20, seed: int = 0
) -> Correlation:
    return correlate(
        {"x": x}, {"y": y}, controls={"c": control}, permutations=permutations, bootstraps=bootstraps, seed=seed
    )[0]


def coarse(
    measures: Columns, robustness: Columns, control: np.ndarray, given: Columns | None = None
) -> tuple[Correlation, ...]:
    return correlate(measures, robustness, controls={"c": control}, given=given, permutations=99, bootstraps=20)


def columns(count: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A measure, a robustness with ties that follows it, and a control."""
    random = np.random.default_rng(seed)
    x, control = random.normal(size=(2, count))
    return x, np.round(x + random.normal(size=count) + 0.5 * control, 1), control


@pytest.mark.parametrize("count", [8, 30, KENDALL_LIMIT, KENDALL_LIMIT + 1, 300])
def test_coefficients_agree_with_scipy(count: int) -> None:
    x, y, control = columns(count)
    row = single(x, y, control)
    assert row.spearman.value == pytest.approx(stats.spearmanr(x, y).statistic)
    assert row.kendall.value == pytest.approx(stats.kendalltau(x, y).statistic)
    a, b, c = (stats.spearmanr(*pair).statistic for pair in ((x, y), (x, control), (y, control)))
    assert row.partial.value == pytest.approx((a - b * c) / np.sqrt((1 - b**2) * (1 - c**2)))
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

    assert row.spearman.p == pytest.approx(exact("spearmanr"), abs=0.03)
    assert row.kendall.p == pytest.approx(exact("kendalltau"), abs=0.03)


def test_large_sample_kendall_continues_the_permutation_p() -> None:
    x, y, control = columns(KENDALL_LIMIT + 1, seed=4)
    y = y + 4.0 * np.random.default_rng(1).normal(size=len(y))
    large = single(x, y, control)
    small = single(x[:-1], y[:-1], control[:-1], permutations=4_000, bootstraps=400)
    expected = stats.kendalltau(x[:-1], y[:-1], method="asymptotic").pvalue
    assert small.kendall.p == pytest.approx(expected, abs=0.03)
    assert large.kendall.p == stats.kendalltau(x, y, method="asymptotic").pvalue
    assert large.kendall.high - large.kendall.low == pytest.approx(small.kendall.high - small.kendall.low, rel=0.25)


def rank_table(x: np.ndarray, y: np.ndarray, control: np.ndarray) -> RankTable:
    x, y, control = (tie_groups(values[None]) for values in (x, y, control))
    return RankTable(x=x, y=y, given=x[:0], controls=control)


def test_p_of_the_partial_correlation_is_uniform_on_null_data() -> None:
    random = np.random.default_rng(2)
    p = []
    for _ in range(200):
        control = random.normal(size=12)
        x, y = control + 2.0 * random.normal(size=(2, 12))  # related through the control alone
        _, _, partial = estimate_all(rank_table(x, y, control), permutations=199, bootstraps=0, random=random)
        p.append(float(partial.p[0, 0]))
    assert stats.kstest(p, "uniform").pvalue > 0.01


def test_the_bootstrap_interval_covers_the_truth() -> None:
    random = np.random.default_rng(3)
    truth = 6.0 / np.pi * np.arcsin(0.6 / 2.0)  # Spearman's rho of a normal pair with Pearson's 0.6
    inside = 0
    for _ in range(80):
        x, y = random.multivariate_normal([0.0, 0.0], [[1.0, 0.6], [0.6, 1.0]], size=30).T
        table = rank_table(x, y, random.normal(size=30))
        rho, _, _ = estimate_all(table, permutations=1, bootstraps=150, random=random)
        inside += bool(rho.low[0, 0] <= truth <= rho.high[0, 0])
    assert inside >= 70


def test_holm_adjusts_over_all_tests_of_the_table() -> None:
    x, y, control = columns(20)
    table = coarse({"x": x, "x2": np.sin(7.0 * x)}, {"y": y, "y2": -y + x}, control)
    found = [(getattr(row, name).p, getattr(row, name).p_adjusted) for row in table for name in STATISTICS]
    raw, adjusted = np.array(found).T
    np.testing.assert_allclose(adjusted, multipletests(raw, method="holm")[1])
    assert len(raw) == 12


def associations(row: Correlation) -> list[Association]:
    return [row.spearman, row.kendall, row.partial]


@pytest.mark.parametrize("count", [20, KENDALL_LIMIT + 5])
def test_constant_columns_are_undefined_not_fatal(count: int) -> None:
    x, y, control = columns(count)
    constant = np.full(count, 0.9733) + 1e-15 * np.arange(count)
    rows = coarse({"x": x, "flat": constant}, {"y": y, "one": constant}, control)
    for row in rows[1:]:
        for found in associations(row):
            assert np.isnan([found.value, found.low, found.high, found.p, found.p_adjusted]).all()
    assert np.isfinite(rows[0].spearman.p_adjusted)


def test_a_measure_that_is_the_control_has_no_partial_correlation() -> None:
    x, y, _ = columns(20)
    row = single(x, y, np.exp(x))
    assert np.isfinite(row.spearman.value)
    assert np.isnan([row.partial.value, row.partial.p]).all()


def test_unknown_values_leave_their_minima_out_of_their_pairs_alone() -> None:
    x, y, control = columns(20)
    gaps = x.copy()
    gaps[[2, 5]] = np.nan
    few = np.where(np.arange(20) < 7, x, np.nan)
    whole, with_gaps, too_few = coarse({"x": x, "gaps": gaps, "few": few}, {"y": y}, control)
    known = np.isfinite(gaps)
    assert (whole.count, with_gaps.count, too_few.count) == (20, 18, 7)
    assert with_gaps.spearman.value == pytest.approx(stats.spearmanr(x[known], y[known]).statistic)
    assert np.isnan(too_few.spearman.value)


def test_pooled_minima_are_compared_at_fixed_l2() -> None:
    random = np.random.default_rng(1)
    l2 = np.repeat([1e-5, 1e-4, 1e-3], 20)
    shift = np.log10(l2)
    x, y = random.normal(size=60) + 3.0 * shift, random.normal(size=60) - 3.0 * shift
    plain = coarse({"x": x}, {"y": y}, random.normal(size=60))[0]
    fixed = coarse({"x": x}, {"y": y}, random.normal(size=60), {"l2": l2})[0]
    assert plain.spearman.value < -0.7
    assert abs(fixed.spearman.value) < 0.4
    assert abs(fixed.kendall.value) < 0.3


def test_equal_arguments_give_equal_tables() -> None:
    x, y, control = columns(20)
    assert single(x, y, control, seed=7) == single(x, y, control, seed=7)
    assert single(x, y, control, seed=7) != single(x, y, control, seed=8)


def test_null_tables_are_rarely_significant() -> None:
    random = np.random.default_rng(4)
    significant = 0
    for seed in range(25):
        x, y, control = random.normal(size=(3, 3, 15))
        table = correlate(
            {f"x{i}": x[i] for i in range(3)},
            {f"y{i}": y[i] for i in range(3)},
            controls={"c": control[0]},
            permutations=999,
            bootstraps=0,
            seed=seed,
        )
        significant += any(found.p_adjusted < 0.05 for row in table for found in associations(row))
    assert significant <= 4  # 1.25 expected at the most


def test_the_default_permutations_can_reach_significance_after_adjustment() -> None:
    x = np.arange(12.0)
    table = correlate({"x": x}, {"y": x**2}, controls={"c": np.cos(x)}, bootstraps=0)
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
    assert distinct_rows({"a": a, "b": b}).tolist() == [0, 1, 3, 5]


@given(st.lists(st.integers(0, 5), min_size=1, max_size=20), st.floats(1e-3, 1e6))
def test_tie_groups_ignore_rounding(numbers: list[int], scale: float) -> None:
    values = scale * np.array(numbers, dtype=np.float64)
    noisy = values * (1.0 + 1e-13 * np.random.default_rng(0).normal(size=len(values)))
    expected = np.unique(numbers, return_inverse=True)[1]
    np.testing.assert_array_equal(tie_groups(noisy[None])[0], expected)
