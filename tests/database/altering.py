"""Changes of a database file by h5py alone, or of its bytes."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import h5py

from landscape.database.integrity.digests import DIGESTS, Digests

VLEN_TEXT, NO_SUCH_TYPE = b"\x19\x01\x01\x00\x10", b"\x19\x0b\x01\x00\x10"
HEAP, HEADER = b"GCOL", 16
"""The type of a text of any length, one that HDF5 does not survive, and where such texts stand."""


def crashing(content: bytes) -> bytes:
    """The bytes of an HDF5 file with texts of which one byte is changed: HDF5 crashes on them."""
    return content.replace(VLEN_TEXT, NO_SUCH_TYPE, 1)


def endless(content: bytes) -> bytes:
    """The bytes of an HDF5 file with texts in which one entry of a heap is empty: HDF5 reads it for ever."""
    start = content.index(HEAP) + HEADER
    return content[:start] + bytes(HEADER) + content[start + HEADER :]


@contextmanager
def altered(path: Path | str) -> Iterator[h5py.File]:
    """The file, open for changes; its digests are made anew at the end, so that they do not tell of the changes."""
    with h5py.File(path, "r+") as file:
        yield file
        if DIGESTS in file:
            Digests.of(file).write(file)
