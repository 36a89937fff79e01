"""The file: its layout as seen by h5py alone, lazy reading, and the view of readers during writing."""

import json
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from landscape.database.database import Database
from landscape.database.reading import Snapshot
from landscape.database.store import create_store, open_store
from landscape.errors import DatabaseError
from tests.database.samples import (
    METHODS,
    OUTCOMES,
    TABLES,
    P,
    assert_equal_contents,
    contents,
    measure,
    new_store,
    property_rows,
    sample_commit,
    sample_record,
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A database of two rounds and a property, closed."""
    path = tmp_path / "sample.h5"
    store = new_store(path)
    store.commit(sample_commit(store))
    measure(store, property_rows(rows=3), property_rows("curvature", target="transition_states", rows=2))
    store.close()
    return path


def test_layout_is_that_of_the_contract(path: Path) -> None:
    with h5py.File(path) as file:
        assert file.attrs["format"] == "landscape"
        assert file.attrs["format_version"] == 2
        assert json.loads(file.attrs["software"])["torch"] == "2.0"
        assert file.attrs["created"].endswith("+00:00")
        assert (file.attrs["energy_tolerance"], file.attrs["distance_tolerance"]) == (1e-9, 1e-4)
        problem = file["problem"]
        assert problem.attrs["toml"] == sample_record().toml
        assert problem.attrs["run_toml"] == sample_record().run_toml
        assert (problem.attrs["n_parameters"], problem.attrs["sha256"]) == (P, "0" * 64)
        assert problem.attrs["image"].tolist() == [1, 1, 2]
        assert set(problem) == {"inputs", "targets"}
        assert (problem["inputs"].dtype, problem["targets"].dtype) == (np.float64, np.int64)
        assert file["minima/parameters"].shape == (file["minima"].attrs["count"], P) == (3, P)
        assert file["transition_states/minima"].dtype == np.int64
        assert list(file["attempts"].attrs["outcome_names"]) == list(OUTCOMES)
        assert list(file["attempts"].attrs["method_names"]) == list(METHODS)
        assert list(file["rounds/kind"].asstr()) == ["connect", "basin_hopping"]
        trace = file["properties/minima/trace"]
        assert trace.shape == (3, 2)
        assert (trace.attrs["description"], trace.attrs["units"]) == ("trace of the Hessian", "loss")
        assert json.loads(trace.attrs["settings"]) == {"epsilon": [0.1, 0.3]}
        assert file["properties/transition_states/curvature"].shape == (2, 2)


def test_h5py_alone_reads_everything(path: Path) -> None:
    def check(name: str, item: Any) -> None:  # noqa: ANN401 - a group or a dataset
        for key, value in item.attrs.items():
            kind = np.int64 if key == "image" else str
            several = isinstance(value, np.ndarray) and all(isinstance(part, kind) for part in value)
            assert several or isinstance(value, (str, np.int64, np.float64)), name
        if isinstance(item, h5py.Dataset):
            assert item.dtype.kind in "bfiS", name
            assert len(item[()]) == item.shape[0]

    with h5py.File(path) as file:
        file.visititems(check)
        for table in TABLES:
            assert {len(column) for column in file[table].values()} == {file[table].attrs["count"]}


def test_chunks_are_about_256_kib_and_small_for_plain_columns(path: Path) -> None:
    with h5py.File(path) as file:
        assert file["minima/parameters"].chunks == (4096, P)
        assert file["minima/energy"].chunks == (4096,)
    assert path.stat().st_size < 5 * 2**20  # a chunk for each of the columns of twelve tables


def test_columns_are_read_when_asked_for(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    values = Snapshot.values

    def spy(self: Snapshot, name: str, rows: int | None = None) -> Any:  # noqa: ANN401 - an array
        read.append(name)
        return values(self, name, rows)

    monkeypatch.setattr(Snapshot, "values", spy)
    store = open_store(path, writable=True)
    assert (len(store.tables.minima), store.n_rounds) == (3, 2)
    assert read == []
    assert store.tables.minima.energy is store.tables.minima.energy
    assert read == ["minima/energy"]
    store.commit(sample_commit(store))
    assert len(store.tables.minima.energy) == 6
    assert read == ["minima/energy"]
    assert store.tables.minima.parameters.shape == (6, P)
    assert len(store.tables.minima.lowest_eigenvalue) == 6
    assert read == ["minima/energy", "minima/parameters", "minima/lowest_eigenvalue"]
    store.close()


def test_unread_data_survive_commits_after_reopening(path: Path) -> None:
    store = open_store(path, writable=True)
    store.commit(sample_commit(store))
    measure(store, property_rows(start=3, rows=3))
    found = contents(store)
    np.testing.assert_array_equal(store.record.inputs, sample_record().inputs)
    store.close()
    assert_equal_contents(found, contents(open_store(path)))


def test_readers_keep_their_commit(path: Path) -> None:
    reader, writer = open_store(path), open_store(path, writable=True)
    expected = contents(open_store(path))
    writer.commit(sample_commit(writer))
    assert_equal_contents(contents(reader), expected)
    assert open_store(path).n_rounds == 3
    writer.close()


def test_replaced_files_are_let_go_of(path: Path) -> None:
    store = open_store(path, writable=True)
    for _ in range(5):
        store.commit(sample_commit(store))
    links = [link for link in Path("/proc/self/fd").iterdir() if link.is_symlink()]
    names = [str(link.readlink()) for link in links if link.is_symlink()]  # a replaced file is NAME (deleted)
    assert [name for name in names if name.startswith(str(path)) and not name.endswith(".lock")] == [str(path)]
    store.close()


def test_symbolic_links_and_permissions_stay(path: Path) -> None:
    path.chmod(0o640)
    link = path.with_name("link.h5")
    link.symlink_to(path)
    store = open_store(link, writable=True)
    store.commit(sample_commit(store))
    store.close()
    assert link.is_symlink()
    assert path.stat().st_mode & 0o777 == 0o640
    assert open_store(path).n_rounds == 3


def test_long_texts_fit(tmp_path: Path) -> None:
    record = sample_record()
    record.__dict__["run_toml"] = "# comment\n" * 20_000
    create_store(tmp_path / "long.h5", record, (), ()).close()
    store = open_store(tmp_path / "long.h5")
    assert store.record.run_toml == record.run_toml


def test_closed_and_read_only_databases_say_so(path: Path) -> None:
    with Database(open_store(path)) as db:
        energy = db.minima.energy
        with pytest.raises(DatabaseError, match="open for reading only"):
            db.store.commit(sample_commit(db.store))
    assert db.minima.energy is energy
    with pytest.raises(DatabaseError, match="closed: read what you need"):
        db.minima.parameters  # noqa: B018 - reading is the point
