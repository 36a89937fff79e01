"""Kendall's tau-b of pairs of columns: with its standard error, and its variance over all orders.

Rows are compared with rows of their own stratum only. Everything is a sum over pairs of rows of signs: with s_ij and
t_ij those of the differences in x and in y, and row i counting c_i times,

    tau = K / sqrt(X Y),    K = sum_ij c_i c_j s_ij t_ij,    X = sum_ij c_i c_j s_ij^2,    Y = sum_ij c_i c_j t_ij^2.

The standard error is that of the infinitesimal jackknife, the root of sum_i c_i (d tau / d c_i)^2 (Efron, The
Jackknife, the Bootstrap and Other Resampling Plans, 1982, ch. 6), whose derivatives are made of the same sums over j.
Resamples are drawn within strata, and so is the variance taken: about the mean of each stratum, times m / (m - 1) for
its m rows (Cochran, Sampling Techniques, ch. 5). The counts of many resamples are columns of one matrix, so that a pair
of columns of the table is one matrix product.

For normal data artanh(tau) has the variance 0.437 / (n - 4) (Fieller, Hartley and Pearson, Biometrika 44, 470, 1957),
times what ties and landscapes do to the variance without correlation. A shuffle costs n^2: above `KENDALL_LIMIT` rows p
is that of the normal limit of the permutation distribution, with the variance of each stratum corrected for ties
(Kendall, Rank Correlation Methods, 4.5).

Shapes: n rows, A and B columns on the two sides, C any number of columns, k resamples or shuffles.
"""

from collections.abc import Iterator

import numpy as np
from scipy.special import ndtr

from landscape.statistics.ranks import RankTable, correlations
from landscape.statistics.statistic import Bootstrap, Shuffled, Shuffles, Statistic

KENDALL_LIMIT = 32

Sums = tuple[np.ndarray, np.ndarray]
"""Numbers, of one column in all resamples, of pairs of each row with rows that differ [n, k], and of all such pairs
[k]."""


