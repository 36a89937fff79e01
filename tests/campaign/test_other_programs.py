"""Files of programs with other strategies, outcomes and columns are continued as if they were our own."""

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

import landscape
from landscape.campaign.progress import Silent
from landscape.campaign.resumption import METHOD_NAMES
from landscape.database.records import Commit
from landscape.database.tables import Tables
from landscape.search.transition_states import OUTCOME_NAMES
from tests.campaign.xor import HASTE, xor
from tests.database.altering import altered
from tests.database.samples import contents, reorder

SETTINGS: dict[str, Any] = {
    "walkers": 6,
    "steps": 4,
    "connect": {"pairs": 3, "rounds": 3, "single_ended": 2, "target": 1.0, "strategies": ["closest", "random"]},
    "measure": HASTE,
}


class StopAfter(Silent):
    """Sends Ctrl-C after the first round of a kind."""

    def __init__(self, kind: str) -> None:
        self.kind = kind

    def commit(self, commit: Commit, tables: Tables) -> None:
        """Called after every round."""
        del tables
        if commit.kind == self.kind:
            os.kill(os.getpid(), signal.SIGINT)


@pytest.fixture(scope="module")
def undisturbed() -> dict[str, Any]:
    """The content of a database whose campaign was never stopped."""
    return content(landscape.explore(xor(), **SETTINGS))


def content(db: landscape.Database) -> dict[str, Any]:
    found = contents(db.store)
    del found["rounds.seconds"]
    return found


def continued(path: Path, kind: str, change: Callable[[h5py.File], None]) -> dict[str, Any]:
    """The content of a database after a stop in a round of this kind, a change and continuation."""
    landscape.explore(xor(), path=path, progress=StopAfter(kind), on_interrupt="return", **SETTINGS).close()
    with altered(path) as file:
        assert len(file["attempts/method"]) > 0
        change(file)
    with landscape.explore(xor(), path=path, resume=True, **SETTINGS) as db:
        return content(db)


def different(ours: dict[str, Any], theirs: dict[str, Any]) -> list[str]:
    """The names of the columns that differ."""
    assert ours.keys() == theirs.keys()
    return [name for name in ours if not np.array_equal(ours[name], theirs[name], equal_nan=is_float(ours[name]))]


def is_float(values: object) -> bool:
    return isinstance(values, np.ndarray) and values.dtype.kind == "f"


@pytest.mark.parametrize("kind", ["single_ended", "connect"])
def test_names_in_another_order_keep_their_meaning(tmp_path: Path, undisturbed: dict[str, Any], kind: str) -> None:
    methods, outcomes = ["a newer one", *reversed(METHOD_NAMES)], ["unheard of", *reversed(OUTCOME_NAMES)]

    def change(file: h5py.File) -> None:
        reorder(file, "method", methods)
        reorder(file, "outcome", outcomes)

    path = tmp_path / "a.h5"
    assert different(continued(path, kind, change), undisturbed) == []
    assert set(undisturbed["attempts.method"].tolist()) == {"single_ended", "closest", "random"}
    with h5py.File(path) as file:
        assert list(file["attempts"].attrs["method_names"]) == methods
        stored = [methods[code] for code in file["attempts/method"][()]]
    assert stored == undisturbed["attempts.method"].tolist()


def test_a_file_without_the_name_of_a_strategy_gets_it(tmp_path: Path, undisturbed: dict[str, Any]) -> None:
    path = tmp_path / "a.h5"
    assert different(continued(path, "connect", partial_names), undisturbed) == []
    with h5py.File(path) as file:
        assert file["attempts"].attrs["method_names"].tolist() == ["closest", "random", "single_ended"]


def partial_names(file: h5py.File) -> None:
    """Write names as an older program that knew no single-ended searches."""
    reorder(file, "method", ["closest", "random"])


def test_an_unknown_strategy_stays_and_is_readable(tmp_path: Path, undisturbed: dict[str, Any]) -> None:
    def change(file: h5py.File) -> None:
        reorder(file, "method", ["shortest_detour", *METHOD_NAMES])
        file["attempts/method"][-1] = 0

    found = continued(tmp_path / "a.h5", "connect", change)
    assert different(found, undisturbed) == ["attempts.method"]
    (row,) = np.flatnonzero(found["attempts.method"] != undisturbed["attempts.method"])
    assert found["attempts.method"][row] == "shortest_detour"


def test_columns_of_a_newer_program_do_not_disturb(tmp_path: Path, undisturbed: dict[str, Any]) -> None:
    def change(file: h5py.File) -> None:
        for name in ("minima", "transition_states", "attempts", "walkers"):
            rows = int(file[name].attrs["count"])
            file[name].create_dataset("newer", data=np.ones(rows), maxshape=(None,))

    path = tmp_path / "a.h5"
    assert different(continued(path, "single_ended", change), undisturbed) == []
    with h5py.File(path) as file:
        for name in ("minima", "transition_states", "attempts", "walkers"):
            assert len(file[f"{name}/newer"]) == file[name].attrs["count"]


def test_columns_that_an_older_file_lacks_do_not_disturb(tmp_path: Path, undisturbed: dict[str, Any]) -> None:
    def change(file: h5py.File) -> None:
        for name in ("minima/log_orbit_size", "transition_states/eigenvalue", "attempts/outcome"):
            del file[name]

    found = continued(tmp_path / "a.h5", "single_ended", change)
    changed = ["minima.log_orbit_size", "transition_states.eigenvalue", "attempts.outcome"]
    assert different(found, undisturbed) == changed
    assert np.isnan(found["minima.log_orbit_size"][0])
    assert np.isnan(found["transition_states.eigenvalue"][0])
    assert found["attempts.outcome"][0] == ""
    assert found["attempts.outcome"][-1] == undisturbed["attempts.outcome"][-1]
