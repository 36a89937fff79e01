"""Changes of files: of bytes, of the items of an HDF5 file, and of texts."""

import io
import random
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import h5py
import numpy as np

SECRET = "the first line of somebody's own file"
"""Content of a file to which no damaged file may lead."""
WORDS = (
    "",
    "-1",
    "0",
    "1e400",
    "nan",
    "inf",
    "99999999999",
    "true",
    "'a'",
    "[]",
    "[1, [2]]",
    "{}",
    "\0",
    "é",
    "1_0",
    "#",
)


def flip(path: Path, draw: random.Random) -> str:
    """Change some bits of a file, in numbers of 8 bytes that are not 0: much of an HDF5 file is unused and zero."""
    content = bytearray(path.read_bytes())
    used = np.flatnonzero(np.frombuffer(content, np.uint8)).tolist()
    many = draw.choice((1, 1, 1, 4, 64))
    places = [min(draw.choice(used) + draw.randrange(8), len(content) - 1) for _ in range(many)]
    for place in places:
        content[place] ^= draw.randrange(1, 256)
    path.write_bytes(content)
    return f"bytes {sorted(places)[:4]}"


def cut(path: Path, draw: random.Random) -> str:
    """Cut the end off a file, or append to it."""
    content = path.read_bytes()
    size = draw.randrange(len(content) + 100)
    path.write_bytes(content[:size].ljust(size, b"\0"))
    return f"length {size} of {len(content)}"


def change_item(path: Path, draw: random.Random) -> str:
    """Change a dataset or an attribute of an HDF5 file: missing, of another kind, shape or sign, or elsewhere."""
    place, name = draw.choice(_items(path.read_bytes()))
    with h5py.File(path, "r+") as file:
        kind = draw.choice(list(ATTRIBUTES if name else DATASETS))
        if name:
            ATTRIBUTES[kind](file[place].attrs, name, draw)
        else:
            DATASETS[kind](file, place, draw)
    return f"{place}{'@' * bool(name)}{name} {kind}"


@cache
def _items(content: bytes) -> list[tuple[str, str]]:
    """Datasets of an HDF5 file as (path, "") and attributes as (path, name)."""
    found: list[tuple[str, str]] = []

    def take(path: str, item: h5py.Dataset | h5py.Group) -> None:
        found.extend((path, name) for name in item.attrs)
        if isinstance(item, h5py.Dataset):
            found.append((path, ""))

    with h5py.File(io.BytesIO(content)) as file:
        take("/", file)
        file.visititems(take)
    return found


def _values(values: Any, draw: random.Random) -> np.ndarray:  # noqa: ANN401 - whatever HDF5 stores
    """The values with another sign, size or order, or not finite."""
    array = np.array(values)
    if array.dtype.kind not in "iufb" or not array.size:
        return np.array(b"?" * draw.randrange(20))
    change = draw.choice((-1.0, 0.0, 1e9, 2.0, 1e300, np.nan, np.inf))
    if array.dtype.kind == "f":
        array = array.astype(np.float64)
    place = draw.randrange(array.size)
    with np.errstate(all="ignore"):
        array.flat[place] = np.array(array.flat[place] * change if change else 0).astype(array.dtype)
    return array


def _replaced(file: h5py.File, place: str, values: Any) -> None:  # noqa: ANN401 - as above
    attributes = dict(file[place].attrs)
    del file[place]
    file.create_dataset(place, data=values)
    file[place].attrs.update(attributes)


def _linked(file: h5py.File, place: str, link: object) -> None:
    del file[place]
    file[place] = link


def _external(file: h5py.File, place: str, _: random.Random) -> None:
    shape = file[place].shape or (1,)
    del file[place]
    file.create_dataset(place, shape, "S1", external=[(str(Path(file.filename).with_name("secret")), 0, 10**6)])


def _virtual(file: h5py.File, place: str, _: random.Random) -> None:
    shape, dtype = file[place].shape or (1,), file[place].dtype
    del file[place]
    layout = h5py.VirtualLayout(shape, dtype)
    layout[...] = h5py.VirtualSource(str(Path(file.filename).with_name("other.h5")), place, shape)
    file.create_virtual_dataset(place, layout)