def taus_and_variances(table: RankTable, counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Tau-b [k, A, B] and its variance [k, A, B] where rows count counts [k, n]; NaN where tau-b is undefined."""
    turned = np.ascontiguousarray(counts.T, dtype=np.float32)  # counts exactly up to 2^24
    tau, variance = np.empty((2, len(counts), len(table.x), len(table.y)))
    others = [_untied(signs, turned) for signs in _signs(table.y, table.stratum)]
    for a, signs in enumerate(_signs(table.x, table.stratum)):
        own = _untied(signs, turned)
        for b, other in enumerate(_signs(table.y, table.stratum)):
            tau[:, a, b], variance[:, a, b] = _tau_and_variance(
                (signs * other) @ turned, own, others[b], turned, table.stratum
            )
    return tau, variance


def _signs(columns: np.ndarray, stratum: np.ndarray) -> Iterator[np.ndarray]:
    """Signs float32 [n, n] of the differences between rows of a stratum, of one column [n] of [C, n] after another."""
    same = stratum[:, None] == stratum
    for column in columns:
        yield np.where(same, np.sign(column[:, None] - column), 0.0).astype(np.float32)


def _untied(signs: np.ndarray, counts: np.ndarray) -> Sums:
    """Sums of one column from its signs [n, n], for counts [n, k]."""
    pairs = np.abs(signs) @ counts
    return pairs, _total(counts, pairs)


def _total(*factors: np.ndarray) -> np.ndarray:
    """Sums [k] of the products of factors [n, k], in double precision."""
    product = factors[0]
    for factor in factors[1:]:
        product = product * factor
    return np.asarray(product.sum(axis=0, dtype=np.float64))


def _tau_and_variance(agreeing: np.ndarray, x: Sums, y: Sums, counts: np.ndarray, stratum: np.ndarray) -> Sums:
    """Tau-b [k] and its variance [k] from concordant less discordant pairs of each row [n, k].

    d tau / d c_i = 2 K_i / sqrt(X Y) - tau (X_i / X + Y_i / Y), K_i, X_i and Y_i the parts of row i in the sums.
    """
    (of_x, all_x), (of_y, all_y) = x, y
    scale = np.sqrt(all_x * all_y)
    scale[scale == 0.0] = np.nan
    tau = _total(counts, agreeing) / scale
    all_x, all_y = (np.where(whole > 0.0, whole, np.nan) for whole in (all_x, all_y))
    change = 2.0 * agreeing / scale - tau * (of_x / all_x + of_y / all_y)
    return tau.clip(-1.0, 1.0), _variance_within(change, counts, stratum)


def _variance_within(change: np.ndarray, counts: np.ndarray, stratum: np.ndarray) -> np.ndarray:
    """Variance [k] within strata from what each row changes [n, k] where rows count counts [n, k]."""
    variance = np.zeros(counts.shape[1])
    for number in np.unique(stratum):
        rows = np.flatnonzero(stratum == number)
        own, parts = counts[rows], counts[rows] * change[rows]
        m, total, squares = own.sum(axis=0), parts.sum(axis=0), np.sum(parts * change[rows], axis=0)
        spread = np.maximum(squares - total**2 / np.maximum(m, 1.0), 0.0)
        variance += np.where(m > 1.0, spread * m / np.maximum(m - 1.0, 1.0), 0.0)
    return variance


def kendall_null_variance(table: RankTable) -> np.ndarray:
    """Variance [A, B] of tau-b over all orders within strata; NaN where tau-b is undefined."""
    variance = np.zeros((len(table.x), len(table.y)))
    untied_x, untied_y = (np.zeros(len(side)) for side in (table.x, table.y))
    for stratum in np.unique(table.stratum):
        rows = table.stratum == stratum
        x, y = (_tie_sums(side[:, rows]) for side in (table.x, table.y))
        untied_x, untied_y = untied_x + x.untied, untied_y + y.untied
        variance += _null_variance(int(rows.sum()), x, y)
    scale = untied_x[:, None] * untied_y
    found: np.ndarray = np.divide(variance, scale, out=np.full(variance.shape, np.nan), where=scale > 0.0)
    return found


class _TieSums:
    """Sums over the groups of t ties of each column [C] within one stratum of m rows, as the variance needs them."""

    def __init__(self, counts: np.ndarray) -> None:
        m = counts.sum(axis=1)
        self.untied = m * (m - 1.0) / 2.0 - np.sum(counts * (counts - 1.0), axis=1) / 2.0
        self.pairs = np.sum(counts * (counts - 1.0), axis=1)
        self.triples = np.sum(counts * (counts - 1.0) * (counts - 2.0), axis=1)
        self.spread = np.sum(counts * (counts - 1.0) * (2.0 * counts + 5.0), axis=1)


def _tie_sums(groups: np.ndarray) -> _TieSums:
    """The sums of tie groups int64 [C, m]."""
    values = int(groups.max(initial=0)) + 1
    bins = groups + values * np.arange(len(groups))[:, None]
    counts = np.bincount(bins.ravel(), minlength=len(groups) * values).astype(np.float64)
    return _TieSums(counts.reshape(len(groups), values))


def _null_variance(m: int, x: _TieSums, y: _TieSums) -> np.ndarray:
    """Variance [A, B] of concordant less discordant pairs over all orders of m rows."""
    variance: np.ndarray = (m * (m - 1.0) * (2.0 * m + 5.0) - x.spread[:, None] - y.spread) / 18.0
    if m > 1:
        variance = variance + x.pairs[:, None] * y.pairs / (2.0 * m * (m - 1.0))
    if m > 2:
        variance = variance + x.triples[:, None] * y.triples / (9.0 * m * (m - 1.0) * (m - 2.0))
    return np.asarray(np.maximum(variance, 0.0))


def _bootstrap(table: RankTable, counts: np.ndarray) -> Bootstrap:
    tau, variance = taus_and_variances(table, counts)
    n, strata = table.n_rows, table.n_strata
    m = max(n / strata, 3.0)
    swapped = 1.0 - 4.0 / (strata * (m**2 - m))
    return Bootstrap(tau, variance, _fieller(kendall_null_variance(table), n), n, swapped)


def _fieller(null: np.ndarray, n: int) -> np.ndarray:
    without_ties = 2.0 * (2.0 * n + 5.0) / (9.0 * n * (n - 1.0))
    return null / without_ties * 0.437 / max(n - 4.0, 1.0)


def _shuffled(table: RankTable) -> Shuffled:
    first, second = table.pairs()
    x = _pair_signs(table.x, first, second)

    def values(orders: np.ndarray) -> np.ndarray:
        y = np.moveaxis(_pair_signs(table.y[:, orders], first, second), 0, 1)  # [k, B, pairs]
        products = np.moveaxis(y @ x.T, 1, 2)
        return correlations(products, np.abs(x).sum(axis=1), np.abs(y[0]).sum(axis=1))  # shuffling leaves the ties

    return Shuffled(values, len(table.y) * len(first))


def _pair_signs(columns: np.ndarray, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Signs float32 [..., pairs] of the differences within columns [..., n]; sums of them are exact below 2^24."""
    signs: np.ndarray = np.sign(columns[..., first] - columns[..., second]).astype(np.float32)
    return signs


def _normal_limit(table: RankTable, value: np.ndarray) -> np.ndarray | None:
    if table.n_rows <= KENDALL_LIMIT:
        return None
    return np.asarray(2.0 * ndtr(-np.abs(value) / np.sqrt(kendall_null_variance(table))))


KENDALL = Statistic(
    name="kendall",
    title="Kendall",
    bootstrap=_bootstrap,
    shuffled=_shuffled,
    shuffles=Shuffles("signs of pairs"),
    limit=_normal_limit,
)
