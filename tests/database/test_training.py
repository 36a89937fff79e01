"""End points of training in a database: content of the file, refusals, and files older than training."""

from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest

from landscape.database.store import Store, open_store
from landscape.database.trained_points import HISTORY_COLUMNS, HISTORY_ROWS
from landscape.errors import DatabaseError
from tests.database.altering import altered
from tests.database.samples import REGIMES, P, measure, new_store, property_rows, sample_commit, sample_training


@pytest.fixture
def path(tmp_path: Path) -> Path:
    store = new_store(tmp_path / "a.h5")
    store.commit(sample_commit(store))
    measure(store, property_rows("gap", rows=2, target="training"))
    store.close()
    return tmp_path / "a.h5"


def test_h5py_alone_reads_end_points_with_their_regimes(path: Path) -> None:
    with h5py.File(path) as file:
        group = file["training"]
        assert (group.attrs["count"], group["parameters"].shape) == (2, (2, P))
        assert group["history"].shape == (2, HISTORY_ROWS, len(HISTORY_COLUMNS))
        assert dict(zip(group["regime"].attrs["names"], group.attrs["settings"], strict=True)) == REGIMES
        assert tuple(group.attrs["history_columns"]) == HISTORY_COLUMNS
        assert (list(group.attrs["evaluations"]), *group.attrs["evaluation_settings"]) == (
            ["all"],
            'regime = "plain"\n',
        )
        assert file["properties/training/gap"].shape == (2, 2)


def test_a_file_made_before_there_was_training_is_read_and_continued(path: Path) -> None:
    with altered(path) as file:
        del file["training"], file["properties/training"]
    store = open_store(path, writable=True)
    assert (len(store.tables.training), store.tables.regimes) == (0, {})
    for _ in range(2):
        store.commit(sample_commit(store))
    measure(store, property_rows("gap", rows=4, target="training"))
    store.close()
    tables = open_store(path).tables
    assert (tables.training.parameters.shape, dict(tables.regimes)) == ((4, P), REGIMES)
    assert tables.properties["training"]["gap"].values.shape == (4, 2)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"regimes": {"plain": ""}}, "can neither change nor move"),
        ({"seed": np.array([0, -1])}, r"training.seed must be at least 0, found \[-1\]"),
        ({"regime": np.array([0, 2])}, r"training.regime must lie in \[0, 2\), found \[2\]"),
        ({"regimes": {"plain": "l2 = 0.1\n", "böse": ""}}, "can neither change nor move"),
        ({"regimes": dict(reversed(REGIMES.items()))}, "can neither change nor move"),
    ],
)
def test_regimes_that_are_stored_stay(store: Store, changes: dict[str, object], message: str) -> None:
    commit = sample_commit(store)
    store.commit(commit)
    training = sample_training(np.random.default_rng(0))
    regimes = changes.get("regimes", training.regimes)
    columns = {"regime": np.array([1, 1])} | {name: value for name, value in changes.items() if name != "regimes"}
    changed = replace(training, points=replace(training.points, **columns), regimes=regimes)  # type: ignore[arg-type]
    with pytest.raises(DatabaseError, match=message):
        store.commit(replace(sample_commit(store), training=changed))
    assert len(store.tables.training) == 2
