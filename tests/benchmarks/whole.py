"""A whole small landscape on two cores by the wall clock, for us and for GMIN and OPTIM: ``python -m
tests.benchmarks.whole``.

The landscape is that of `runs/iris-1e-3.toml`. Ours: that run on two ranks, start-up and the end of the program
included. Theirs: two processes at a time, with the fastest recipe that we know:

    GMIN     walks of 100 steps from U(-5, 5), two at a time, until two walks have found no new minimum
    OPTIM    paths between all pairs of the minima known, nearest copies; then over and over between random copies of
             all pairs, a minimum and its own copies included; new minima on paths join in

Theirs stops when as many minima, all connected, and transition states are verified as ours has found - which a user
could not know - or when the time is up; ours ends by its own rules. For both, the time of the latest find is printed
too. The judge's time and the start of their workers do not count. All results are verified, see `judge.py`; symmetric
copies count once.
"""

import os
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import click
import h5py
import numpy as np

from tests.benchmarks.atlas import Atlas
from tests.benchmarks.judge import Judge
from tests.benchmarks.machine import processor
from tests.benchmarks.whole_peers import CORES, L2, LANDSCAPE, WholePeers
from tests.benchmarks.worker import ROOT

RUN = "runs/iris-1e-3.toml"


@click.command()
@click.option("--limit", default=300.0, show_default=True, help="Seconds after which the peers stop.")
@click.option("--seed", default=0, show_default=True, help="Seed of both sides.")
def main(limit: float, seed: int) -> None:
    """Measures a whole run of `landscape` on two cores, then GMIN and OPTIM until they have found as much."""
    allowed = len(os.sched_getaffinity(0))
    if allowed < CORES:
        raise click.ClickException(f"expected {CORES} cores, found {allowed}: allow more, for example with taskset")
    click.echo(f"{CORES} cores of {processor()}, {datetime.now(UTC):%Y-%m-%d}, {_load()} before")
    judge = Judge(LANDSCAPE, L2)
    ours, seconds, latest = _ours(judge, seed)
    mine = f"{latest:.1f} s: {ours}; the run ends at {seconds:.1f} s"
    click.echo(f"landscape, {mine}; {_load()}")
    with WholePeers(judge, limit) as peers:
        peers.explore(ours, seed)
        theirs = f"{peers.latest:.1f} s: {peers.found}; stopped at {peers.seconds:.1f} s"
    click.echo(f"{_load()} after\n\n| two cores, wall clock | landscape | GMIN + OPTIM |\n|---|---|---|")
    click.echo(f"| all of {LANDSCAPE}, l2 = {L2:g} | {mine} | {theirs} |")


def _ours(judge: Judge, seed: int) -> tuple[Atlas, float, float]:
    """The verified points of a run; its seconds; the time at which the latest point was committed."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "run.h5"
        command = ["mpiexec", "-n", str(CORES), sys.executable, "-m", "landscape", "run", RUN, "-o", str(file)]
        begin = time.perf_counter()
        subprocess.run([*command, "--set", f"run.seed={seed}"], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
        seconds = time.perf_counter() - begin
        with h5py.File(file) as database:
            minima, saddles = database["minima"], database["transition_states"]
            points = minima["parameters"][: minima.attrs["count"]]
            middle = saddles["parameters"][: saddles.attrs["count"]]
            first, last = points[saddles["minima"][: len(middle)].T]
            after = _seconds_after_the_latest(database["rounds"])
    atlas = Atlas(judge)
    atlas.add_minima(points)
    atlas.add_steps(np.stack([first, middle, last], axis=1))
    return atlas, seconds, seconds - after


def _seconds_after_the_latest(rounds: h5py.Group) -> float:
    """Seconds of the rounds that followed the last one with a new point."""
    new = rounds["new_minima"][: rounds.attrs["count"]] + rounds["new_transition_states"][: rounds.attrs["count"]]
    return float(rounds["seconds"][np.flatnonzero(new)[-1] + 1 : len(new)].sum())


def _load() -> str:
    return f"load average {os.getloadavg()[0]:.1f}"


if __name__ == "__main__":
    main()
