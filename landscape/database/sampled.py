"""Samples of a landscape: independent quenches, pairs of sampled minima, and the part of a commit that adds to them.

A sample describes a landscape that has too many minima to be listed. It is kept apart from the results of a search: its
quenches start from one declared law and do not count as hits of `Minima`.

Shapes: Q quenches, S pairs, P parameters.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from landscape.database.lazy import Table, column

QUENCHES, TRAINING = "quenches", "training"
"""Names in `SampledPairs.ends_of`."""


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class SampledQuenches(Table):
    """Independent quenches from one law of starts, one row each.

    `basin` is the row of the first quench that ended in the same minimum modulo the symmetry of the problem, or -1 if
    the quench ended in no minimum. `parameters` are those of the minimum, in canonical form.
    """

    parameters: NDArray[np.float64] = field(metadata=column(np.float64, "P", essential=True))  # [Q, P]
    energy: NDArray[np.float64] = field(metadata=column(np.float64, essential=True))  # [Q]
    basin: NDArray[np.int64] = field(metadata=column(np.int64, essential=True))  # [Q]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class SampledPairs(Table):
    """Pairs of sampled minima, and upper bounds of the energy that has to be climbed between them.

    `ends_of` names the table whose rows are in `rows`: "quenches" or "training". `energies` are those of the two
    minima. Each bound is the highest energy of a path: `straight` of the line between the aligned minima, `band` of an
    elastic band between them, and `certified` of the lowest path found through transition states and the minima on
    their sides. `joined` is true if such a path was found; otherwise `certified` is NaN. `parameters` are those of the
    highest transition state on this path, NaN if there is none. `attempts` counts bands.
    """

    ends_of: NDArray[np.str_] = field(metadata=column(np.str_, coded=True, essential=True))  # [S]
    rows: NDArray[np.int64] = field(metadata=column(np.int64, 2, essential=True))  # [S, 2]
    energies: NDArray[np.float64] = field(metadata=column(np.float64, 2, essential=True))  # [S, 2]
    straight: NDArray[np.float64] = field(metadata=column(np.float64, essential=True))  # [S]
    band: NDArray[np.float64] = field(metadata=column(np.float64, essential=True))  # [S]
    certified: NDArray[np.float64] = field(metadata=column(np.float64, essential=True))  # [S]
    joined: NDArray[np.bool_] = field(metadata=column(np.bool_, essential=True))  # [S]
    attempts: NDArray[np.int64] = field(metadata=column(np.int64))  # [S]
    parameters: NDArray[np.float64] = field(metadata=column(np.float64, "P"))  # [S, P]


@dataclass(frozen=True, kw_only=True, eq=False)
class Sampled:
    """New rows of the two tables of a sample; None for a table without new rows."""

    quenches: SampledQuenches | None = None
    pairs: SampledPairs | None = None
