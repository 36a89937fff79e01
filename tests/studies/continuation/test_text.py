"""The text on tracks, and the balance of points."""

from dataclasses import replace
from typing import cast

import numpy as np
import pytest

from landscape.database.continuation.tables import Events
from landscape.database.database import Database
from landscape.errors import DatabaseError
from landscape.studies.continuation.balance import balances, ends_of, matching_rows
from landscape.studies.continuation.text import continuation_text
from tests.campaign.continuation.xor_tracks import tracked, xor_database


def test_the_changes_at_events_add_up() -> None:
    db, _ = tracked()
    assert ends_of(db.tracks) == (1e-2, 1e-3)
    minima, states = balances(db)
    assert (minima.first, minima.changes, minima.last, minima.known, minima.lost) == (5, {"fold": 2}, 7, 7, 0)
    assert (states.first, states.changes, states.last, states.known, states.lost) == (16, {"fold": 3}, 19, 19, 0)
    assert minima.adds_up
    assert states.adds_up


def test_the_text_names_every_event() -> None:
    db, _ = tracked()
    lines = list(continuation_text(db, searched_last=True))
    assert lines[0] == "problem.l2 from 0.01 to 0.001: 27 tracks, 3 events"
    assert [line.split()[:2] for line in lines[2:5]] == [
        ["0.006458357124", "fold"],
        ["0.001507817341", "fold"],
        ["0.001507817341", "fold"],
    ]
    assert lines[2].split()[3:] == ["none", "->", "21", "(1),", "22", "(2)", "0", "=", "0"]
    assert lines[5] == "minima: 5 at 0.01 +2 (fold), 7 at 0.001, 7 of them found by the search there"
    assert lines[6] == "transition states: 16 at 0.01 +3 (fold), 19 at 0.001, 19 of them found by the search there"
    assert lines[7].endswith("is the same on both sides of every event")


def test_a_track_that_is_cut_and_a_branch_that_is_missing_are_told() -> None:
    db, _ = tracked()
    cut = np.flatnonzero((db.tracks.track == 0) & (db.tracks.value > 2e-3))
    rest = np.flatnonzero(db.tracks.track > 0)
    columns = {name: np.array(getattr(db.events, name)) for name in Events.column_names()}
    columns["sum_after"][1], columns["conserved"][1] = 8.0, False
    damaged = cast(Database, Damaged(db, np.concatenate([cut, rest]), Events(**columns)))
    lines = list(continuation_text(damaged, searched_last=True))
    assert any("DOES NOT ADD UP, 1 track lost" in line for line in lines)
    assert any("is VIOLATED or not known at 1 event" in line for line in lines)
    assert "0 -> 8 VIOLATED" in lines[3]


class Damaged:
    """A database with some of the rows of its tracks, and other events."""

    def __init__(self, db: Database, rows: np.ndarray, events: Events) -> None:
        self.path = None
        self.tracks = replace(db.tracks.take(rows), lost=db.tracks.track[rows] == 0)
        self.events = events
        self.event_branches = db.event_branches


def test_rows_that_are_one_track_match() -> None:
    first, last = tracked()
    for table, count in (("minima", 5), ("transition_states", 16)):
        pairs = matching_rows(first, first, last, table)
        assert len(pairs) == count
        assert len(np.unique(pairs[:, 0])) == len(np.unique(pairs[:, 1])) == count
    minima = matching_rows(first, first, last)
    zero = np.abs(first.minima.parameters[minima[:, 0]]).max(1) < 1e-6
    assert zero.sum() == 1  # zero is a minimum of XOR at every l2
    assert np.abs(last.minima.parameters[minima[zero, 1]]).max() < 1e-6
    with pytest.raises(DatabaseError, match="expected the points that the tracks lead to"):
        matching_rows(first, last, first)


def test_a_database_without_tracks_is_refused() -> None:
    with pytest.raises(DatabaseError, match="expected tracks, found none"):
        list(continuation_text(xor_database(1e-2), searched_last=False))
