"""Files of PATHSAMPLE, read back by plain text and raw bytes."""

import csv
import struct
from pathlib import Path

import numpy as np
import pytest

from landscape.database.database import Database
from landscape.errors import ExchangeError
from landscape.exchange.orders import log_group_size, point_group_orders
from landscape.exchange.sorted_points import fortran_warning
from tests.exchange.conftest import written
from tests.exchange.group import place_of, stabiliser


@pytest.fixture
def folder(first: Path, tmp_path: Path) -> Path:
    return written(first, tmp_path / "out", "pathsample")


def lines(path: Path) -> list[list[float]]:
    return [[float(word) for word in line.split()] for line in path.read_text().splitlines()]


def points(path: Path, parameters: int) -> np.ndarray:
    content = path.read_bytes()
    return np.array(struct.unpack(f"<{len(content) // 8}d", content)).reshape(-1, parameters)


def test_minima_rise_in_energy_with_all_digits(db: Database, folder: Path) -> None:
    found = np.array(lines(folder / "min.data"))
    order = np.argsort(db.minima.energy)
    np.testing.assert_array_equal(found[:, 0], db.minima.energy[order])
    np.testing.assert_array_equal(found[:, 1], db.minima.log_determinant[order])
    np.testing.assert_array_equal(found[:, 3:], 1.0)
    np.testing.assert_array_equal(points(folder / "points.min", 12), db.minima.parameters[order])


def test_orders_are_the_sizes_of_the_stabilisers(folder: Path) -> None:
    for name, table in (("min", "min.data"), ("ts", "ts.data")):
        orders = [int(line[2]) for line in lines(folder / table)]
        assert orders == [stabiliser(theta) for theta in points(folder / f"points.{name}", 12)]


def test_transition_states_name_their_minima_the_smaller_first(db: Database, folder: Path) -> None:
    found, minima = lines(folder / "ts.data"), points(folder / "points.min", 12)
    states = db.transition_states
    np.testing.assert_array_equal([line[0] for line in found], states.energy)
    np.testing.assert_array_equal([line[1] for line in found], states.log_determinant)
    for line, ends in zip(found, states.minima, strict=True):
        assert line[3] <= line[4]
        assert sorted(place_of(theta, minima) + 1 for theta in db.minima.parameters[ends]) == line[3:5]


def test_rows_lead_back_to_the_database(db: Database, folder: Path) -> None:
    rows = list(csv.DictReader((folder / "rows.csv").read_text().splitlines()))
    found = np.array(lines(folder / "min.data"))[:, 0]
    for row in (row for row in rows if row["table"] == "minima"):
        assert found[int(row["number"]) - 1] == db.minima.energy[int(row["row"])]
    assert len(rows) == len(db.minima) + len(db.transition_states)


def test_settings_of_disconnection_dps_span_all_energies(db: Database, folder: Path) -> None:
    told = dict(line.split(maxsplit=1) for line in (folder / "dinfo").read_text().splitlines())
    lowest = float(told["FIRST"]) - int(told["LEVELS"]) * float(told["DELTA"])
    assert float(told["FIRST"]) > db.transition_states.energy.max()
    assert lowest <= db.minima.energy.min() + 1e-9
    assert (told["MINIMA"], told["TS"]) == ("min.data", "ts.data")


def test_the_group_of_the_network_has_eight_elements(db: Database) -> None:
    assert log_group_size(db) == pytest.approx(np.log(8.0), abs=1e-12)


def test_orders_beyond_fortran_are_told_and_broken_ones_refused() -> None:
    whole = 2**10 * 3628800  # all ten units dead
    orders = point_group_orders(float(np.log(whole)), np.array([0.0, np.log(whole)]), "x.h5")
    assert orders.tolist() == [whole, 1]
    (line,) = fortran_warning([orders])
    assert line.startswith("1 orders of point groups are above 2^31 - 1")
    assert fortran_warning([np.array([2**31 - 1])]) == []
    with pytest.raises(ExchangeError, match=r"x.h5: expected whole orders .* found 1.5"):
        point_group_orders(float(np.log(3.0)), np.array([np.log(2.0)]), "x.h5")
