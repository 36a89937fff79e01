"""Capture and recapture: the number of minima, estimated from the overlap of two ways of finding them.

Hopping finds n1 minima, the far sides of transition states n2, and m minima are found in both ways. If the second way
meets minima of the first way as often as other minima, the first way has found a share m / n2 of all minima, and

- Chapman: (n1 + 1)(n2 + 1) / (m + 1) - 1 is a nearly unbiased estimate of the number of minima, exactly unbiased if
  n1 + n2 is at least the true number (Chapman, Univ. Calif. Publ. Stat. 1, 131, 1951);
- given n1, n2 and the true number N, m is hypergeometric: the interval contains all N that a test does not reject.

Low minima are easier to find in both ways than high minima, which makes estimates too low. So each stratum of energy
is estimated separately, and the estimates are added (Seber, The Estimation of Animal Abundance, 1982, section 3.2).

Shapes: M minima, S strata.
"""

from dataclasses import dataclass

import numpy as np

from landscape.errors import PropertyError

MOST_STRATA = 4
LEAST_IN_STRATUM = 10  # minima
_TAIL = 0.025
_MOST = 2**53  # minima: the upper end of an interval is not sought beyond


@dataclass(frozen=True, kw_only=True)
class Capture:
    """Numbers of minima found in two ways, and the estimate of the number of all minima."""

    known: int  # minima, including those found in neither way
    first: int
    second: int
    both: int

    @property
    def estimate(self) -> float:
        """Chapman's estimate, but at least the number of known minima; NaN if one of the ways found nothing."""
        if not self.first or not self.second:
            return float("nan")
        return max(float(self.known), (self.first + 1) * (self.second + 1) / (self.both + 1) - 1)

    def interval(self) -> tuple[float, float]:
        """The 95 % interval of the number of minima; its upper end is infinite if none was found in both ways."""
        least = max(self.known, self.first + self.second - self.both)
        if not self.both:
            return float(least), float("inf")
        return float(self._first_possible(least)), float(self._last_possible(least))

    def _too_many_in_both(self, truth: int) -> float:
        """Probability that at least `both` minima are found in both ways."""
        chances = hypergeometric(truth, self.first, self.second)
        return float(chances[self.both - max(0, self.first + self.second - truth) :].sum())

    def _too_few_in_both(self, truth: int) -> float:
        """Probability that at most `both` minima are found in both ways."""
        chances = hypergeometric(truth, self.first, self.second)
        return float(chances[: self.both - max(0, self.first + self.second - truth) + 1].sum())

    def _first_possible(self, least: int) -> int:
        """The lowest number of minima, at least `least`, at which the overlap is not improbably small."""
        low, high = least - 1, least
        while self._too_few_in_both(high) < _TAIL:
            low, high = high, 2 * high
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if self._too_few_in_both(middle) < _TAIL else (low, middle)
        return high

    def _last_possible(self, least: int) -> int:
        """The highest number of minima at which the overlap is not improbably large."""
        low, high = least, 2 * least
        while self._too_many_in_both(high) >= _TAIL and high < _MOST:
            low, high = high, 2 * high
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if self._too_many_in_both(middle) >= _TAIL else (low, middle)
        return low


def hypergeometric(truth: int, first: int, second: int) -> np.ndarray:
    """Probabilities [O] that so many of `truth` minima are found in both ways, if two ways find `first` and `second`.

    The overlaps are those that are possible, from max(0, first + second - truth) to min(first, second). Products of the
    ratios of neighbouring probabilities start at the most probable overlap, so that none overflows.
    """
    least, most = max(0, first + second - truth), min(first, second)
    one = np.arange(least, most, dtype=np.float64)
    ratio = (first - one) * (second - one) / ((one + 1.0) * (truth - first - second + one + 1.0))
    mode = int(np.searchsorted(-ratio, -1.0))
    below = np.cumprod(1.0 / ratio[:mode][::-1])[::-1]
    weight = np.concatenate([below, [1.0], np.cumprod(ratio[mode:])])
    return np.asarray(weight / weight.sum())


def capture(first: np.ndarray, second: np.ndarray) -> Capture:
    """The numbers of minima found in two ways, from bool[M] for each way; false in both for minima found otherwise.

    Raises PropertyError for arrays of other types or of unequal shapes.
    """
    first, second = np.asarray(first), np.asarray(second)
    if first.dtype != bool or second.dtype != bool or first.ndim != 1 or first.shape != second.shape:
        raise PropertyError(
            f"Expected two arrays bool[M], found {first.dtype} of shape {list(first.shape)} and {second.dtype} of "
            f"shape {list(second.shape)}: say of every minimum whether each way found it."
        )
    return Capture(known=len(first), first=int(first.sum()), second=int(second.sum()), both=int((first & second).sum()))


def captures(first: np.ndarray, second: np.ndarray, stratum: np.ndarray) -> list[Capture]:
    """`capture` of each stratum, from first bool[M], second bool[M] and the strata int64[M], numbered from 0."""
    stratum = np.asarray(stratum)
    return [capture(first[stratum == one], second[stratum == one]) for one in range(int(stratum.max(initial=-1)) + 1)]


def pooled(parts: list[Capture]) -> Capture:
    """The numbers of all strata together."""
    return Capture(
        known=sum(part.known for part in parts),
        first=sum(part.first for part in parts),
        second=sum(part.second for part in parts),
        both=sum(part.both for part in parts),
    )


def total(parts: list[Capture]) -> float:
    """The sum of the estimates of all strata; NaN if the estimate of a stratum is unknown, or without strata."""
    return float(sum(part.estimate for part in parts)) if parts else float("nan")


def energy_strata(energy: np.ndarray) -> np.ndarray:
    """Strata int64[M] of energy [M]: four equal parts by rank, or fewer if a part would have under ten minima."""
    count = int(np.clip(len(energy) // LEAST_IN_STRATUM, 1, MOST_STRATA))
    stratum = np.empty(len(energy), dtype=np.int64)
    stratum[np.argsort(energy, kind="stable")] = np.arange(len(energy)) * count // max(len(energy), 1)
    return stratum
