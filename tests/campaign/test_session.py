"""The library: `landscape.explore` in memory and in a file, on networks and on surfaces of a user's own."""

import io
import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import landscape
from landscape.campaign.interrupt import GRACE_SECONDS
from landscape.campaign.progress import Silent
from landscape.config.run_file import RunConfig
from landscape.database.records import Commit
from landscape.database.tables import Tables
from landscape.errors import ConfigError, DatabaseError, SearchError
from landscape.problems.surfaces.analytic import MuellerBrown
from tests.campaign.commands import XOR, environment, finished, launched
from tests.campaign.several import status_of
from tests.campaign.xor import HASTE, xor
from tests.database.samples import assert_equal_contents, contents
from tests.patience import patient

SHORT: dict[str, Any] = {
    "walkers": 4,
    "steps": 2,
    "connect": {"pairs": 2, "rounds": 1, "single_ended": 0},
    "measure": HASTE,
}
BOX: dict[str, Any] = {"start": (-1.5, 1.5), "walkers": 16, "steps": 4}


class Bowl:
    """A surface with the required attributes only."""

    n_parameters = 3

    def energy_and_gradient(self, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Energies [W] and gradients [W, 3]."""
        return (theta**2).sum(1), 2.0 * theta


def without_times(db: landscape.Database) -> dict[str, Any]:
    return {name: values for name, values in contents(db.store).items() if name != "rounds.seconds"}


@pytest.mark.bits
def test_memory_and_file_hold_the_same(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    kept, stored = landscape.explore(xor(), **SHORT), landscape.explore(xor(), path=path, **SHORT)
    assert kept.path is None
    assert stored.path == path
    assert_equal_contents(without_times(kept), without_times(stored))
    assert not path.with_name("a.h5.lock").exists()
    with landscape.open(path) as opened:
        assert_equal_contents(contents(opened.store), contents(stored.store))
        assert opened.problem_record.run_toml.startswith("[problem]")
    assert len(landscape.disconnectivity_tree(stored).parent) >= len(stored.minima)


def test_a_file_is_continued_only_if_asked(tmp_path: Path) -> None:
    """Without transition states nothing shows that all minima are known, so every step is taken."""
    path = tmp_path / "a.h5"
    hopping: dict[str, Any] = SHORT | {"connect": {"rounds": 0, "single_ended": 0}}
    first = landscape.explore(xor(), path=path, **hopping)
    assert first.rounds.kind.tolist().count("basin_hopping") == 1
    with pytest.raises(DatabaseError, match="exists already"):
        landscape.explore(xor(), path=path, **hopping)
    longer = landscape.explore(xor(), path=path, resume=True, **hopping | {"steps": 12})
    assert longer.rounds.kind.tolist().count("basin_hopping") == 2
    assert len(longer.rounds) > len(first.rounds)
    with pytest.raises(DatabaseError, match=r"run.seed is 0 in it and 1"):
        landscape.explore(xor(), path=path, resume=True, seed=1, **hopping)


def test_a_database_of_the_command_is_continued_by_the_library(tmp_path: Path) -> None:
    config = RunConfig.from_text(XOR)
    tables: dict[str, Any] = config.model_dump(exclude={"problem", "run"})
    path = tmp_path / "a.h5"
    (tmp_path / "run.toml").write_text(XOR)
    assert status_of(["run", str(tmp_path / "run.toml"), "-o", str(path), "--time-limit", "0s"]) == 75
    hopping = tables.pop("basin_hopping")
    sizes: dict[str, Any] = {name: hopping.pop(name) for name in ("walkers", "steps")}
    with landscape.explore(xor(), path=path, resume=True, basin_hopping=hopping, **sizes, **tables) as db:
        assert len(db.minima) > 2


def test_a_surface_with_known_points() -> None:
    surface = MuellerBrown()
    db = landscape.explore(surface, **BOX, connect={"target": 1.0, "rounds": 5, "single_ended": 1})
    np.testing.assert_allclose(np.sort(db.minima.energy), surface.known_energies(0), atol=1e-7)
    np.testing.assert_allclose(np.sort(db.transition_states.energy), surface.known_energies(1), atol=1e-7)
    order = np.argsort(db.minima.energy)
    joined = {tuple(sorted(np.argsort(order)[pair].tolist())) for pair in db.transition_states.minima}
    assert joined == {(0, 2), (1, 2)}
    assert set(db.properties("minima")) == {"depth", "escape_barrier", "barrier_to_global"}


def test_a_surface_of_the_least_that_is_needed(tmp_path: Path) -> None:
    low, high = np.full(3, -500.0), np.array([500.0, 400.0, 300.0])
    with landscape.explore(Bowl(), start=(low, high), walkers=3, steps=2, path=tmp_path / "a.h5") as db:
        np.testing.assert_allclose(db.minima.parameters, np.zeros((1, 3)), atol=1e-6)
        assert db.minima.hits.tolist() == [6]
        assert len(db.transition_states) == 0


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({}, ConfigError, "expected a box"),
        ({"start": (1.0, -1.0)}, ConfigError, "expected low < high"),
        ({"start": (-1.0, 1.0), "walkers": 0}, ConfigError, r"\[basin_hopping\] walkers"),
        ({"start": (-1.0, 1.0), "conect": {}}, ConfigError, "did you mean 'connect'"),
        ({"start": (-1.0, 1.0), "path": "no/folder/a.h5"}, DatabaseError, "is no folder"),
    ],
)
def test_what_cannot_be_used(arguments: dict[str, Any], error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        landscape.explore(Bowl(), **arguments)


def test_what_is_no_surface() -> None:
    with pytest.raises(SearchError):
        landscape.explore(object(), start=(-1.0, 1.0))


class Disturbing(Silent):
    """Sends a signal or raises an exception after a round."""

    def __init__(self, what: signal.Signals | Exception, after: int = 2) -> None:
        self.what, self.after = what, after

    def commit(self, commit: Commit, tables: Tables) -> None:
        """Called after every round."""
        del commit
        if len(tables.rounds) == self.after:
            if isinstance(self.what, Exception):
                raise self.what
            os.kill(os.getpid(), self.what)


@pytest.mark.bits
def test_control_c_returns_what_was_committed(tmp_path: Path) -> None:
    path, handler = tmp_path / "a.h5", signal.getsignal(signal.SIGINT)
    rounds = {"basin_hopping": {"round_steps": 1}}
    settings: dict[str, Any] = SHORT | rounds | {"steps": 4}
    db = landscape.explore(xor(), path=path, progress=Disturbing(signal.SIGINT), on_interrupt="return", **settings)
    assert not db.complete
    assert db.rounds.kind.tolist() == ["basin_hopping"] * 2
    whole = landscape.explore(xor(), path=path, resume=True, **settings)
    assert whole.complete
    assert_equal_contents(without_times(whole), without_times(landscape.explore(xor(), **settings)))
    assert signal.getsignal(signal.SIGINT) is handler


def test_control_c_raises_once_everything_is_committed(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    with pytest.raises(KeyboardInterrupt, match=r"stopped by SIGINT: .*a\.h5 has 2 committed rounds; continue with"):
        landscape.explore(
            Bowl(),
            start=(-1.0, 1.0),
            walkers=2,
            steps=4,
            path=path,
            progress=Disturbing(signal.SIGINT),
            basin_hopping={"round_steps": 1},
        )
    with landscape.open(path) as db:
        assert not db.complete
        assert len(db.rounds) == 2
    with landscape.explore(
        Bowl(), start=(-1.0, 1.0), walkers=2, steps=4, path=path, resume=True, basin_hopping={"round_steps": 1}
    ) as db:
        assert db.complete
    assert landscape.open(path).complete
    with pytest.raises(KeyboardInterrupt, match="the database in memory is lost"):
        landscape.explore(
            Bowl(),
            start=(-1.0, 1.0),
            walkers=2,
            steps=4,
            progress=Disturbing(signal.SIGTERM),
            basin_hopping={"round_steps": 1},
        )


def test_an_exploration_with_a_larger_limit_is_open_until_it_ends_again(tmp_path: Path) -> None:
    settings: dict[str, Any] = {
        "start": (-1.0, 1.0),
        "path": tmp_path / "a.h5",
        "walkers": 2,
        "basin_hopping": {"round_steps": 1},
        "connect": {"rounds": 0, "single_ended": 0},
    }
    first = landscape.explore(Bowl(), steps=2, **settings)
    assert first.complete
    first.close()
    stop = Disturbing(signal.SIGINT, after=len(first.rounds) + 1)
    again = landscape.explore(Bowl(), steps=6, resume=True, progress=stop, on_interrupt="return", **settings)
    assert (len(again.minima), again.complete) == (1, False)  # though no minimum was added
    again.close()
    assert landscape.explore(Bowl(), steps=6, resume=True, **settings).complete


class Terminal(io.StringIO):
    """A standard error that somebody looks at."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("asked", "shows"), [({}, True), ({"progress": True}, True), ({"progress": False}, False)])
def test_a_terminal_shows_a_bar(monkeypatch: pytest.MonkeyPatch, asked: dict[str, Any], *, shows: bool) -> None:
    said = Terminal()
    monkeypatch.setattr(sys, "stderr", said)
    landscape.explore(Bowl(), start=(-1.0, 1.0), walkers=2, steps=1, **asked)
    assert ("basin hopping 1 of at most 1" in said.getvalue()) is shows
    assert ("1 minimum (+1)" in said.getvalue()) is shows


def test_without_a_terminal_there_is_no_bar(capsys: pytest.CaptureFixture[str]) -> None:
    landscape.explore(Bowl(), start=(-1.0, 1.0), walkers=2, steps=1)
    assert capsys.readouterr() == ("", "")


def test_unknown_arguments_are_told_with_the_known_ones() -> None:
    with pytest.raises(ConfigError, match=r"known are start, .*, on_interrupt, explore, basin_hopping") as error:
        landscape.explore(Bowl(), start=(-1.0, 1.0), zzzzzz=1)  # type: ignore[arg-type]
    assert "tables" not in str(error.value)
    with pytest.raises(ConfigError, match="on_interrupt: expected raise or return, found 'stop'"):
        landscape.explore(Bowl(), start=(-1.0, 1.0), on_interrupt="stop")  # type: ignore[arg-type]


class Summed(torch.nn.Module):
    """A module that is no Sequential."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = torch.nn.Linear(2, 2)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        return torch.tanh(self.layer(inputs))


def test_a_module_without_known_symmetry_is_warned_of() -> None:
    problem = landscape.Problem.from_module(Summed(), np.eye(2), np.array([0, 1]), l2=0.1)
    with pytest.warns(UserWarning, match="symmetry of this module is not known, so each minimum is found as"):
        landscape.explore(
            problem, walkers=1, steps=1, connect={"rounds": 0, "single_ended": 0}, measure=HASTE, progress=False
        )


def test_a_failure_lets_go_of_the_file(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError):
        landscape.explore(xor(), path=tmp_path / "a.h5", progress=Disturbing(ZeroDivisionError()), **SHORT)
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.h5"]
    assert len(landscape.open(tmp_path / "a.h5").rounds) == 2


def test_it_runs_in_any_thread() -> None:
    found: list[landscape.Database] = []
    thread = threading.Thread(target=lambda: found.append(landscape.explore(Bowl(), start=(-1, 1), walkers=2, steps=1)))
    thread.start()
    thread.join()
    assert len(found[0].minima) == 1


BUSY = """
import os, signal, threading, time
import landscape
from landscape.campaign.progress import Silent

class Interrupting(Silent):
    def begin(self, kind, number, planned, tasks):
        threading.Timer(1.0, self.interrupt).start()

    def interrupt(self):
        self.began = time.monotonic()
        os.kill(os.getpid(), signal.SIGINT)

progress = Interrupting()
problem = landscape.Problem(dataset="digits", hidden=[20])
try:
    landscape.explore(problem, walkers=16, steps=1, progress=progress)
except KeyboardInterrupt as stop:
    print(stop.args[0].split(":")[0], time.monotonic() - progress.began, sep=":")
"""


@pytest.mark.parametrize("compiled", [True, False])
def test_control_c_in_a_round_that_takes_long(compiled: bool, tmp_path: Path) -> None:
    """Neither searches nor the compilation of their code goes on, and threads do not spoil the end of the process."""
    cache = {} if compiled else {"NUMBA_CACHE_DIR": str(tmp_path)}
    done = finished(launched(0, "-c", BUSY), environment() | cache)
    assert (done.returncode, done.stderr) == (0, "")
    words, seconds = done.stdout.split(":")
    assert words == "stopped by SIGINT"
    assert GRACE_SECONDS < float(seconds) < patient(10.0)


def test_a_network_is_verified_and_measured_by_one_call_each(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    landscape.explore(xor(), path=path, **SHORT).close()
    assert landscape.verify(path) == []
    with landscape.measure(path, "pgd_accuracy", epsilon=[0.05]) as db:
        assert db.properties("minima")["pgd_accuracy"].values.shape == (len(db.minima), 2)
        assert landscape.verify(db, xor()) == []
    kept = landscape.explore(xor(), **SHORT)
    values = landscape.measure(kept, "pgd_accuracy", problem=xor(), epsilon=[0.05]).properties("minima")
    assert values["pgd_accuracy"].settings["epsilon"] == [0.05, 0.1]
    with pytest.warns(UserWarning, match="measure: robustness: pgd_steps was 1 and is 3: its stored values, with"):
        landscape.measure(kept, "pgd_accuracy", problem=xor(), pgd_steps=3)
    with pytest.raises(ConfigError, match="epsilom"):
        landscape.measure(kept, epsilom=[0.05])
