"""The console: rates and times left without the time of compiling, which has a line of its own."""

import re
import time

import pytest

from landscape.campaign.progress import Console
from tests.database.samples import new_store, sample_commit


class Clock:
    """Seconds that pass, and those spent on compiling."""

    now, compiled = 100.0, 7.0


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(time, "monotonic", lambda: clock.now)
    monkeypatch.setattr("landscape.campaign.progress.compile_seconds", lambda: clock.compiled)
    return clock


def lines(console: Console, clock: Clock, capsys: pytest.CaptureFixture[str], seconds: float, compiled: float) -> str:
    store = new_store(None)
    commit = sample_commit(store)
    store.commit(commit)
    console.begin("basin_hopping", 1, 3, 4)
    clock.now += seconds
    clock.compiled += compiled
    capsys.readouterr()
    console.commit(commit, store.tables)
    rate = commit.evaluations / (seconds - compiled)
    said = capsys.readouterr().err
    assert f"{rate:,.0f} evaluations/s, {seconds - compiled:.1f} s" in said
    return said


def test_compiling_counts_neither_in_the_rate_nor_in_the_time_left(
    clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    console = Console()
    first = lines(console, clock, capsys, 90.0, 85.0)
    assert re.match(r"compiled in 85.0 s\nbasin hopping round 1 of at most 3: ", first)
    assert "at most 00:10 more of this kind" in first
    second = lines(console, clock, capsys, 5.0, 0.0)
    assert "compiled" not in second
    assert "at most 00:10 more of this kind" in second
