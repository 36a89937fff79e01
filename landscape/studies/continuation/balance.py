"""Numbers of points along tracks: at the first value, born and dead at events, at the last value.

Shapes: K points of all tracks, J pairs.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from landscape.database.continuation.tables import Tracks
from landscape.database.database import Database
from landscape.errors import DatabaseError

KINDS = {"minima": 0, "transition_states": 1}
"""Tables of points, and the index of their points."""


@dataclass(frozen=True, kw_only=True)
class Balance:
    """Numbers of points of one index: at the two ends, and the change at events by kind.

    `known` are those at the last value that the database explored there has; `lost` counts tracks that end nowhere,
    with this index.
    """

    what: str
    first: int
    changes: dict[str, int]
    last: int
    known: int
    lost: int

    @property
    def adds_up(self) -> bool:
        """True if the numbers at both ends differ by the changes."""
        return self.first + sum(self.changes.values()) == self.last


def ends_of(tracks: Tracks) -> tuple[float, float]:
    """The first and the last value of the key. Raises `DatabaseError` if there are no tracks."""
    if not len(tracks):
        raise DatabaseError("expected tracks, found none: make some with 'landscape continue'")
    rises = np.diff(tracks.value)[np.diff(tracks.track) == 0].sum() > 0.0
    low, high = float(tracks.value.min()), float(tracks.value.max())
    return (low, high) if rises else (high, low)


def balances(db: Database) -> Iterator[Balance]:
    """The balance of minima, then of transition states."""
    tracks, events, branches = db.tracks, db.events, db.event_branches
    start, end = ends_of(tracks)
    last_of_track = np.diff(tracks.track, append=-1) != 0
    for what, index in KINDS.items():
        of_index = branches.index == index
        changes = {
            str(kind): int(np.where(branches.after, 1, -1)[of_index & (events.kind[branches.event] == kind)].sum())
            for kind in dict.fromkeys(events.kind.tolist())
        }
        at_start, at_end = ((tracks.value == value) & (tracks.index == index) for value in (start, end))
        yield Balance(
            what=what.replace("_", " "),
            first=int(at_start.sum()),
            changes=changes,
            last=int(at_end.sum()),
            known=int((at_end & (tracks.row >= 0)).sum()),
            lost=int((tracks.lost & last_of_track & (tracks.index == index)).sum()),
        )


def matching_rows(db: Database, first: Database, last: Database, table: str = "minima") -> np.ndarray:
    """Rows int64[J, 2] of the points that are one track: in the database at the first value, and in that at the last.

    `db` has the tracks, `table` is "minima" or "transition_states". Only points that both databases have are in it. A
    minimum that became a transition state on its way matches nothing.

    Raises:
        DatabaseError: there are no tracks, or they lead to points of other databases.
    """
    tracks, index = db.tracks, KINDS[table]
    start, end = ends_of(tracks)
    found = {}
    for place, (value, other) in enumerate(((start, first), (end, last))):
        rows = np.flatnonzero((tracks.value == value) & (tracks.index == index) & (tracks.row >= 0))
        _require_same(tracks.energy[rows], tracks.row[rows], getattr(other, table).energy, other)
        found[place] = dict(zip(tracks.track[rows].tolist(), tracks.row[rows].tolist(), strict=True))
    both = [(row, found[1][track]) for track, row in found[0].items() if track in found[1]]
    return np.array(both, dtype=np.int64).reshape(-1, 2)


def _require_same(energy: np.ndarray, row: np.ndarray, known: np.ndarray, db: Database) -> None:
    """Raise DatabaseError unless the points have these energies in the database."""
    if row.max(initial=-1) >= len(known) or not np.allclose(energy, known[row], rtol=0.0, atol=1e-8):
        raise DatabaseError(f"{db.path}: expected the points that the tracks lead to, found others: give that database")
