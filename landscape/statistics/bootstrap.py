"""95 % intervals of rank correlations by the symmetric bootstrap-t on Fisher's scale.

Minima are drawn again within their landscape, as many as there are, `RESAMPLES` times. With z = artanh(rho), s its
standard error and z*, s* those of a resample, the interval is

    tanh(z -+ q' s),    q' = 1.96 + t^2 max(q - 1.96, 0),    q the 95 % quantile of |z* - z| / s*

(Efron, Nonparametric Standard Errors and Confidence Intervals, Can. J. Stat. 9, 139, 1981, sec. 10; symmetric: Hall, J.
R. Stat. Soc. B 50, 35, 1988). A resample in which a correlation is undefined counts as infinitely far off, and perfect
agreement as about one swap of neighbours short of it. Percentile intervals cover too rarely where few minima have many
ties.

The quantile is only as good as s is steady (Tibshirani, Biometrika 75, 433, 1988). That of the infinitesimal jackknife
is right whatever the shape of the dependence but unsteady for few minima and for many ties. So its square is averaged
with the variance that normal data would have, as if that came from `STEADYING` further minima. Each statistic declares
that variance. t is the share of the jackknife in the average: for few minima the quantile is that of the normal
distribution.

`STEADYING` and the square of t are empirical, chosen for the coverage that `tests/benchmarks/interval_coverage.py`
simulates. Where no order of the rows within their landscapes would change a correlation, nothing is known of it.

Shapes: n rows, A and B columns on the two sides, R resamples; first of R + 1 stands the table itself.
"""

from collections.abc import Iterable

import numpy as np
from scipy.special import ndtri

from landscape.statistics.kendall import kendall_null_variance
from landscape.statistics.ranks import RankTable
from landscape.statistics.statistic import Bootstrap, Statistic

RESAMPLES = 999
LEVEL = 0.95
NORMAL = float(ndtri((1.0 + LEVEL) / 2.0))  # 1.96
STEADYING = 16


def intervals(statistics: Iterable[Statistic], table: RankTable, random: np.random.Generator) -> dict[str, np.ndarray]:
    """Value, low and high end [3, A, B] of each statistic by its name, all of the same resamples."""
    counts = _counts(table.stratum, random)
    known = np.where(kendall_null_variance(table) > 0.0, 1.0, np.nan)
    return {one.name: _interval(one.bootstrap(table, counts), known) for one in statistics}


def _counts(stratum: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Numbers [R + 1, n] of times that each row stands in the table, once, and in its resamples."""
    counts = np.ones((RESAMPLES + 1, len(stratum)))
    for number in np.unique(stratum):
        rows = np.flatnonzero(stratum == number)
        counts[1:, rows] = random.multinomial(len(rows), np.full(len(rows), 1.0 / len(rows)), RESAMPLES)
    return counts


def _interval(found: Bootstrap, known: np.ndarray) -> np.ndarray:
    """Value, low and high end [3, A, B]; `known` [A, B] is NaN where nothing is known of the value, else 1."""
    inner = np.clip(found.values, -found.swapped, found.swapped)
    z = np.arctanh(inner)
    share = found.rows / (found.rows + STEADYING)
    error = np.sqrt(share * found.variances / (1.0 - inner**2) ** 2 + (1.0 - share) * (known * found.normal))
    distance = np.nan_to_num(np.abs(z[1:] - z[0]) / error[1:], nan=np.inf)
    quantile = np.sort(distance, axis=0)[int(np.ceil(LEVEL * len(z))) - 1]
    reach = (NORMAL + share**2 * np.maximum(quantile - NORMAL, 0.0)) * error[0]
    reach = np.nan_to_num(reach, nan=np.inf, posinf=np.inf)
    value = found.values[0]
    return np.stack([value, np.minimum(np.tanh(z[0] - reach), value), np.maximum(np.tanh(z[0] + reach), value)])
