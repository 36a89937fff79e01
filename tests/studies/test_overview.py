"""The overview of databases whose files lack columns."""

from pathlib import Path

import pytest

from landscape.database.database import open_database
from landscape.database.records import ROUND_KINDS
from landscape.studies.overview import overview
from tests.database.altering import altered
from tests.database.samples import sample_file


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return sample_file(tmp_path / "a.h5")


def last_lines(path: Path) -> tuple[list[str], list[str]]:
    """The cells of the first regime and of the last commit."""
    with open_database(path) as db:
        lines = [line.split() for line in overview(db, 3).splitlines()]
        header = next(place for place, line in enumerate(lines) if line[:1] == ["regime"])
        return lines[header + 1], lines[-1]


def test_counts_are_those_of_the_tables(path: Path) -> None:
    with open_database(path) as db:
        points = db.training
        own = points.regime == points.regime.min()
        means = [f"{points.epochs[own].mean():.1f}", f"{points.gradient_evaluations[own].mean():.0f}"]
        spent = int(db.rounds.evaluations[0])
    regime, commit = last_lines(path)
    assert regime[2:4] == means
    assert commit == ["0", "connect", "4", str(spent), "0.50", "+3", "+2"]


def test_counts_that_a_file_lacks_are_unknown(path: Path) -> None:
    with altered(path) as file:
        for name in ("epochs", "gradient_evaluations"):
            del file["training"][name]
        for name in ("tasks", "evaluations", "seconds", "new_minima", "new_transition_states"):
            del file["rounds"][name]
    regime, commit = last_lines(path)
    assert regime[2:4] == ["nan", "nan"]
    assert commit == ["0", "connect", *["nan"] * 5]


def test_counts_have_their_nouns_and_the_network_its_line(path: Path) -> None:
    with open_database(path) as db:
        text = overview(db, 0)
    assert "hits are quenches" not in text
    assert f"  connect: {ROUND_KINDS['connect']}" in text
