"""Tracks of stationary points as a key of the problem changes, and the events at which tracks begin, end or change.

Rows of tracks are points, track after track, each track from the first value of the key to the last. An event is a
singular point; the branches that leave it are rows of a third table. Rows of all three are appended in one commit.

Shapes: K points of all tracks, V events, B branches of all events, P parameters.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from landscape.database.lazy import Table, column


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Tracks(Table):
    """Points of tracks, one row each.

    `key` is the key of the run file that changes, as in "problem.l2", and `value` its value. `index` is the number of
    negative eigenvalues of the Hessian, `log_orbit_size` the logarithm of the number of symmetric copies. `row` is that
    of the point among the minima (index 0) or transition states (index 1) of the database that was explored at this
    value, -1 if there is none or it was not found there. `lost` is true for all points of a track that ends at neither
    an end of the range nor an event.
    """

    track: NDArray[np.int64] = field(metadata=column(np.int64, essential=True))  # [K]
    key: NDArray[np.str_] = field(metadata=column(np.str_, coded=True, essential=True))  # [K]
    value: NDArray[np.float64] = field(metadata=column(np.float64, essential=True))  # [K]
    parameters: NDArray[np.float64] = field(metadata=column(np.float64, "P", essential=True))  # [K, P]
    energy: NDArray[np.float64] = field(metadata=column(np.float64, essential=True))  # [K]
    index: NDArray[np.int64] = field(metadata=column(np.int64, essential=True))  # [K]
    log_orbit_size: NDArray[np.float64] = field(metadata=column(np.float64))  # [K]
    row: NDArray[np.int64] = field(metadata=column(np.int64))  # [K]
    lost: NDArray[np.bool_] = field(metadata=column(np.bool_))  # [K]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Events(Table):
    """Singular points of tracks, one row each, in the order in which they are met from the first value to the last.

    `kind` is the name of an event, as in `landscape.search.continuation.events`. `multiplicity` is the number of
    eigenvalues that vanish. `sum_before` and `sum_after` are the sums of (-1)^index over all branches on the side of
    the first and of the last value, times their numbers of copies. `conserved` is true if they are equal up to the
    rounding of large numbers, which they are if no branch is missing.
    """

    value: NDArray[np.float64] = field(metadata=column(np.float64, essential=True))  # [V]
    kind: NDArray[np.str_] = field(metadata=column(np.str_, coded=True, essential=True))  # [V]
    parameters: NDArray[np.float64] = field(metadata=column(np.float64, "P", essential=True))  # [V, P]
    energy: NDArray[np.float64] = field(metadata=column(np.float64, essential=True))  # [V]
    multiplicity: NDArray[np.int64] = field(metadata=column(np.int64))  # [V]
    sum_before: NDArray[np.float64] = field(metadata=column(np.float64))  # [V]
    sum_after: NDArray[np.float64] = field(metadata=column(np.float64))  # [V]
    conserved: NDArray[np.bool_] = field(metadata=column(np.bool_))  # [V]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class EventBranches(Table):
    """Branches that leave events, one row each: the row of the event, and the track, -1 if it was not followed.

    `after` is true on the side of the last value.
    """

    event: NDArray[np.int64] = field(metadata=column(np.int64, essential=True))  # [B]
    track: NDArray[np.int64] = field(metadata=column(np.int64, essential=True))  # [B]
    after: NDArray[np.bool_] = field(metadata=column(np.bool_, essential=True))  # [B]
    index: NDArray[np.int64] = field(metadata=column(np.int64, essential=True))  # [B]
    log_orbit_size: NDArray[np.float64] = field(metadata=column(np.float64))  # [B]


@dataclass(frozen=True, kw_only=True, eq=False)
class Continuation:
    """The rows that one continuation adds to the three tables."""

    tracks: Tracks
    events: Events
    event_branches: EventBranches
