"""Plain content of an HDF5 file.

HDF5 can hide other files behind a dataset: links, external storage and virtual datasets lead out of the file. None of
them, and no filter such as a compression, is in a database: what is read is what the file itself stores.
"""

from collections.abc import Iterator
from typing import Any

import h5py

GROUP, DATASET = h5py.h5o.TYPE_GROUP, h5py.h5o.TYPE_DATASET
LAYOUTS = (h5py.h5d.COMPACT, h5py.h5d.CONTIGUOUS, h5py.h5d.CHUNKED)


def require_plain(file: h5py.File) -> None:
    """Refuse a file in which a link or a dataset leads elsewhere, or a dataset is filtered.

    Raises:
        ValueError: the first such item.
    """
    for name, item in _items(file.id, "", set()):
        if item is None:
            raise ValueError(f"{name} is a link to another place or a type, expected a plain dataset or group")
        if isinstance(item, h5py.h5d.DatasetID):
            made = item.get_create_plist()
            if made.get_layout() not in LAYOUTS or made.get_external_count():
                raise ValueError(f"{name} has its values in other files or datasets, expected a plain dataset")
            if made.get_nfilters():
                raise ValueError(f"{name} is compressed or filtered, expected a plain dataset (h5repack -f NONE)")


def _items(group: h5py.h5g.GroupID, path: str, known: set[Any]) -> Iterator[tuple[str, Any]]:
    """Path and identifier of every group and dataset below a group; None for a link that is not hard and for a type."""
    for name in group:
        where = f"{path}/{name.decode(errors='replace')}"
        if group.links.get_info(name).type != h5py.h5l.TYPE_HARD:
            yield where, None
            continue
        info = h5py.h5o.get_info(group, name)
        if info.type not in (GROUP, DATASET):
            yield where, None
            continue
        item = h5py.h5o.open(group, name)
        yield where, item
        if info.type == GROUP and info.addr not in known:  # a group may be linked within itself
            known.add(info.addr)
            yield from _items(item, where, known)
