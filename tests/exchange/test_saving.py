"""A store that is written at once reads back as it was."""

from pathlib import Path

import pytest

from landscape.database.store import Store, open_store
from landscape.errors import DatabaseError
from landscape.exchange.saving import save
from tests.database.samples import (
    METHODS,
    OUTCOMES,
    assert_equal_contents,
    contents,
    measure,
    new_store,
    property_rows,
    sample_commit,
)

NAMES = {"outcome": OUTCOMES, "method": METHODS}


def filled() -> Store:
    store = new_store(None)
    for _ in range(2):
        store.commit(sample_commit(store))
    measure(store, property_rows(rows=3), property_rows("alpha", target="transition_states", rows=2))
    return store


def test_all_tables_read_back_and_the_file_can_be_continued(tmp_path: Path) -> None:
    store = filled()
    save(store, tmp_path / "a.h5", NAMES)
    found = open_store(tmp_path / "a.h5", writable=True)
    assert_equal_contents(contents(found), contents(store))
    assert (found.header, found.record.run_toml) == (store.header, store.record.run_toml)
    commit = sample_commit(store)
    for one in (store, found):
        one.commit(commit)
    assert_equal_contents(contents(found), contents(store))
    found.close()


def test_a_place_that_is_taken_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.h5").touch()
    with pytest.raises(DatabaseError, match="exists already"):
        save(filled(), tmp_path / "a.h5", NAMES)
    with pytest.raises(DatabaseError, match="is no folder"):
        save(filled(), tmp_path / "no/a.h5", NAMES)
    assert [path.name for path in tmp_path.iterdir()] == ["a.h5"]


def test_a_failed_write_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("landscape.exchange.saving.write_new", full)
    with pytest.raises(DatabaseError, match="could not be created, the disk is full"):
        save(filled(), tmp_path / "a.h5", NAMES)
    assert list(tmp_path.iterdir()) == []
