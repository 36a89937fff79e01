"""The database of pele, read back with sqlite3 and pickle alone."""

import pickle
import pickletools
import sqlite3
from pathlib import Path

import numpy as np
import pytest

from landscape.database.database import Database
from landscape.exchange.programs.pele import read
from tests.exchange.conftest import written


@pytest.fixture
def file(first: Path, tmp_path: Path) -> Path:
    return written(first, tmp_path / "out", "pele") / "pele.sqlite"


def test_tables_are_those_of_the_database(db: Database, file: Path) -> None:
    order = np.argsort(db.minima.energy)
    with sqlite3.connect(file) as tables:
        assert tables.execute("PRAGMA user_version").fetchone() == (2,)
        minima = tables.execute("SELECT _id, energy, coords, fvib, invalid FROM tbl_minima ORDER BY _id").fetchall()
        states = tables.execute(
            "SELECT s.energy, s.coords, s.eigenval, s.fvib, a.energy, b.energy, s._minimum1_id, s._minimum2_id "
            "FROM tbl_transition_states s JOIN tbl_minima a ON a._id = s._minimum1_id "
            "JOIN tbl_minima b ON b._id = s._minimum2_id ORDER BY s._id"
        ).fetchall()
    tables.close()
    np.testing.assert_array_equal([row[1] for row in minima], db.minima.energy[order])
    np.testing.assert_array_equal([pickle.loads(row[2]) for row in minima], db.minima.parameters[order])
    np.testing.assert_array_equal([row[3] for row in minima], db.minima.log_determinant[order])
    assert [row[0] for row in minima] == list(range(1, len(minima) + 1))
    assert {row[4] for row in minima} == {0}
    known = db.transition_states
    np.testing.assert_array_equal([row[0] for row in states], known.energy)
    np.testing.assert_array_equal([pickle.loads(row[1]) for row in states], known.parameters)
    np.testing.assert_array_equal([row[2:4] for row in states], np.stack([known.eigenvalue, known.log_determinant], 1))
    np.testing.assert_array_equal([row[4:6] for row in states], np.sort(db.minima.energy[known.minima], axis=1))
    assert all(row[6] <= row[7] for row in states)


def test_pickles_have_names_that_old_and_new_numpy_know(file: Path) -> None:
    with sqlite3.connect(file) as tables:
        (blob,) = tables.execute("SELECT coords FROM tbl_minima").fetchone()
    tables.close()
    names = {argument for opcode, argument, _ in pickletools.genops(blob) if opcode.name == "GLOBAL"}
    assert names == {"numpy.core.multiarray _reconstruct", "numpy ndarray", "numpy dtype"}


def test_points_marked_invalid_are_left_out(db: Database, file: Path) -> None:
    with sqlite3.connect(file) as tables:
        tables.execute("UPDATE tbl_transition_states SET invalid = 1 WHERE _id = 2")
    tables.close()
    found = read(file, 12)
    assert found.states_number.tolist() == [1, *range(3, len(db.transition_states) + 1)]
    assert len(found.minima) == len(db.minima)
