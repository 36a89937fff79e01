"""Digests of the content of a file as of its last commit, by which a later change is found and named.

The dataset `/digests` of a file is a JSON object, as bytes. It has an entry for every dataset that the program writes,
by its path, and for every such attribute, as PATH@NAME: the first 64 bits of the SHA-256 of the values. A user's own
datasets and attributes have none. Rows beyond the `count` of a table do not count. A commit hashes only what it
changes, and of the columns that it extends only the rows that it adds. Digests find accidents, not forgeries: a program
that changes a file can change them too.

A reader of the file checks nothing until it asks for `changes`; a writer checks the file before its first commit.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

import h5py
import numpy as np

from landscape.database.integrity.blocks import blocks
from landscape.database.integrity.declared import (
    is_declared_attribute,
    is_declared_dataset,
    require_stored,
    require_values,
)
from landscape.database.integrity.plain import Item, items

if TYPE_CHECKING:
    from hashlib import _Hash

DIGESTS = "digests"
HEX_DIGITS = 16
CHUNK_BYTES = 16 * 1024


@dataclass(frozen=True)
class Hashed:
    """The state of the hash of a dataset after its first `rows` rows."""

    rows: int
    state: "_Hash"


@dataclass(frozen=True)
class Digests:
    """Digests of datasets by path, as states that further rows continue, and of attributes by PATH@NAME."""

    datasets: dict[str, Hashed] = field(default_factory=dict)
    attributes: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, file: h5py.File) -> Self:
        """The digests of all that the program wrote into the file; this reads all of it."""
        return cls().after([("", file), *items(file)])

    def after(self, objects: Iterable[tuple[str, Item]], replaced: Callable[[str], bool] = lambda _: False) -> Self:
        """The digests after changes of these groups and datasets, by path, and of their attributes.

        A group precedes its datasets. A dataset was extended by rows, unless `replaced(path)` is true.
        """
        datasets, attributes = dict(self.datasets), dict(self.attributes)
        counts: dict[str, Any] = {}
        for path, item in objects:
            if isinstance(item, h5py.Dataset):
                grows, count = item.maxshape[:1] == (None,), counts.get(path.rpartition("/")[0])
                if is_declared_dataset(path, grows=grows, counted=count is not None):
                    rows = _rows(item, count if grows else None)
                    datasets[path] = _continued(item, rows, None if replaced(path) else datasets.get(path))
            if item is None or not h5py.h5a.get_num_attrs(item.id):
                continue
            for name in item.attrs:
                if isinstance(name, str) and is_declared_attribute(path, name):  # bytes, if the name is no text
                    value = item.attrs[name]
                    attributes[f"{path}@{name}"] = _digest(hashlib.sha256(_text(value)))
                    if name == "count":
                        counts[path] = value
        return type(self)(datasets, attributes)

    def entries(self) -> dict[str, str]:
        """All digests by name."""
        return {path: _digest(one.state) for path, one in self.datasets.items()} | self.attributes

    def write(self, file: h5py.File) -> None:
        """Store the digests in the file."""
        stored = np.frombuffer(_stored(self.entries()), "S1")
        if DIGESTS not in file:
            file.create_dataset(DIGESTS, (0,), "S1", maxshape=(None,), chunks=(CHUNK_BYTES,))
        file[DIGESTS].resize(len(stored), axis=0)
        file[DIGESTS][...] = stored

    def changes(self, file: h5py.File) -> list[str]:
        """The entries of the digests in the file that differ from these, and properties that have none there.

        Raises:
            ValueError, TypeError, LookupError: the file has no digests, or damaged ones.
        """
        require_values(file[DIGESTS], np.dtype("S1"), 0, ())
        require_stored(file[DIGESTS], len(file[DIGESTS]))
        told = file[DIGESTS][()].tobytes()
        stored = json.loads(told)
        if not isinstance(stored, dict) or _stored(stored) != told:
            raise TypeError(f"/{DIGESTS} is no JSON object as it is written")
        found = self.entries()
        added = [path for path in self.datasets if path.startswith("properties/") and path not in stored]
        return [*(name for name, digest in stored.items() if found.get(name) != digest), *added]


def _stored(entries: dict[str, str]) -> bytes:
    return json.dumps(entries).encode()


def children(file: h5py.File, groups: Iterable[str]) -> Iterator[tuple[str, Any]]:
    """These groups and the datasets in them, by path."""
    for path in groups:
        yield path, file[path]
        for name, item in file[path].items():
            if isinstance(item, h5py.Dataset):
                yield f"{path}/{name}", item


def _continued(dataset: h5py.Dataset, rows: int, known: Hashed | None) -> Hashed:
    """The state after the first `rows` rows of a dataset, from a state after fewer of them."""
    if known is None or known.rows > rows:
        known = Hashed(0, hashlib.sha256(f"{dataset.dtype.str}{dataset.shape[1:]}".encode()))
    state = known.state.copy()
    for values in blocks(dataset, known.rows, rows):
        state.update(b"".join(map(_text, values)) if values.dtype.hasobject else values.tobytes())
    return Hashed(rows, state)


def _rows(dataset: h5py.Dataset, count: Any) -> int:  # noqa: ANN401 - whatever HDF5 can store
    """The number of rows that count: at most the `count` of the table, if it has one."""
    if not dataset.shape:
        return 1
    return len(dataset) if count is None else min(len(dataset), int(count))


def _digest(state: "_Hash") -> str:
    return state.hexdigest()[:HEX_DIGITS]


def _text(value: Any) -> bytes:  # noqa: ANN401 - whatever HDF5 can store
    """The values as JSON."""
    return json.dumps(np.asarray(value).tolist(), default=str).encode()
