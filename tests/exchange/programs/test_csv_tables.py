"""Comma-separated values, read back with csv."""

import csv
from pathlib import Path

import numpy as np

from landscape.database.database import Database
from tests.exchange.conftest import written


def table(path: Path) -> dict[str, list[str]]:
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    return {name: [row[name] for row in rows] for name in rows[0]}


def numbers(cells: list[str]) -> list[float]:
    return [float(cell) if cell else np.nan for cell in cells]


def test_minima_have_all_properties_by_their_names(db: Database, first: Path, tmp_path: Path) -> None:
    found = table(written(first, tmp_path / "out", "csv") / "minima.csv")
    np.testing.assert_array_equal(numbers(found["energy"]), db.minima.energy)
    np.testing.assert_array_equal(numbers(found["hits"]), db.minima.hits)
    properties = db.properties("minima")
    np.testing.assert_array_equal(numbers(found["pgd_accuracy@0.1"]), properties["pgd_accuracy"].values[:, 0])
    np.testing.assert_array_equal(numbers(found["depth"]), properties["depth"].values)
    np.testing.assert_array_equal(numbers(found["escape_barrier"]), properties["escape_barrier"].values)
    assert found["minimum"] == [str(row) for row in range(len(db.minima))]
    assert "parameters" not in found


def test_transition_states_have_their_two_minima(db: Database, first: Path, tmp_path: Path) -> None:
    found = table(written(first, tmp_path / "out", "csv") / "transition_states.csv")
    states = db.transition_states
    np.testing.assert_array_equal(numbers(found["energy"]), states.energy)
    np.testing.assert_array_equal([found["minima[0]"], found["minima[1]"]], states.minima.T.astype(str))
    assert set(found["sides_ambiguous"]) <= {"True", "False"}
