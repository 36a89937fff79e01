"""Comparison of landscapes: numbers computed by hand, blanks for unknown values, errors in one line."""

import csv
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from analysis.compare_landscapes import main, quantities
from landscape.database.database import Database
from tests.analysis.synthetic import build_store, funnel, write_database

# Three minima in a row, with climbs of 2 and of 3 out of the first, and a fourth that is not connected.
ENERGY = np.array([1.0, 2.0, 1.5, 5.0])
PAIRS, HEIGHTS = np.array([[0, 1], [1, 2], [0, 0]]), np.array([3.0, 4.5, 1.1])


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def test_numbers_of_a_landscape_made_by_hand() -> None:
    parameters = np.arange(8.0).reshape(4, 2)
    db = Database(build_store(None, (parameters, ENERGY, PAIRS, HEIGHTS)))
    found = dict(quantities(db, ["squared_norm"]))
    copies = round(np.exp(5.0))  # of each minimum; a transition state has one
    expected = {
        "minima": 4,
        "minima, with copies": 4 * copies,
        "minima, different energies": 4,
        "transition states": 3,
        "transition states, with copies": 3,
        "connected fraction of the minima": 0.75,
        "lowest energy": 1.0,
        "highest minimum above the lowest": 4.0,
        "barrier, lowest minimum": 2.0,
        "barrier, least": 1.0,
        "barrier, median": 2.0,
        "barrier, largest": 3.0,
        "squared_norm, lowest minimum": 1.0,
        "squared_norm, least": 1.0,
        "squared_norm, median": (13.0 + 41.0) / 2,
        "squared_norm, largest": 85.0,
    }
    assert list(found) == list(expected)
    assert found == pytest.approx(expected)


def test_mirror_images_have_one_energy() -> None:
    energy = np.array([1.0, 2.0, 2.0 + 1e-13, 1.0])
    db = Database(build_store(None, (np.arange(8.0).reshape(4, 2), energy, PAIRS, HEIGHTS)))
    found = dict(quantities(db))
    assert (found["minima"], found["minima, different energies"]) == (4, 2)


def test_files_are_columns_and_what_is_unknown_is_blank(tmp_path: Path) -> None:
    files = [write_database(tmp_path / f"{count}.h5", funnel(count), measured=count > 1) for count in (12, 1)]
    result = run(*files, "-o", tmp_path / "table.csv")
    assert result.exit_code == 0, result.output
    with (tmp_path / "table.csv").open() as file:
        rows = {row["quantity"]: [row[str(file)] for file in files] for row in csv.DictReader(file)}
    assert rows["minima"] == ["12.0", "1.0"]
    assert rows["accuracy, median"] == ["1.0", ""]
    assert rows["barrier, median"][1] == "nan"
    lines = result.output.splitlines()
    assert len(lines) == 1 + len(rows)
    assert len({len(line) for line in lines}) == 1
    assert next(line for line in lines if line.startswith("minima")).split() == ["minima", "12", "1"]
    assert next(line for line in lines if line.startswith("barrier, median")).split()[2:] != []


@pytest.mark.parametrize(
    ("options", "message"),
    [(["--property", "acuracy"], "did you mean 'accuracy'"), (["-o", "no/table.csv"], "no/table")],
)
def test_errors_are_one_line(tmp_path: Path, options: list[str], message: str) -> None:
    result = run(write_database(tmp_path / "a.h5", funnel(5)), *options)
    assert result.exit_code == 2
    assert len(result.stderr.splitlines()) == 1
    assert message in result.stderr


def test_no_minima_are_an_error(tmp_path: Path) -> None:
    nothing = np.empty((0, 2)), np.empty(0), np.empty((0, 2), dtype=np.int64), np.empty(0)
    result = run(write_database(tmp_path / "a.h5", nothing, measured=False))
    assert result.exit_code == 2
    assert "found none" in result.stderr
