"""The commands `thermodynamics` and `rates`: what they print, and every bad input in one line."""

import csv
import re
from pathlib import Path

import numpy as np
import pytest

from tests.analysis.synthetic import funnel, write_database
from tests.commands import Run, assert_refused


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_database(tmp_path_factory.mktemp("thermal") / "a.h5", funnel(30))


@pytest.fixture(scope="module")
def apart(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two pairs of minima that no state connects."""
    parameters, energy, _, _ = funnel(4)
    pairs = np.array([[0, 1], [2, 3]])
    return write_database(
        tmp_path_factory.mktemp("apart") / "a.h5", (parameters, energy, pairs, energy[pairs].max(axis=1) + 0.1)
    )


def test_curves_are_printed_and_written(command: Run, database: Path, tmp_path: Path) -> None:
    output = tmp_path / "curves.csv"
    status, said, errors = command("thermodynamics", database, "-o", output, "--temperatures", "1e-3:1e-1:5")
    assert (status, errors) == (0, "")
    assert "harmonic up to T = " in said
    assert "T = 1/N = 0.00125" in said
    assert "it is no inference" in said
    rows = list(csv.DictReader(output.read_text().splitlines()))
    np.testing.assert_allclose([float(row["temperature"]) for row in rows], np.geomspace(1e-3, 1e-1, 5), rtol=1e-14)


def test_a_list_of_temperatures_is_taken(command: Run, database: Path) -> None:
    status, said, _ = command("thermodynamics", database, "--temperatures", "0.02,0.01")
    assert status == 0
    rows = [line.split() for line in said.splitlines() if re.match(r">?\s+0\.0[12] ", line)]
    assert [row[row[0] == ">"] for row in rows] == ["0.01", "0.02"]


@pytest.mark.parametrize("dynamics", ["tst", "kramers"])
def test_rates_are_printed(command: Run, database: Path, dynamics: str) -> None:
    status, said, errors = command("rates", database, "--from", "3,5", "--to", 0, "-T", 0.01, "--dynamics", dynamics)
    assert (status, errors) == (0, "")
    assert said.startswith(f"T = 0.01, {dynamics}: ")


@pytest.mark.parametrize(
    ("temperatures", "message"),
    [
        ("0", "expected temperatures above 0, in units of the energy, found 0"),
        ("-0.1,0.1", "found -0.1"),
        ("nan", "found nan"),
        ("inf", "found inf"),
        ("0:1:5", "found 0"),
        ("1:2", "expected LOW:HIGH:COUNT such as 1e-4:1e-1:20, found '1:2'"),
        ("1e-320", "found 9.99989e-321: choose another one, 1e-100 or more"),
        ("2:1:5", "expected LOW below HIGH and 2 to 10000 temperatures, found '2:1:5'"),
        ("1:2:1", "expected LOW below HIGH and 2 to 10000 temperatures, found '1:2:1'"),
        ("1:2:1000000000000", "2 to 10000 temperatures, found '1:2:1000000000000'"),
        ("warm", "expected numbers such as 0.1,0.3, found 'warm'"),
        ("", "expected temperatures such as 1e-3,1e-2"),
    ],
)
def test_temperatures_that_are_none_are_refused(command: Run, database: Path, temperatures: str, message: str) -> None:
    assert_refused(command("thermodynamics", database, "--temperatures", temperatures), message)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--from", "0", "--to", "1", "-T", "0"), "expected temperatures above 0, in units of the energy, found 0"),
        (("--from", "0", "--to", "1", "-T", "-1"), "found -1"),
        (("--from", "0", "--to", "1", "-T", "nan"), "found nan"),
        (("--from", "0", "--to", "99", "-T", "1"), "expected rows of minima from 0 to 29, found 99"),
        (("--from", "-2", "--to", "1", "-T", "1"), "expected rows of minima from 0 to 29, found -2"),
        (("--from", "0,1", "--to", "1", "-T", "1"), "expected different minima on the two sides of a rate, found 1"),
        (("--from", "a", "--to", "1", "-T", "1"), "expected whole numbers such as 0,3, found 'a'"),
        (("--from", "0", "-T", "1"), "Missing option '--to'"),
    ],
)
def test_ends_and_temperatures_that_are_none_are_refused(
    command: Run, database: Path, arguments: tuple[str, ...], message: str
) -> None:
    assert_refused(command("rates", database, *arguments), message)


def test_minima_that_are_not_connected_are_refused(command: Run, apart: Path) -> None:
    said = command("rates", apart, "--from", "0", "--to", "2", "-T", "0.1")
    assert_refused(said, "expected minima that known transition states connect, found no way from 2 to 0")


def test_a_file_that_is_missing_is_refused(command: Run, tmp_path: Path) -> None:
    for arguments in (("thermodynamics",), ("rates", "--from", "0", "--to", "1", "-T", "1")):
        assert_refused(command(arguments[0], tmp_path / "none.h5", *arguments[1:]), "none.h5")
