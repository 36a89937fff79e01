"""Time of all properties of 1000 minima of iris-10, and its target: ``python -m tests.benchmarks.measure_speed``.

Basin-hopping finds the minima once, at an l2 with enough of them, and keeps them in a folder of temporary files.
`landscape measure` then measures every group of properties of all of them on the given number of ranks, at the default
settings: seconds of the clock, its start included. Beside this is the cost of each group, in tasks of the same size, on
one core.
"""

import shutil
import sys
import tempfile
import time
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import click
import numpy as np

from landscape.campaign.context import Context, one_thread_per_task
from landscape.campaign.interrupt import Interrupt
from landscape.campaign.pools.local import LocalPool
from landscape.campaign.preparation import context_of, record_of, stored_context
from landscape.campaign.progress import Console
from landscape.campaign.resumption import open_or_create
from landscape.campaign.rounds.assimilation import LandscapeIndex
from landscape.campaign.rounds.hopping import BasinHopping, HopTask
from landscape.campaign.rounds.measuring import TASK_MINIMA, MeasureTask
from landscape.campaign.rounds.phase import Plan, task_starts
from landscape.campaign.session import run_campaign
from landscape.config.run_file import RunConfig
from landscape.database.database import Database
from landscape.database.store import open_store
from landscape.database.tables import Tables
from landscape.problems.problem import Problem
from landscape.properties.catalogue import available_groups
from tests.benchmarks.large import made_up_commit
from tests.benchmarks.machine import processor
from tests.campaign.commands import command, finished

TARGET = 180.0  # seconds for 1000 minima on two cores
FOLDER = Path(tempfile.gettempdir(), "landscape-benchmarks")
PROBLEM = {"dataset": "iris", "hidden": [10], "l2": 1e-5}
ROUNDS = 500  # largest number of rounds of basin-hopping
SAMPLE = 64  # minima at which each group is timed alone
AT_MOST = 3600.0  # limit in seconds for one measurement


@click.command()
@click.option("--minima", type=click.IntRange(min=SAMPLE), default=1000, show_default=True, help="Minima to measure.")
@click.option("--ranks", type=click.IntRange(min=1), default=2, show_default=True, help="Ranks that measure.")
@click.option("--folder", type=click.Path(path_type=Path), default=FOLDER, help="Where the minima are kept.")
def main(minima: int, ranks: int, folder: Path) -> None:
    """Print the seconds of `landscape measure` in all, and of each group of properties."""
    found = folder / f"iris-10-{minima}.h5"
    if not found.exists():
        find_minima(found, minima)
    seconds, groups = measured(found, ranks), group_seconds(found)
    click.echo("| what | s per 1000 minima | target |\n|---|---|---|")
    whole = 1000.0 / minima * seconds
    click.echo(f"| `landscape measure`, all groups, {ranks} ranks | {whole:.1f} | {2 * TARGET / ranks:.0f} |")
    for group, one_core in groups.items():
        click.echo(f"| {group}, on one core | {one_core:.1f} | |")
    click.echo(
        f"\n{minima} minima of iris 4-10-3 at l2 = {PROBLEM['l2']:g}; {processor()}, {datetime.now(UTC):%Y-%m-%d}"
    )
    sys.exit(whole > 2 * TARGET / ranks)


def find_minima(path: Path, minima: int) -> None:
    """Write a database with `minima` minima, found by basin-hopping."""
    table = {"problem": PROBLEM, "basin_hopping": {"steps": 10 * ROUNDS}}
    context = context_of(RunConfig.from_table(table, "measure_speed"), "cpu")
    record = record_of(context)
    walk = open_or_create(None, record, resume=False)
    with one_thread_per_task(), Interrupt() as interrupt:
        phases = (partial(Hopping, minima),)
        run_campaign(context, walk, LocalPool(context.execute), Console(), interrupt, phases)
    found = walk.tables.minima
    path.parent.mkdir(parents=True, exist_ok=True)
    store = open_or_create(path, record, resume=False)
    store.commit(made_up_commit(store, found.take(slice(minima))))
    store.close()


class Hopping(BasinHopping):
    """Basin-hopping until the wanted number of minima is found."""

    def __init__(self, minima: int, context: Context, index: LandscapeIndex) -> None:
        super().__init__(context, index)
        self.minima = minima

    def plan(self, tables: Tables) -> Plan[HopTask] | None:
        """The next round, or None once there are enough minima."""
        return super().plan(tables) if len(tables.minima) < self.minima else None


def measured(found: Path, ranks: int) -> float:
    """Seconds of the clock that `landscape measure` takes on a copy of the database."""
    with tempfile.TemporaryDirectory() as folder:
        copy = shutil.copy(found, folder)
        begin = time.perf_counter()
        finished(command(ranks, "measure", copy), timeout=AT_MOST).check_returncode()
        return time.perf_counter() - begin


def group_seconds(found: Path) -> dict[str, float]:
    """Process CPU seconds per 1000 minima of each group, on one thread."""
    with Database(open_store(found)) as db, one_thread_per_task():
        context, theta = stored_context(db.problem_record, "cpu"), db.minima.parameters[:SAMPLE]
        assert isinstance(context.objective, Problem)
        return {group: _group_seconds(context, theta, group) for group in available_groups(context.objective)}


def _group_seconds(context: Context, theta: np.ndarray, group: str) -> float:
    tasks = [
        MeasureTask(theta=theta[first : first + TASK_MINIMA], groups=(group,))
        for first in task_starts(len(theta), TASK_MINIMA)
    ]
    tasks[0].run(context)  # compiles the code
    begin = time.process_time()
    for task in tasks:
        task.run(context)
    return 1000.0 / len(theta) * (time.process_time() - begin)


if __name__ == "__main__":
    main()
