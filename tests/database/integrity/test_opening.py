"""A file is checked before it is believed: everything that is not as declared is refused in one line."""

import os
import re
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from landscape import trial
from landscape.database.integrity.values import CHECKED, RANGES
from landscape.database.store import open_store
from landscape.database.writing import TABLES
from landscape.errors import DatabaseError
from tests.database.altering import crashing, endless
from tests.database.samples import new_store, sample_commit

Change = Callable[[h5py.File], object]


def refused(path: Path, words: str) -> None:
    """Assert that the file is refused in one line with these words, and nothing beside it is touched."""
    before = sorted(path.parent.iterdir())
    for writable in (False, True):
        with pytest.raises(DatabaseError, match=re.escape(words)) as caught:
            open_store(path, writable=writable)
        assert "\n" not in str(caught.value)
    assert sorted(path.parent.iterdir()) == before


def put(place: str, value: object, row: object = 0) -> Change:
    """Set a row of a dataset."""

    def change(file: h5py.File) -> None:
        file[place][row] = value

    return change


def attribute(place: str, name: str, value: object) -> Change:
    """Set an attribute."""

    def change(file: h5py.File) -> None:
        file[place].attrs[name] = value

    return change


def replaced(place: str, values: Any) -> Change:  # noqa: ANN401 - anything h5py stores
    """Replace a dataset; its attributes stay."""

    def change(file: h5py.File) -> None:
        attrs = dict(file[place].attrs)
        del file[place]
        file[place] = values
        file[place].attrs.update(attrs)

    return change


FAULTS: dict[str, tuple[Change, str]] = {
    "parameters": (put("minima/parameters", np.nan), "minima.parameters must be finite, found another value in row 0"),
    "infinity": (put("transition_states/parameters", np.inf, 1), "transition_states.parameters must be finite"),
    "energy": (put("saddles/energy", np.nan, 1), "saddles.energy must be finite, found another value in row 1"),
    "hits": (put("minima/hits", -3, 1), "minima.hits must be at least 0, found [-3]"),
    "pairs": (put("transition_states/minima", 3), "transition_states.minima must lie in [0, 3), found [3]"),
    "negative pairs": (put("transition_states/minima", -1), "transition_states.minima must lie in [0, 3), found [-1]"),
    "attempts": (put("attempts/minima", 99, (0, 1)), "attempts.minima must lie in [-1, 3), found [99]"),
    "states": (put("attempts/state", 2), "attempts.state must lie in [-1, 2), found [2]"),
    "codes": (put("attempts/method", 2), "attempts.method: codes from"),
    "regimes": (put("training/regime", 2), "training.regime must lie in [0, 2), found [2]"),
    "sampled pairs": (put("sampled_pairs/rows", 2), "sampled_pairs.rows must be rows of quenches or training"),
    "index": (put("saddles/index", 6), "saddles.index must lie in [2, 6), found [6]"),
    "sign": (put("minima/rms_gradient", -1.0), "minima.rms_gradient must not be negative, found [-1.0]"),
    "type": (replaced("minima/energy", np.arange(3)), "/minima/energy holds int64 [3], expected float64 [3]"),
    "text": (replaced("minima/energy", np.array([b"a"] * 3)), "/minima/energy holds bytes8 [3], expected float64 [3]"),
    "shape": (replaced("minima/energy", np.zeros((3, 1))), "/minima/energy holds float64 [3, 1], expected float64 [3]"),
    "scalar": (replaced("minima/hits", np.int64(3)), "/minima/hits holds int64 [], expected int64 [3]"),
    "group": (replaced("minima/hits", h5py.SoftLink("/rounds")), "/minima/hits is a link to another place or a type"),
    "long property": (replaced("properties/minima/trace", np.zeros((4, 2))), "expected values of at most 3 rows"),
    "type of property": (replaced("properties/minima/trace", np.zeros((3, 2), int)), "holds int64 [3, 2]"),
    "settings": (attribute("properties/minima/trace", "settings", "[1]"), "is no JSON object"),
    "version zero": (attribute("/", "format_version", 0), "format_version is 0, expected a whole number from 1"),
    "half a version": (attribute("/", "format_version", 0.5), "format_version is 0.5, expected a whole number"),
    "version in words": (attribute("/", "format_version", "one"), "format_version is one, expected a whole number"),
    "count": (attribute("minima", "count", -1), "attribute count is -1, expected a whole number from 0"),
    "count in words": (attribute("minima", "count", "3"), "attribute count is 3, expected a whole number from 0"),
    "no parameters": (attribute("problem", "n_parameters", 0), "n_parameters is 0, expected a whole number from 1"),
    "run file": (attribute("problem", "run_toml", 1.0), "attribute run_toml is '1.0', expected a text"),
    "tolerance": (attribute("/", "energy_tolerance", np.nan), "energy_tolerance is nan, expected a positive number"),
    "image": (attribute("problem", "image", [1, 2]), "attribute image is [1 2], expected channels, height and width"),
    "targets": (replaced("problem/targets", np.zeros(3)), "/problem: expected as many inputs as targets"),
    "names": (attribute("attempts", "method_names", ["band", "band"]), "attribute method_names has a name twice"),
}


