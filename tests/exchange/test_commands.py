"""The commands: exit status, one line for every mistake, and nothing left behind."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from tests.commands import Run


def test_export_tells_what_it_wrote(command: Run, first: Path, tmp_path: Path) -> None:
    status, out, _ = command("export", first, "-o", tmp_path / "out", "--format", "csv")
    assert status == 0
    assert out.endswith(f"transition states written to {tmp_path / 'out'}\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--format", "cvs"), "'cvs' is not one of 'pathsample', 'pele'"),
        (("--format", "csv", "--lowest", "3"), "expected --minima and --lowest with networks only, found csv"),
        (("--format", "networks", "--minima", "0,99"), "expected rows of its 4 minima, from 0, found 99"),
        (("--format", "networks", "--minima", "0", "--lowest", "1"), "found both: leave one out"),
        (("--format", "networks", "--minima", "a"), "expected whole numbers such as 0,3, found 'a'"),
        (("--format", "pele", "-o", "taken"), "expected a new or empty folder, found files in it"),
    ],
)
def test_mistakes_of_export(
    command: Run,
    first: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken/file").touch()
    status, _, told = command("export", first, "-o", "out", *arguments)
    assert (status, told.count("\n")) == (2, 1)
    assert message in told
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]


def test_import_refuses_all_or_skips(command: Run, second: Path, run_file: Path, tmp_path: Path) -> None:
    folder, target = tmp_path / "out", tmp_path / "again.h5"
    command("export", second, "-o", folder, "--format", "pathsample")
    values = np.fromfile(folder / "points.min")
    values[:12] += 0.1
    values.tofile(folder / "points.min")
    call = ("import", folder, "--format", "pathsample", "--problem", run_file, "-o", target)
    status, out, told = command(*call)
    assert (status, out) == (1, "")
    assert "landscape: minimum 1: RMS gradient" in told
    assert "found 1 of 10 that are none, nothing was written: --skip leaves them out" in told
    assert not target.exists()
    status, out, told = command(*call, "--skip")
    assert status == 0
    assert "landscape: minimum 1: RMS gradient" in told
    assert "import" in out
    status, _, told = command(*call)
    assert (status, told.count("\n")) == (2, 1)
    assert "exists already" in told


def test_import_of_another_problem_and_of_pickles(command: Run, second: Path, run_file: Path, tmp_path: Path) -> None:
    folder, target = tmp_path / "out", tmp_path / "again.h5"
    command("export", second, "-o", folder, "--format", "pele")
    call = ("import", folder, "--format", "pele", "--problem", run_file, "-o", target)
    status, _, told = command(*call)
    assert (status, told.count("\n")) == (2, 1)
    assert "expected --trust-pickles" in told
    status, _, told = command(*call, "--trust-pickles", "--set", "problem.hidden=[3]")
    assert (status, told.count("\n")) == (2, 1)
    assert "expected a pickle of 17 numbers" in told
    status, _, told = command(*call, "--trust-pickles", "--set", "problem.l2=0.02")
    assert status == 1
    assert "found 9 of 10 that are none" in told  # the network of zeros is stationary for every l2
    assert not target.exists()


def test_merge_and_its_mistakes(command: Run, first: Path, second: Path, tmp_path: Path) -> None:
    status, out, told = command("merge", first, second, "-o", tmp_path / "both.h5")
    assert status == 0
    assert "merge" in out
    assert "with other settings" in told
    copy = Path(shutil.copy(first, tmp_path / "copy.h5"))
    for files, message in (((first,), "expected at least two databases"), ((first, copy), "expected another seed")):
        status, _, told = command("merge", *files, "-o", tmp_path / "no.h5")
        assert (status, told.count("\n")) == (2, 1)
        assert message in told
    status, _, told = command("merge", first, second, "-o", tmp_path / "both.h5")
    assert (status, told.count("\n")) == (2, 1)
    assert "exists already" in told
    assert not (tmp_path / "no.h5").exists()
