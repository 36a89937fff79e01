"""Every fault of a file or the disk is reported in one line with a remedy."""

import errno
import gc
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import NoReturn

import h5py
import pytest

from landscape.database.failures import reason
from landscape.database.store import open_store
from landscape.database.whole_file import SinkFile
from landscape.errors import DatabaseError
from tests.database.altering import altered
from tests.database.samples import (
    assert_equal_contents,
    contents,
    new_store,
    sample_commit,
    sample_file,
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return sample_file(tmp_path / "sample.h5")


def refused(action: Callable[[], object], *parts: str) -> None:
    """Assert that the action fails with one line that has these parts."""
    with pytest.raises(DatabaseError) as caught:
        action()
    message = str(caught.value)
    assert "\n" not in message
    for part in parts:
        assert part in message


def siblings(path: Path) -> set[str]:
    return {entry.name for entry in path.parent.iterdir()}


def test_missing_file(tmp_path: Path) -> None:
    for writable in (False, True):
        refused(partial(open_store, tmp_path / "no.h5", writable=writable), "no.h5 does not exist", "check the name")
    assert not list(tmp_path.iterdir())


def test_folder(tmp_path: Path) -> None:
    refused(lambda: open_store(tmp_path), "is a folder", "name the database file")
    refused(lambda: new_store(tmp_path), "is a folder", "landscape.h5")


@pytest.mark.parametrize("data", [b"", b"energy,hits\n", b"\x89HDF"])
def test_not_hdf5(path: Path, data: bytes) -> None:
    path.write_bytes(data)
    refused(lambda: open_store(path), "is not an HDF5 file", f"({len(data)} bytes)")
    refused(lambda: open_store(path, writable=True), "is not an HDF5 file")
    assert siblings(path) == {"sample.h5"}


def test_truncated(path: Path) -> None:
    whole = path.read_bytes()
    for size in (200, 5000, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:size])
        refused(lambda: open_store(path), "truncated", f"byte {size}", "restore")


def test_foreign_hdf5(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file["energy"] = [1.0]
    refused(lambda: open_store(path), "HDF5 but not a landscape database", "format = 'landscape'")


def test_newer_version(path: Path) -> None:
    with h5py.File(path, "r+") as file:
        file.attrs["format_version"] = 3
    refused(lambda: open_store(path), "format version 3, newer than the 2", "update landscape")


def drop_column(file: h5py.File) -> None:
    del file["minima/energy"]


def drop_rows(file: h5py.File) -> None:
    file["minima/energy"].resize(1, axis=0)


def drop_count(file: h5py.File) -> None:
    del file["rounds"].attrs["count"]


def drop_problem(file: h5py.File) -> None:
    del file["problem"]


def spoil_settings(file: h5py.File) -> None:
    file.attrs["software"] = "{"


@pytest.mark.parametrize("spoil", [drop_column, drop_rows, drop_count, drop_problem, spoil_settings])
def test_damaged(path: Path, spoil: Callable[[h5py.File], None]) -> None:
    with h5py.File(path, "r+") as file:
        spoil(file)
    refused(lambda: open_store(path), "is damaged", "restore it from a copy")
    refused(lambda: open_store(path, writable=True), "is damaged")
    assert siblings(path) == {"sample.h5"}


def test_existing_file_is_not_overwritten(path: Path) -> None:
    before = path.read_bytes()
    refused(lambda: new_store(path), "exists already", "resume it (--resume), remove it or choose another name")
    assert path.read_bytes() == before
    assert siblings(path) == {"sample.h5"}


def test_missing_folder(tmp_path: Path) -> None:
    refused(lambda: new_store(tmp_path / "no" / "a.h5"), "no is no folder to put a.h5 into", "create it")


@pytest.mark.skipif(os.geteuid() == 0, reason="root can write to read-only folders")
def test_read_only_folder(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    refused(lambda: new_store(tmp_path / "a.h5"), "permission is denied")
    tmp_path.chmod(0o700)


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.EACCES, "permission is denied: change the permissions"),
        (errno.EROFS, "the file system is read-only"),
        (errno.ENOLCK, "the file system has no file locks"),
    ],
)
def test_folder_that_takes_no_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, words: str) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(os, "open", failure(number))
        refused(lambda: new_store(tmp_path / "a.h5"), "cannot be opened for writing", words)


