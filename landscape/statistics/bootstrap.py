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
with the variance that normal data would have, as if that came from `STEADYING` further minima: for Spearman
(1 + rho^2 / 2) / (n - 3) (Bonett and Wright, Psychometrika 65, 23, 2000), where a control or a further landscape takes
one off n, for Kendall 0.437 / (n - 4) (Fieller, Hartley and Pearson, Biometrika 44, 470, 1957) times what ties and
landscapes do to the variance without correlation. Of weighted rows (sum w)^2 / sum w^2 count (Kish, Survey Sampling,
11.7). t is the share of the jackknife in the average: for few minima the quantile is that of the normal distribution.

`STEADYING` and the square of t are empirical, chosen for the coverage that `tests/benchmarks/interval_coverage.py`
simulates. Where no order of the rows within their landscapes would change a correlation, nothing is known of it.

Shapes: n rows, A and B columns on the two sides, R resamples; first of R + 1 stands the table itself.
"""

import numpy as np
from scipy.stats import norm

from landscape.statistics.kendall import kendall_null_variance, taus_and_variances
from landscape.statistics.ranks import RankTable, tie_groups
from landscape.statistics.spearman import rhos_and_variances

RESAMPLES = 999
LEVEL = 0.95
NORMAL = norm.ppf((1.0 + LEVEL) / 2.0)  # 1.96
STEADYING = 16


def intervals(table: RankTable, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Value, low and high end [3, A, B] of Spearman's rho, Kendall's tau, the partial and the weighted Spearman."""
    counts = _counts(table.stratum, random)
    equal, none = np.ones(table.n_rows), table.controls[:0]
    rho, partial = rhos(table, none, equal, counts), rhos(table, table.controls, equal, counts)
    weighted = rhos(table, none, table.weights, counts)
    tau = taus_and_variances(table, counts)
    n, strata, effective = table.n_rows, table.n_strata, _effective(table.weights)
    free = n - (strata - 1)
    rank = table.partial_sides()[2].shape[1]
    null = kendall_null_variance(table)
    known = np.where(null > 0.0, 1.0, np.nan)
    swapped_rho, swapped_tau = _swapped(n / strata, strata)
    return (
        _interval(*rho, known * _bonett_wright(rho[0], free), n, swapped_rho),
        _interval(*tau, known * _fieller(null, n), n, swapped_tau),
        _interval(*partial, known * _bonett_wright(partial[0], free - rank), n, swapped_rho),
        _interval(
            *weighted,
            known * _bonett_wright(weighted[0], free) * n / effective,
            effective,
            _swapped(effective / strata, strata)[0],
        ),
    )


def rhos(
    table: RankTable, controls: np.ndarray, weights: np.ndarray, counts: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Rho [k, A, B] and its variance [k, A, B] at fixed controls int64 [F, n], with weights [n], where rows of the
    table count counts [k, n].
    """
    stratum = np.unique(table.stratum, return_inverse=True)[1]
    x, y, held = (_apart(side, stratum) for side in (table.x, table.y, controls))
    return rhos_and_variances(x, y, held, stratum, weights, counts)


def _counts(stratum: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """How often [R + 1, n] each row stands in the table, once, and in its resamples."""
    counts = np.ones((RESAMPLES + 1, len(stratum)))
    for number in np.unique(stratum):
        rows = np.flatnonzero(stratum == number)
        counts[1:, rows] = random.multinomial(len(rows), np.full(len(rows), 1.0 / len(rows)), RESAMPLES)
    return counts


def _apart(groups: np.ndarray, stratum: np.ndarray) -> np.ndarray:
    """Tie groups [C, n] numbered anew so that none has rows of two strata, those of earlier strata first."""
    return tie_groups(groups + (groups.max(initial=0) + 1) * stratum)


def _effective(weights: np.ndarray) -> float:
    """How many rows of equal weight tell as much."""
    total = float(weights.sum())
    return total**2 / float(np.sum(weights**2)) if total else 1.0


def _swapped(rows: float, strata: int) -> tuple[float, float]:
    """Rho and tau one swap of neighbours from 1 in strata of so many rows, at least three, each."""
    m = max(rows, 3.0)
    return 1.0 - 12.0 / (strata * (m**3 - m)), 1.0 - 4.0 / (strata * (m**2 - m))


def _bonett_wright(value: np.ndarray, n: float) -> np.ndarray:
    return np.asarray((1.0 + value**2 / 2.0) / max(n - 3.0, 1.0))


def _fieller(null: np.ndarray, n: int) -> np.ndarray:
    without_ties = 2.0 * (2.0 * n + 5.0) / (9.0 * n * (n - 1.0))
    return null / without_ties * 0.437 / max(n - 4.0, 1.0)


def _interval(values: np.ndarray, variances: np.ndarray, normal: np.ndarray, n: float, swapped: float) -> np.ndarray:
    """Value, low and high end [3, A, B] from values [R + 1, A, B], their variances, those of z for normal data, NaN
    where nothing is known, the number of rows, in effect, and the value one swap of neighbours from perfect agreement.
    """
    inner = np.clip(values, -swapped, swapped)
    z = np.arctanh(inner)
    share = n / (n + STEADYING)
    error = np.sqrt(share * variances / (1.0 - inner**2) ** 2 + (1.0 - share) * normal)
    distance = np.nan_to_num(np.abs(z[1:] - z[0]) / error[1:], nan=np.inf)
    quantile = np.sort(distance, axis=0)[int(np.ceil(LEVEL * len(z))) - 1]
    reach = (NORMAL + share**2 * np.maximum(quantile - NORMAL, 0.0)) * error[0]
    reach = np.nan_to_num(reach, nan=np.inf, posinf=np.inf)
    value = values[0]
    return np.stack([value, np.minimum(np.tanh(z[0] - reach), value), np.maximum(np.tanh(z[0] + reach), value)])
