"""Rank correlations of all pairs of columns with their intervals and their p.

Shapes: A and B columns on the two sides.
"""

from dataclasses import dataclass

import numpy as np

from landscape.properties.bootstrap import intervals
from landscape.properties.ranks import RankTable
from landscape.properties.resampling import kendall_p, spearman_p, weighted_p


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


def _estimate(interval: np.ndarray, p: np.ndarray) -> Estimate:
    value, low, high = interval
    return Estimate(value=value, low=low, high=high, p=p)
