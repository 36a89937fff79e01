"""Folders that appear whole or not at all, and files that are read only if they are plain files of a sane size.

A folder is written under another name beside its place and renamed at the end. Files come from elsewhere: links, pipes
and devices are refused without being opened for long, and sizes are compared with a limit before anything is read.
"""

import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from landscape.database.failures import reason
from landscape.errors import ExchangeError

MOST_BYTES = 2**33


def require_free(folder: Path) -> None:
    """Raise `ExchangeError` unless a folder can be made at this place: nothing is there, or an empty folder."""
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise ExchangeError(f"{folder}: expected a new or empty folder, found something else: choose another with -o")
    if folder.is_dir() and any(folder.iterdir()):
        raise ExchangeError(f"{folder}: expected a new or empty folder, found files in it: choose another with -o")
    if not folder.absolute().parent.is_dir():
        raise ExchangeError(f"{folder}: expected a folder to make it in, found none: create {folder.parent} first")


@contextmanager
def new_folder(folder: Path) -> Iterator[Path]:
    """An empty folder to write into, which becomes `folder` at the end; after a failure nothing is left.

    Raises `ExchangeError` if the place is taken or cannot be written to.
    """
    require_free(folder)
    place = folder.absolute()
    partial = place.with_name(f".{place.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)  # of an export that was killed
    try:
        partial.mkdir()
        yield partial
        partial.replace(place)
    except OSError as error:
        raise ExchangeError(f"{folder}: could not be written, {reason(error)}, then export again") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def read_bytes(path: Path, most: int = MOST_BYTES) -> bytes:
    """The content of a plain file. Raises `ExchangeError` for anything else, and for more than `most` bytes."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        found = "a link or nothing" if path.is_symlink() else (error.strerror or str(error))
        raise ExchangeError(f"{path}: expected a plain file, found {found}: put the file itself there") from error
    try:
        _require_plain(path, os.fstat(descriptor), most)
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            return file.read(most + 1)
    finally:
        os.close(descriptor)


def require_plain(path: Path, most: int = MOST_BYTES) -> None:
    """Raise `ExchangeError` unless there is a plain file of at most `most` bytes."""
    try:
        found = path.lstat()
    except OSError as error:
        raise ExchangeError(f"{path}: expected a plain file, found {error.strerror}: put the file there") from error
    _require_plain(path, found, most)


def _require_plain(path: Path, found: os.stat_result, most: int) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise ExchangeError(f"{path}: expected a plain file, found a link, folder, pipe or device: put the file there")
    if found.st_size > most:
        raise ExchangeError(f"{path}: expected at most {most} bytes, found {found.st_size}: restore the file")
