"""One writer per file: an advisory lock on a sibling file NAME.lock, held from opening for writing until closing.

The lock is on a sibling file because every commit replaces the file of the database. The kernel drops the lock with the
process, so a killed writer leaves a harmless file behind. The holder removes the file before releasing the lock; a
writer that waited for the removed file notices that the name now belongs to another file, and starts over. A symbolic
link of that name is not followed: it could lead to any file of the user's.
"""

import errno
import fcntl
import os
import socket
import stat
import weakref
from pathlib import Path

from landscape.database.failures import reason
from landscape.errors import DatabaseError

MOST_NAMED = 200
"""Characters of the name of a holder that a message shows."""


class WriterLock:
    """The lock of the writer of the database at `path`; released by `release`, or when the object is deleted.

    Raises:
        DatabaseError: another writer holds it, or the folder cannot be written to.
    """

    def __init__(self, path: Path) -> None:
        lock = path.with_name(path.name + ".lock")
        try:
            descriptor = acquired(lock)
        except BlockingIOError as error:
            raise DatabaseError(
                f"{path} is being written by {holder(lock)}, which holds {lock.name}: "
                "wait until it ends, or open the file for reading"
            ) from error
        except OSError as error:
            raise DatabaseError(
                f"{path} cannot be opened for writing, {reason(error)} (its lock is {lock.name})"
            ) from error
        self.release = weakref.finalize(self, released, lock, descriptor)


def acquired(lock: Path) -> int:
    """The descriptor of the locked lock file. Raises BlockingIOError if another process holds the lock."""
    while True:
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK, 0o666)
        try:
            require_regular(lock, descriptor)
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if still_named(lock, descriptor):
                os.truncate(descriptor, 0)
                os.write(descriptor, f"process {os.getpid()} on {socket.gethostname()}".encode())
                return descriptor
        except OSError:
            os.close(descriptor)
            raise
        os.close(descriptor)


def require_regular(lock: Path, descriptor: int) -> None:
    """Raise OSError if the open lock is a pipe or a device."""
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        raise OSError(errno.EINVAL, f"{lock.name} is no regular file: remove it")


def holder(lock: Path) -> str:
    """The process that wrote its name into the lock file, as far as it can be read."""
    try:
        return lock.read_text(errors="replace")[:MOST_NAMED] or "another process"
    except OSError:
        return "another process"


def still_named(lock: Path, descriptor: int) -> bool:
    """True if the name still belongs to the open file, which the previous holder may have removed."""
    try:
        return os.path.samestat(lock.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def released(lock: Path, descriptor: int) -> None:
    """Remove the lock file, then release the lock."""
    lock.unlink(missing_ok=True)
    os.close(descriptor)
