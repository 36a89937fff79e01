"""Means over independent units, such as training runs from several seeds, and tests of signs.

Intervals of means are Student's: the mean of a unit over many samples is nearly normal, and a bootstrap of ten numbers
covers the truth too rarely.

Shapes: S units.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import bdtrc, stdtrit


@dataclass(frozen=True, kw_only=True)
class Mean:
    """A mean over units with its 95 % interval, NaN below two units."""

    value: float
    low: float
    high: float
    units: int

    @property
    def half_width(self) -> float:
        """Half the length of the interval."""
        return (self.high - self.low) / 2.0


def mean_over_units(values: np.ndarray) -> Mean:
    """The mean of values [S] with Student's interval; a NaN is a missing unit."""
    known = values[np.isfinite(values)]
    n, mean = len(known), float(known.mean()) if len(known) else float("nan")
    error = float(stdtrit(n - 1, 0.975) * known.std(ddof=1) / np.sqrt(n)) if n > 1 else float("nan")
    return Mean(value=mean, low=mean - error, high=mean + error, units=n)


def sign_test_p(more: int, fewer: int) -> float:
    """One-sided p of `more` signs of one kind against `fewer` of the other, if both kinds are equally likely."""
    return float(bdtrc(more - 1, more + fewer, 0.5))
