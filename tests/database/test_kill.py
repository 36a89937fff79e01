"""A writer that is killed at any moment leaves its last commit."""

import multiprocessing
import signal
import time
from pathlib import Path

import numpy as np

from landscape.database.store import open_store
from tests.database.samples import contents, new_store
from tests.database.writer import commit_for_ever
from tests.patience import patient


def test_killed_writers_leave_whole_commits(tmp_path: Path) -> None:
    path = tmp_path / "killed.h5"
    new_store(path).close()
    committed = 0
    for delay in np.random.default_rng(5).uniform(0.0, patient(0.2), 10):
        reported = run_and_kill(path, float(delay))
        store = open_store(path)
        columns = contents(store)
        store.close()
        assert committed <= reported <= store.n_rounds <= reported + 1
        committed = store.n_rounds
        lengths = {name: len(values) for name, values in columns.items() if not name.endswith(".attrs")}
        assert {rows for name, rows in lengths.items() if name.startswith("minima")} == {50 * committed}
        assert {rows for name, rows in lengths.items() if name.startswith("transition")} == {2 * committed}
        assert {rows for name, rows in lengths.items() if name.startswith("rounds")} == {committed}
    assert committed > 0


def run_and_kill(path: Path, delay: float) -> int:
    """Let a writer work for a while, kill it, and return the last number of rounds that it reported."""
    context = multiprocessing.get_context("forkserver")  # imports once for all writers
    context.set_forkserver_preload(["tests.database.writer"])
    receiver, sender = context.Pipe(duplex=False)
    writer = context.Process(target=commit_for_ever, args=(path, sender))
    writer.start()
    sender.close()
    reported: int = receiver.recv()
    time.sleep(delay)
    writer.kill()
    writer.join()
    assert writer.exitcode == -signal.SIGKILL
    while receiver.poll():
        try:
            reported = receiver.recv()
        except EOFError:
            break
    receiver.close()
    writer.close()
    return reported
