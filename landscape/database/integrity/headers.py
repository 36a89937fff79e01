"""Bytes of the form of a file with which HDF5 reads well, and fails or destroys something when it writes.

What they mean is in the HDF5 file format specification, version 3: II.A has the beginning of a file, IV.A.1 the headers
of objects. Later forms of both have checksums, which HDF5 compares itself.
"""

import os
import struct
from collections.abc import Iterable, Iterator
from pathlib import Path

import h5py

SIGNATURE = b"\x89HDF\r\n\x1a\n"
NODE_SIZES = b"\x04\x00\x10\x00"
"""Bytes 16 to 19 of a file of the forms 0 and 1, which byte 8 tells."""

PREFIX = struct.Struct("<BxxxxxxxI4x")
"""The beginning of a header: its version and the length of its messages."""
MESSAGE = struct.Struct("<HHB3x")
"""The beginning of a message: kind, length and flags."""
PLACE = struct.Struct("<QQ")
"""Address and length of more messages, in a message of the kind `CONTINUED`."""
CONTINUED, SHAREABLE = 0x10, 1 << 6


def require_node_sizes(path: Path) -> None:
    """Raise ValueError unless nodes of the indices of groups have HDF5's own sizes.

    A file may be read with others, but what is written with them overlaps.
    """
    with path.open("rb") as file:
        head = file.read(20)
    if head.startswith(SIGNATURE) and head[8] <= 1 and head[16:] != NODE_SIZES:
        raise ValueError("the file has other sizes of nodes than HDF5 gives them")


def require_unshared(file: h5py.File, items: Iterable[h5py.Group | h5py.Dataset]) -> None:
    """Raise ValueError if a message of an object is marked for a table of shared messages, of which there is none.

    HDF5 looks for the table when it replaces or deletes the message.
    """
    if file.id.get_create_plist().get_sizes() != (PLACE.size // 2,) * 2:  # no file of this program
        return
    descriptor = file.id.get_vfd_handle()
    for item in items:
        if any(flags & SHAREABLE for flags in message_flags(descriptor, h5py.h5o.get_info(item.id).addr)):
            raise ValueError(f"{item.name} has a message marked as shared, expected none")


def message_flags(descriptor: int, address: int) -> Iterator[int]:
    """The flags of the messages of the object at an address; none if its header has a checksum."""
    version, length = PREFIX.unpack(os.pread(descriptor, PREFIX.size, address))
    waiting, known = [(address + PREFIX.size, length)] if version == 1 else [], set[int]()
    while waiting:
        start, length = waiting.pop()
        content, place = os.pread(descriptor, length, start) if start not in known else b"", 0
        known.add(start)
        while place + MESSAGE.size <= len(content):
            kind, length, flags = MESSAGE.unpack_from(content, place)
            yield flags
            place += MESSAGE.size
            if kind == CONTINUED:
                waiting.append(PLACE.unpack_from(content, place))
            place += length
