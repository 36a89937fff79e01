"""Plain content of an HDF5 file.

HDF5 can hide other files behind a dataset: links, external storage and virtual datasets lead out of the file. None of
them, and no filter such as a compression, is in a database: what is read is what the file itself stores.
"""

from collections.abc import Iterator
from typing import Any, TypeAlias

import h5py

from landscape.database.integrity.declared import require_attributes

GROUP, DATASET = h5py.h5o.TYPE_GROUP, h5py.h5o.TYPE_DATASET
Item: TypeAlias = h5py.Group | h5py.Dataset | None
LAYOUTS = (h5py.h5d.COMPACT, h5py.h5d.CONTIGUOUS, h5py.h5d.CHUNKED)


def plain_items(file: h5py.File) -> dict[str, h5py.Group | h5py.Dataset]:
    """The groups and datasets of a file by path, opened.

    Raises:
        ValueError: a link or a dataset leads elsewhere, a dataset is filtered, or a declared attribute holds neither
            numbers nor texts; it names the first such item.
    """
    found: dict[str, h5py.Group | h5py.Dataset] = {}
    for path, item in items(file):
        if item is None:
            raise ValueError(f"/{path} is a link to another place or a type, expected a plain dataset or group")
        if isinstance(item, h5py.Dataset):
            made = item.id.get_create_plist()
            if made.get_layout() not in LAYOUTS or made.get_external_count():
                raise ValueError(f"/{path} has its values in other files or datasets, expected a plain dataset")
            if made.get_nfilters():
                raise ValueError(f"/{path} is compressed or filtered, expected a plain dataset (h5repack -f NONE)")
        require_attributes(path, item)
        found[path] = item
    return found


def items(group: h5py.Group, path: str = "", known: set[Any] | None = None) -> Iterator[tuple[str, Item]]:
    """Path and object of everything below a group, groups before what they hold; None for a link that is not hard and
    for a type.

    Raises:
        ValueError: a name is no UTF-8 text; h5py has bytes for it, unlike for all others.
    """
    known = {h5py.h5o.get_info(group.id).addr} if known is None else known
    readonly = group.file.mode == "r"
    opened = group.id  # h5py's own access by name takes several times as long
    names: list[bytes] = []
    opened.links.iterate(names.append)  # `for name in opened` does not read a group whose index is empty
    for name in names:
        where = path + text_of(name, path)
        hard = opened.links.get_info(name).type == h5py.h5l.TYPE_HARD
        info = h5py.h5o.get_info(opened, name) if hard else None
        if info is None or info.type not in (GROUP, DATASET):
            yield where, None
            continue
        identifier = h5py.h5o.open(opened, name)
        if info.type == DATASET:
            yield where, h5py.Dataset(identifier, readonly=readonly)  # keeps shape and type
            continue
        item = h5py.Group(identifier)
        yield where, item
        if info.addr not in known:  # a group may be linked within itself
            known.add(info.addr)
            yield from items(item, f"{where}/", known)


def text_of(name: bytes, path: str) -> str:
    """The name of something in the group at a path as text. Raises ValueError if it is no UTF-8 text."""
    try:
        return name.decode()
    except UnicodeDecodeError:
        raise ValueError(f"/{path} has something named {name!r} in it, expected UTF-8 text as a name") from None
