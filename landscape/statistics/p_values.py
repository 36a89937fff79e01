"""Permutation p of correlations, for all pairs of columns at once, and their adjustment for many tests.

One side's rows are shuffled within their strata, all pairs under the same shuffles, and p = (1 + number at least as
extreme) / (1 + number of shuffles), two-sided. Under the hypothesis that within a stratum one side has nothing to do
with the other this is exact. Each statistic declares its values of shuffled rows, and the limit that replaces shuffles
where they would take too long.

Shapes: n rows, A and B columns on the two sides, k shuffles of one chunk.
"""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from landscape.statistics.ranks import RankTable
from landscape.statistics.statistic import Statistic

_CHUNK = 4_000_000  # numbers in the largest temporary array
_ROUNDING = 1e-9


def holm(p: np.ndarray) -> np.ndarray:
    """Adjusted p [C] of p [C] (Holm, Scand. J. Stat. 6, 65, 1979); NaN stay so and count for nothing."""
    result = np.full(p.shape, np.nan)
    order = np.argsort(p)[: int(np.isfinite(p).sum())]
    left = np.arange(len(order), 0, -1)
    result[order] = np.maximum.accumulate(p[order] * left).clip(max=1.0)
    return result


def p_values(
    statistics: Sequence[Statistic],
    table: RankTable,
    values: Mapping[str, np.ndarray],
    permutations: int,
    random: np.random.Generator,
) -> dict[str, np.ndarray]:
    """Two-sided p [A, B] of the values [A, B] of each statistic, by name.

    Statistics that name the same shuffles are tested under the same ones, of which there are `permutations` unless the
    shuffles have a number of their own.
    """
    found: dict[str, np.ndarray] = {}
    for shuffles in dict.fromkeys(one.shuffles for one in statistics):
        members = [one for one in statistics if one.shuffles == shuffles]
        limits = {one.name: one.limit(table, values[one.name]) for one in members}
        found |= {name: p for name, p in limits.items() if p is not None}
        left = [one for one in members if one.name not in found]
        found |= _by_shuffles(left, table, values, shuffles.number or permutations, random) if left else {}
    return found


def _by_shuffles(
    statistics: Sequence[Statistic],
    table: RankTable,
    values: Mapping[str, np.ndarray],
    total: int,
    random: np.random.Generator,
) -> dict[str, np.ndarray]:
    shuffled = {one.name: one.shuffled(table) for one in statistics}
    chunk = max(1, _CHUNK // max(1, *(one.size for one in shuffled.values())))
    extreme = {name: np.zeros(values[name].shape, dtype=np.int64) for name in shuffled}
    for orders in _orders(table.stratum, total, chunk, random):
        for name, one in shuffled.items():
            extreme[name] += _as_extreme(one.values(orders), values[name])
    return {
        name: np.where(np.isfinite(values[name]), (1.0 + count) / (1.0 + total), np.nan)
        for name, count in extreme.items()
    }


def _orders(stratum: np.ndarray, total: int, chunk: int, random: np.random.Generator) -> Iterator[np.ndarray]:
    """`total` random orders within the strata int64 [n], rising, in chunks int64 [k, n]."""
    for start in range(0, total, chunk):
        yield np.argsort(stratum + random.random((min(chunk, total - start), len(stratum))), axis=1)


def _as_extreme(shuffled: np.ndarray, value: np.ndarray) -> np.ndarray:
    """Numbers [A, B] of the shuffled correlations [k, A, B] that are at least as extreme as `value` [A, B]."""
    count: np.ndarray = np.sum(np.abs(np.nan_to_num(shuffled)) >= np.abs(value) - _ROUNDING, axis=0)
    return count