def failure(number: int) -> Callable[..., NoReturn]:
    """A stand-in for a function of the system that fails with this error number."""

    def fail(*_: object, **__: object) -> NoReturn:
        raise OSError(number, os.strerror(number))

    return fail


@pytest.mark.parametrize(("module", "name"), [(os, "copy_file_range"), (shutil, "copymode"), (os, "fsync")])
def test_full_disk_leaves_the_last_commit(
    path: Path, monkeypatch: pytest.MonkeyPatch, module: ModuleType, name: str
) -> None:
    store = open_store(path, writable=True)
    before, commit = contents(store), sample_commit(store)
    with monkeypatch.context() as patch:
        patch.setattr(module, name, failure(errno.ENOSPC))
        refused(lambda: store.commit(commit), "the disk is full: free space, then resume", "1 rounds", "intact")
    assert_equal_contents(contents(store), before)
    assert_equal_contents(contents(open_store(path)), before)
    assert siblings(path) == {"sample.h5", "sample.h5.lock"}
    store.commit(commit)
    store.close()
    assert open_store(path).n_rounds == 2


def copies_nothing(*_: int) -> int:
    return 0


@pytest.mark.parametrize("copy_range", [failure(errno.EXDEV), failure(errno.ENOSYS), copies_nothing, None])
def test_file_systems_that_cannot_copy_ranges_of_a_file(
    path: Path, monkeypatch: pytest.MonkeyPatch, copy_range: Callable[..., int] | None
) -> None:
    path.chmod(0o640)
    store = open_store(path, writable=True)
    with monkeypatch.context() as patch:
        if copy_range is None:
            patch.delattr(os, "copy_file_range")
        else:
            patch.setattr(os, "copy_file_range", copy_range)
        store.commit(sample_commit(store))
    found = contents(store)
    store.close()
    assert_equal_contents(found, contents(open_store(path)))
    assert path.stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize("calls", [0, 1, 2, 5, 20])
def test_disk_that_fills_up_while_writing(path: Path, monkeypatch: pytest.MonkeyPatch, calls: int) -> None:
    store = open_store(path, writable=True)
    before, commit = contents(store), sample_commit(store)
    done: list[int] = []
    write_all = SinkFile.write_all

    def write(self: SinkFile, view: memoryview) -> None:
        done.append(len(view))
        if len(done) > calls:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        write_all(self, view)

    with monkeypatch.context() as patch:
        patch.setattr(SinkFile, "write_all", write)
        refused(lambda: store.commit(commit), "the disk is full")
    assert_equal_contents(contents(store), before)
    store.commit(commit)
    store.close()


CHECKOUT = Path(__file__).parents[2]
FULL = """
import resource, signal, sys
from pathlib import Path
from landscape.database.store import open_store
from landscape.errors import DatabaseError
from tests.database.samples import sample_commit

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
path = Path(sys.argv[1])
store = open_store(path, writable=True)
resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + 100_000, resource.RLIM_INFINITY))
for _ in range(2):
    try:
        store.commit(sample_commit(store, minima=20_000))
    except DatabaseError as error:
        print(error)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
store.commit(sample_commit(store, minima=20_000))
print(len(store.tables.minima))
"""


def test_process_survives_real_failures_of_writing(path: Path) -> None:
    """HDF5 alone would crash at the end of a process in which a write has failed."""
    command = [sys.executable, "-c", FULL, str(path)]
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert len(lines) == 3
    assert all("the limit on the size of a file is reached" in line for line in lines[:2])
    assert lines[2] == "20003"
    assert siblings(path) == {"sample.h5"}


