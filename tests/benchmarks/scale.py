"""Cost of large databases, and its targets: ``python -m tests.benchmarks.scale [--minima 1000000]``.

A made-up landscape (`large.py`) is written to a temporary folder, and the work of a campaign and of readers on it is
timed on one core: seconds of the clock, which on a shared machine include other load, and of the processor. Every
figure is measured in its own process, whose peak memory belongs to that figure alone. A million minima with three
million transition states take 2.8 GB of disk, and twice that while a commit copies the file.
"""

import multiprocessing
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from subprocess import DEVNULL, run

import click
import numpy as np

from landscape.campaign.campaign import Campaign
from landscape.campaign.pools.local import LocalPool
from landscape.campaign.preparation import record_of
from landscape.campaign.progress import Silent
from landscape.campaign.resumption import open_or_create
from landscape.campaign.rounds.assimilation import Assimilation, LandscapeIndex
from landscape.campaign.rounds.double_ended import Connect
from landscape.campaign.sequences import exploring
from landscape.database.database import Database
from landscape.database.store import open_store
from landscape.graph.superbasins import disconnectivity_tree
from tests.benchmarks.large import large_context, made_up_commit, made_up_minima, made_up_states, write_database

ROUND = 10_000  # records added by a round
PLOTTED = 100_000
SCRIPT = Path(__file__).parents[2] / "analysis" / "disconnectivity.py"

Seconds = tuple[float, float]  # of the clock and of the processor
Measure = Callable[[Path], Seconds]


@click.command()
@click.option("--minima", type=click.IntRange(min=1000), default=1_000_000, show_default=True, help="Stored minima.")
@click.option("--folder", type=click.Path(path_type=Path), help="Where the temporary folder is made.")
def main(minima: int, folder: Path | None) -> None:
    """Measure insertion, opening, resuming, tree, overview and picture of a large database."""
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    plotted = min(minima, PLOTTED)
    with tempfile.TemporaryDirectory(dir=folder) as temporary:
        path, picture = Path(temporary, "large.h5"), Path(temporary, "plotted.h5")
        in_own_process(partial(written, minima), path)
        click.echo(f"{minima} minima and their transition states: {path.stat().st_size / 1e9:.2f} GB\n")
        click.echo("| what | target | clock | processor | peak memory |\n|---|---|---|---|---|")
        tell("open", "1 s", opened, path)
        tell("`landscape info`", "3 s", overview, path)
        tell("resume, to the plan of the first round", "60 s", resumed, path)
        tell("choice of pairs for a later round of connecting", "", chosen, path)
        tell(f"assimilation of {ROUND} minima", f"{50e-6 * ROUND:g} s", inserted_minima, path)
        tell(f"assimilation of {ROUND} transition states", f"{50e-6 * ROUND:g} s", inserted_states, path)
        tell("disconnectivity tree", "60 s, 8 GB", tree, path)
        tell(f"commit of {ROUND} minima", "", committed, path)
        path.unlink()
        in_own_process(partial(written, plotted), picture)
        tell(f"picture of {plotted} minima", "10 s", drawn, picture)
        tell(f"picture of {plotted} minima, 30 levels", "10 s", partial(drawn, options=("--levels", "30")), picture)


def tell(name: str, target: str, measure: Measure, path: Path) -> None:
    """Measure a figure and print its line."""
    clock, processor, peak = in_own_process(measure, path)
    click.echo(f"| {name} | {target} | {clock:.3g} s | {processor:.3g} s | {peak / 1e9:.2f} GB |")


