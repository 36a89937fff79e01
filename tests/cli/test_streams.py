"""Standard streams that are closed, full, or whose readers have gone: no traceback, and no lost work."""

import contextlib
import io
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import pytest

import landscape
from landscape.campaign.progress import Bar, Console
from tests.campaign.commands import ROOT
from tests.campaign.energies import Himmelblau
from tests.database.samples import sample_file

FULL = "landscape: standard output cannot be written, the disk is full: free space, then call the command again\n"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return sample_file(tmp_path / "a.h5")


def told(redirections: str, name: Path | str) -> tuple[int, str]:
    """The exit status of `landscape info NAME` under redirections of the shell, and what it said on standard error."""
    line = f'exec "{sys.executable}" -m landscape info "$0" {redirections}'
    ended = subprocess.run(
        ["sh", "-c", line, name], cwd=ROOT, check=False, timeout=300, stderr=subprocess.PIPE, text=True
    )
    return ended.returncode, ended.stderr


def test_closed_streams_lead_nowhere(path: Path) -> None:
    before = path.read_bytes()
    assert told("<&- >&- 2>&-", path) == (0, "")
    assert told("<&- >&- 2>&-", "none.h5") == (2, "")
    assert path.read_bytes() == before


def test_full_devices(path: Path) -> None:
    assert told(">/dev/full", path) == (2, FULL)
    assert told("2>/dev/full", "none.h5") == (2, "")


class Gone(io.StringIO):
    """A terminal that is gone."""

    def isatty(self) -> bool:
        return True

    def write(self, _: str) -> NoReturn:
        raise OSError(5, "Input/output error")

    def flush(self) -> NoReturn:
        self.write("")


@pytest.mark.parametrize("progress", [Console, Bar])
def test_an_exploration_outlives_its_terminal(progress: Callable[[], Console | Bar]) -> None:
    with contextlib.redirect_stderr(Gone()):
        db = landscape.explore(
            Himmelblau(), start=(-5.0, 5.0), walkers=4, steps=1, connect={"rounds": 0}, progress=progress()
        )
    assert db.complete
