"""Workers: subprocesses on one core and one thread that answer one JSON line with another.

A request is {"task", "landscape", "l2", ...}; the answer {"theta" [F][P], "counts" [F], "seconds"} holds points, a
count for each, and the process CPU seconds of the work. The tasks:

    quench    "starts", their number     ends of the quenches, in order; energy-gradient calls of each
    hop       "seconds", "seed"          minima that basin-hopping found in that CPU time; hits of each
    connect   "minima" [M][P], "pairs"   transition states found between that number of nearest pairs; 1 each

The first line of a worker is {"versions"}.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import click

ROOT = Path(__file__).parents[2]
PEERS = ROOT / ".venv-peers"
PEER_PACKAGES = ("pele", "pylfl", "scikit-learn", "numpy<2", "sqlalchemy<2", "PyGT", "pathos", "nptyping")
WITHOUT_REQUIREMENTS = ("topsearch==0.0.3",)  # which asks for an older Python, and for much that reading does not need
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")


def our_command() -> list[str]:
    """The command of our worker."""
    return [sys.executable, "-m", "tests.benchmarks.ours"]


def peer_command(module: str) -> list[str]:
    """The command of a worker in the peers' environment; if that is missing, an error with instructions."""
    python = PEERS / "bin" / "python"
    if not python.exists():
        raise click.ClickException(
            f"expected the peers in the virtual environment {PEERS.name}, found none: run "
            "`python -m tests.benchmarks --make-peers` first (it installs " + ", ".join(PEER_PACKAGES) + " there)"
        )
    return [str(python), "-m", f"tests.benchmarks.{module}"]


def make_peers() -> None:
    """Makes the peers' environment."""
    subprocess.run([sys.executable, "-m", "venv", PEERS], check=True)
    install = [str(PEERS / "bin/pip"), "install", "--quiet"]
    subprocess.run([*install, *PEER_PACKAGES], check=True)
    subprocess.run([*install, "--no-deps", *WITHOUT_REQUIREMENTS], check=True)


class Worker:
    """A running worker; leaving the block ends it."""

    def __init__(self, command: list[str], **settings: int) -> None:
        arguments = [f"--{name}={value}" for name, value in settings.items()]
        self.process = subprocess.Popen(
            [*command, *arguments],
            cwd=ROOT,
            env=os.environ | ONE_THREAD,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.versions: str = self._answer()["versions"]

    def ask(self, task: str, **request: object) -> dict[str, Any]:
        """The answer to a request."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({"task": task, **request}) + "\n")
        self.process.stdin.flush()
        return self._answer()

    def _answer(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise click.ClickException("expected an answer of the worker, found that it ended: see its message above")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait()
