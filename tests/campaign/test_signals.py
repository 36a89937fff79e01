"""A requested stop comes soon, with status 75, everything committed and the file ready to be continued."""

import fcntl
import os
import re
import signal
import threading
import time
from pathlib import Path
from typing import NamedTuple

import pytest

from landscape.campaign.interrupt import GRACE_SECONDS, Interrupt
from landscape.campaign.progress import Console
from landscape.database.store import open_store
from tests.campaign.commands import MPIEXEC, SLOW, XOR, command, run_file, started
from tests.campaign.processes import first_rank, kill_all
from tests.commands import Run
from tests.patience import patient

SOON = 10.0  # seconds on an idle machine


def test_the_end_of_a_terminal_stops_as_sigterm_does_unless_it_is_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)  # the tests themselves may run under nohup
    try:
        with Interrupt() as interrupt:
            os.kill(os.getpid(), signal.SIGHUP)
            assert interrupt.reason == "SIGHUP"
            assert interrupt.stop_before(0.0)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        with Interrupt() as interrupt:
            os.kill(os.getpid(), signal.SIGHUP)
            assert not interrupt.stop_before(0.0)
    finally:
        signal.signal(signal.SIGHUP, before)


def test_a_signal_is_noticed_and_the_round_has_its_grace(monkeypatch: pytest.MonkeyPatch) -> None:
    before = signal.getsignal(signal.SIGTERM)
    with Interrupt() as interrupt:
        assert not interrupt.stop_before(1e9)
        os.kill(os.getpid(), signal.SIGTERM)
        assert interrupt.reason == "SIGTERM"
        assert interrupt.stop_before(0.0)
        assert not interrupt.give_up_round()
        late = time.monotonic() + GRACE_SECONDS + 0.1
        monkeypatch.setattr(time, "monotonic", lambda: late)
        assert interrupt.give_up_round()
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_time_limit_stops_before_a_round_that_would_not_fit() -> None:
    with Interrupt(100.0) as interrupt:
        assert not interrupt.stop_before(50.0)
        assert interrupt.stop_before(150.0)
        assert interrupt.reason == "time limit"
        assert not interrupt.give_up_round()


def test_a_thread_that_gets_no_signals_can_still_watch_the_clock() -> None:
    stopped: list[bool] = []

    def watch() -> None:
        with Interrupt(1.0) as interrupt:
            stopped.append(interrupt.stop_before(2.0))

    thread = threading.Thread(target=watch)
    thread.start()
    thread.join()
    assert stopped == [True]


def test_the_end_of_a_terminal_leaves_no_lock_and_every_command_has_the_kind_of_the_run_file(
    tmp_path: Path, command: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, path, lock = run_file(tmp_path, XOR), tmp_path / "a.h5", tmp_path / "a.h5.lock"
    committed, held = Console.commit, []

    def ending(self: Console, *arguments: object) -> None:
        held.append(lock.read_text())
        os.kill(os.getpid(), signal.SIGHUP)
        committed(self, *arguments)  # type: ignore[arg-type] # handed on as they came

    monkeypatch.setattr(Console, "commit", ending)
    monkeypatch.setattr(fcntl, "flock", None)  # no command may call it
    before = signal.signal(signal.SIGHUP, lambda *_: None)
    try:
        for arguments in (["run", source, "-o", path, "--set", "run.lock=exclusive"], ["measure", path, "loss"]):
            said = command(*arguments)
            assert said.status == 75, said.err
            assert "landscape: stopped early (SIGHUP), everything committed to" in said.err
            assert held.pop().endswith("(exclusive)")
            assert not held
            assert not lock.exists()
    finally:
        signal.signal(signal.SIGHUP, before)
    store = open_store(path)
    assert store.n_rounds == 2
    store.close()


class Stop(NamedTuple):
    """The way in which a busy job is stopped."""

    ranks: int
    number: signal.Signals | None  # None: by its time limit
    to_rank: bool = False  # else to the started process

    @property
    def reason(self) -> str:
        return self.number.name if self.number else "time limit"


STOPS = [Stop(0, signal.SIGTERM), Stop(0, signal.SIGINT), Stop(0, None)]
if MPIEXEC:
    STOPS += [Stop(2, signal.SIGTERM), Stop(2, signal.SIGINT), Stop(2, signal.SIGTERM, to_rank=True)]


@pytest.mark.timeout(200)
def test_busy_jobs_are_stopped(tmp_path: Path) -> None:
    """All jobs run at once, since they mostly wait; every second one has a lock that only its removal releases."""
    source = run_file(tmp_path, SLOW)
    paths = [tmp_path / f"{number}.h5" for number in range(len(STOPS))]
    limits = [[] if stop.number else ["--time-limit", "2s"] for stop in STOPS]
    for limit in limits[::2]:
        limit.extend(("--set", "run.lock=exclusive"))
    jobs = [
        started(command(stop.ranks, "run", source, "-o", path, *limit))
        for stop, path, limit in zip(STOPS, paths, limits, strict=True)
    ]
    try:
        while not all(path.exists() for path in paths):
            time.sleep(0.02)
        time.sleep(0.5)  # so that tasks are handed out
        began = time.monotonic()
        for stop, job in zip(STOPS, jobs, strict=True):
            if stop.number:
                os.kill(first_rank(job.pid) if stop.to_rank else job.pid, stop.number)
        said = [job.communicate(timeout=patient(60.0))[1] for job in jobs]
        assert time.monotonic() - began < patient(SOON)
    finally:
        for job in jobs:
            kill_all(job.pid)
    assert [job.returncode for job in jobs] == [75] * len(STOPS)
    assert not list(tmp_path.glob("*.lock"))
    for stop, path, text in zip(STOPS, paths, said, strict=True):
        assert re.search(rf"landscape: stopped early \({stop.reason}\), everything committed to .*{path.name}", text)
        assert "Traceback" not in text
        open_store(path, writable=True).close()
