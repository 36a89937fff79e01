"""Nothing is lost: a campaign that is killed again and again ends with the tables of an undisturbed one.

`LANDSCAPE_TEST_KILLS` sets the number of kills.
"""

import os
import time
from pathlib import Path

import numpy as np
import pytest

from tests.campaign.commands import MPIEXEC, XOR, assert_equal_bytes, command, done, run_file, started, tables
from tests.campaign.processes import kill_all

KILLS = int(os.environ.get("LANDSCAPE_TEST_KILLS", "8"))
MANY_ROUNDS = XOR.replace("steps = 4\nround_steps = 2", "steps = 12\nround_steps = 1").replace(
    "rounds = 1", "rounds = 3"
)
RANKS = (0, 2, 3) if MPIEXEC else (0,)


def owner(lock: Path) -> str:
    """The content of the lock file, which names its writer; a killed process leaves its own."""
    return lock.read_text() if lock.exists() else ""


def version(path: Path) -> tuple[int, int]:
    """Numbers that change with every commit."""
    return (path.stat().st_ino, path.stat().st_mtime_ns) if path.exists() else (0, 0)


def killed(line: list[str], path: Path, commits: int, moment: float) -> bool:
    """Start a command, and kill all its processes `moment` seconds after it has opened the database and committed
    `commits` rounds. Returns False if the command ended before.
    """
    lock = path.with_name(f"{path.name}.lock")
    before = owner(lock)
    process = started(line)
    while process.poll() is None and owner(lock) in ("", before):
        time.sleep(0.01)
    for _ in range(commits):
        known = version(path)
        while process.poll() is None and version(path) == known:
            time.sleep(0.002)
    time.sleep(moment)
    ended = process.poll()
    kill_all(process.pid)
    said = process.communicate()[1]
    assert ended in (None, 0), said
    return ended is None


@pytest.mark.bits
@pytest.mark.timeout(60 + 30 * KILLS)
def test_a_campaign_that_is_killed_again_and_again_loses_nothing(tmp_path: Path) -> None:
    source, path, undisturbed = run_file(tmp_path, MANY_ROUNDS), tmp_path / "killed.h5", tmp_path / "undisturbed.h5"
    done(command(0, "run", source, "-o", undisturbed))
    rounds = len(tables(undisturbed)["rounds/tasks"])
    random, seen, kills, resumed = np.random.default_rng(3), [0], 0, 0
    while kills < KILLS:
        line = command(RANKS[kills % len(RANKS)], "run", source, "-o", path, "--resume")
        if killed(line, path, int(random.integers(0, 4)), float(random.uniform(0.0, 0.2))):
            kills += 1
            seen.append(len(tables(path)["rounds/tasks"]) if path.exists() else 0)
            assert seen[-2] <= seen[-1] <= rounds
            resumed += 0 < seen[-1] < rounds
        else:
            assert_equal_bytes(path, undisturbed)
            path.unlink()
            seen.append(0)
    done(command(2 if MPIEXEC else 0, "run", source, "-o", path, "--resume"))
    assert_equal_bytes(path, undisturbed)
    print(f"{kills} kills, {resumed} of them between two commits of {rounds}; rounds after each: {seen[1:]}")  # noqa: T201
    assert resumed >= KILLS // 2