@pytest.mark.parametrize(("change", "words"), FAULTS.values(), ids=FAULTS.keys())
def test_a_file_that_is_not_as_declared_is_refused(path: Path, change: Change, words: str) -> None:
    with h5py.File(path, "r+") as file:
        change(file)
    refused(path, words)


def external(place: str) -> Change:
    """A dataset whose values are those of a text file."""

    def change(file: h5py.File) -> None:
        shape, dtype = file[place].shape, file[place].dtype
        del file[place]
        file.create_dataset(place, shape, dtype, external=[("secret.txt", 0, 1000)])

    return change


def virtual(place: str) -> Change:
    """A dataset whose values are those of another database."""

    def change(file: h5py.File) -> None:
        shape, dtype = file[place].shape, file[place].dtype
        del file[place]
        layout = h5py.VirtualLayout(shape, dtype)
        layout[...] = h5py.VirtualSource("other.h5", place, shape)
        file.create_virtual_dataset(place, layout)

    return change


def compressed(file: h5py.File) -> None:
    """A dataset of which a few bytes become many."""
    del file["minima/energy"]
    file.create_dataset("minima/energy", data=np.zeros(3), compression="gzip")


ELSEWHERE: dict[str, Change] = {
    "external storage": external("rounds/kind"),
    "virtual dataset": virtual("minima/energy"),
    "external link": replaced("rounds/kind", h5py.ExternalLink("other.h5", "rounds/kind")),
    "soft link": replaced("minima/energy", h5py.SoftLink("/transition_states/energy")),
    "link that no table has": lambda file: file.__setitem__("beyond", h5py.ExternalLink("other.h5", "/")),
    "compression": compressed,
}


@pytest.mark.parametrize("change", ELSEWHERE.values(), ids=ELSEWHERE.keys())
def test_nothing_but_the_file_itself_is_read(path: Path, whole: bytes, change: Change) -> None:
    path.with_name("secret.txt").write_text("root:x:0:0:a secret that must not be shown\n" * 20)
    path.with_name("other.h5").write_bytes(whole)
    with h5py.File(path, "r+") as file:
        change(file)
    refused(path, "is damaged (/")


def test_an_empty_group_that_cannot_be_read_is_damage(path: Path) -> None:
    with h5py.File(path) as file:
        header = h5py.h5o.get_info(file["properties/training"].id).addr
    content = bytearray(path.read_bytes())
    heap = content.index(b"\x11\x00\x10\x00", header) + 16  # in the message of type 0x11
    names = int.from_bytes(content[heap : heap + 8], "little") + 24  # the address of the names in the heap of the group
    content[names + 6] = 0x1C
    path.write_bytes(content)
    refused(path, "is damaged (")


def test_numbers_of_another_form_are_damage(path: Path) -> None:
    """HDF5 takes floats of 47168 bits of precision for ordinary ones, reads them, and crashes when it writes some."""
    with h5py.File(path) as file:
        header = h5py.h5o.get_info(file["minima/parameters"].id).addr
    content = bytearray(path.read_bytes())
    precision = content.index(b"\x11\x20\x3f\x00\x08\x00\x00\x00\x00\x00\x40\x00", header) + 10
    content[precision + 1] = 0xB8
    path.write_bytes(content)
    refused(path, "minima/parameters holds numbers of another form than float64")


