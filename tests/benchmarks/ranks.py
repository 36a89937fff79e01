"""Comparison of two ranks with one, on two cores: ``python -m tests.benchmarks.ranks [--rounds 2]``.

The same run file is explored on one rank and on two, in turns. Prints the seconds of the rounds of each phase, from
plan to last result, and those of the whole command, including commits, start-up and the end of the program. Both runs
make the same database.
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

from tests.benchmarks.machine import processor
from tests.benchmarks.worker import ROOT

PHASES = ("basin_hopping", "connect", "measure")
WHOLE = "the whole command"


@click.command()
@click.option("--run", "run_file", default="runs/iris.toml", show_default=True, help="What is explored.")
@click.option("--rounds", type=click.IntRange(min=1), default=2, show_default=True, help="Runs of each.")
def main(run_file: str, rounds: int) -> None:
    """Measures runs on one rank and on two."""
    found = [[seconds(run_file, ranks) for ranks in (1, 2)] for _ in range(rounds)]
    click.echo(f"{run_file} on {processor()}, {datetime.now(UTC):%Y-%m-%d}, best of {rounds} (median)\n")
    click.echo("| seconds | one rank | two ranks | one over two |\n|---|---|---|---|")
    for part in (*PHASES, WHOLE):
        one, two = (np.array([pair[place][part] for pair in found]) for place in (0, 1))
        ratio = f"{one.min() / two.min():.2f} ({np.median(one / two):.2f})"
        told = [f"{values.min():.1f} ({np.median(values):.1f})" for values in (one, two)]
        click.echo(f"| {part} | {' | '.join(told)} | {ratio} |")


def seconds(run_file: str, ranks: int) -> dict[str, float]:
    """Seconds of the rounds of each phase, and of the command."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "run.h5"
        launcher = ["mpiexec", "-n", str(ranks)] if ranks > 1 else []
        command = [*launcher, sys.executable, "-m", "landscape", "run", run_file, "-o", str(file)]
        environment = os.environ | {"OMP_NUM_THREADS": "1"}
        begin = time.perf_counter()
        subprocess.run(command, cwd=ROOT, env=environment, check=True, stdout=subprocess.DEVNULL)
        whole = time.perf_counter() - begin
        with h5py.File(file) as database:
            table = database["rounds"]
            count = table.attrs["count"]
            kinds, taken = table["kind"].asstr()[:count], table["seconds"][:count]
    return {phase: float(taken[kinds == phase].sum()) for phase in PHASES} | {WHOLE: whole}


if __name__ == "__main__":
    main()
