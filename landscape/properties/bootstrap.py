"""95 % intervals of rank correlations by the symmetric bootstrap-t on Fisher's scale.

Minima are drawn again within their landscape, as many as there are, `RESAMPLES` times. With z = artanh(rho), s its
standard error and z*, s* those of a resample, the interval is

    tanh(z -+ q s),    q the 95 % quantile of |z* - z| / s*

(Efron, Nonparametric Standard Errors and Confidence Intervals, Can. J. Stat. 9, 139, 1981, sec. 10; symmetric: Hall, J.
R. Stat. Soc. B 50, 35, 1988). A resample in which a correlation is undefined counts as infinitely far off, and perfect
agreement as one swap of neighbours short of it. Percentile intervals cover too rarely where few minima have many ties.

The quantile is only as good as s is steady (Tibshirani, Biometrika 75, 433, 1988). That of the infinitesimal jackknife
is right whatever the shape of the dependence but unsteady for few minima and for many ties. So its square is averaged
with the variance that normal data would have, as if that came from `STEADYING` further minima: for Spearman
(1 + rho^2 / 2) / (n - 3) (Bonett and Wright, Psychometrika 65, 23, 2000), for Kendall 0.437 / (n - 4) (Fieller, Hartley
and Pearson, Biometrika 44, 470, 1957) times what ties do to the variance without correlation. A control or a further
stratum takes one off n. Of weighted rows (sum w)^2 / sum w^2 count (Kish, Survey Sampling, 11.7). With t the share
of the jackknife in that average, what q exceeds that of the normal distribution counts t^2 times, which simulations
favour over the whole and over nothing of it, and q is never less.

`tests/benchmarks/interval_coverage.py` simulates how often these intervals cover.

Shapes: n rows, A and B columns on the two sides, R resamples; first of R + 1 stands the table itself.
"""

import numpy as np
from scipy.stats import norm

from landscape.properties.kendall import kendall_null_variance, taus_and_variances
from landscape.properties.rank_errors import rhos_and_variances
from landscape.properties.ranks import RankTable, tie_groups

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
    n = table.n_rows - (table.n_strata - 1)
    rank = table.partial_sides()[2].shape[1]
    total = table.weights.sum()
    design = table.n_rows * np.sum(table.weights**2) / total**2 if total else np.inf
    sizes = np.unique(table.stratum, return_counts=True)[1]
    swapped = 1.0 - 12.0 / max(np.sum(sizes**3 - sizes), 24.0)
    return (
        _interval(*rho, _bonett_wright(rho[0], n), table.n_rows, swapped),
        _interval(*tau, _fieller(table, n), table.n_rows, 1.0 - 4.0 / max(np.sum(sizes**2 - sizes), 6.0)),
        _interval(*partial, _bonett_wright(partial[0], n - rank), table.n_rows, swapped),
        _interval(*weighted, design * _bonett_wright(weighted[0], n), table.n_rows / design, swapped),
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


def _bonett_wright(value: np.ndarray, n: float) -> np.ndarray:
    return np.asarray((1.0 + value**2 / 2.0) / max(n - 3.0, 1.0))


def _fieller(table: RankTable, n: int) -> np.ndarray:
    rows = table.n_rows
    without_ties = 2.0 * (2.0 * rows + 5.0) / (9.0 * rows * (rows - 1.0))
    return kendall_null_variance(table) / without_ties * 0.437 / max(n - 4.0, 1.0)


def _interval(values: np.ndarray, variances: np.ndarray, normal: np.ndarray, n: float, swapped: float) -> np.ndarray:
    """Value, low and high end [3, A, B] from values [R + 1, A, B], their variances, those of z for normal data, the
    number of rows, in effect, and the value one swap of neighbours from perfect agreement.
    """
    inner = np.clip(values, -swapped, swapped)
    z = np.arctanh(inner)
    share = n / (n + STEADYING)
    error = np.sqrt(share * variances / (1.0 - inner**2) ** 2 + (1.0 - share) * normal)
    error[error == 0.0] = np.nan  # no order of the rows would change the value: it says nothing
    distance = np.nan_to_num(np.abs(z[1:] - z[0]) / error[1:], nan=np.inf)
    quantile = np.sort(distance, axis=0)[int(np.ceil(LEVEL * len(z))) - 1]
    reach = (NORMAL + share**2 * np.maximum(quantile - NORMAL, 0.0)) * error[0]
    reach = np.nan_to_num(reach, nan=np.inf, posinf=np.inf)
    value = values[0]
    return np.stack([value, np.minimum(np.tanh(z[0] - reach), value), np.maximum(np.tanh(z[0] + reach), value)])
