"""Permutation p-values and bootstrap intervals of rank correlations, for all pairs of columns at once.

Permutation: one side's rows are shuffled, all pairs under the same shuffles, and p = (1 + number at least as extreme) /
(1 + number of shuffles), two-sided. With columns held fixed the residual ranks are shuffled and what the shuffled ones
share with those columns is taken off again (Freedman and Lane, J. Bus. Econ. Stat. 1, 292, 1983).
Bootstrap: whole rows are drawn with replacement, ranked and correlated anew; percentile interval (Efron).

Kendall's tau costs n^2 a shuffle. Above `KENDALL_LIMIT` rows it takes the tie-corrected normal limit of its permutation
distribution for p, and Fisher's z with the standard error of Fieller, Hartley and Pearson (Biometrika 44, 470, 1957)
for the interval; n is then large enough for both.

Shapes: n rows, A and B columns on the two sides, R shuffles or draws, k of them in one chunk.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.stats import kendalltau

from landscape.properties.ranks import RankTable, kendall, pair_signs, spearman

KENDALL_LIMIT = 64
_CHUNK = 4_000_000  # numbers in the largest temporary array
_ROUNDING = 1e-9
_Z = 1.959963984540054  # 97.5 % quantile of the normal distribution


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """One statistic for all pairs, each array [A, B]; NaN where it is undefined."""

    value: np.ndarray
    low: np.ndarray  # 95 % interval
    high: np.ndarray
    p: np.ndarray  # two-sided


def estimate_all(
    table: RankTable, *, permutations: int, bootstraps: int, random: np.random.Generator
) -> tuple[Estimate, Estimate, Estimate]:
    """Spearman's rho, Kendall's tau and the partial Spearman of all pairs of a table."""
    small = table.n_rows <= KENDALL_LIMIT
    values = _statistics(table, small=small)
    p = _permutation_p(table, values, permutations, random)
    low, high = _percentiles(table, values, bootstraps, random)
    estimates = [Estimate(value=v, low=a, high=b, p=q) for v, a, b, q in zip(values, low, high, p, strict=True)]
    if not small:
        estimates.insert(1, _large_sample_kendall(table))
    rho, tau, partial = estimates
    return rho, tau, partial


def _statistics(table: RankTable, *, small: bool) -> np.ndarray:
    """Spearman, (Kendall where small,) partial Spearman: [3 or 2, A, B]."""
    tau = [kendall(table)] if small else []
    return np.stack([spearman(table, partial=False), *tau, spearman(table, partial=True)])


def _permutation_p(table: RankTable, values: np.ndarray, permutations: int, random: np.random.Generator) -> np.ndarray:
    """Two-sided p [S, A, B] of the S statistics `values`."""
    plain, partial = table.spearman_sides(partial=False), table.spearman_sides(partial=True)
    small = len(values) == 3
    x_kendall, y_kendall = table.kendall_sides()
    x_signs = pair_signs(x_kendall) if small else np.empty((0, 0), dtype=np.float32)
    extreme = np.zeros(values.shape, dtype=np.int64)
    size = len(table.y) * (len(x_signs[0]) if small else table.n_rows)
    for shuffles in _shuffles(table.n_rows, permutations, max(1, _CHUNK // size), random):
        shuffled = [_shuffled_spearman(*plain, shuffles)]
        if small:
            shuffled.append(_shuffled_kendall(x_signs, y_kendall, shuffles))
        shuffled.append(_shuffled_spearman(*partial, shuffles))
        for row, (statistic, value) in enumerate(zip(shuffled, values, strict=True)):
            extreme[row] += np.sum(np.abs(statistic) >= np.abs(value) - _ROUNDING, axis=0)
    return np.where(np.isfinite(values), (1.0 + extreme) / (1.0 + permutations), np.nan)


def _shuffles(n: int, total: int, chunk: int, random: np.random.Generator) -> Iterator[np.ndarray]:
    """`total` random orders of n rows in chunks int64 [k, n]."""
    for start in range(0, total, chunk):
        count = min(chunk, total - start)
        yield random.permuted(np.broadcast_to(np.arange(n), (count, n)), axis=1)


def _shuffled_spearman(x: np.ndarray, y: np.ndarray, basis: np.ndarray, shuffles: np.ndarray) -> np.ndarray:
    """Correlations [k, A, B] of x [A, n] with shuffled residuals y [B, n], less what basis [n, F] explains."""
    shuffled = np.moveaxis(y[:, shuffles], 0, 1)  # [k, B, n]
    squares = np.sum(y**2, axis=1) - np.sum((shuffled @ basis) ** 2, axis=2)  # [k, B]
    scale = np.sqrt(np.sum(x**2, axis=1)[:, None] * np.maximum(squares, 0.0)[:, None, :])
    products = np.moveaxis(shuffled @ x.T, 1, 2)
    found: np.ndarray = np.divide(products, scale, out=np.zeros_like(scale), where=scale > 0.0)
    return found


def _shuffled_kendall(x_signs: np.ndarray, y: np.ndarray, shuffles: np.ndarray) -> np.ndarray:
    """Tau-b [k, A, B] of columns with pair signs x_signs [A, n(n-1)/2] and shuffled columns y [B, n]."""
    y_signs = np.moveaxis(pair_signs(y[:, shuffles]), 0, 1)  # [k, B, pairs]
    products = np.moveaxis(y_signs @ x_signs.T, 1, 2).astype(np.float64)
    squares = np.sum(y_signs[0] ** 2, axis=1).astype(np.float64)  # shuffling leaves the number of ties
    scale = np.sqrt(np.sum(x_signs**2, axis=1).astype(np.float64)[:, None] * squares)
    found: np.ndarray = np.divide(products, scale, out=np.zeros_like(products), where=scale > 0.0)
    return found


def _percentiles(
    table: RankTable, values: np.ndarray, bootstraps: int, random: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """95 % percentile intervals [S, A, B] twice; draws in which a column is constant are left out."""
    draws = np.empty((bootstraps, *values.shape))
    for draw in draws:
        rows = random.integers(0, table.n_rows, table.n_rows)
        draw[:] = _statistics(table.take(rows), small=len(values) == 3)
    undefined = np.isnan(values) | np.isnan(draws).all(axis=0)
    draws[:, undefined] = 0.0
    low, high = np.nanpercentile(draws, [2.5, 97.5], axis=0) if bootstraps else np.full((2, *values.shape), np.nan)
    return np.where(undefined, np.nan, low), np.where(undefined, np.nan, high)


def _large_sample_kendall(table: RankTable) -> Estimate:
    """Tau-b with its normal limit for p and Fieller's standard error of Fisher's z for the interval."""
    x, y = table.kendall_sides()
    value, p = np.full((2, len(x), len(y)), np.nan)
    for row in np.flatnonzero(np.ptp(x, axis=1) > 0):
        for column in np.flatnonzero(np.ptp(y, axis=1) > 0):
            value[row, column], p[row, column] = kendalltau(x[row], y[column], method="asymptotic")
    z = np.arctanh(np.clip(value, -1.0 + 1e-15, 1.0 - 1e-15))
    error = _Z * np.sqrt(0.437 / (table.n_rows - 4))
    return Estimate(value=value, low=np.tanh(z - error), high=np.tanh(z + error), p=p)
