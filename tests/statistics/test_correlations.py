"""The correlation table against scipy and textbook formulas, on null data, and on data that must be refused."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from landscape.errors import PropertyError
from landscape.statistics.correlations import Columns, Correlation, correlate, distinct_rows
from landscape.statistics.ranks import RankTable, tie_groups


def single(x: np.ndarray, y: np.ndarray, control: np.ndarray, landscape: np.ndarray | None = None) -> Correlation:
    return correlate({"x": x}, {"y": y}, controls={"c": control}, landscape=landscape)[0]


def table_of(measures: Columns, robustness: Columns, control: np.ndarray) -> tuple[Correlation, ...]:
    return correlate(measures, robustness, controls={"c": control})


def coefficients(row: Correlation) -> list[float]:
    return [row.spearman, row.kendall, row.partial]


def columns(count: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A measure, a robustness with ties that follows it, and a control."""
    random = np.random.default_rng(seed)
    x, control = random.normal(size=(2, count))
    return x, np.round(x + random.normal(size=count) + 0.5 * control, 1), control


@pytest.mark.parametrize("count", [8, 30, 300])
def test_coefficients_agree_with_scipy(count: int) -> None:
    x, y, control = columns(count)
    row = single(x, y, control)
    assert row.spearman == pytest.approx(stats.spearmanr(x, y).statistic)
    assert row.kendall == pytest.approx(stats.kendalltau(x, y).statistic)
    a, b, c = (stats.spearmanr(*pair).statistic for pair in ((x, y), (x, control), (y, control)))
    assert row.partial == pytest.approx((a - b * c) / np.sqrt((1 - b**2) * (1 - c**2)))
    assert row.count == count


def weighted(x: np.ndarray, y: np.ndarray, control: np.ndarray, weights: np.ndarray) -> RankTable:
    x, y, control = (tie_groups(values[None]) for values in (x, y, control))
    stratum = np.zeros(x.shape[1], dtype=np.int64)
    return RankTable(x=x, y=y, controls=control, stratum=stratum, weights=weights.astype(np.float64))


def test_weighting_is_repeating() -> None:
    data = columns(20)
    hits = np.random.default_rng(3).integers(0, 6, 20)
    x, y, control = (np.repeat(one, hits) for one in data)
    found, repeated = weighted(*data, hits), weighted(x, y, control, np.ones(len(x)))
    assert found.spearman() == pytest.approx(stats.spearmanr(x, y).statistic)
    assert found.kendall() == pytest.approx(stats.kendalltau(x, y).statistic)
    assert found.partial() == pytest.approx(repeated.partial())
    assert weighted(*data, 7.0 * np.ones(20)).partial() == pytest.approx(single(*data).partial)
    alone = weighted(*data, np.eye(20)[0])
    assert np.isnan([alone.spearman(), alone.kendall(), alone.partial()]).all()


@pytest.mark.parametrize("count", [20, 37])
def test_constant_columns_are_undefined_not_fatal(count: int) -> None:
    x, y, control = columns(count)
    constant = np.full(count, 0.9733) + 1e-15 * np.arange(count)
    rows = table_of({"x": x, "flat": constant}, {"y": y, "one": constant}, control)
    for row in rows[1:]:
        assert np.isnan(coefficients(row)).all()
    assert np.isfinite(coefficients(rows[0])).all()


def test_a_measure_that_is_the_control_has_no_partial_correlation() -> None:
    x, y, _ = columns(20)
    row = single(x, y, np.exp(x))
    assert np.isfinite(row.spearman)
    assert np.isnan(row.partial)


def test_unknown_values_leave_their_minima_out_of_their_pairs_alone() -> None:
    x, y, control = columns(20)
    gaps = x.copy()
    gaps[[2, 5]] = np.nan
    few = np.where(np.arange(20) < 7, x, np.nan)
    whole, with_gaps, too_few = table_of({"x": x, "gaps": gaps, "few": few}, {"y": y}, control)
    known = np.isfinite(gaps)
    assert (whole.count, with_gaps.count, too_few.count) == (20, 18, 7)
    assert with_gaps.spearman == pytest.approx(stats.spearmanr(x[known], y[known]).statistic)
    assert np.isnan(too_few.spearman)


def test_minima_are_compared_within_their_landscape() -> None:
    random = np.random.default_rng(1)
    landscape = np.repeat([2, 0, 1], 20)
    x, y, control = random.normal(size=(3, 60))
    moved = single(np.exp(x + 3.0 * landscape), y - 3.0 * landscape**2, control)
    fixed = single(np.exp(x + 3.0 * landscape), y - 3.0 * landscape**2, control - landscape, landscape=landscape)
    assert moved.spearman < -0.7
    within = [slice(start, start + 20) for start in (0, 20, 40)]
    rho = np.mean([stats.spearmanr(x[part], y[part]).statistic for part in within])
    tau = np.mean([stats.kendalltau(x[part], y[part]).statistic for part in within])
    assert fixed.spearman == pytest.approx(rho)
    assert fixed.kendall == pytest.approx(tau)
    own = single(x, y, control, landscape=landscape)  # shifts of a whole landscape change nothing
    assert coefficients(fixed) == pytest.approx(coefficients(own))


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
    assert row.spearman == pytest.approx(stats.spearmanr(x, finite).statistic)
    assert row.kendall == pytest.approx(stats.kendalltau(x, finite).statistic)


@given(st.lists(st.integers(0, 5), min_size=1, max_size=20), st.floats(1e-3, 1e6))
def test_tie_groups_ignore_rounding(numbers: list[int], scale: float) -> None:
    values = scale * np.array(numbers, dtype=np.float64)
    noisy = values * (1.0 + 1e-13 * np.random.default_rng(0).normal(size=len(values)))
    expected = np.unique(numbers, return_inverse=True)[1]
    np.testing.assert_array_equal(tie_groups(noisy[None])[0], expected)