def test_a_failure_that_hdf5_tells_as_a_runtime_error_leaves_the_last_commit(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> NoReturn:
        raise RuntimeError("Can't decode (bad heap)\nand more")

    store = open_store(path, writable=True)
    commit, before = sample_commit(store), path.read_bytes()
    monkeypatch.setattr("landscape.database.hdf5.write_commit", fail)
    refused(lambda: store.commit(commit), "'Can't decode (bad heap)', then resume", "1 rounds", "intact")
    assert path.read_bytes() == before


def test_creation_on_a_full_disk_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", failure(errno.ENOSPC))
    refused(lambda: new_store(tmp_path / "a.h5"), "could not be created, the disk is full: free space")
    assert not list(tmp_path.iterdir())


def test_errno_is_found_in_texts_of_hdf5() -> None:
    error = OSError("Can't write data (file write failed: fd = 3, errno = 28, error message = 'No space left')")
    assert "the disk is full" in reason(error)


def test_one_writer(path: Path) -> None:
    first = open_store(path, writable=True)
    refused(
        lambda: open_store(path, writable=True), "sample.h5.lock", f"process {os.getpid()} on", "wait until it ends"
    )
    open_store(path).close()
    first.close()
    assert siblings(path) == {"sample.h5"}
    open_store(path, writable=True).close()


def test_lock_goes_with_its_store(path: Path) -> None:
    store = open_store(path, writable=True)
    del store
    gc.collect()
    open_store(path, writable=True).close()


def test_remains_of_a_killed_writer_do_no_harm(path: Path) -> None:
    path.with_name("sample.h5.lock").write_text("process 1 on nowhere, which left a long text")
    path.with_name("sample.h5.partial").write_bytes(b"half")
    store = open_store(path, writable=True)
    assert path.with_name("sample.h5.lock").read_text().startswith(f"process {os.getpid()} on ")
    store.commit(sample_commit(store))
    store.close()
    assert siblings(path) == {"sample.h5"}


def test_file_changed_behind_the_writer(path: Path) -> None:
    store = open_store(path, writable=True)
    copy = path.with_name("copy.h5")
    shutil.copy(path, copy)
    other = open_store(copy, writable=True)
    other.commit(sample_commit(other))
    other.close()
    copy.replace(path)
    refused(store.require_writable, "was replaced or removed by another program after 1 rounds", "open it again")
    refused(lambda: store.commit(sample_commit(store)), "was replaced or removed by another program")
    store.close()


def test_a_file_changed_in_its_place_behind_the_writer(path: Path) -> None:
    store = open_store(path, writable=True)
    change = "import h5py, sys; h5py.File(sys.argv[1], 'r+', locking=False)['rounds'].attrs['count'] = 2"
    subprocess.run([sys.executable, "-c", change, path], check=True)
    store.require_writable()
    refused(lambda: store.commit(sample_commit(store)), "has 2 rounds, expected 1: another program changed it")
    store.close()


def test_a_column_that_cannot_grow_is_found_before_any_work(path: Path) -> None:
    with altered(path) as file:
        values = file["minima/energy"][()]
        del file["minima/energy"]
        file["minima/energy"] = values
    open_store(path).close()
    refused(lambda: open_store(path, writable=True), "cannot be continued, minima/energy cannot grow")
    assert siblings(path) == {"sample.h5"}


def test_a_lock_follows_no_link_and_is_named(path: Path) -> None:
    other = path.with_name("precious.txt")
    other.write_text("precious")
    lock = path.with_name("sample.h5.lock")
    lock.symlink_to(other)
    refused(lambda: open_store(path, writable=True), "its lock is sample.h5.lock", "symbolic link")
    assert other.read_text() == "precious"
    lock.unlink()
    os.mkfifo(lock)
    refused(lambda: open_store(path, writable=True), "sample.h5.lock is no regular file: remove it")
