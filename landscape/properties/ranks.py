"""Rank correlations of many pairs of columns at once, with other columns held fixed.

All begins with integers: `tie_groups` numbers the different values of a column from below, and values closer than
rounding are one value, so noise never becomes an order. From there everything is exact under any choice or order of
rows. Spearman's rho is Pearson's r of the average ranks; partial Spearman is the same after the part that ranks of the
columns held fixed explain by least squares is taken off both sides (Conover, Practical Nonparametric Statistics, 5.4).
Kendall's is tau-b. With nothing held fixed but the mean, the partial form is the plain one: one code serves both.

Shapes: n rows, A columns on one side (measures), B on the other (robustness), C any number of columns, F held fixed.
Undefined correlations, those of a column that is constant or fully explained, are NaN.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

_EXPLAINED = 1e-7  # residual over ranks, in norm, below which nothing is left to correlate


def tie_groups(values: np.ndarray, *, relative: float = 1e-9, absolute: float = 1e-12) -> np.ndarray:
    """Number int64 [C, n] of each value among the different values of its row of values [C, n], from 0 at the lowest.

    Neighbours in order are one value if they differ by at most relative * max|row| + absolute.
    """
    values = np.asarray(values, dtype=np.float64)
    if not values.size:
        return np.zeros(values.shape, dtype=np.int64)
    order = np.argsort(values, axis=1, kind="stable")
    gaps = np.diff(np.take_along_axis(values, order, axis=1), axis=1)
    new = gaps > relative * np.abs(values).max(axis=1, keepdims=True) + absolute
    number = np.concatenate([np.zeros((len(values), 1), dtype=np.int64), np.cumsum(new, axis=1)], axis=1)
    groups = np.empty_like(number)
    np.put_along_axis(groups, order, number, axis=1)
    return groups


@dataclass(frozen=True, kw_only=True)
class RankTable:
    """Tie groups of the columns of one analysis, without gaps."""

    x: np.ndarray  # int64[A, n]
    y: np.ndarray  # int64[B, n]
    given: np.ndarray  # int64[F, n] held fixed in every statistic
    controls: np.ndarray  # int64[F, n] held fixed in the partial one besides

    @property
    def n_rows(self) -> int:
        """Number of rows n."""
        return int(self.x.shape[1])

    def take(self, rows: np.ndarray) -> "RankTable":
        """The table of the given rows int64 [m], repeats allowed."""
        return RankTable(
            x=self.x[:, rows], y=self.y[:, rows], given=self.given[:, rows], controls=self.controls[:, rows]
        )

    @cached_property
    def _ranks(self) -> list[np.ndarray]:
        """Centred ranks of x, y, given and controls."""
        sides = [self.x, self.y, self.given, self.controls]
        return np.split(_centred_ranks(np.concatenate(sides)), np.cumsum([len(side) for side in sides[:-1]]))

    def spearman_sides(self, *, partial: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Residual ranks [A, n] and [B, n] of both sides and the orthonormal basis [n, F] of what is held fixed."""
        x, y, given, controls = self._ranks
        basis = _basis(np.concatenate([given, controls]) if partial else given)
        return _residuals(x, basis), _residuals(y, basis), basis

    def kendall_sides(self) -> tuple[np.ndarray, np.ndarray]:
        """Columns [A, n] and [B, n] whose order Kendall's tau compares: residual ranks where columns are given."""
        if not len(self.given):
            return self.x, self.y
        x, y, _ = self.spearman_sides(partial=False)
        return tie_groups(x), tie_groups(y)


def spearman(table: RankTable, *, partial: bool) -> np.ndarray:
    """Rank correlations [A, B], given the columns held fixed."""
    x, y, _ = table.spearman_sides(partial=partial)
    return correlations(x @ y.T, np.sum(x**2, axis=1), np.sum(y**2, axis=1))


def kendall(table: RankTable) -> np.ndarray:
    """Kendall's tau-b [A, B] from the signs of all n(n-1)/2 pairs: memory (A + B) n^2, for small n."""
    x, y = (pair_signs(side) for side in table.kendall_sides())
    return correlations(x @ y.T, np.sum(x**2, axis=1), np.sum(y**2, axis=1))


def pair_signs(columns: np.ndarray) -> np.ndarray:
    """Signs float32 [..., n(n-1)/2] of the differences within columns [..., n]; sums of them are exact for n < 5000."""
    first, second = np.triu_indices(columns.shape[-1], k=1)
    signs: np.ndarray = np.sign(columns[..., first] - columns[..., second]).astype(np.float32)
    return signs


def correlations(products: np.ndarray, squares_x: np.ndarray, squares_y: np.ndarray) -> np.ndarray:
    """products [A, B] over the root of squares_x [A] times squares_y [B]; NaN where a square is 0, rounding cut off."""
    scale = np.sqrt(squares_x[:, None].astype(np.float64) * squares_y)
    found: np.ndarray = np.divide(products, scale, out=np.full(products.shape, np.nan), where=scale > 0.0)
    return found.clip(-1.0, 1.0)


def _centred_ranks(groups: np.ndarray) -> np.ndarray:
    """Average ranks [C, n] of tie groups int64 [C, n] with numbers below n, less their mean."""
    columns, n = groups.shape
    bins = groups + n * np.arange(columns)[:, None]
    counts = np.bincount(bins.ravel(), minlength=columns * n).reshape(columns, n)
    ranks: np.ndarray = (np.cumsum(counts, axis=1) - counts / 2.0 - n / 2.0).ravel()[bins]
    return ranks


def _basis(ranks: np.ndarray) -> np.ndarray:
    """Orthonormal basis [n, <=F] of the span of centred ranks [F, n]."""
    if not ranks.any():
        return np.zeros((ranks.shape[1], 0))
    _, singular, directions = np.linalg.svd(ranks, full_matrices=False)
    kept: np.ndarray = directions[singular > _EXPLAINED * singular[0]]
    return kept.T


def _residuals(ranks: np.ndarray, basis: np.ndarray) -> np.ndarray:
    """What the basis leaves of the ranks [C, n]: exactly 0 where it explains all."""
    if not basis.shape[1]:
        return ranks
    residual: np.ndarray = ranks - (ranks @ basis) @ basis.T
    explained = np.sum(residual**2, axis=1) <= _EXPLAINED**2 * np.sum(ranks**2, axis=1)
    residual[explained] = 0.0
    return residual