def in_own_process(measure: Measure, path: Path) -> tuple[float, float, float]:
    """Seconds of the clock and of the processor, and the peak memory in bytes, of `measure` in a new process."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as process:
        return process.submit(_measured, measure, path).result()


def _measured(measure: Measure, path: Path) -> tuple[float, float, float]:
    seconds = measure(path)
    peak = max(resource.getrusage(whose).ru_maxrss for whose in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return *seconds, 1024.0 * peak


class Timer:
    """Seconds of the clock and of the processor since the timer was made, including ended subprocesses."""

    def __init__(self) -> None:
        self.begin = self.now()

    @staticmethod
    def now() -> np.ndarray:
        """Time of the clock and of the processor now."""
        return np.array([time.perf_counter(), sum(os.times()[:4])])

    def seconds(self) -> tuple[float, float]:
        """Seconds of the clock and of the processor since the start."""
        clock, processor = self.now() - self.begin
        return float(clock), float(processor)


def written(minima: int, path: Path) -> Seconds:
    """Time to make and write the landscape."""
    timer = Timer()
    write_database(path, minima)
    return timer.seconds()


def opened(path: Path) -> Seconds:
    """Time to open the file and count its rows."""
    timer = Timer()
    with Database(open_store(path)) as db:
        counts = len(db.minima), len(db.transition_states)
    assert min(counts) > 0
    return timer.seconds()


def overview(path: Path) -> Seconds:
    """Time of the whole command that prints the overview."""
    return _command("-m", "landscape", "info", str(path))


def drawn(path: Path, options: tuple[str, ...] = ()) -> Seconds:
    """Time of the whole script that draws the tree."""
    return _command(str(SCRIPT), str(path), "-o", str(path.with_suffix(".png")), *options)


def _command(*arguments: str) -> Seconds:
    timer = Timer()
    run([sys.executable, *arguments], check=True, stdout=DEVNULL)
    return timer.seconds()


def resumed(path: Path) -> Seconds:
    """Time from the run file to the first round's tasks."""
    timer = Timer()
    context = large_context()
    store = open_or_create(path, record_of(context), resume=True)
    campaign = Campaign(context, store, LocalPool(context.execute), Silent(), exploring(context))
    assert campaign._next() is not None
    store.close()
    return timer.seconds()


def chosen(path: Path) -> Seconds:
    """Time to plan a second round of connecting, with one in four transition states known."""
    context = large_context()
    with Database(open_store(path)) as db:
        states = db.transition_states
        tables = replace(db.store.tables, transition_states=states.take(slice(None, None, 4)))
        connect = Connect(context, LandscapeIndex(context, tables))
        assert connect.plan(tables) is not None
        timer = Timer()
        assert connect.plan(tables) is not None
        return timer.seconds()


def inserted_minima(path: Path) -> Seconds:
    """Time to look up the minima of a round, half of them known and half new."""
    context = large_context()
    with Database(open_store(path)) as db:
        tables, found = db.store.tables, made_up_minima(ROUND, np.random.default_rng(1))
        old = np.random.default_rng(2).integers(0, len(db.minima), ROUND // 2)
        for name in found.column_names():
            getattr(found, name)[::2] = getattr(db.minima, name)[old]
        assimilation = Assimilation(LandscapeIndex(context, tables), tables)
        timer = Timer()
        rows = assimilation.add_minima(found, counted=True)
        assimilation.commit(kind="basin_hopping", tasks=1, evaluations=1, seconds=0.0)
        seconds = timer.seconds()
    assert (rows[::2] == old).all()
    assert (rows[1::2] >= len(tables.minima)).all()
    return seconds


def inserted_states(path: Path) -> Seconds:
    """Time to look up the transition states of a round, half of them known and half new."""
    context = large_context()
    with Database(open_store(path)) as db:
        tables = db.store.tables
        found = made_up_states(db.minima.energy[:ROUND], 1, np.random.default_rng(1))
        old = np.random.default_rng(2).integers(0, len(db.transition_states), len(found) // 2)
        for name in found.column_names():
            getattr(found, name)[1::2] = getattr(db.transition_states, name)[old]
        assimilation = Assimilation(LandscapeIndex(context, tables), tables)
        timer = Timer()
        origins = found.minima
        new = [assimilation.add_transition_state(found, k, origins[k], origins[k]) for k in range(len(found))]
        assimilation.commit(kind="connect", tasks=1, evaluations=1, seconds=0.0)
        seconds = timer.seconds()
    assert not any(new[1::2])
    assert all(new[::2])
    return seconds


def committed(path: Path) -> Seconds:
    """Time to commit a round to the file."""
    store = open_store(path, writable=True)
    found = made_up_minima(ROUND, np.random.default_rng(1))
    commit = made_up_commit(store, found)
    timer = Timer()
    store.commit(commit)
    seconds = timer.seconds()
    store.close()
    return seconds


def tree(path: Path) -> Seconds:
    """Time to read the tables and build the exact tree."""
    timer = Timer()
    with Database(open_store(path)) as db:
        found = disconnectivity_tree(db)
    assert len(found.roots) == 1
    return timer.seconds()


if __name__ == "__main__":
    main()
