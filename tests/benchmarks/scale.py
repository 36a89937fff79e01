"""Cost of large databases beside its targets: ``python -m tests.benchmarks.scale [--minima 1000000]``.

A made-up landscape (`large.py`) is written to a temporary folder, and what a campaign and its readers do with it is
timed on one core. Every figure is taken in a process of its own, whose peak memory is that of the figure. A million
minima with three million transition states take 2.7 GB of disk, twice that while a commit copies the file.
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

from landscape.database.database import Database
from landscape.database.records import Commit, TransitionStates
from landscape.database.store import open_store
from landscape.explore.assimilation import Assimilation, Known
from landscape.explore.campaign import ALL_PHASES, Campaign
from landscape.explore.connecting import Connect
from landscape.explore.pool import LocalPool
from landscape.explore.progress import Silent
from landscape.explore.session import executor, open_or_create, record_of
from landscape.properties.tree import disconnectivity_tree
from tests.benchmarks.large import large_context, made_up_minima, made_up_states, write_database

ROUND = 10_000  # records that a round brings in
PLOTTED = 100_000
SCRIPT = Path(__file__).parents[2] / "analysis" / "disconnectivity.py"

Measure = Callable[[Path], float]


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
        click.echo("| what | measured | target | peak memory |\n|---|---|---|---|")
        tell("open", "s", "1 s", opened, path)
        tell("`landscape info`", "s", "3 s", overview, path)
        tell("resume, to the plan of the first round", "s", "60 s", resumed, path)
        tell("choice of pairs for a later round of connecting", "s", "", chosen, path)
        tell("insertion with duplicate test, a minimum", "us", "50 us", inserted_minima, path)
        tell("insertion with duplicate test, a transition state", "us", "50 us", inserted_states, path)
        tell(f"commit of {ROUND} minima", "s", "", committed, path)
        tell("disconnectivity tree", "s", "60 s, 8 GB", tree, path)
        path.unlink()
        in_own_process(partial(written, plotted), picture)
        tell(f"picture of {plotted} minima", "s", "10 s", drawn, picture)
        tell(
            f"picture of {plotted} minima at 30 levels",
            "s",
            "10 s",
            partial(drawn, options=("--levels", "30")),
            picture,
        )


def tell(name: str, unit: str, target: str, measure: Measure, path: Path) -> None:
    """Print the line of a figure."""
    value, peak = in_own_process(measure, path)
    click.echo(f"| {name} | {value:.3g} {unit} | {target} | {peak / 1e9:.2f} GB |")


def in_own_process(measure: Measure, path: Path) -> tuple[float, float]:
    """What `measure` finds at `path` in a new process, and the peak memory of that in bytes."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, context) as process:
        return process.submit(_with_peak, measure, path).result()


def _with_peak(measure: Measure, path: Path) -> tuple[float, float]:
    value = measure(path)
    peaks = [resource.getrusage(whose).ru_maxrss for whose in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return value, 1024.0 * max(peaks)


def written(minima: int, path: Path) -> float:
    """Seconds to make and write the landscape."""
    begin = time.perf_counter()
    write_database(path, minima)
    return time.perf_counter() - begin


def opened(path: Path) -> float:
    """Seconds to open the file and count what it holds."""
    begin = time.perf_counter()
    with Database(open_store(path)) as db:
        counts = len(db.minima), len(db.transition_states)
    assert min(counts) > 0
    return time.perf_counter() - begin


def overview(path: Path) -> float:
    """Seconds of the whole command."""
    return _command("-m", "landscape", "info", str(path))


def drawn(path: Path, options: tuple[str, ...] = ()) -> float:
    """Seconds of the whole script."""
    return _command(str(SCRIPT), str(path), "-o", str(path.with_suffix(".png")), *options)


def _command(*arguments: str) -> float:
    begin = time.perf_counter()
    run([sys.executable, *arguments], check=True, stdout=DEVNULL)
    return time.perf_counter() - begin


def resumed(path: Path) -> float:
    """Seconds from the run file to the first round's tasks."""
    begin = time.perf_counter()
    context = large_context()
    store = open_or_create(path, record_of(context.objective, context.settings), resume=True)
    campaign = Campaign(context, store, LocalPool(executor(context)), Silent(), ALL_PHASES)
    assert campaign._next() is not None
    store.close()
    return time.perf_counter() - begin


def chosen(path: Path) -> float:
    """Seconds to plan a round of connecting once there was one, where one in four transition states is known."""
    context = large_context()
    with Database(open_store(path)) as db:
        states = db.transition_states
        few = TransitionStates(**{name: getattr(states, name)[::4] for name in states.column_names()})
        tables = replace(db.store.tables, transition_states=few)
        connect = Connect(context, Known(context, tables))
        assert connect.plan(tables) is not None
        begin = time.perf_counter()
        assert connect.plan(tables) is not None
        return time.perf_counter() - begin


def inserted_minima(path: Path) -> float:
    """Microseconds a minimum; of those that a round finds, half are known and half are new."""
    context = large_context()
    with Database(open_store(path)) as db:
        tables, found = db.store.tables, made_up_minima(ROUND, np.random.default_rng(1))
        old = np.random.default_rng(2).integers(0, len(db.minima), ROUND // 2)
        for name in found.column_names():
            getattr(found, name)[::2] = getattr(db.minima, name)[old]
        assimilation = Assimilation(Known(context, tables), tables)
        begin = time.perf_counter()
        rows = assimilation.minima(found, counted=True)
        assimilation.commit(kind="basin_hopping", tasks=1, evaluations=1, seconds=0.0)
        seconds = time.perf_counter() - begin
    assert (rows[::2] == old).all()
    assert (rows[1::2] >= len(tables.minima)).all()
    return 1e6 * seconds / ROUND


def inserted_states(path: Path) -> float:
    """Microseconds a transition state; of those that a round finds, half are known and half are new."""
    context = large_context()
    with Database(open_store(path)) as db:
        tables = db.store.tables
        found = made_up_states(db.minima.energy[:ROUND], 1, np.random.default_rng(1))
        old = np.random.default_rng(2).integers(0, len(db.transition_states), len(found) // 2)
        for name in found.column_names():
            getattr(found, name)[1::2] = getattr(db.transition_states, name)[old]
        assimilation = Assimilation(Known(context, tables), tables)
        begin = time.perf_counter()
        new = [assimilation.transition_state(found, place, found.minima[place]) for place in range(len(found))]
        assimilation.commit(kind="connect", tasks=1, evaluations=1, seconds=0.0)
        seconds = time.perf_counter() - begin
    assert not any(new[1::2])
    assert all(new[::2])
    return 1e6 * seconds / len(found)


def committed(path: Path) -> float:
    """Seconds to commit a round to the file."""
    store = open_store(path, writable=True)
    found = made_up_minima(ROUND, np.random.default_rng(1))
    commit = Commit(
        kind="basin_hopping",
        tasks=1,
        evaluations=1,
        seconds=0.0,
        minima=found,
        hits=np.concatenate([store.tables.minima.hits, found.hits]),
        transition_states=TransitionStates.empty(found.parameters.shape[1]),
    )
    begin = time.perf_counter()
    store.commit(commit)
    seconds = time.perf_counter() - begin
    store.close()
    return seconds


def tree(path: Path) -> float:
    """Seconds to read the tables and build the exact tree."""
    begin = time.perf_counter()
    with Database(open_store(path)) as db:
        found = disconnectivity_tree(db)
    assert len(found.roots) == 1
    return time.perf_counter() - begin


if __name__ == "__main__":
    main()
