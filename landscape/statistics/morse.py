"""Morse theory: numbers of stationary points by index, which a complete landscape cannot choose freely.

An energy of P parameters that grows without bound in all directions has high sublevel sets that are like a ball. If
none of its stationary points is degenerate, their numbers c_k by index k, all symmetric copies counted, fulfil
(Milnor, Morse Theory, 1963, section 5)

    c_k - c_{k-1} + ... +- c_0 >= (-1)^k    for every k,    and    c_0 - c_1 + ... +- c_P = 1.

The sum is a check of an enumeration that needs no statistics: if it is not 1, points are missing. An inequality that
fails tells how many are missing at least, of the index k or of k - 2, k - 4, and so on.

Shapes: S stationary points.
"""

from dataclasses import dataclass
from itertools import accumulate
from typing import Self

import numpy as np

from landscape.errors import PropertyError
from landscape.statistics.copies import copies

MOST_EXACT = 1e12  # copies of a point: rounding of a larger number may not give the whole number itself


@dataclass(frozen=True, kw_only=True)
class MorseCount:
    """Stationary points by index, from 0 to the highest index of any point.

    `points` are distinct points, `copies` count their symmetric copies. `exact` is false if a point has too many copies
    for their number to be known to the last digit.
    """

    points: tuple[int, ...]
    copies: tuple[int, ...]
    exact: bool

    @classmethod
    def of(cls, log_orbit_size: np.ndarray, index: np.ndarray) -> Self:
        """The counts of points [S] with exp(log_orbit_size [S]) copies each, of index int64[S].

        Raises PropertyError if the arrays do not have one length or a number of copies is not finite.
        """
        log_orbit_size, index = np.asarray(log_orbit_size, dtype=np.float64), np.asarray(index, dtype=np.int64)
        if log_orbit_size.shape != index.shape or index.ndim != 1:
            raise PropertyError(
                f"expected one orbit size and one index a point, found shapes {list(log_orbit_size.shape)} and "
                f"{list(index.shape)}: pass arrays of equal length"
            )
        number = copies(log_orbit_size)
        if np.isnan(number).any():
            raise PropertyError(
                f"expected a number of copies of every point, found none of {int(np.isnan(number).sum())}: the "
                "file is of an older version, or there are more copies than a number can hold"
            )
        ranks = range(int(index.max(initial=-1)) + 1)
        return cls(
            points=tuple(int((index == rank).sum()) for rank in ranks),
            copies=tuple(sum(map(int, number[index == rank].tolist())) for rank in ranks),
            exact=bool((number <= MOST_EXACT).all()),
        )

    @property
    def sums(self) -> tuple[int, ...]:
        """The alternating sums up to each index; the last is 1 if nothing is missing."""
        return tuple(accumulate((-1) ** index * number for index, number in enumerate(self.copies)))

    @property
    def total(self) -> int:
        """The alternating sum over all indices."""
        return self.sums[-1] if self.sums else 0

    @property
    def missing(self) -> tuple[int, ...]:
        """For each index k up to one above the highest: copies that are missing at least of k or k - 2, k - 4, ..."""
        longer = (*self.sums, self.total)
        return tuple(max(0, (-1) ** index * (1 - found)) for index, found in enumerate(longer))
