"""One writer per file, with locks of the file system and without."""

import errno
import fcntl
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from landscape.campaign.resumption import open_or_create
from landscape.database import lock as locks
from landscape.database.lock import WriterLock, owner
from landscape.database.store import Store, create_store, open_store
from landscape.errors import DatabaseError
from landscape.exchange.saving import save
from tests.database.samples import METHODS, OUTCOMES, new_store, sample_record
from tests.privileges import unprivileged

EXCLUSIVE = replace(sample_record(), run_toml='[run]\nlock = "exclusive"\n')
HERE = socket.gethostname()
NO_LOCKS = {errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS}
KILLED = """
import os, pathlib, signal, sys
from landscape.database.lock import WriterLock
held = WriterLock(pathlib.Path(sys.argv[1]), exclusive=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "a.h5"


@pytest.fixture
def lock(path: Path) -> Path:
    return path.with_name("a.h5.lock")


@pytest.fixture
def dead() -> int:
    """The number of a process that has ended."""
    child = subprocess.Popen(["true"])
    child.wait()
    return child.pid


def fail_to_lock(patch: pytest.MonkeyPatch, number: int = errno.ENOLCK) -> None:
    """Make the locks of the file system fail with this error number."""

    def flock(*_: int) -> None:
        raise OSError(number, os.strerror(number))

    patch.setattr(fcntl, "flock", flock)


@pytest.fixture
def without_locks(monkeypatch: pytest.MonkeyPatch) -> None:
    fail_to_lock(monkeypatch)


def refused(action: Callable[[], object]) -> str:
    """The message, of one line, with which the action is refused."""
    with pytest.raises(DatabaseError) as caught:
        action()
    assert "\n" not in str(caught.value)
    return str(caught.value)


def exclusive_store(path: Path | None) -> Store:
    return create_store(path, EXCLUSIVE, OUTCOMES, METHODS)


def names(path: Path) -> set[str]:
    return {entry.name for entry in path.parent.iterdir()}


@pytest.mark.parametrize("number", sorted(NO_LOCKS))
def test_a_file_system_without_locks(path: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    fail_to_lock(monkeypatch, number)
    said = refused(lambda: WriterLock(path, exclusive=False))
    assert "the file system has no file locks: set run.lock (--set run.lock=exclusive) or choose" in said
    assert not names(path)
    WriterLock(path, exclusive=True).release()


@pytest.mark.usefixtures("without_locks")
def test_the_stored_run_file_tells_the_kind(path: Path, lock: Path) -> None:
    exclusive_store(path).close()
    first = open_store(path, writable=True)
    assert lock.read_text() == f"process {os.getpid()} on {HERE} (exclusive)"
    said = refused(lambda: open_store(path, writable=True))
    assert f"is being written by process {os.getpid()} on {HERE} (exclusive), of the user {owner(path)}," in said
    assert "which holds a.h5.lock: wait until it ends, or open the file for reading; if it has ended, remove" in said
    assert said.endswith(f"remove {lock}")
    first.close()
    assert names(path) == {"a.h5"}


def test_a_run_file_tells_the_kind_for_a_file_of_the_other(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    new_store(path).close()
    fail_to_lock(monkeypatch)
    wanted = replace(EXCLUSIVE, run_toml=sample_record().run_toml + EXCLUSIVE.run_toml)
    assert "no file locks" in refused(lambda: open_or_create(path, sample_record(), resume=True))
    open_or_create(path, wanted, resume=True).close()


@pytest.mark.usefixtures("without_locks")
def test_a_database_in_memory_is_saved_under_the_lock_of_its_run_file(path: Path) -> None:
    save(exclusive_store(None), path, {})
    assert names(path) == {"a.h5"}


def test_the_lock_of_a_killed_process_is_taken_over(path: Path, lock: Path) -> None:
    killed = subprocess.run([sys.executable, "-c", KILLED, path], check=False)
    assert killed.returncode == -signal.SIGKILL
    left = lock.read_text()
    held = WriterLock(path, exclusive=True)
    assert lock.read_text() == f"process {os.getpid()} on {HERE} (exclusive)" != left
    assert names(path) == {"a.h5.lock"}
    held.release()
    assert not names(path)


def test_one_writer_takes_over(path: Path, lock: Path, dead: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another takes over after this one has found the lock of a dead process."""
    lock.write_text(f"process {dead} on {HERE} (exclusive)")
    others, taken_over = [], locks.taken_over

    def late(lock: Path) -> int:
        monkeypatch.undo()
        others.append(WriterLock(path, exclusive=True))
        return taken_over(lock)

    monkeypatch.setattr(locks, "taken_over", late)
    assert f"by process {os.getpid()} on" in refused(lambda: WriterLock(path, exclusive=True))
    assert names(path) == {"a.h5.lock"}
    others[0].release()
    assert not names(path)


def test_a_writer_killed_while_it_took_over(path: Path, lock: Path, dead: int) -> None:
    for left in (lock, lock.with_name("a.h5.lock.taken")):
        left.write_text(f"process {dead} on {HERE} (exclusive)")
    WriterLock(path, exclusive=True).release()
    assert not names(path)


@pytest.mark.parametrize(
    "text",
    [
        "process {dead} on elsewhere (exclusive)",
        f"process 1 on {HERE} (exclusive)",
        "process {dead} on " + HERE,
        "remark",
    ],
)
def test_the_lock_of_another_host_or_a_living_process_is_named(path: Path, lock: Path, dead: int, text: str) -> None:
    text = text.format(dead=dead)
    lock.write_text(text)
    said = refused(lambda: WriterLock(path, exclusive=True))
    assert f"is being written by {text}, of the user {owner(lock)}, which holds a.h5.lock" in said
    assert f"if it has ended, remove {lock}" in said
    assert lock.read_text() == text


def test_the_kinds_exclude_each_other(path: Path, lock: Path) -> None:
    for exclusive in (False, True):
        held = WriterLock(path, exclusive=exclusive)
        said = refused(partial(WriterLock, path, exclusive=not exclusive))
        assert f"by process {os.getpid()} on {HERE}" in said
        assert f"remove {lock}" in said
        held.release()
        assert not names(path)


def test_a_full_disk_leaves_no_lock(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def write(*_: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "write", write)
    for exclusive in (False, True):
        assert "the disk is full" in refused(partial(WriterLock, path, exclusive=exclusive))
        assert not names(path)


def test_an_exclusive_lock_follows_no_link(path: Path, lock: Path) -> None:
    other = path.with_name("precious.txt")
    for text in ("precious", None):
        if text:
            other.write_text(text)
        lock.symlink_to(other)
        assert "it is a symbolic link: remove it" in refused(lambda: WriterLock(path, exclusive=True))
        lock.unlink()
        assert other.exists() == bool(text)
        other.unlink(missing_ok=True)
    os.mkfifo(lock)
    assert "a.h5.lock is no regular file: remove it" in refused(lambda: WriterLock(path, exclusive=True))


@pytest.mark.parametrize("exclusive", [False, True])
def test_the_lock_of_another_user_is_named(exclusive: bool) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path, lock = Path(folder, "a.h5"), Path(folder, "a.h5.lock")
        Path(folder).chmod(0o777)
        lock.touch(mode=0o000)
        with unprivileged():
            said = refused(lambda: WriterLock(path, exclusive=exclusive))
    assert f"permission is denied for its lock a.h5.lock, a file of the user {owner(Path.home())}: wait until" in said
    assert f"if it has ended, remove {lock} or ask that user to" in said
