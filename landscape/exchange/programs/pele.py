"""The SQLite database of pele (`pele.storage.Database`), schema version 2, in the file pele.sqlite.

tbl_minima               _id from 1, energy, coords, fvib (log product of the positive Hessian eigenvalues), pgorder,
                         invalid, user_data
tbl_transition_states    the same, _minimum1_id < _minimum2_id, eigenval, eigenvec
tbl_system_property      settings of the system; empty here

Arrays are pickles of numpy, see `landscape.exchange.array_pickles`. The modes of pele are molecular: it takes small
eigenvalues for zero, so fvib is always written. The schema is read from databases that pele has made.

Shapes: M minima, T transition states, P parameters.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np

from landscape.errors import ExchangeError
from landscape.exchange.array_pickles import dumped, loaded
from landscape.exchange.folders import require_plain
from landscape.exchange.format import Export, FilePoints, Format
from landscape.exchange.sorted_points import ROWS, SortedPoints

FILE = "pele.sqlite"
VERSION = 2
INSERT_MINIMUM = "INSERT INTO tbl_minima (_id, energy, coords, fvib, pgorder, invalid) VALUES (?, ?, ?, ?, ?, 0)"
INSERT_STATE = """
INSERT INTO tbl_transition_states (_id, energy, coords, _minimum1_id, _minimum2_id, eigenval, fvib, pgorder, invalid)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0)
"""
COUNT_TABLES = """
SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name IN ('tbl_minima', 'tbl_transition_states')
"""
SELECT_MINIMA = "SELECT _id, energy, coords FROM tbl_minima WHERE NOT COALESCE(invalid, 0) ORDER BY _id"
SELECT_STATES = """
SELECT _id, energy, coords, _minimum1_id, _minimum2_id FROM tbl_transition_states WHERE NOT COALESCE(invalid, 0)
ORDER BY _id
"""
SCHEMA = f"""
CREATE TABLE tbl_minima (_id INTEGER NOT NULL PRIMARY KEY, energy FLOAT, coords BLOB, fvib FLOAT, pgorder INTEGER,
    invalid INTEGER, user_data BLOB);
CREATE TABLE tbl_transition_states (_id INTEGER NOT NULL PRIMARY KEY, energy FLOAT, coords BLOB,
    _minimum1_id INTEGER REFERENCES tbl_minima (_id), _minimum2_id INTEGER REFERENCES tbl_minima (_id),
    eigenval FLOAT, eigenvec BLOB, fvib FLOAT, pgorder INTEGER, invalid INTEGER, user_data BLOB);
CREATE TABLE tbl_system_property (_id INTEGER NOT NULL PRIMARY KEY, property_name VARCHAR, int_value INTEGER,
    float_value FLOAT, string_value VARCHAR, pickle_value BLOB);
CREATE INDEX idx_minimum_energy ON tbl_minima (energy);
CREATE INDEX idx_transition_states ON tbl_transition_states (_minimum1_id, _minimum2_id);
PRAGMA user_version = {VERSION};
"""
MOST_CELL = 2**27  # bytes of one value
WRITTEN_BY_PELE = "is it a database of pele?"


def write(export: Export, folder: Path) -> Iterator[str]:
    """Write a database."""
    points = SortedPoints.of(export.db)
    orders = points.orders(export.db, export.source)
    minima, states, pairs = points.minima, points.states, points.pairs + 1
    below = zip(
        range(1, len(minima) + 1),
        minima.energy.tolist(),
        map(dumped, minima.parameters),
        minima.log_determinant.tolist(),
        orders[0].tolist(),
        strict=True,
    )
    above = zip(
        range(1, len(states) + 1),
        states.energy.tolist(),
        map(dumped, states.parameters),
        *pairs.T.tolist(),
        states.eigenvalue.tolist(),
        states.log_determinant.tolist(),
        orders[1].tolist(),
        strict=True,
    )
    with closing(sqlite3.connect(folder / FILE)) as database, database:
        database.executescript(SCHEMA)
        database.executemany(INSERT_MINIMUM, below)
        database.executemany(INSERT_STATE, above)
    points.write_rows(folder / ROWS, first=1)
    yield from ()


def read(folder: Path, n_parameters: int) -> FilePoints:
    """The points of the one database of a folder, or of a file; points that pele marks invalid are left out."""
    path = _database(folder)
    try:
        with closing(sqlite3.connect(f"file:{quote(str(path.absolute()))}?mode=ro", uri=True)) as database:
            minima, states = _tables(database, path)
    except sqlite3.Error as error:
        raise ExchangeError(f"{path}: expected a database, found that {error}: {WRITTEN_BY_PELE}") from error
    ids = {number: place for place, (number, *_) in enumerate(minima)}
    return FilePoints(
        minima=_parameters(path, "minimum", minima, n_parameters),
        minima_energy=_energies(path, minima),
        minima_number=np.array(list(ids), dtype=np.int64),
        states=_parameters(path, "transition state", states, n_parameters),
        states_energy=_energies(path, states),
        states_number=np.array([number for number, *_ in states], dtype=np.int64),
        pairs=np.array([[ids.get(one, -1) for one in row[3:]] for row in states], dtype=np.int64).reshape(-1, 2),
    ).checked(path)


def _database(place: Path) -> Path:
    """The file itself, the file of our name in a folder, or the only database in it."""
    found = [place]
    if place.is_dir():
        found = [place / FILE] if (place / FILE).exists() else sorted([*place.glob("*.sqlite"), *place.glob("*.db")])
    if len(found) != 1:
        raise ExchangeError(f"{place}: expected one database, {FILE} or *.sqlite, found {len(found)}: name its file")
    require_plain(found[0])
    return found[0]


def _tables(database: sqlite3.Connection, path: Path) -> tuple[list[Any], list[Any]]:
    """Rows (id, energy, coords) of the minima, and (id, energy, coords, minimum, minimum) of the states."""
    database.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MOST_CELL)
    database.execute("PRAGMA trusted_schema = OFF")
    (version,) = database.execute("PRAGMA user_version").fetchone()
    (tables,) = database.execute(COUNT_TABLES).fetchone()
    if version != VERSION or tables != 2:
        raise ExchangeError(
            f"{path}: expected the 2 tables of pele, version {VERSION}, found {tables} of version {version}: "
            f"{WRITTEN_BY_PELE}"
        )
    minima, states = database.execute(SELECT_MINIMA).fetchall(), database.execute(SELECT_STATES).fetchall()
    return minima, states


def _parameters(path: Path, what: str, rows: list[Any], n_parameters: int) -> np.ndarray:
    """Parameters [M, P] of rows (id, energy, coords, ...)."""
    found = [loaded(coords, n_parameters, f"{path}: {what} {number}") for number, _, coords, *_ in rows]
    return np.array(found, dtype=np.float64).reshape(len(rows), n_parameters)


def _energies(path: Path, rows: list[Any]) -> np.ndarray:
    """Energies [M] of rows (id, energy, ...)."""
    energies = [energy for _, energy, *_ in rows]
    if not all(isinstance(energy, int | float) for energy in energies):
        raise ExchangeError(f"{path}: expected energies as numbers, found other values: {WRITTEN_BY_PELE}")
    return np.array(energies, dtype=np.float64)


PELE = Format(
    name="pele",
    summary="a database of pele, schema version 2 (SQLite)",
    write=write,
    read=read,
    pickles=True,
)
