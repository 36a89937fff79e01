"""Whole-file commits: the HDF5 file is never changed in place.

A commit copies the committed file to a sibling NAME.partial, changes the copy, forces it to the disk and renames it
over the original. Whatever happens in between - a kill, a power cut, a full disk - the original stays unchanged, and
its readers keep reading it. A commit therefore costs a copy of the file: next to nothing on file systems where two
files can share blocks (XFS, Btrfs), otherwise one to three seconds per gigabyte.

HDF5 does not survive a failed write: the file can no longer be closed, and the process crashes at its end. Therefore
HDF5 writes through a `SinkFile`, which ignores everything after the first failure and keeps the failure for the caller.
"""

import errno
import io
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import h5py

from landscape.trial import trust

T = TypeVar("T")

NO_COPY_RANGE = (errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL, errno.EXDEV)
"""Errors of file systems and kernels that cannot copy a range of a file."""


class SinkFile(io.FileIO):
    """A file to which writing always appears to succeed; `failure` keeps the first failure."""

    failure: BaseException | None = None

    def write(self, data: Any) -> int:  # noqa: ANN401 - anything with a buffer
        """Write all of the data. After a failure nothing is written, but the call still appears to succeed."""
        view = memoryview(data).cast("B")
        self.attempt(lambda: self.write_all(view))
        return len(view)

    def truncate(self, size: int | None = None) -> int:
        """Change the length of the file. After a failure nothing is changed, but the call still appears to succeed."""
        self.attempt(lambda: io.FileIO.truncate(self, size))
        return self.tell() if size is None else size

    def write_all(self, view: memoryview) -> None:
        """Write the whole view; a single system call may write less."""
        while view:
            view = view[io.FileIO.write(self, view) :]

    def attempt(self, action: Callable[[], object]) -> None:
        """Run the action unless one has failed before, and keep its failure.

        HDF5 sees no exception, not even that of a signal.
        """
        if self.failure is None:
            try:
                action()
            except BaseException as error:  # noqa: BLE001 - raised by `write_through`
                self.failure = error


def replace_file(path: Path, change: Callable[[h5py.File], T], *, create: bool = False) -> T:
    """Replace the HDF5 file at `path` by a changed copy, or create it if `create`: wholly or not at all.

    Returns what `change` returns.

    Raises:
        OSError: the copy could not be made, changed or renamed; the original is unchanged and the copy is removed.
    """
    partial = path.with_name(path.name + ".partial")
    partial.unlink(missing_ok=True)
    try:
        if not create:
            copy_file(path, partial)
        with SinkFile(partial, "x+b" if create else "r+b") as sink:
            changed = write_through(sink, change, "w" if create else "r+")
            os.fsync(sink.fileno())
        partial.replace(path)
        trust(path)
    finally:
        partial.unlink(missing_ok=True)
    synchronise_folder(path.parent)
    return changed


def copy_file(path: Path, copy: Path) -> None:
    """Copy a file with its permissions. The file system shares or copies the blocks where it can."""
    try:
        copy_range(path, copy)
    except (OSError, AttributeError) as error:  # AttributeError outside Linux, where Python has no such call
        if isinstance(error, OSError) and error.errno not in NO_COPY_RANGE:
            raise
        shutil.copyfile(path, copy)
    shutil.copymode(path, copy)


def copy_range(path: Path, copy: Path) -> None:
    """Copy the content of a file within the kernel."""
    with path.open("rb") as source, copy.open("wb") as target:
        left = path.stat().st_size
        while left:
            done = os.copy_file_range(source.fileno(), target.fileno(), left)
            if not done:
                raise OSError(errno.EINVAL, "the file system copies nothing")
            left -= done


def write_through(sink: SinkFile, change: Callable[[h5py.File], T], mode: str) -> T:
    """The result of `change` of the HDF5 file in the sink; raises the first failure of the sink, if any."""
    try:
        with h5py.File(sink, mode) as file:
            changed = change(file)
    except Exception:
        if sink.failure is None:
            raise
    if sink.failure is not None:
        raise sink.failure
    return changed


def synchronise_folder(folder: Path) -> None:
    """Force the new name of a file in the folder to the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
