"""Files of older and newer programs: columns unknown to one of them, and names in another order."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from landscape.database.records import Commit
from landscape.database.store import Store, open_store
from landscape.database.trained_points import HISTORY_COLUMNS
from landscape.database.writing import TABLES
from landscape.errors import DatabaseError
from tests.database.altering import altered
from tests.database.samples import (
    METHODS,
    OUTCOMES,
    P,
    assert_equal_contents,
    contents,
    measure,
    new_store,
    property_rows,
    reorder,
    sample_commit,
)

NEWER: dict[str, tuple[Any, tuple[int, ...], object, object]] = {
    "float": (np.float64, (), 1.5, np.nan),
    "rows_of_floats": (np.float32, (2, P), 1.5, np.nan),
    "integer": (np.int32, (), 7, -1),
    "flag": (np.bool_, (), True, False),
    "bytes": ("S4", (), b"one", b""),
    "text": (h5py.string_dtype(), (), b"one", b""),
}
"""Columns of a newer program: type, shape of a row, value of the rows that it wrote, missing value."""
COLUMNS = [(table, name, one.essential) for table, kind in TABLES.items() for name, one in kind.columns().items()]
OPTIONAL = [(table, name) for table, name, essential in COLUMNS if not essential]
ESSENTIAL = [(table, name) for table, name, essential in COLUMNS if essential]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database of two rounds and a property, closed, of which tests change copies."""
    path = tmp_path_factory.mktemp("versions") / "a.h5"
    store = new_store(path)
    store.commit(sample_commit(store))
    measure(store, property_rows(rows=3))
    store.close()
    return path


@pytest.fixture
def path(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(made, tmp_path))


def alter(path: Path, change: Callable[[h5py.File], None]) -> None:
    with altered(path) as file:
        change(file)


def continued(path: Path, seed: int = 1) -> tuple[Commit, Store]:
    """Append a commit to the file, and return it, and the store as another program reads it afterwards."""
    store = open_store(path, writable=True)
    commit = sample_commit(store, seed)
    store.commit(commit)
    grown = contents(store)
    store.close()
    again = open_store(path)
    assert_equal_contents(grown, contents(again))
    return commit, again


def add_newer_columns(file: h5py.File) -> None:
    for table in TABLES:
        rows = int(file[table].attrs["count"])
        for name, (dtype, shape, value, _) in NEWER.items():
            column = file[table].create_dataset(name, (rows, *shape), dtype, maxshape=(None, *shape))
            column[...] = value
        file[table].create_dataset("whole", data=np.arange(3.0))  # not a column: it cannot grow
    file.create_group("beyond").create_dataset("energy", data=np.arange(2.0))
    file["minima"].attrs["remark"] = "newer"


def test_columns_of_a_newer_program_are_ignored_and_kept(path: Path) -> None:
    store = open_store(path)
    before, rows = contents(store), {table: len(getattr(store.tables, table)) for table in TABLES}
    rows["walkers"] = 0  # a commit replaces this table
    store.close()
    alter(path, add_newer_columns)
    assert_equal_contents(contents(open_store(path)), before)
    for seed in (1, 2):
        continued(path, seed)
    with h5py.File(path) as file:
        for table in TABLES:
            group, old = file[table], rows[table]
            assert {len(group[name]) for name in NEWER} == {int(group.attrs["count"])}
            for name, (_, _, value, missing) in NEWER.items():
                values = group[name][()]
                assert len(values) > old
                assert (values[:old] == value).all(), (table, name)
                expected = np.full(values[old:].shape, missing, values.dtype)
                np.testing.assert_array_equal(values[old:], expected, err_msg=f"{table}/{name}")
            assert group["whole"][()].tolist() == [0.0, 1.0, 2.0]
        assert file["beyond/energy"][()].tolist() == [0.0, 1.0]
        assert file["minima"].attrs["remark"] == "newer"


@pytest.mark.parametrize(("table", "name"), OPTIONAL, ids=lambda part: part)
def test_a_column_that_an_older_file_lacks_is_missing_values(path: Path, table: str, name: str) -> None:
    alter(path, lambda file: file[table].pop(name))
    shown = getattr(open_store(path).tables, table)
    found, rows = getattr(shown, name), len(shown)
    column = TABLES[table].columns()[name]
    assert found.dtype.kind == np.dtype(column.dtype).kind
    assert found.shape == (rows, *column.row_shape(P))
    missing: dict[str, float | str | bool] = {"f": np.nan, "i": -1, "b": False, "U": ""}
    np.testing.assert_array_equal(found, np.full(found.shape, missing[found.dtype.kind]))
    commit, again = continued(path)
    assert commit.training is not None
    assert commit.sampled is not None
    assert commit.continuation is not None
    added = {
        "training": commit.training.points,
        "sampled_quenches": commit.sampled.quenches,
        "sampled_pairs": commit.sampled.pairs,
        "saddles": commit.saddles,
        "rounds": commit.summary(),
        **vars(commit.continuation),
    }
    appended = added.get(table) or getattr(commit, table)
    grown = getattr(getattr(again.tables, table), name)
    np.testing.assert_array_equal(grown[:rows], found)
    np.testing.assert_array_equal(grown[rows:], getattr(appended, name))


