"""Permutation p of rank correlations, for all pairs of columns at once.

One side's rows are shuffled within their strata, all pairs under the same shuffles, and p = (1 + number at least as
extreme) / (1 + number of shuffles), two-sided. Under the hypothesis that within a stratum one side has nothing to do
with the other this is exact. With controls the residual ranks are shuffled and what the shuffled ones share with the
controls is taken off again (Freedman and Lane, J. Bus. Econ. Stat. 1, 292, 1983). Weighted ranks are taken anew after
each shuffle, since the weights stay with the rows of the other side; `WEIGHTED_SHUFFLES` are enough for a p that is
not adjusted.

Kendall's tau costs n^2 a shuffle. Above `KENDALL_LIMIT` rows its p is that of the normal limit of its permutation
distribution, with the variance of each stratum corrected for ties (Kendall, Rank Correlation Methods, 4.5).

Shapes: n rows, A and B columns on the two sides, R shuffles, k of them in one chunk.
"""

from collections.abc import Iterator

import numpy as np
from scipy.special import ndtr

from landscape.statistics.kendall import kendall_null_variance
from landscape.statistics.ranks import RankTable, Sides, centred_ranks, correlations


def holm(p: np.ndarray) -> np.ndarray:
    """Adjusted p [C] of p [C] (Holm, Scand. J. Stat. 6, 65, 1979); NaN stay so and count for nothing."""
    result = np.full(p.shape, np.nan)
    order = np.argsort(p)[: int(np.isfinite(p).sum())]
    left = np.arange(len(order), 0, -1)
    result[order] = np.maximum.accumulate(p[order] * left).clip(max=1.0)
    return result


KENDALL_LIMIT = 32
WEIGHTED_SHUFFLES = 999
_CHUNK = 4_000_000  # numbers in the largest temporary array
_ROUNDING = 1e-9


def shuffles(stratum: np.ndarray, total: int, chunk: int, random: np.random.Generator) -> Iterator[np.ndarray]:
    """`total` random orders within the strata int64 [n], rising, in chunks int64 [k, n]."""
    for start in range(0, total, chunk):
        yield np.argsort(stratum + random.random((min(chunk, total - start), len(stratum))), axis=1)


def spearman_p(
    sides: list[Sides], values: list[np.ndarray], stratum: np.ndarray, permutations: int, random: np.random.Generator
) -> list[np.ndarray]:
    """Two-sided p [A, B] of correlations `values` [A, B] of ranks, for each of several sides of one table."""
    extreme = [np.zeros(value.shape, dtype=np.int64) for value in values]
    chunk = max(1, _CHUNK // max(1, sides[0][1].size))
    for orders in shuffles(stratum, permutations, chunk, random):
        for number, (side, value) in enumerate(zip(sides, values, strict=True)):
            extreme[number] += _as_extreme(_shuffled_spearman(*side, orders), value)
    return [_p(count, permutations, value) for count, value in zip(extreme, values, strict=True)]


def weighted_p(table: RankTable, value: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Two-sided p [A, B] of weighted rank correlations `value` [A, B]."""
    x, _, _ = table.weighted_sides()
    squares_x, extreme = np.sum(x**2, axis=1), np.zeros(value.shape, dtype=np.int64)
    for (order,) in shuffles(table.stratum, WEIGHTED_SHUFFLES, 1, random):
        y = centred_ranks(table.y[:, order], table.stratum, table.weights)
        extreme += _as_extreme(correlations(x @ y.T, squares_x, np.sum(y**2, axis=1))[None], value)
    return _p(extreme, WEIGHTED_SHUFFLES, value)


def kendall_p(table: RankTable, value: np.ndarray, permutations: int, random: np.random.Generator) -> np.ndarray:
    """Two-sided p [A, B] of Kendall's tau-b `value` [A, B]."""
    if table.n_rows > KENDALL_LIMIT:
        return np.asarray(2.0 * ndtr(-np.abs(value) / np.sqrt(kendall_null_variance(table))))
    first, second = table.pairs()
    x = _signs(table.x, first, second)
    extreme = np.zeros(value.shape, dtype=np.int64)
    chunk = max(1, _CHUNK // max(1, len(table.y) * len(first)))
    for orders in shuffles(table.stratum, permutations, chunk, random):
        y = np.moveaxis(_signs(table.y[:, orders], first, second), 0, 1)  # [k, B, pairs]
        products = np.moveaxis(y @ x.T, 1, 2)
        found = correlations(products, np.abs(x).sum(axis=1), np.abs(y[0]).sum(axis=1))  # shuffling leaves the ties
        extreme += _as_extreme(found, value)
    return _p(extreme, permutations, value)


def _as_extreme(shuffled: np.ndarray, value: np.ndarray) -> np.ndarray:
    """Numbers [A, B] of the shuffled correlations [k, A, B] that are at least as extreme as `value` [A, B]."""
    count: np.ndarray = np.sum(np.abs(np.nan_to_num(shuffled)) >= np.abs(value) - _ROUNDING, axis=0)
    return count


def _p(extreme: np.ndarray, permutations: int, value: np.ndarray) -> np.ndarray:
    return np.where(np.isfinite(value), (1.0 + extreme) / (1.0 + permutations), np.nan)


def _shuffled_spearman(x: np.ndarray, y: np.ndarray, basis: np.ndarray, orders: np.ndarray) -> np.ndarray:
    """Correlations [k, A, B] of x [A, n] with shuffled residuals y [B, n], less what basis [n, F] explains."""
    shuffled = np.moveaxis(y[:, orders], 0, 1)  # [k, B, n]
    squares = np.sum(y**2, axis=1) - np.sum((shuffled @ basis) ** 2, axis=2)  # [k, B]
    products = np.moveaxis(shuffled @ x.T, 1, 2)
    return correlations(products, np.sum(x**2, axis=1)[None], np.maximum(squares, 0.0))


def _signs(columns: np.ndarray, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Signs float32 [..., pairs] of the differences within columns [..., n]; sums of them are exact below 2^24."""
    signs: np.ndarray = np.sign(columns[..., first] - columns[..., second]).astype(np.float32)
    return signs
