"""The `landscape` command as tests start it, small run files, and the tables of a file read without our code."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest

from tests.patience import patient

ROOT = Path(__file__).parents[2]
MPIEXEC = shutil.which("mpiexec", path=Path(sys.executable).parent)
needs_mpi = pytest.mark.skipif(MPIEXEC is None, reason="needs mpiexec beside Python: pip install 'landscape[mpi]'")

XOR = """
[problem]
dataset = "xor"
standardise = false
hidden = [2]
l2 = 1e-2
[basin_hopping]
walkers = 6
steps = 4
round_steps = 2
task_walkers = 2
[connect]
pairs = 2
task_pairs = 1
rounds = 1
single_ended = 2
target = 1.0
[measure]
epsilon = [0.1]
pgd_steps = 2
pgd_restarts = 2
apgd_steps = 5
search_queries = 20
"""
IRIS = """
[problem]
dataset = "iris"
subset = 30
hidden = [4]
l2 = 1e-4
[basin_hopping]
walkers = 5
steps = 5
round_steps = 2
task_walkers = 2
[connect]
pairs = 4
task_pairs = 1
rounds = 2
single_ended = 1
target = 1.0
[measure]
epsilon = [0.1, 0.3]
pgd_steps = 2
pgd_restarts = 1
"""
# A round takes minutes: a signal arrives while every rank is at work.
SLOW = """
[problem]
dataset = "digits"
hidden = [20]
[basin_hopping]
walkers = 16
steps = 1
task_walkers = 4
"""


def run_file(folder: Path, text: str) -> Path:
    path = folder / "run.toml"
    path.write_text(text)
    return path


def command(ranks: int, *arguments: object) -> list[str]:
    """`landscape ARGUMENTS` in one process without MPI (`ranks` 0) or under mpiexec."""
    return launched(ranks, "-m", "landscape", *arguments)


def launched(ranks: int, *arguments: object) -> list[str]:
    """Python with these arguments, without MPI (`ranks` 0) or under mpiexec."""
    python = [sys.executable, *map(str, arguments)]
    return [str(MPIEXEC), "-n", str(ranks), *python] if ranks else python


def environment(threads: int | None = 1) -> dict[str, str]:
    """The environment with a limit on threads, or without one for None."""
    kept = {name: value for name, value in os.environ.items() if name != "OMP_NUM_THREADS"}
    return kept if threads is None else kept | {"OMP_NUM_THREADS": str(threads)}


def started(line: list[str]) -> "subprocess.Popen[str]":
    """A running command, in its own session, its output piped."""
    return subprocess.Popen(
        line,
        cwd=ROOT,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def finished(
    line: list[str], env: dict[str, str] | None = None, timeout: float = 280.0
) -> "subprocess.CompletedProcess[str]":
    """The command once it has ended, within `timeout` seconds on an idle machine."""
    limit = patient(timeout)
    return subprocess.run(
        line, cwd=ROOT, env=env or environment(), timeout=limit, capture_output=True, text=True, check=False
    )


def done(line: list[str], env: dict[str, str] | None = None) -> "subprocess.CompletedProcess[str]":
    """The command once it has ended with exit status 0."""
    result = finished(line, env)
    assert result.returncode == 0, result.stderr
    return result


def tables(path: Path) -> dict[str, np.ndarray]:
    """Every dataset of a file by name, without wall times."""
    found: dict[str, np.ndarray] = {}

    def take(name: str, item: object) -> None:
        if isinstance(item, h5py.Dataset) and name not in ("rounds/seconds", "digests"):
            found[name] = item[()]

    with h5py.File(path) as file:
        file.visititems(take)
        for name in ("minima", "transition_states"):
            assert len(found[f"{name}/energy"]) == file[name].attrs["count"]
    return found


def assert_equal_bytes(first: Path, second: Path) -> None:
    """Assert that all tables of the two files hold the same bytes."""
    ours, theirs = tables(first), tables(second)
    assert ours.keys() == theirs.keys()
    different = [name for name in ours if ours[name].tobytes() != theirs[name].tobytes()]
    assert not different