def change_chunk(path: Path, name: str, change: int) -> None:
    """Change the size that the index of a column has for its first chunk; the columns are not the end of the file."""
    with h5py.File(path, "r+") as file:
        file["minima"].create_dataset("last", data=np.ones(300))
        place = file[name].id.get_chunk_info(0).byte_offset
    content = bytearray(path.read_bytes())
    size = content.index(place.to_bytes(8, "little")) - 24  # four bytes, before a mask and two offsets
    content[size : size + 4] = (int.from_bytes(content[size : size + 4], "little") ^ change).to_bytes(4, "little")
    path.write_bytes(content)


@pytest.mark.parametrize("change", [49, 128, 0x10000000])
@pytest.mark.parametrize("name", ["minima/energy", "transition_states/sides_ambiguous"])
def test_a_chunk_of_another_size_is_damage(path: Path, name: str, change: int) -> None:
    """HDF5 reads most of them well, and loses rows when it adds some."""
    change_chunk(path, name, change)
    refused(path, "is damaged (")


@pytest.mark.parametrize("values", [np.ones(3), ["of", "any", "length"]], ids=["numbers", "texts"])
@pytest.mark.parametrize("change", [49, 128, 0x10000000])
def test_an_unknown_column_with_a_chunk_of_another_size_is_not_continued(
    path: Path, values: Sequence[object], change: int
) -> None:
    with h5py.File(path, "r+") as file:
        file["minima"].create_dataset("own", data=values, maxshape=(None,), chunks=(64,))
    change_chunk(path, "minima/own", change)
    with pytest.raises(DatabaseError, match=r"is damaged \("):
        open_store(path, writable=True)


def group_of_bytes(file: h5py.File) -> None:
    file.create_group(b"properties/minima/\xff\xfe")


def column_of_bytes(file: h5py.File) -> None:
    file.create_dataset(b"minima/\xff\xfe", data=np.zeros(3), maxshape=(None,))


@pytest.mark.parametrize("change", [group_of_bytes, column_of_bytes])
def test_a_name_that_is_no_text_is_damage(path: Path, change: Change) -> None:
    """Its digest would have another name than what is read."""
    with h5py.File(path, "r+") as file:
        change(file)
    refused(path, "has something named b'\\xff\\xfe' in it, expected UTF-8 text as a name")


def test_a_remark_whose_name_is_no_text_changes_nothing(path: Path) -> None:
    with h5py.File(path, "r+") as file:
        h5py.h5a.create(file["minima"].id, b"\xff\xfe", h5py.h5t.NATIVE_INT64, h5py.h5s.create(h5py.h5s.SCALAR))
    store = open_store(path, writable=True)
    store.commit(sample_commit(store))
    assert store.changes() == []
    store.close()


def test_an_attribute_of_another_kind_is_damage(path: Path) -> None:
    """HDF5 reads damaged lists of variable length wherever they point to."""
    with h5py.File(path, "r+") as file:
        space, kind = h5py.h5s.create(h5py.h5s.SCALAR), h5py.h5t.py_create(h5py.vlen_dtype(np.float64))
        del file["minima"].attrs["count"]
        h5py.h5a.create(file["minima"].id, b"count", kind, space)
    refused(path, "is damaged (attribute count of /minima holds neither numbers nor texts)")


