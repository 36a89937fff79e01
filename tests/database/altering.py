"""Changes of a database file by h5py alone."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import h5py

from landscape.database.integrity.digests import DIGESTS, Digests


@contextmanager
def altered(path: Path | str) -> Iterator[h5py.File]:
    """The file, open for changes; its digests are made anew at the end, so that they do not tell of the changes."""
    with h5py.File(path, "r+") as file:
        yield file
        if DIGESTS in file:
            Digests.of(file).write(file)
