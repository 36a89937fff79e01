"""Profiles of quenches and searches: ``python -m tests.benchmarks.profiles``, kept in ``profiles.md`` for main
versions.

The profiler slows Python down but not compiled code: read shares of functions, not times.
"""

import cProfile
import os
import pstats
from collections.abc import Callable, Sequence
from math import comb
from pathlib import Path
from typing import Any

import click
import numpy as np

from landscape.campaign.pools.pool import Execute
from tests.benchmarks import ours
from tests.benchmarks.judge import Judge

LANDSCAPE, L2, LOWEST = "iris-10", 1e-4, 20
ROOT = Path(__file__).parents[2]


class PoolOfThisThread:
    """A pool that runs tasks in the thread that the profiler watches."""

    def __init__(self, execute: Execute) -> None:
        self.execute = execute

    def run(self, tasks: Sequence[Any], *_: object) -> list[Any]:
        """Results in the order of the tasks."""
        return [self.execute(task) for task in tasks]


@click.command()
@click.option("--starts", type=click.IntRange(min=32), default=256, show_default=True, help="Quenches.")
@click.option("--rows", type=click.IntRange(min=1), default=12, show_default=True, help="Functions to show.")
def main(starts: int, rows: int) -> None:
    """Profiles quenches and the search of transition states on iris-10, on one core."""
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    vars(ours)["LocalPool"] = PoolOfThisThread
    worker = ours.Ours(memory=40, batch=64)
    answer = worker.quench(LANDSCAPE, L2, 512)
    minima = Judge(LANDSCAPE, L2).minima(np.array(answer["theta"]), answer["counts"])[0].tolist()[:LOWEST]
    _show(f"{starts} quenches", lambda: worker.quench(LANDSCAPE, L2, starts), rows)
    _show("transition states of all pairs", lambda: worker.connect(LANDSCAPE, L2, minima, comb(LOWEST, 2)), rows)


def _show(title: str, work: Callable[[], object], rows: int) -> None:
    work()
    profile = cProfile.Profile()
    profile.runcall(work)
    stats = pstats.Stats(profile)
    total = stats.total_tt  # type: ignore[attr-defined] # typeshed has no public attributes
    entries = sorted(stats.stats.items(), key=lambda entry: -entry[1][2])[:rows]  # type: ignore[attr-defined]
    click.echo(f"\n| {title}, {total:.1f} s | calls | share |\n|---|---|---|")
    for (file, _, function), (_, calls, own, _, _) in entries:
        click.echo(f"| {_place(file)}{function} | {calls} | {own / total:.0%} |")


def _place(file: str) -> str:
    path = Path(file)
    return f"{path.relative_to(ROOT)} " if path.is_relative_to(ROOT) else ""


if __name__ == "__main__":
    main()
