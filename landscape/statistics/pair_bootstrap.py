"""95 % intervals of a statistic of pairs, by a bootstrap over the units that form the pairs.

Pairs that share a unit are not independent. So the units are resampled with replacement, and the weight of a pair
(i, j) is the number of times that i was drawn, times the number of times that j was drawn (Owen, The pigeonhole
bootstrap, Ann. Appl. Stat. 1, 386, 2007, doi 10.1214/07-AOAS122). The interval is that of the percentiles. It tends to
be too wide: if no two pairs share a unit, the variance is up to three times too large.

Shapes: S pairs, U units, R resamples.
"""

import numpy as np
from jaxtyping import Float, Int
from scipy.special import ndtri

RESAMPLES = 2000
LEVEL = 0.95
NORMAL = float(ndtri((1.0 + LEVEL) / 2.0))  # 1.96


def pair_weights(
    pairs: Int[np.ndarray, "S 2"], random: np.random.Generator, resamples: int = RESAMPLES
) -> Float[np.ndarray, "R S"]:
    """Weights [R, S] of pairs of units in resamples of these units; resamples without any pair are left out."""
    units, places = np.unique(pairs, return_inverse=True)
    ends = places.reshape(pairs.shape)
    drawn = random.multinomial(len(units), np.full(len(units), 1.0 / len(units)), resamples)
    weights = (drawn[:, ends[:, 0]] * drawn[:, ends[:, 1]]).astype(np.float64)
    return weights[weights.any(axis=1)]


def mean_interval(values: Float[np.ndarray, " S"], weights: Float[np.ndarray, "R S"]) -> tuple[float, float]:
    """Interval of the mean."""
    return _percentiles((weights * values).sum(axis=1) / weights.sum(axis=1))


def median_interval(values: Float[np.ndarray, " S"], weights: Float[np.ndarray, "R S"]) -> tuple[float, float]:
    """Interval of the median; values may be infinite."""
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(weights[:, order], axis=1) >= 0.5 * weights.sum(axis=1, keepdims=True)
    return _percentiles(values[order][np.argmax(reached, axis=1)])


def share_interval(successes: int, pairs: int, resampled: tuple[float, float]) -> tuple[float, float]:
    """Interval of a share, at least as wide as Wilson's for independent pairs, also at shares of 0 and 1."""
    low, high = wilson(successes, pairs)
    return min(low, resampled[0]), max(high, resampled[1])


def wilson(successes: int, trials: int) -> tuple[float, float]:
    """Interval of a share of independent trials. Wilson, J. Am. Stat. Assoc. 22, 209, 1927."""
    z, share = NORMAL, successes / trials
    centre = (share + z**2 / (2 * trials)) / (1 + z**2 / trials)
    reach = z / (1 + z**2 / trials) * float(np.sqrt(share * (1 - share) / trials + z**2 / (4 * trials**2)))
    return centre - reach, centre + reach


def _percentiles(found: Float[np.ndarray, " R"]) -> tuple[float, float]:
    """The ends of the interval; an end between two resamples is moved outwards to the next one."""
    low, high = (1.0 - LEVEL) / 2.0, (1.0 + LEVEL) / 2.0
    return float(np.quantile(found, low, method="lower")), float(np.quantile(found, high, method="higher"))
