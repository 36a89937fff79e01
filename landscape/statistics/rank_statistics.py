"""Spearman's rho, plain, at fixed controls and with weighted rows.

For normal data artanh(rho) has the variance (1 + rho^2 / 2) / (n - 3) (Bonett and Wright, Psychometrika 65, 23, 2000),
where a control or a further landscape takes one off n. Of weighted rows (sum w)^2 / sum w^2 count (Kish, Survey
Sampling, 11.7).

With controls the residual ranks are shuffled, and what the shuffled ones share with the controls is taken off again
(Freedman and Lane, J. Bus. Econ. Stat. 1, 292, 1983). Weighted ranks are taken anew after each shuffle, since the
weights stay with the rows of the other side; `WEIGHTED_SHUFFLES` are enough for a p that is not adjusted.

Shapes: n rows, A and B columns on the two sides, F controls, k resamples or shuffles.
"""

import numpy as np

from landscape.statistics.ranks import RankTable, Sides, centred_ranks, correlations, tie_groups
from landscape.statistics.spearman import rhos_and_variances
from landscape.statistics.statistic import Bootstrap, Shuffled, Shuffles, Statistic

WEIGHTED_SHUFFLES = 999


def rhos(
    table: RankTable, controls: np.ndarray, weights: np.ndarray, counts: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Rho [k, A, B] and its variance [k, A, B] at fixed controls int64 [F, n], with weights [n], where rows of the
    table count counts [k, n].
    """
    stratum = np.unique(table.stratum, return_inverse=True)[1]
    x, y, held = (_apart(side, stratum) for side in (table.x, table.y, controls))
    return rhos_and_variances(x, y, held, stratum, weights, counts)


def _apart(groups: np.ndarray, stratum: np.ndarray) -> np.ndarray:
    """Tie groups [C, n] numbered anew so that none has rows of two strata, those of earlier strata first."""
    return tie_groups(groups + (groups.max(initial=0) + 1) * stratum)


def _spearman(table: RankTable, counts: np.ndarray) -> Bootstrap:
    rho, variance = rhos(table, table.controls[:0], np.ones(table.n_rows), counts)
    return Bootstrap(rho, variance, _bonett_wright(rho, _free(table)), table.n_rows, _swapped(table, table.n_rows))


def _partial(table: RankTable, counts: np.ndarray) -> Bootstrap:
    rho, variance = rhos(table, table.controls, np.ones(table.n_rows), counts)
    normal = _bonett_wright(rho, _free(table) - table.partial_sides()[2].shape[1])
    return Bootstrap(rho, variance, normal, table.n_rows, _swapped(table, table.n_rows))


def _weighted(table: RankTable, counts: np.ndarray) -> Bootstrap:
    rho, variance = rhos(table, table.controls[:0], table.weights, counts)
    effective = _effective(table.weights)
    normal = _bonett_wright(rho, _free(table)) * table.n_rows / effective
    return Bootstrap(rho, variance, normal, effective, _swapped(table, effective))


def _bonett_wright(value: np.ndarray, n: float) -> np.ndarray:
    return np.asarray((1.0 + value**2 / 2.0) / max(n - 3.0, 1.0))


def _free(table: RankTable) -> int:
    """Rows, less one for each landscape but the first."""
    return table.n_rows - (table.n_strata - 1)


def _effective(weights: np.ndarray) -> float:
    """The number of rows of equal weight that tell as much."""
    total = float(weights.sum())
    return total**2 / float(np.sum(weights**2)) if total else 1.0


def _swapped(table: RankTable, rows: float) -> float:
    """Rho one swap of neighbours from 1 in equal strata of so many rows together, at least three each."""
    m = max(rows / table.n_strata, 3.0)
    return 1.0 - 12.0 / (table.n_strata * (m**3 - m))


def _shuffled(sides: Sides) -> Shuffled:
    return Shuffled(lambda orders: shuffled_rho(*sides, orders), sides[1].size)


def shuffled_rho(x: np.ndarray, y: np.ndarray, basis: np.ndarray, orders: np.ndarray) -> np.ndarray:
    """Correlations [k, A, B] of x [A, n] with shuffled residuals y [B, n], less what basis [n, F] explains."""
    shuffled = np.moveaxis(y[:, orders], 0, 1)  # [k, B, n]
    squares = np.sum(y**2, axis=1) - np.sum((shuffled @ basis) ** 2, axis=2)  # [k, B]
    products = np.moveaxis(shuffled @ x.T, 1, 2)
    return correlations(products, np.sum(x**2, axis=1)[None], np.maximum(squares, 0.0))


def _shuffled_weighted(table: RankTable) -> Shuffled:
    x, _, _ = table.weighted_sides()
    squares_x = np.sum(x**2, axis=1)

    def one(order: np.ndarray) -> np.ndarray:
        y = centred_ranks(table.y[:, order], table.stratum, table.weights)
        return correlations(x @ y.T, squares_x, np.sum(y**2, axis=1))

    return Shuffled(lambda orders: np.stack([one(order) for order in orders]), max(table.y.size, len(x) * len(table.y)))


RANKS = Shuffles("ranks")
SPEARMAN = Statistic(
    name="spearman",
    title="Spearman",
    bootstrap=_spearman,
    shuffled=lambda table: _shuffled(table.spearman_sides()),
    shuffles=RANKS,
)
PARTIAL = Statistic(
    name="partial",
    title="fixed {control}",
    bootstrap=_partial,
    shuffled=lambda table: _shuffled(table.partial_sides()),
    shuffles=RANKS,
)
WEIGHTED = Statistic(
    name="weighted",
    title="by hits",
    bootstrap=_weighted,
    shuffled=_shuffled_weighted,
    shuffles=Shuffles("weighted ranks", WEIGHTED_SHUFFLES),
    adjusted=False,
)
