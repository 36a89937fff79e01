"""Cost of a commit by copying the file and by appending in place: ``python -m tests.benchmarks.commits``.

Both ways write the same rounds of a few new minima to two files that begin as copies of each other. The program's way
copies the file, changes the copy, forces it to the disk and renames it. The other way keeps the file open, appends the
rows, then writes counts and digests, flushes and forces the file to the disk. Time is that of the processor, and of the
clock, the median of several rounds; space is what the disk needs beside the file.

Then a writer that appends in place to a small file is killed at random moments, each time from the same file: how many
files open no longer, and how many do but are not as of any commit. A kill seldom comes while the file is written, so
the same is counted after each single write of one commit, with all later ones left out. All files stand in the folder
of temporary files, which TMPDIR sets.
"""

import errno
import math
import os
import resource
import shutil
import signal
import statistics
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from enum import Enum
from functools import partial
from pathlib import Path
from typing import NamedTuple, NoReturn

import click
import h5py
import numpy as np

from landscape.database.checks import checked
from landscape.database.database import open_database
from landscape.database.hdf5 import Hdf5Store
from landscape.database.integrity.digests import Digests
from landscape.database.records import Commit
from landscape.database.whole_file import SinkFile, write_through
from landscape.database.writing import write_commit
from landscape.errors import DatabaseError
from tests.benchmarks.large import made_up_commit, made_up_minima, write_database

SIZES = {13: 4_000, 50: 16_500, 200: 68_000}
"""Minima of a database, three times as many transition states beside them, by its size in MB."""
ROUNDS, ROWS = 5, 8
SMALL = 100  # minima of the file that is damaged
LONGEST = 0.2  # seconds until the kill


class Cost(NamedTuple):
    """Seconds of the processor and of the clock."""

    cpu: float
    wall: float


class Verdict(Enum):
    """The state of a file that was left."""

    WHOLE = "as of a commit"
    CHANGED = "opens, but differs from its digests"
    LOST = "opens no longer"


class CutFile(SinkFile):
    """A file that fails after `most` writes; `made` counts them."""

    most, made = math.inf, 0

    def write_all(self, view: memoryview) -> None:
        if self.made >= self.most:
            raise OSError(errno.EIO, "cut off")
        self.made += 1
        super().write_all(view)