def test_a_file_that_is_older_than_saddles_gets_the_table_with_the_first_of_them(path: Path) -> None:
    def forget(file: h5py.File) -> None:
        del file["saddles"]

    alter(path, forget)
    assert len(open_store(path).tables.saddles) == 0
    commit, again = continued(path)
    assert commit.saddles is not None
    np.testing.assert_array_equal(again.tables.saddles.index, commit.saddles.index)


@pytest.mark.parametrize(("table", "name"), ESSENTIAL, ids=lambda part: part)
def test_a_file_without_an_essential_column_is_damaged(path: Path, table: str, name: str) -> None:
    alter(path, lambda file: file[table].pop(name))
    with pytest.raises(DatabaseError, match="is damaged"):
        open_store(path)


def test_codes_go_through_the_names_in_the_file(path: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.h5"
    other.write_bytes(path.read_bytes())
    alter(other, lambda file: reorder(file, "method", ["unheard of", *reversed(METHODS)]))
    alter(other, lambda file: reorder(file, "outcome", [OUTCOMES[1], OUTCOMES[2], "newer", OUTCOMES[0]]))
    for one in (path, other):
        continued(one)
    assert_equal_contents(contents(open_store(path)), contents(open_store(other)))
    with h5py.File(path) as ours, h5py.File(other) as theirs:
        assert ours["attempts/method"][()].tolist() != theirs["attempts/method"][()].tolist()
        assert list(theirs["attempts"].attrs["method_names"]) == ["unheard of", *reversed(METHODS)]


def test_names_that_are_new_to_a_file_go_after_those_that_it_has(path: Path) -> None:
    alter(path, lambda file: reorder(file, "method", ["unheard of", *METHODS]))
    before = open_store(path).tables.attempts.method.tolist()
    store = open_store(path, writable=True)
    commit = sample_commit(store)
    commit.attempts.__dict__["method"] = np.array(["a new strategy", METHODS[0]])
    store.commit(commit)
    assert store.tables.attempts.method.tolist() == [*before, "a new strategy", METHODS[0]]
    store.close()
    assert open_store(path).tables.attempts.method.tolist() == [*before, "a new strategy", METHODS[0]]
    with h5py.File(path) as file:
        assert list(file["attempts"].attrs["method_names"]) == ["unheard of", *METHODS, "a new strategy"]


@pytest.mark.parametrize("code", [len(METHODS), -2])
def test_a_code_without_a_name_is_damage(path: Path, code: int) -> None:
    def spoil(file: h5py.File) -> None:
        file["attempts/method"][0] = code

    alter(path, spoil)
    with pytest.raises(DatabaseError, match="is damaged"):
        _ = open_store(path).tables.attempts.method


def widen(file: h5py.File, names: list[str]) -> None:
    """Store the histories of training with these columns; columns that no program has written are NaN."""
    group = file["training"]
    known, history = [str(name) for name in group.attrs["history_columns"]], group["history"][()]
    columns = [history[..., known.index(name)] if name in known else np.full(history.shape[:-1], 5.0) for name in names]
    del group["history"]
    shape = (*history.shape[:-1], len(names))
    group.create_dataset("history", data=np.stack(columns, -1), maxshape=(None, *shape[1:]), chunks=(1, *shape[1:]))
    group.attrs.create("history_columns", names, dtype=h5py.string_dtype())


@pytest.mark.parametrize(
    "names",
    [
        [*reversed(HISTORY_COLUMNS)],
        ["unheard of", *HISTORY_COLUMNS],
        [name for name in HISTORY_COLUMNS if name != "test_loss"],
    ],
    ids=["another order", "one more", "one less"],
)
def test_histories_go_through_the_names_in_the_file(path: Path, names: list[str]) -> None:
    before = open_store(path).tables.training.history
    alter(path, lambda file: widen(file, names))
    expected = before.copy()
    expected[..., [name not in names for name in HISTORY_COLUMNS]] = np.nan
    np.testing.assert_array_equal(open_store(path).tables.training.history, expected)
    commit, again = continued(path)
    assert commit.training is not None
    appended = commit.training.points.history.copy()
    appended[..., [name not in names for name in HISTORY_COLUMNS]] = np.nan
    np.testing.assert_array_equal(again.tables.training.history, np.concatenate([expected, appended]))
    again.close()
    with h5py.File(path) as file:
        assert file["training"].attrs["history_columns"].tolist() == names
        if "unheard of" in names:
            assert (file["training/history"][: len(before), :, 0] == 5.0).all()
            assert np.isnan(file["training/history"][len(before) :, :, 0]).all()
