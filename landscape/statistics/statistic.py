"""A statistic: a correlation of pairs of columns, with all that its interval and its p are made of.

Each is declared beside its code, and `landscape.statistics.table` lists them.

Shapes: n rows, A and B columns on the two sides, R resamples; first of R + 1 stands the table itself; k shuffles.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from landscape.statistics.ranks import RankTable


class Bootstrap(NamedTuple):
    """A correlation in the table and its resamples, and what its interval on Fisher's scale needs."""

    values: np.ndarray  # [R + 1, A, B]
    variances: np.ndarray  # [R + 1, A, B]
    normal: np.ndarray  # [R + 1, A, B] or [A, B]: variance of artanh of the value for normal data
    rows: float  # how many rows tell as much, in effect
    swapped: float  # the value one swap of neighbours from perfect agreement


class Shuffles(NamedTuple):
    """Random orders of the rows: statistics that name the same ones are tested under the same orders."""

    of: str
    number: int | None = None  # None: as many as are asked for


class Shuffled(NamedTuple):
    """The correlation of shuffled rows: values [k, A, B] of orders int64 [k, n], and numbers held for one order."""

    values: Callable[[np.ndarray], np.ndarray]
    size: int


@dataclass(frozen=True, kw_only=True)
class Statistic:
    """A correlation, its head in printed tables, and how its interval and its p are computed.

    `counts` [R + 1, n], which `bootstrap` takes, say how often each row stands in the table and in each resample. p are
    by `shuffles` but where `limit` knows one [A, B] for the values [A, B]. `adjusted` ones are adjusted by Holm's
    method over the whole table, and verdicts may rest on them.
    """

    name: str
    title: str
    bootstrap: Callable[[RankTable, np.ndarray], Bootstrap]
    shuffled: Callable[[RankTable], Shuffled]
    shuffles: Shuffles
    limit: Callable[[RankTable, np.ndarray], np.ndarray | None] = lambda *_: None
    adjusted: bool = True