@click.command()
@click.option("--kills", type=click.IntRange(min=0), default=100, show_default=True, help="Writers that are killed.")
@click.option("--most", type=click.IntRange(min=13), default=200, show_default=True, help="Largest file, in MB.")
def main(kills: int, most: int) -> None:
    """Prints a table of the cost of a commit by the size of the file, and what kills leave of appended files."""
    click.echo("| MB | CPU s, copied | in place; **ratio** | clock s, copied | in place; **ratio** | MB beside |")
    click.echo("|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for size, minima in SIZES.items():
            if size <= most:
                click.echo(compared(folder / f"{size}.h5", minima), color=False)
        if kills:
            small, left = folder / "small.h5", folder / "left.h5"
            write_database(small, SMALL)
            click.echo(told(f"{kills} killed writers", [after_kill(small, left, seed) for seed in range(kills)]))
            writes = written(small, left)
            cut = [after_writes(small, left, most) for most in range(writes)]
            click.echo(told(f"each of the {writes} writes of a commit", cut))


def compared(path: Path, minima: int) -> str:
    """The row of a file with so many minima. Raises AssertionError if the two files end with different content."""
    write_database(path, minima)
    other = Path(shutil.copy(path, path.with_stem(f"{path.stem}-appended")))
    store, random = Hdf5Store.open(path, writable=True), np.random.default_rng(1)
    copies, appends = list[Cost](), list[Cost]()
    with h5py.File(other, "r+") as file:
        for _ in range(ROUNDS):
            commit, before = made_up_commit(store, made_up_minima(ROWS, random)), store.digests
            ready = checked(commit, store.tables, store.record.n_parameters)
            copies.append(timed(partial(store.commit, commit)))
            appends.append(timed(partial(append, file, ready, before)))
        assert Digests.of(file).entries() == store.digests.entries()
    store.close()
    size = path.stat().st_size / 1e6
    path.unlink()
    other.unlink()
    (cpu, wall), (own_cpu, own_wall) = medians(copies), medians(appends)
    return (
        f"| {size:.0f} | {cpu:.3f} | {own_cpu:.3f}; **{cpu / own_cpu:.1f}** | {wall:.3f} | "
        f"{own_wall:.3f}; **{wall / own_wall:.1f}** | {size:.0f} |"
    )


def append(file: h5py.File, commit: Commit, digests: Digests) -> Digests:
    """The digests after a checked commit, which is written into the open file and forced to the disk."""
    after = write_commit(file, commit, digests)
    file.flush()
    os.fsync(file.id.get_vfd_handle())
    return after


def timed(action: Callable[[], object]) -> Cost:
    """The cost of an action, with that of its child processes."""
    busy, began = cpu_seconds(), time.perf_counter()
    action()
    return Cost(cpu_seconds() - busy, time.perf_counter() - began)


def cpu_seconds() -> float:
    """Processor time of this process and of its children that ended."""
    whole = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(one.ru_utime + one.ru_stime for one in whole)


def medians(costs: list[Cost]) -> tuple[float, float]:
    """The medians of both times."""
    cpu, wall = zip(*costs, strict=True)
    return statistics.median(cpu), statistics.median(wall)


def told(what: str, verdicts: list[Verdict]) -> str:
    """A line on the files that were left."""
    lost, changed = (verdicts.count(verdict) for verdict in (Verdict.LOST, Verdict.CHANGED))
    return f"After {what} in place: {lost} files open no longer, and {changed} open but differ from their digests."


def after_kill(small: Path, left: Path, seed: int) -> Verdict:
    """The verdict on a file that a writer appended to until it was killed at a random moment."""
    shutil.copy(small, left)
    ready, began = os.pipe()
    writer = os.fork()
    if not writer:
        append_for_ever(left, began)
    os.read(ready, 1)
    time.sleep(np.random.default_rng(seed).uniform(0.0, LONGEST))
    os.kill(writer, signal.SIGKILL)
    os.waitpid(writer, 0)
    os.close(ready)
    os.close(began)
    return judged(left)


def after_writes(small: Path, left: Path, most: int) -> Verdict:
    """The verdict on a file to which a commit wrote no more than `most` times."""
    with suppress(OSError):
        written(small, left, most)
    return judged(left)


def written(small: Path, left: Path, most: float = math.inf) -> int:
    """Commit a round to a copy of the small file in place; returns how often that wrote.

    Raises OSError after `most` writes.
    """
    shutil.copy(small, left)
    commit, digests = first_round(left)
    with CutFile(left, "r+b") as file:
        file.most = most
        write_through(file, lambda data: write_commit(data, commit, digests), "r+")
        return file.made


def judged(path: Path) -> Verdict:
    """The verdict on a file that was left."""
    try:
        with open_database(path) as db:
            return Verdict.CHANGED if db.store.changes() else Verdict.WHOLE
    except DatabaseError:
        return Verdict.LOST


def first_round(path: Path) -> tuple[Commit, Digests]:
    """A checked round that follows those in the file, and the digests before it."""
    store = Hdf5Store.open(path, writable=True)
    commit = made_up_commit(store, made_up_minima(ROWS, np.random.default_rng(3)))
    ready, digests = checked(commit, store.tables, store.record.n_parameters), store.digests
    store.close()
    return ready, digests


def append_for_ever(path: Path, began: int) -> NoReturn:
    """Append the same minima to a file until this process is killed; a byte to the pipe `began` tells of the first."""
    ready, digests = first_round(path)
    hits = ready.hits[: -len(ready.minima)]
    with h5py.File(path, "r+") as file:
        while True:
            hits = np.concatenate([hits, ready.minima.hits])
            digests = append(file, replace(ready, hits=hits), digests)
            os.write(began, b"!")


if __name__ == "__main__":
    main()
