"""`landscape instability`: a small landscape through search, theorems, verdicts and pictures; and bad input."""

import csv
from pathlib import Path

import pytest
from click.testing import CliRunner

import landscape
from analysis.instability import main
from landscape.campaign.exits import FAILED
from tests.analysis.synthetic import funnel, write_database
from tests.commands import Run
from tests.database.altering import altered

HASTY = {"pgd_steps": 1, "pgd_restarts": 1, "apgd_steps": 1, "search_queries": 1, "noise_draws": 1, "epsilon": [0.1]}


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two units on six points, which need five without the cue; the three minima are found by every search."""
    path = tmp_path_factory.mktemp("stripes") / "a.h5"
    problem = landscape.Problem(dataset="f_a:K=6,delta=0.25", standardise=False, hidden=[2], l2=1e-5)
    hopping = {"start_scales": [0.5, 1.0, 3.0, 10.0], "round_steps": 3}
    connect = {"rounds": 0, "single_ended": 0}
    landscape.explore(
        problem,
        path=path,
        walkers=32,
        steps=3,
        progress=False,
        basin_hopping=hopping,
        connect=connect,
        measure=HASTY,
    ).close()
    return path


def rows_of(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))


def test_the_landscape_of_two_units_is_told_and_drawn(command: Run, database: Path, tmp_path: Path) -> None:
    status, said, errors = command("instability", database, "-o", tmp_path)
    assert (status, errors) == (0, "")
    assert "theorems: 3 networks checked, 0 faults" in said
    assert "2 accurate minima of 1 landscapes, 0 against the theorem" in said
    rows = rows_of(tmp_path / "networks.csv")
    energies = sorted(float(row["energy"]) for row in rows)
    assert energies == [
        pytest.approx(0.0007666, abs=5e-8),
        pytest.approx(0.0009265, abs=5e-8),
        pytest.approx(0.54976, abs=5e-6),
    ]
    assert [row["accuracy"] for row in sorted(rows, key=lambda row: float(row["energy"]))] == ["1.0", "1.0", str(4 / 6)]
    result = CliRunner().invoke(main, [str(tmp_path), "--format", "png"])
    assert result.exit_code == 0, result.output
    assert {path.name for path in tmp_path.glob("*.png")} == {"A-stability.png", "B-size.png", "C-crossover.png"}


def test_a_breach_of_a_theorem_ends_with_status_1(command: Run, database: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.h5"
    broken.write_bytes(database.read_bytes())
    with altered(broken) as file:
        file["properties/minima/unstable_points"][0] = 0.0
    status, said, _ = command("instability", broken)
    assert status == FAILED
    assert "1 faults" in said
    assert f"{tmp_path.name}/broken.h5, minimum 0: expected at least" in said


def test_other_data_are_refused_in_one_line(command: Run, tmp_path: Path) -> None:
    other = write_database(tmp_path / "iris.h5", funnel(10))
    status, said, errors = command("instability", other)
    assert (status, said) == (2, "")
    assert errors.count("\n") == 1
    assert "expected the data set f_a, found" in errors


def test_pictures_without_tables_are_refused_in_one_line(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, [str(tmp_path)])
    assert result.exit_code == 2
    assert result.output.count("\n") == 1
    assert "networks.csv, found: No such file or directory: run 'landscape instability FILE..." in result.output
