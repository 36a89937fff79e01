"""Rank correlations of all pairs of columns with 95 % intervals, and their p.

The interval is symmetric in Fisher's z. Its variance is the jackknife's, over minima left out one by one (Efron and
Stein, Ann. Stat. 9, 586, 1981; above `BLOCKS` minima over so many groups of them), which is right whatever the shape
of the dependence but unsteady for few minima and for many ties. So it is averaged with the variance that normal data
would have, as if that came from `STEADYING` further minima: (1 + rho^2 / 2) / (n - 3) for Spearman (Bonett and Wright,
Psychometrika 65, 23, 2000) and 0.437 / (n - 4) for Kendall (Fieller, Hartley and Pearson, Biometrika 44, 470, 1957),
times what ties do to the variance without correlation. A control or a further stratum takes one off n, and with weights
n is (sum w)^2 / sum w^2 (Kish, Survey Sampling, 11.7). Percentile intervals of a bootstrap cover too rarely where few
minima have many ties. `tests/benchmarks/interval_coverage.py` simulates how often these intervals cover.

Shapes: n rows, A and B columns on the two sides.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from landscape.properties.ranks import RankTable, Sides, correlations, kendall_sums, spearman
from landscape.properties.resampling import kendall_null_variance, kendall_p, spearman_p, weighted_p

BLOCKS = 500
STEADYING = 8
_Z = 1.959963984540054  # 97.5 % quantile of the normal distribution


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """One statistic for all pairs, each array [A, B]; NaN where it is undefined."""

    value: np.ndarray
    low: np.ndarray  # 95 % interval
    high: np.ndarray
    p: np.ndarray  # two-sided


def estimate_all(
    table: RankTable, *, permutations: int, random: np.random.Generator
) -> tuple[Estimate, Estimate, Estimate, Estimate]:
    """Spearman's rho, Kendall's tau, the partial and the weighted Spearman of all pairs of a table."""
    rho, tau, partial, weighted = intervals(table, random)
    plain_p, partial_p = spearman_p(
        [table.spearman_sides(), table.partial_sides()], [rho[0], partial[0]], table.stratum, permutations, random
    )
    return (
        _estimate(rho, plain_p),
        _estimate(tau, kendall_p(table, tau[0], permutations, random)),
        _estimate(partial, partial_p),
        _estimate(weighted, weighted_p(table, weighted[0], random)),
    )


def intervals(table: RankTable, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Value, low and high end [3, A, B] of Spearman's rho, Kendall's tau, the partial and the weighted Spearman."""
    n = table.n_rows - (table.n_strata - 1)
    controls = table.partial_sides()[2].shape[1]
    total = table.weights.sum()
    effective = total**2 / np.sum(table.weights**2) if total else 0.0
    blocks = np.array_split(random.permutation(table.n_rows), min(table.n_rows, BLOCKS))
    rho = _jackknife(table, RankTable.spearman_sides, blocks)
    partial = _jackknife(table, RankTable.partial_sides, blocks)
    weighted = _jackknife(table, RankTable.weighted_sides, blocks)
    return (
        _interval(*rho, table.n_rows, _bonett_wright(rho[0], n)),
        _interval(*_kendall_jackknife(table), table.n_rows, _fieller(table, n)),
        _interval(*partial, table.n_rows, _bonett_wright(partial[0], n - controls)),
        _interval(*weighted, effective, _bonett_wright(weighted[0], effective - (table.n_strata - 1))),
    )


def _estimate(interval: np.ndarray, p: np.ndarray) -> Estimate:
    value, low, high = interval
    return Estimate(value=value, low=low, high=high, p=p)


def _jackknife(
    table: RankTable, sides: Callable[[RankTable], Sides], blocks: list[np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """A rank correlation [A, B] and its jackknife variance [A, B], leaving out one block of rows after the other."""
    value = spearman(sides(table))
    kept = np.ones(table.n_rows, dtype=bool)
    total, squares = np.zeros((2, *value.shape))
    for block in blocks:
        kept[block] = False
        change = _change(spearman(sides(table.take(np.flatnonzero(kept)))), value)
        kept[block] = True
        total, squares = total + change, squares + change**2
    return value, _variance(total, squares, len(blocks))


def _kendall_jackknife(table: RankTable) -> tuple[np.ndarray, np.ndarray]:
    """Tau-b [A, B] and its jackknife variance [A, B], leaving out one row after the other."""
    sums = kendall_sums(table)
    whole = [part.sum(axis=0) for part in sums]
    value = correlations(*whole)
    total, squares = np.zeros((2, *value.shape))
    for row in range(table.n_rows):  # a pair stands in the sums of both of its rows
        left = [of_all - 2.0 * part[row] for of_all, part in zip(whole, sums, strict=True)]
        change = _change(correlations(*left), value)
        total, squares = total + change, squares + change**2
    return value, _variance(total, squares, table.n_rows)


def _change(left: np.ndarray, value: np.ndarray) -> np.ndarray:
    """How much leaving rows out changes a correlation: all of it where it is undefined without them."""
    return np.asarray(np.nan_to_num(left) - np.nan_to_num(value))


def _variance(total: np.ndarray, squares: np.ndarray, blocks: int) -> np.ndarray:
    return (blocks - 1.0) / blocks * np.maximum(squares - total**2 / blocks, 0.0)


def _bonett_wright(value: np.ndarray, n: float) -> np.ndarray:
    return np.asarray((1.0 + value**2 / 2.0) / max(n - 3.0, 1.0))


def _fieller(table: RankTable, n: int) -> np.ndarray:
    rows = table.n_rows
    without_ties = 2.0 * (2.0 * rows + 5.0) / (9.0 * rows * (rows - 1.0))
    return kendall_null_variance(table) / without_ties * 0.437 / max(n - 4.0, 1.0)


def _interval(value: np.ndarray, variance: np.ndarray, n: float, normal: np.ndarray) -> np.ndarray:
    """Value, low and high end [3, A, B] from the jackknife variance of the value and that of z for normal data."""
    bound = 1.0 - 1.0 / max(n, 2.0) ** 2  # |rho| = 1 is finite in z
    inner = np.clip(value, -bound, bound)
    own = variance / (1.0 - inner**2) ** 2
    error = _Z * np.sqrt((n * own + STEADYING * normal) / (n + STEADYING))
    z = np.arctanh(inner)
    return np.stack([value, np.minimum(np.tanh(z - error), value), np.maximum(np.tanh(z + error), value)])
