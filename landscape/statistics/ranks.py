"""Rank correlations of many pairs of columns at once: within strata, with other columns held fixed, weighted.

Values are first replaced by integers: `tie_groups` numbers the different values of a column from the lowest up. Values
that differ by no more than rounding are one value, so noise never becomes an order. Rows are compared only with rows of
their own stratum (landscape): ranks are taken and centred within strata, in units of the stratum. A monotone change of
all values of a stratum therefore has no effect on a correlation.

Spearman's rho is Pearson's r of the average ranks. Partial Spearman is Pearson's r of what is left of the ranks on both
sides after a least-squares fit by the ranks of the controls (Conover, Practical Nonparametric Statistics, 5.4).
Kendall's tau-b counts concordant and discordant pairs. In all three the weight of a row is the number of times that it
counts.

Shapes: n rows, A columns on one side (measures), B on the other (robustness), C any number of columns, F controls, S
strata. Undefined correlations, those of a column that is constant or fully explained, are NaN.
"""

from dataclasses import dataclass

import numpy as np

_EXPLAINED = 1e-7  # norm of the residual over that of the ranks, below which the controls explain all


def tie_groups(values: np.ndarray, *, relative: float = 1e-9, absolute: float = 1e-12) -> np.ndarray:
    """Number int64 [C, n] of each value among the different values of its row of values [C, n]; the lowest has 0.

    Neighbours in order are one value if they differ by at most relative * max|row| + absolute, with the maximum over
    finite values; infinities of one sign are one value.
    """
    values = np.asarray(values, dtype=np.float64)
    if not values.size:
        return np.zeros(values.shape, dtype=np.int64)
    order = np.argsort(values, axis=1, kind="stable")
    rising = np.take_along_axis(values, order, axis=1)
    gaps = np.zeros((len(values), values.shape[1] - 1))
    np.subtract(rising[:, 1:], rising[:, :-1], out=gaps, where=rising[:, 1:] != rising[:, :-1])
    largest = np.abs(values).max(axis=1, initial=0.0, keepdims=True, where=np.isfinite(values))
    new = gaps > relative * largest + absolute
    number = np.concatenate([np.zeros((len(values), 1), dtype=np.int64), np.cumsum(new, axis=1)], axis=1)
    groups = np.empty_like(number)
    np.put_along_axis(groups, order, number, axis=1)
    return groups


@dataclass(frozen=True, kw_only=True)
class RankTable:
    """Tie groups of the columns of one analysis, without unknown values, and the strata and weights of the rows."""

    x: np.ndarray  # int64[A, n]
    y: np.ndarray  # int64[B, n]
    controls: np.ndarray  # int64[F, n] held fixed in the partial correlation
    stratum: np.ndarray  # int64[n] rising: rows of one stratum stand together
    weights: np.ndarray  # float64[n], not negative

    def spearman(self) -> np.ndarray:
        """Spearman's rho [A, B] of all pairs of columns."""
        return _rho(self._ranks(self.x), self._ranks(self.y))

    def partial(self) -> np.ndarray:
        """Spearman's rho [A, B] at fixed controls."""
        basis = _basis(self._ranks(self.controls))
        return _rho(_residuals(self._ranks(self.x), basis), _residuals(self._ranks(self.y), basis))

    def kendall(self) -> np.ndarray:
        """Kendall's tau-b [A, B] of all pairs of columns."""
        agreeing = np.zeros((len(self.x), len(self.y)))
        untied_x, untied_y = np.zeros(len(self.x)), np.zeros(len(self.y))
        ends = np.searchsorted(self.stratum, self.stratum, side="right")
        for row, end in enumerate(ends.tolist()):
            later = slice(row + 1, end)
            pairs = self.weights[row] * self.weights[later]
            x, y = (np.sign(side[:, later] - side[:, [row]]).astype(np.float64) for side in (self.x, self.y))
            agreeing += (x * pairs) @ y.T
            untied_x += np.abs(x) @ pairs
            untied_y += np.abs(y) @ pairs
        return _correlations(agreeing, untied_x, untied_y)

    def _ranks(self, groups: np.ndarray) -> np.ndarray:
        return _centred_ranks(groups, self.stratum, self.weights)


def _rho(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Correlations [A, B] of centred ranks [A, n] and [B, n]."""
    return _correlations(x @ y.T, np.sum(x**2, axis=1), np.sum(y**2, axis=1))


def _correlations(products: np.ndarray, squares_x: np.ndarray, squares_y: np.ndarray) -> np.ndarray:
    """products [A, B] over the root of squares_x [A] times squares_y [B], clipped to +-1; NaN where a square is 0."""
    scale = np.sqrt(squares_x[:, None] * squares_y)
    found: np.ndarray = np.divide(products, scale, out=np.full(products.shape, np.nan), where=scale > 0.0)
    return found.clip(-1.0, 1.0)


def _centred_ranks(groups: np.ndarray, stratum: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Average ranks [C, n] within strata, from tie groups int64 [C, n] of rows with weights [n].

    Ranks are in units of the stratum's weight, from -1/2 to 1/2 with weighted mean 0. They are multiplied by the root
    of the row's weight, so that sums of their products are covariances.
    """
    columns, n = groups.shape
    if not columns:
        return np.zeros((0, n))
    strata, values = int(stratum.max()) + 1, int(groups.max()) + 1
    bins = groups + values * (stratum + strata * np.arange(columns)[:, None])
    found = np.bincount(bins.ravel(), weights=np.tile(weights, columns), minlength=columns * strata * values)
    counts = found.reshape(columns, strata, values)
    total = counts.sum(axis=2, keepdims=True)
    ranks = np.cumsum(counts, axis=2) - counts / 2.0 - total / 2.0
    ranks = np.divide(ranks, total, out=np.zeros_like(ranks), where=total > 0.0)
    centred: np.ndarray = ranks.ravel()[bins] * np.sqrt(weights)
    return centred


def _basis(ranks: np.ndarray) -> np.ndarray:
    """Orthonormal basis [n, <=F] of the span of centred ranks [F, n]."""
    if not ranks.any():
        return np.zeros((ranks.shape[1], 0))
    _, singular, directions = np.linalg.svd(ranks, full_matrices=False)
    kept: np.ndarray = directions[singular > _EXPLAINED * singular[0]]
    return kept.T


def _residuals(ranks: np.ndarray, basis: np.ndarray) -> np.ndarray:
    """The ranks [C, n] without the part that the basis explains; exactly 0 if it explains all."""
    if not basis.shape[1]:
        return ranks
    residual: np.ndarray = ranks - (ranks @ basis) @ basis.T
    explained = np.sum(residual**2, axis=1) <= _EXPLAINED**2 * np.sum(ranks**2, axis=1)
    residual[explained] = 0.0
    return residual
