"""Coverage: the part of a landscape that has been seen, estimated from the hits of each minimum.

Quenches are treated as draws with replacement from a population of minima; the weight of a minimum is the share of
quenches that end in it. Rare minima tell about unseen ones: with f1 minima hit once and f2 hit twice in n quenches,

- Good-Turing: f1 / n is the probability that the next quench finds a new minimum (Good, Biometrika 40, 237, 1953);
- Chao1: f1^2 / (2 f2) is a lower bound of the number of unseen minima (Chao, Scand. J. Stat. 11, 265, 1984).

Quenches of basin-hopping are not independent draws from a fixed population: walks are correlated and adapt, and most
quenches of a network begin at exchanges of units between known minima, so the weights change as minima become known.
Both estimates describe this search on this landscape; minima that the search cannot reach are in neither. Minima that
were never hit, only found on the way down from a transition state, are not counted.

Shapes: M minima.
"""

from dataclasses import dataclass

import numpy as np

from landscape.errors import PropertyError

_Z = 1.959963984540054  # 97.5 % quantile of the normal distribution


@dataclass(frozen=True, kw_only=True)
class Coverage:
    """Estimates of the minima that are still unseen, from the hits of the known minima."""

    quenches: int
    observed: int  # distinct minima hit at least once
    singletons: int
    doubletons: int
    unseen_mass: float  # Good-Turing probability that the next quench is new; NaN without quenches
    chao1: float  # estimated number of minima in reach, a lower bound
    chao1_low: float  # 95 % interval
    chao1_high: float


def coverage(hits: np.ndarray) -> Coverage:
    """Good-Turing unseen mass and Chao1 with its 95 % interval from the hits int64 [M] of the minima.

    Raises PropertyError for hits that are negative or not whole numbers.
    """
    hits = _checked(hits)
    quenches, observed = int(hits.sum()), len(hits)
    singletons, doubletons = int((hits == 1).sum()), int((hits == 2).sum())
    estimate, low, high = _chao1(quenches, observed, singletons, doubletons)
    return Coverage(
        quenches=quenches,
        observed=observed,
        singletons=singletons,
        doubletons=doubletons,
        unseen_mass=singletons / quenches if quenches else float("nan"),
        chao1=estimate,
        chao1_low=low,
        chao1_high=high,
    )


def _checked(hits: np.ndarray) -> np.ndarray:
    """The hits of the minima that were hit at least once."""
    hits = np.asarray(hits)
    if hits.ndim != 1 or (hits.size and (not np.issubdtype(hits.dtype, np.integer) or hits.min() < 0)):
        raise PropertyError(
            f"Expected hits as whole numbers >= 0 of shape [M], found {hits.dtype} of shape {list(hits.shape)}"
            f"{f' with lowest {hits.min()}' if hits.size else ''}: pass the hits column of the minima."
        )
    return hits[hits > 0].astype(np.int64)


def _chao1(quenches: int, observed: int, once: int, twice: int) -> tuple[float, float, float]:
    """Chao1 and its 95 % interval; the formulas are those of EstimateS (Colwell, User's Guide 9, appendix B)."""
    unseen = once**2 / (2.0 * twice) if twice else once * (once - 1) / 2.0  # bias-corrected form without doubletons
    if unseen == 0.0:
        low, high = _complete_interval(quenches, observed)
        return float(observed), low, high
    if twice:
        ratio = once / twice
        variance = twice * (ratio**2 / 2.0 + ratio**3 + ratio**4 / 4.0)
    else:
        variance = unseen + once * (2 * once - 1) ** 2 / 4.0 - once**4 / (4.0 * (observed + unseen))
    spread = np.exp(_Z * np.sqrt(np.log1p(variance / unseen**2)))  # lognormal in the number of unseen minima
    return observed + unseen, float(observed + unseen / spread), float(observed + unseen * spread)


def _complete_interval(quenches: int, observed: int) -> tuple[float, float]:
    """Interval if no minimum seems unseen: all minima are assumed to be equally likely."""
    if not observed:
        return 0.0, 0.0
    missed = float(np.exp(-quenches / observed))
    deviation = _Z * np.sqrt(observed * missed * (1.0 - missed))
    low, high = ((observed + sign * deviation) / (1.0 - missed) for sign in (-1.0, 1.0))
    return max(float(observed), float(low)), float(high)
