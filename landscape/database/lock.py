"""One writer per file: a lock file NAME.lock beside it, from opening for writing until closing, of one of two kinds.

It is a sibling because every commit replaces the file of the database. No symbolic link of that name is followed: it
could lead to any file of the user's.

The kind "flock" is an advisory lock on the sibling. The kernel drops it with the process, so a killed writer leaves a
harmless file behind. The holder removes the file before releasing the lock; a writer that waited for the removed file
notices that the name now belongs to another file, and starts over.

The kind "exclusive" needs no locks of the file system: the file itself is the lock, made only where there is none. A
killed writer leaves it behind; a writer on the same host takes it over. It first makes NAME.lock.taken, by the same
rules, so that only one writer at a time may replace the file of a dead process. Each kind refuses files of the other.
"""

import errno
import fcntl
import os
import pwd
import re
import socket
import stat
import weakref
from contextlib import suppress
from pathlib import Path

from landscape.database.failures import reason
from landscape.database.records import ProblemRecord
from landscape.errors import DatabaseError

MOST_NAMED = 200
"""Bytes of the text of a lock file that are read."""
FLAGS = os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
NEW = os.O_RDWR | os.O_CREAT | os.O_EXCL | FLAGS
EXCLUSIVE = " (exclusive)"
"""End of the text of a lock file that is the lock itself."""


class WriterLock:
    """The lock of the writer of the database at `path`; released by `release`, or when the object is deleted.

    Raises:
        DatabaseError: another writer holds it, or the folder cannot be written to.
    """

    def __init__(self, path: Path, *, exclusive: bool) -> None:
        lock = path.with_name(path.name + ".lock")
        try:
            descriptor = made(lock) if exclusive else locked(lock)
        except BlockingIOError as error:
            raise DatabaseError(held(path, lock, exclusive)) from error
        except OSError as error:
            why = f"{reason(error)} (its lock is {lock.name})"
            if isinstance(error, PermissionError) and os.path.lexists(lock):
                why = (
                    f"permission is denied for its lock {lock.name}, a file of the user {owner(lock)}: wait until that "
                    f"user's writer ends; if it has ended, remove {lock} or ask that user to"
                )
            raise DatabaseError(f"{path} cannot be opened for writing, {why}") from error
        self.release = weakref.finalize(self, released, lock, descriptor)


def asks_exclusive(record: ProblemRecord, path: Path) -> bool:
    """True if the run file of the record, of the database at `path`, has the key run.lock = "exclusive".

    Raises `DatabaseError` if its text is damaged.
    """
    run = record.tables(str(path)).get("run")
    return isinstance(run, dict) and run.get("lock") == "exclusive"


def locked(lock: Path) -> int:
    """The descriptor of the locked lock file. Raises BlockingIOError if another process holds the lock."""
    while True:
        descriptor, new = opened(lock)
        try:
            require_regular(lock, descriptor)
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if still_named(lock, descriptor):
                if text_of(lock).endswith(EXCLUSIVE):
                    raise BlockingIOError(errno.EAGAIN, "held by its existence")
                os.truncate(descriptor, 0)
                os.write(descriptor, own_name().encode())
                return descriptor
        except OSError as error:
            if new and not isinstance(error, BlockingIOError):
                lock.unlink(missing_ok=True)  # else it would block a writer of the other kind
            os.close(descriptor)
            raise
        os.close(descriptor)


def opened(lock: Path) -> tuple[int, bool]:
    """The descriptor of the lock file, and whether it is new."""
    while True:
        with suppress(FileExistsError):
            return os.open(lock, NEW, 0o666), True
        with suppress(FileNotFoundError):  # its holder has removed it meanwhile
            return os.open(lock, os.O_RDWR | FLAGS), False


def made(lock: Path) -> int:
    """The descriptor of the lock file, which is the lock itself: made, or taken over from a dead process of this host.

    Raises BlockingIOError if it is another's.
    """
    while True:
        with suppress(FileExistsError):
            return made_new(lock)
        with suppress(FileNotFoundError):  # its holder has removed it meanwhile
            require_dead(lock)
            return taken_over(lock)


def made_new(lock: Path) -> int:
    """The descriptor of a lock file that did not exist."""
    descriptor = os.open(lock, NEW, 0o666)
    try:
        os.write(descriptor, f"{own_name()}{EXCLUSIVE}".encode())
    except OSError:
        released(lock, descriptor)
        raise
    return descriptor


def taken_over(lock: Path) -> int:
    """The descriptor of a lock file that replaces that of a dead process."""
    taken = lock.with_name(lock.name + ".taken")
    descriptor = made(taken)
    try:
        require_dead(lock)  # another writer may have been faster
        taken.replace(lock)
    except OSError:
        released(taken, descriptor)
        raise
    return descriptor


def require_dead(lock: Path) -> None:
    """Raise BlockingIOError unless an ended process of this host made the lock file, of the kind "exclusive"."""
    found = re.fullmatch(rf"process (\d{{1,9}}) on (.*){re.escape(EXCLUSIVE)}", text_of(lock))
    if found is None or found[2] != socket.gethostname() or alive(int(found[1])):
        raise BlockingIOError(errno.EAGAIN, "held by its existence")


def alive(process: int) -> bool:
    """True if this host has a process of that number, whosever it is."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def require_regular(lock: Path, descriptor: int) -> None:
    """Raise OSError if the open lock is a pipe or a device."""
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        raise OSError(errno.EINVAL, f"{lock.name} is no regular file: remove it")


def held(path: Path, lock: Path, exclusive: bool) -> str:
    """The message that another process holds the lock."""
    try:
        text = text_of(lock)
    except OSError:
        text = ""
    message = (
        f"{path} is being written by {text or 'another process'}, of the user {owner(lock)}, which holds {lock.name}: "
        "wait until it ends, or open the file for reading"
    )
    return f"{message}; if it has ended, remove {lock}" if exclusive or text.endswith(EXCLUSIVE) else message


def own_name() -> str:
    """This process, as its lock files and messages about them name it."""
    return f"process {os.getpid()} on {socket.gethostname()}"


def text_of(lock: Path) -> str:
    """The text of a lock file, which names its process, without characters that cannot be printed."""
    descriptor = os.open(lock, os.O_RDONLY | FLAGS)
    try:
        require_regular(lock, descriptor)
        text = os.read(descriptor, MOST_NAMED).decode(errors="replace")
    finally:
        os.close(descriptor)
    return "".join(filter(str.isprintable, text))


def owner(lock: Path) -> str:
    """The name, or else the number, of the user who owns the lock file."""
    try:
        number = lock.lstat().st_uid
    except OSError:
        return "unknown"
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)


def still_named(lock: Path, descriptor: int) -> bool:
    """True if the name still belongs to the open file, which the previous holder may have removed."""
    try:
        return os.path.samestat(lock.lstat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def released(lock: Path, descriptor: int) -> None:
    """Remove the lock file, then release the lock."""
    if still_named(lock, descriptor):
        lock.unlink(missing_ok=True)
    os.close(descriptor)
