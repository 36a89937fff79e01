"""Verification of tracks and events: what is true has no faults, and each column that is changed is named."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from landscape.campaign.pools.local import LocalPool
from landscape.campaign.preparation import stored_context
from landscape.campaign.verification.tracks import track_faults
from landscape.database.database import Database
from tests.campaign.continuation.xor_tracks import tracked


def faults(**changed: dict[str, Any]) -> list[str]:
    """Faults of the tracks of XOR after columns of tables were changed: column to (row, value)."""
    first, _ = tracked()
    tables = {
        name: getattr(first, name) for name in ("tracks", "events", "event_branches", "minima", "transition_states")
    }
    for name, columns in changed.items():
        for column, (row, value) in columns.items():
            values = np.array(getattr(tables[name], column))
            values[row] = value
            tables[name] = replace(tables[name], **{column: values})
    context = stored_context(first.problem_record, "cpu")
    db = SimpleNamespace(problem_record=first.problem_record, path=None, **tables)
    return track_faults(cast(Database, db), context, LocalPool(context.execute))


def test_tracks_and_events_that_are_true_have_no_faults() -> None:
    assert faults() == []


@pytest.mark.parametrize(
    ("table", "column", "row", "value", "expected"),
    [
        ("tracks", "energy", 30, 0.5, "point 30 of track"),
        ("tracks", "value", 30, 5.5e-3, "point 30 of track"),
        ("tracks", "index", 30, 4, "negative Hessian eigenvalues, expected 4"),
        ("tracks", "row", 0, 3, "not row 3 of"),
        ("tracks", "row", 0, 99, "not row 99 of"),
        ("events", "parameters", 1, 0.25, "event 1: RMS gradient"),
        ("events", "value", 1, 1.6e-3, "event 1: RMS gradient"),
        ("events", "multiplicity", 1, 2, "event 1: 1 eigenvalues vanish, expected 2"),
        ("events", "sum_after", 2, 4.0, "event 2: sum after 4 in the file, 0 by its branches"),
        ("event_branches", "log_orbit_size", 0, 9.0, "event 0: sum"),
    ],
)
def test_what_was_changed_is_named(table: str, column: str, row: int, value: float, expected: str) -> None:
    found = faults(**{table: {column: (row, value)}})
    assert found
    assert any(expected in fault for fault in found)
