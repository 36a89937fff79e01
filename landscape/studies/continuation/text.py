"""Tracks and events of a database as text, printed by `landscape continue`."""

from collections.abc import Iterator

import numpy as np

from landscape.database.database import Database
from landscape.errors import DatabaseError
from landscape.messages import counted, number_text
from landscape.studies.continuation.balance import Balance, balances, ends_of

SUM = "the sum of (-1)^index over all copies"
NOT_FOUND = "points that are born and die between the two values, apart from all others, cannot be found"
ONE_END = "those born on the way from no known point need a search at the last value too: --both-ends"


def continuation_text(db: Database, *, searched_last: bool) -> Iterator[str]:
    """Lines: the range, a table of events, the balance of minima and transition states, and what cannot be known.

    `searched_last` is true if the landscape at the last value was searched too. Raises `DatabaseError` if there are no
    tracks.
    """
    if not len(db.tracks):
        raise DatabaseError(f"{db.path}: expected tracks, found none: make some with 'landscape continue'")
    start, end = ends_of(db.tracks)
    tracks = counted(len(np.unique(db.tracks.track)), "track")
    ends = f"{db.tracks.key[0]} from {number_text(start)} to {number_text(end)}"
    yield f"{ends}: {tracks}, {counted(len(db.events), 'event')}"
    if len(db.events):
        yield from _table(db)
    yield from (_balance(one, start, end, searched_last=searched_last) for one in balances(db))
    yield _conservation(db)
    yield NOT_FOUND + ("" if searched_last else f"; {ONE_END}")


def _table(db: Database) -> Iterator[str]:
    """A row for each event; the index of a track stands in brackets."""
    rows: list[tuple[str, ...]] = [("value", "kind", "energy", "tracks (index) before -> after", "index sum")]
    rows += [_row(db, event) for event in range(len(db.events))]
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    for row in rows:
        yield "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()


def _row(db: Database, event: int) -> tuple[str, ...]:
    events = db.events
    before, after = events.sum_before[event], events.sum_after[event]
    sides = " -> ".join(side_text(db, event, after=later) for later in (False, True))
    sums = f"{before:.0f} = {after:.0f}" if events.conserved[event] else f"{before:.0f} -> {after:.0f} VIOLATED"
    kind = kind_text(str(events.kind[event]), int(events.multiplicity[event]))
    return f"{events.value[event]:.10g}", kind, f"{events.energy[event]:.9g}", sides, sums


def kind_text(kind: str, multiplicity: int) -> str:
    """The kind of an event, with the number of eigenvalues that vanish if it is not one."""
    return kind if multiplicity == 1 else f"{kind} ({multiplicity}-fold)"


def side_text(db: Database, event: int, *, after: bool) -> str:
    """The tracks on one side of an event with their indices; "-" for one that was not followed."""
    branches = db.event_branches
    rows = np.flatnonzero((branches.event == event) & (branches.after == after))
    rows = rows[np.argsort(branches.track[rows], kind="stable")]
    named = zip(branches.track[rows].tolist(), branches.index[rows].tolist(), strict=True)
    return ", ".join(f"{'-' if track < 0 else track} ({index})" for track, index in named) or "none"


def _balance(one: Balance, start: float, end: float, *, searched_last: bool) -> str:
    changes = "".join(f" {change:+d} ({kind})" for kind, change in one.changes.items() if change)
    text = f"{one.what}: {one.first} at {number_text(start)}{changes}, {one.last} at {number_text(end)}"
    if searched_last:
        text += f", {one.known} of them found by the search there"
    text += "" if one.adds_up else ": DOES NOT ADD UP"
    return f"{text}, {counted(one.lost, 'track')} lost" if one.lost else text


def _conservation(db: Database) -> str:
    if not len(db.events):
        return "no point that is followed is born, dies or changes its index"
    broken = int((~db.events.conserved).sum())
    if broken:
        return f"{SUM} is VIOLATED or not known at {counted(broken, 'event')}: branches are missing there"
    return f"{SUM} is the same on both sides of every event"
