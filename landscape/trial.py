"""Trial reading of an HDF5 file in a child process.

HDF5 itself crashes, or never ends, on a few damaged files. A child of this process therefore reads all metadata of a
file first: every object and attribute, and the index of every dataset with chunks. Values in chunks are plain bytes,
which cannot mislead HDF5. A fork costs least, but is not allowed beside MPI, where a new interpreter is started. A
file that this process has written, or has tried, is not tried again.
"""

import contextlib
import faulthandler
import os
import resource
import signal
import subprocess
import sys
import warnings
from pathlib import Path

import h5py
import numpy as np

SECONDS = 5
"""Limit of processor time; the metadata of a database are read in a small part of a second."""
CRASHES = {
    signal.SIGSEGV: "crashes",
    signal.SIGBUS: "crashes",
    signal.SIGABRT: "crashes",
    signal.SIGFPE: "crashes",
    signal.SIGILL: "crashes",
    signal.SIGKILL: f"does not end within {SECONDS} s",
    signal.SIGXCPU: f"does not end within {SECONDS} s",
}
"""What a library did that was ended by a signal; other signals come from elsewhere."""


_survived: dict[Path, tuple[int, ...]] = {}  # files as they were when HDF5 survived them


def crash(path: Path) -> str:
    """The failure of HDF5 on a file, such as "crashes"; empty if it survives, even with an error."""
    if not path.is_file() or _survived.get(path) == _identity(path):
        return ""
    status = _started(path) if "mpi4py.MPI" in sys.modules else _forked(path)
    failure = CRASHES.get(signal.Signals(-status), "") if status < 0 else ""
    if not failure:
        trust(path)
    return failure


def trust(path: Path) -> None:
    """Remember that HDF5 survives the file as it is now."""
    _survived[path] = _identity(path)


def _identity(path: Path) -> tuple[int, ...]:
    found = path.stat()
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


def _forked(path: Path) -> int:
    """The exit status of a fork that reads the metadata, negative for a signal."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of other threads: the child needs none of their locks
        child = os.fork()
    if child == 0:
        try:
            _read(path)
        finally:
            os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _started(path: Path) -> int:
    """The exit status of a new interpreter that reads the metadata, negative for a signal."""
    words = [sys.executable, "-m", "landscape.trial", str(path)]
    return subprocess.run(words, check=False).returncode  # noqa: S603 - this program


def _read(path: Path) -> None:
    """Read all metadata of a file, within limits; what HDF5 says of it is said again by the opening itself."""
    faulthandler.disable()
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    if hard == resource.RLIM_INFINITY or hard > SECONDS:
        resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    with h5py.File(path, "r", locking=False) as file:
        names = [b"."]
        with contextlib.suppress(Exception):  # what was found before is read
            h5py.h5o.visit(file.id, names.append)
        for name in names:
            with contextlib.suppress(Exception):
                _read_object(h5py.h5o.open(file.id, name))


def _read_object(item: h5py.h5g.GroupID | h5py.h5d.DatasetID) -> None:
    """Read the attributes of an object, the index of its chunks, and values that are not plain bytes."""
    for index in range(h5py.h5a.get_num_attrs(item)):
        with contextlib.suppress(Exception):
            attribute = h5py.h5a.open(item, index=index)
            attribute.read(np.empty(attribute.shape, attribute.dtype))
    if isinstance(item, h5py.h5d.DatasetID):
        if item.get_create_plist().get_layout() == h5py.h5d.CHUNKED:
            item.get_num_chunks()
        if item.dtype.hasobject:
            h5py.Dataset(item)[()]


if __name__ == "__main__":
    _read(Path(sys.argv[1]))