def test_a_file_that_cannot_be_visited_is_read_as_far_as_it_goes(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def visit(*_: object) -> None:
        raise RuntimeError("Object visitation failed")

    monkeypatch.setattr(h5py.h5o, "visit", visit)
    monkeypatch.setattr(trial, "_read_object", lambda _: os.kill(os.getpid(), signal.SIGSEGV))
    monkeypatch.setattr(trial, "_survived", {})
    assert trial.crash(path) == "crashes"


@pytest.mark.timeout(60)
@pytest.mark.parametrize("name", ["log_determinant", "own"])
def test_a_column_of_rows_that_are_not_there_is_not_continued(path: Path, name: str) -> None:
    """HDF5 looks for every chunk when it cuts a column off."""
    with h5py.File(path, "r+") as file:
        group = file["transition_states"]
        group.create_dataset("own", (len(group["energy"]),), "f8", maxshape=(None,), chunks=(8,))
        group[name].resize(90_194_313_220, axis=0)
    assert open_store(path).changes() == []
    with pytest.raises(DatabaseError, match=rf"{name} declares \d+ bytes, but the file stores fewer"):
        open_store(path, writable=True)


def test_digests_that_the_file_does_not_store_take_no_memory(path: Path) -> None:
    with h5py.File(path, "r+") as file:
        file["digests"].resize(90_194_313_220, axis=0)
    with pytest.raises(DatabaseError, match=r"/digests declares \d+ bytes, but the file stores fewer"):
        open_store(path).changes()


def test_digests_of_another_shape_are_damage(path: Path) -> None:
    with h5py.File(path, "r+") as file:
        replaced("digests", file["digests"][()][None])(file)
    with pytest.raises(DatabaseError, match=r"is damaged \(/digests holds bytes8 \[1, "):
        open_store(path).changes()


def test_digests_in_another_layout_are_damage(path: Path) -> None:
    with h5py.File(path, "r+") as file:
        file["digests"][int(np.flatnonzero(file["digests"][()] == b" ")[0])] = b"\r"
    with pytest.raises(DatabaseError, match=r"is damaged \(/digests is no JSON object as it is written\)"):
        open_store(path, writable=True)


@pytest.mark.parametrize("place", [16, 18])
def test_nodes_of_other_sizes_are_damage(path: Path, place: int) -> None:
    content = bytearray(path.read_bytes())
    content[place] ^= 255
    path.write_bytes(content)
    refused(path, "is damaged (the file has other sizes of nodes than HDF5 gives them)")


def flags_of_attribute(path: Path) -> int:
    """Place of the flags of an attribute `count`: 4 bytes before its version, which lengths of its parts follow."""
    return path.read_bytes().index(b"\x01\x00\x06\x00\x0c\x00\x08\x00count\x00") - 4


def flags_of_first(path: Path) -> int:
    """Place of the flags of the first message of a column, behind a prefix of 16 bytes, a kind and a length."""
    with h5py.File(path) as file:
        address: int = h5py.h5o.get_info(file["minima/hits"].id).addr
    return address + 20


@pytest.mark.parametrize("place", [flags_of_attribute, flags_of_first])
def test_messages_marked_as_shared_are_damage(path: Path, place: Callable[[Path], int]) -> None:
    content, flags = bytearray(path.read_bytes()), place(path)
    content[flags] |= 64
    path.write_bytes(content)
    refused(path, "has a message marked as shared, expected none")


def test_a_group_within_itself_ends(path: Path) -> None:
    with h5py.File(path, "r+") as file:
        file["minima/again"] = file["/"]
    assert open_store(path).n_rounds == 2


def test_values_that_the_file_does_not_store_take_no_memory(path: Path) -> None:
    """Two kilobytes that declare three gigabytes."""

    def declare(file: h5py.File) -> None:
        for name, column in file["minima"].items():
            column.resize(400_000_000, axis=0)
            assert len(file["minima"][name]) == 400_000_000
        file["minima"].attrs["count"] = 400_000_000

    with h5py.File(path, "r+") as file:
        declare(file)
    refused(path, "but the file stores fewer")


@pytest.mark.timeout(20)
def test_a_pipe_is_no_database(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.h5")
    refused(tmp_path / "a.h5", "a.h5 is a pipe or a device, expected a file")


@pytest.mark.parametrize("beside_mpi", [False, True])
def test_a_file_on_which_hdf5_crashes_is_damaged(path: Path, beside_mpi: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if beside_mpi:
        monkeypatch.setitem(sys.modules, "mpi4py.MPI", sys)
    path.write_bytes(crashing(path.read_bytes()))
    refused(path, "is damaged (HDF5 crashes on it): restore it from a copy")


def test_a_file_that_hdf5_reads_for_ever_is_damaged(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trial, "SECONDS", 1)
    path.write_bytes(endless(path.read_bytes()))
    with pytest.raises(DatabaseError, match=r"is damaged \(HDF5 does not end within 5 s on it\): restore it"):
        open_store(path)


def test_a_file_of_this_process_is_tried_once_it_was_changed(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[Path] = []

    def survive(file: Path) -> int:
        tried.append(file)
        return 0

    monkeypatch.setattr(trial, "_forked", survive)
    own = path.with_name("own.h5")
    new_store(own).close()
    open_store(own).close()
    assert not tried
    os.utime(own)
    open_store(own).close()
    open_store(own).close()
    assert tried == [own]


def test_values_are_declared_of_columns_that_there_are() -> None:
    columns = {f"{name}.{key}": column for name, table in TABLES.items() for key, column in table.columns().items()}
    assert columns.keys() >= CHECKED
    assert RANGES.keys() == {name for name, one in columns.items() if one.dtype is np.int64 and not one.coded}
