"""Any failure on a rank ends the job, with a message and a non-zero status, and never hangs."""

from pathlib import Path

import pytest

from tests.campaign.commands import ROOT, environment, finished, launched, needs_mpi


def failed(ranks: int, path: Path, *what: str) -> tuple[int, str]:
    """Exit status and messages of jobs that fail."""
    line = launched(ranks, ROOT / "tests/campaign/failing.py", path, *what)
    result = finished(line, timeout=60, env=environment() | {"PYTHONPATH": str(ROOT)})
    assert not list(path.parent.glob("*.lock"))
    return result.returncode, result.stderr


@needs_mpi
def test_what_fails_while_a_rank_gets_ready_is_told_once(tmp_path: Path) -> None:
    status, said = failed(2, tmp_path / "a.h5", "prepare", "coordinator", "prepare-user")
    assert status == 2
    assert said.count("landscape: ") == 3
    assert said.startswith("landscape: rank 1 failed:\nTraceback")
    assert "ZeroDivisionError: preparing" in said
    assert "landscape: failed:\nTraceback" in said
    assert "ZeroDivisionError: coordinating" in said
    assert said.endswith("landscape: no data here\n")


@needs_mpi
@pytest.mark.parametrize(
    ("what", "status", "message"),
    [
        ("task", 1, "landscape: rank 1 failed:\nTraceback"),
        ("user", 2, "landscape: expected something else, found this: change it\n"),
    ],
)
def test_an_exception_in_a_task_of_another_rank_ends_the_job(
    tmp_path: Path, what: str, status: int, message: str
) -> None:
    found, said = failed(2, tmp_path / "a.h5", what)
    assert found == status
    assert said.count("landscape: ") == 1
    assert message in said
    assert ("ZeroDivisionError: a gradient" in said) == (what == "task")


@needs_mpi
def test_the_death_of_another_rank_ends_the_job(tmp_path: Path) -> None:
    line = launched(2, ROOT / "tests/campaign/failing.py", tmp_path / "a.h5", "death")
    assert finished(line, timeout=60, env=environment() | {"PYTHONPATH": str(ROOT)}).returncode != 0


def test_an_exception_without_mpi_is_told_before_the_process_ends(tmp_path: Path) -> None:
    status, said = failed(0, tmp_path / "a.h5", "coordinator", "task")
    assert status == 1
    assert said.count("landscape: failed:\nTraceback") == 2
    assert "ZeroDivisionError: coordinating" in said
    assert "ZeroDivisionError: a gradient" in said
