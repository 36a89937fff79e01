"""Digests find any change after the last commit and name it; a commit hashes only what it adds."""

from pathlib import Path

import h5py
import numpy as np
import pytest

from landscape.database.integrity import digests
from landscape.database.integrity.blocks import blocks
from landscape.database.store import open_store
from landscape.errors import DatabaseError
from tests.commands import Run
from tests.database.samples import measure, property_rows, sample_commit


def changes(path: Path) -> list[str] | None:
    store = open_store(path)
    try:
        return store.changes()
    finally:
        store.close()


def places(path: Path) -> dict[str, int]:
    """The offset of the first stored byte of every dataset, by path."""
    found: dict[str, int] = {}

    def note(name: str, item: h5py.Group | h5py.Dataset) -> None:
        if isinstance(item, h5py.Dataset) and name != "digests":
            offset = item.id.get_chunk_info(0).byte_offset if item.chunks else item.id.get_offset()
            found[name] = offset

    with h5py.File(path) as file:
        file.visititems(note)
    return found


def flip(path: Path, offset: int, bit: int = 0) -> None:
    data = bytearray(path.read_bytes())
    data[offset] ^= 1 << bit
    path.write_bytes(data)


def test_one_flipped_bit_in_any_dataset_is_named(path: Path, whole: bytes) -> None:
    """The lowest bit of the first value, read by h5py alone: some of these values no opening would accept."""
    assert changes(path) == []
    for name, offset in places(path).items():
        path.write_bytes(whole)
        flip(path, offset)
        with h5py.File(path) as file:
            assert digests.Digests.of(file).changes(file) == [name]


@pytest.mark.parametrize(("place", "name"), [("", "energy_tolerance"), ("problem", "toml"), ("minima", "count")])
def test_an_attribute_is_named(path: Path, place: str, name: str) -> None:
    with h5py.File(path, "r+") as file:
        attrs = file[place or "/"].attrs
        attrs[name] = {"energy_tolerance": 2e-9, "toml": 'dataset = "iris"\n', "count": 2}[name]
        found = digests.Digests.of(file).changes(file)
    assert f"{place}@{name}" in found
    assert all(entry.startswith(f"{place}/") for entry in found if entry != f"{place}@{name}")


def test_a_property_that_nobody_committed_is_named(path: Path) -> None:
    with h5py.File(path, "r+") as file:
        file.copy("properties/minima/trace", "properties/minima/forged")
    assert changes(path) == ["properties/minima/forged"]


def test_remarks_of_a_user_come_change_and_go_before_and_after_commits(path: Path) -> None:
    def continued() -> None:
        store = open_store(path, writable=True)
        store.commit(sample_commit(store))
        measure(store, property_rows(rows=3))  # the property is made anew, without the remark at it
        store.close()

    places = ("/", "minima", "minima/energy", "properties/minima/trace", "problem")
    for words in ("one", "two"):
        with h5py.File(path, "r+") as file:
            for place in places:
                file[place].attrs["remark"] = words
            for name in ("beyond", "minima/mine", "problem/mine"):
                file[name] = np.arange(3.0)
        assert changes(path) == []
        continued()
        with h5py.File(path, "r+") as file:
            assert "remark" not in file["properties/minima/trace"].attrs
            for name in ("beyond", "minima/mine", "problem/mine"):
                del file[name]
            del file["minima"].attrs["remark"]
        assert changes(path) == []
    continued()
    assert changes(path) == []


def test_a_writer_refuses_a_changed_file(path: Path) -> None:
    flip(path, places(path)["minima/energy"])
    with pytest.raises(DatabaseError, match="is damaged, minima/energy changed after the last commit"):
        open_store(path, writable=True)
    assert [entry.name for entry in path.parent.iterdir()] == ["a.h5"]
    open_store(path).close()


def test_a_file_without_the_digests_of_its_version_is_damaged(path: Path) -> None:
    with h5py.File(path, "r+") as file:
        del file["digests"]
    with pytest.raises(DatabaseError, match="is damaged"):
        changes(path)


def test_a_file_of_the_first_version_has_none_until_the_next_commit(path: Path) -> None:
    with h5py.File(path, "r+") as file:
        del file["digests"]
        file.attrs["format_version"] = 1
    assert changes(path) is None
    store = open_store(path, writable=True)
    store.commit(sample_commit(store))
    store.close()
    assert changes(path) == []
    with h5py.File(path) as file:
        assert file.attrs["format_version"] == 2


def test_a_commit_reads_only_the_rows_that_it_adds(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = open_store(path, writable=True)
    read: dict[str, tuple[int, int]] = {}

    def spy(dataset: h5py.Dataset, start: int, end: int) -> object:
        read[dataset.name[1:]] = (start, end)
        return blocks(dataset, start, end)

    monkeypatch.setattr(digests, "blocks", spy)
    store.commit(sample_commit(store))
    store.close()
    assert read["minima/parameters"] == (3, 6)
    assert read["rounds/kind"] == (2, 3)
    assert read["minima/hits"] == (0, 6)
    assert read["walkers/step"] == (0, 4)
    assert "properties/minima/trace" not in read
    monkeypatch.undo()
    assert changes(path) == []


def test_info_names_the_change_and_says_where_there_are_no_digests(path: Path, command: Run) -> None:
    assert "digests: nothing was changed after the last commit" in command("info", path).done()
    flip(path, places(path)["minima/energy"])
    said = command("info", path)
    assert said.status == 2
    assert said.err.count("\n") == 1
    assert "minima/energy changed after the last commit" in said.err
    with h5py.File(path, "r+") as file:
        del file["digests"]
        file.attrs["format_version"] = 1
    assert "digests: none, the file is of an earlier version" in command("info", path).done()
