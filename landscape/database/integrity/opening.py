"""The handle of a database file, or one line on the reason why there is none, or why it is of another kind."""

from pathlib import Path

import h5py

from landscape.database.failures import reason
from landscape.database.integrity.declared import require_attributes, whole
from landscape.database.integrity.headers import require_node_sizes
from landscape.database.writing import FORMAT, FORMAT_VERSION
from landscape.errors import DatabaseError

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