def _set(file: h5py.File, place: str, draw: random.Random) -> None:
    values = file[place][()]
    if np.size(values):
        file[place][...] = _values(values, draw).astype(file[place].dtype)


DATASETS: dict[str, Callable[[h5py.File, str, random.Random], object]] = {
    "missing": lambda file, place, _: file.__delitem__(place),
    "changed": _set,
    "other values": lambda file, place, draw: _replaced(file, place, _values(file[place][()], draw)),
    "text": lambda file, place, _: _replaced(file, place, "text"),
    "texts": lambda file, place, _: _replaced(file, place, ["one", "two"]),
    "whole numbers": lambda file, place, _: _replaced(file, place, np.arange(3)),
    "a number": lambda file, place, draw: _replaced(file, place, draw.choice((0, -1, 1.5, 2**62))),
    "empty": lambda file, place, _: _replaced(file, place, h5py.Empty("f8")),
    "more axes": lambda file, place, _: _replaced(file, place, np.array(file[place][()])[None]),
    "fewer rows": lambda file, place, _: _replaced(file, place, np.atleast_1d(file[place][()])[:-1]),
    "more rows": lambda file, place, _: _replaced(file, place, np.repeat(np.atleast_1d(file[place][()]), 2, axis=0)),
    "a group": lambda file, place, _: _linked(file, place, file.create_group("elsewhere")),
    "a name of bytes": lambda file, place, _: file.move(place, place.encode() + b"\xff"),
    "soft link": lambda file, place, _: _linked(file, place, h5py.SoftLink("/rounds")),
    "link to itself": lambda file, place, _: _linked(file, place, h5py.SoftLink(f"/{place}")),
    "external link": lambda file, place, _: _linked(file, place, h5py.ExternalLink("other.h5", place)),
    "external storage": _external,
    "virtual": _virtual,
    "huge": lambda file, place, _: _linked(file, place, file.create_dataset("huge", (2**40,), "f8", chunks=(1024,))),
}

ATTRIBUTES: dict[str, Callable[[h5py.AttributeManager, str, random.Random], object]] = {
    "missing": lambda attrs, name, _: attrs.__delitem__(name),
    "other values": lambda attrs, name, draw: attrs.__setitem__(name, _values(attrs[name], draw)),
    "text": lambda attrs, name, _: attrs.__setitem__(name, "text"),
    "bytes": lambda attrs, name, _: attrs.__setitem__(name, b"\xff\xfe"),
    "negative": lambda attrs, name, _: attrs.__setitem__(name, -3),
    "large": lambda attrs, name, _: attrs.__setitem__(name, 2**62),
    "fraction": lambda attrs, name, _: attrs.__setitem__(name, 1.5),
    "array": lambda attrs, name, _: attrs.__setitem__(name, np.arange(4)),
    "empty": lambda attrs, name, _: attrs.__setitem__(name, h5py.Empty("f8")),
}


def change_text(path: Path, draw: random.Random) -> str:
    """Change lines, words or characters of a text."""
    lines = path.read_text(encoding="utf-8").splitlines()
    place = draw.randrange(len(lines))
    line = lines[place]
    kind = draw.choice(("value", "value", "value", "line missing", "line twice", "character", "cut", "joined"))
    if kind == "value":
        separator = next((one for one in ("=", ",", ";") if one in line), " ")
        parts = line.split(separator)
        parts[draw.randrange(len(parts))] = draw.choice(WORDS)
        lines[place] = separator.join(parts)
    elif kind == "line missing":
        del lines[place]
    elif kind == "line twice":
        lines.insert(place, line)
    elif kind == "character":
        at = draw.randrange(len(line) + 1)
        lines[place] = line[:at] + draw.choice('"[]=,.;\0\ufeff é-') + line[at:]
    elif kind == "cut":
        lines[place:] = [line[: draw.randrange(len(line) + 1)]]
    else:
        lines[place : place + 2] = ["".join(lines[place : place + 2])]
    path.write_text("\n".join(lines), encoding="utf-8")
    return f"line {place} {kind}"
