"""The handle of a database file, or one line on the reason why there is none, or why it is of another kind."""

from pathlib import Path

import h5py

from landscape.database.failures import reason
from landscape.database.integrity.declared import require_attributes, whole
from landscape.database.writing import FORMAT, FORMAT_VERSION
from landscape.errors import DatabaseError

SIGNATURE = b"\x89HDF\r\n\x1a\n"
NODE_SIZES = b"\x04\x00\x10\x00"
"""Bytes 16 to 19 of a file of the forms 0 and 1, which byte 8 tells (HDF5 file format specification, II.A)."""
CACHE_BYTES = 256 * 1024
"""Memory for each open dataset: a chunk, which is then read whole, so that damage to its size is found."""


def opened(path: Path) -> h5py.File:
    """The HDF5 file at that path, open for reading without HDF5's own lock: committed files do not change."""
    if path.is_dir():
        raise DatabaseError(f"{path} is a folder: name the database file in it")
    if not path.exists():
        raise DatabaseError(f"{path} does not exist: check the name, or make a database with 'landscape run'")
    if not path.is_file():
        raise DatabaseError(f"{path} is a pipe or a device, expected a file: name a landscape database")
    try:
        with path.open("rb"):
            pass  # h5py.is_hdf5 does not distinguish an unreadable file from a file of another kind
        if h5py.is_hdf5(path):
            return h5py.File(path, "r", locking=False, rdcc_nbytes=CACHE_BYTES)
    except OSError as error:
        if "truncated" in str(error):
            found = f"an HDF5 file cut off at byte {path.stat().st_size}"
            raise DatabaseError(f"{path} is truncated, {found}: restore it from a whole copy") from error
        raise DatabaseError(f"{path} cannot be read, {reason(error)}") from error
    raise DatabaseError(f"{path} is not an HDF5 file ({path.stat().st_size} bytes): name a landscape database")


def require_node_sizes(path: Path) -> None:
    """Raise ValueError unless nodes of the indices of groups have HDF5's own sizes.

    A file may be read with others, but what is written with them overlaps. Later forms of a file have none.
    """
    with path.open("rb") as file:
        head = file.read(20)
    if head.startswith(SIGNATURE) and head[8] <= 1 and head[16:] != NODE_SIZES:
        raise ValueError("the file has other sizes of nodes than HDF5 gives them")


def require_format(path: Path, file: h5py.File) -> None:
    """Refuse HDF5 files of other programs, and databases of a later version.

    Raises:
        DatabaseError: it is such a file.
        ValueError: an attribute or the beginning of the file is damaged.
    """
    require_attributes("", file)
    if file.attrs.get("format") != FORMAT:
        raise DatabaseError(f"{path} is HDF5 but not a landscape database: expected the attribute format = {FORMAT!r}")
    require_node_sizes(path)
    version = whole(file.attrs, "format_version", 1)
    if version > FORMAT_VERSION:
        raise DatabaseError(
            f"{path} has format version {version}, newer than the {FORMAT_VERSION} that is known here: update landscape"
        )
