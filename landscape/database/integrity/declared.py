"""Attributes and datasets of the declared types and shapes: everything else is refused before it is used."""

import json
import math
from collections.abc import Iterable, Sequence
from typing import Any

import h5py
import numpy as np

DATA = ("inputs", "targets", "test_inputs", "test_targets")
"""Datasets of /problem."""
ATTRIBUTES = {
    "": ("format", "format_version", "software", "created", "energy_tolerance", "distance_tolerance", "index_test"),
    "problem": ("toml", "run_toml", "n_parameters", "sha256", "image"),
    "properties": ("description", "units", "settings"),
}
"""Attributes of the root, of /problem and of properties."""
TABLE_ATTRIBUTES = ("count", "names", "settings", "evaluations", "evaluation_settings")
NAMES, COLUMNS = "_names", "_columns"
"""Endings of the attributes of a table that have the names of codes, and of the entries along the last axis."""
TEXT = 16
"""Bytes of a text of any length in a dataset: its length, and where it lies as an address and a number."""
SIMPLE = (h5py.h5t.INTEGER, h5py.h5t.FLOAT, h5py.h5t.ENUM, h5py.h5t.STRING)
"""Classes of types of what attributes hold."""


def is_declared_attribute(path: str, name: str) -> bool:
    """True for an attribute of a group or dataset that the program writes; others are a user's own."""
    group = path.partition("/")[0]
    table = name in TABLE_ATTRIBUTES or name.endswith((NAMES, COLUMNS))
    return name in ATTRIBUTES[group] if group in ATTRIBUTES else table


def is_declared_dataset(path: str, *, grows: bool, counted: bool) -> bool:
    """True for data, columns and properties; others are a user's own. Columns of a later program grow as ours do.

    `grows` tells of the dataset, and `counted` that its group has the attribute `count`.
    """
    group, _, name = path.partition("/")
    if group == "problem":
        return name in DATA
    return group == "properties" or (grows and counted)


def require_attributes(path: str, item: h5py.Group | h5py.Dataset) -> None:
    """Raise ValueError if a declared attribute of the item at a path holds anything but numbers, flags and texts.

    HDF5 crashes, now and then, when it reads damaged attributes of other types.
    """
    for name in item.attrs if h5py.h5a.get_num_attrs(item.id) else ():
        declared = isinstance(name, str) and is_declared_attribute(path, name)
        if declared and h5py.h5a.open(item.id, name.encode()).get_type().get_class() not in SIMPLE:
            raise ValueError(f"attribute {name} of /{path} holds neither numbers nor texts")


def text(attrs: h5py.AttributeManager, name: str) -> str:
    """The text of an attribute. Raises TypeError for another type."""
    found = attrs[name]
    if not isinstance(found, str):
        raise TypeError(f"attribute {name} is {str(found)[:50]!r}, expected a text")
    return found


def whole(attrs: h5py.AttributeManager, name: str, lowest: int = 0) -> int:
    """The whole number of an attribute. Raises ValueError for another type, or a number below `lowest`."""
    found = attrs[name]
    if not isinstance(found, int | np.integer) or found < lowest:
        raise ValueError(f"attribute {name} is {str(found)[:50]}, expected a whole number from {lowest}")
    return int(found)


def positive(attrs: h5py.AttributeManager, name: str) -> float:
    """The number of an attribute. Raises ValueError for another type, and unless it is finite and above zero."""
    found = attrs[name]
    if not isinstance(found, float | int | np.number) or not 0.0 < found < math.inf:
        raise ValueError(f"attribute {name} is {str(found)[:50]}, expected a positive number")
    return float(found)


def texts(attrs: h5py.AttributeManager, name: str) -> list[str]:
    """The texts of an attribute. Raises TypeError for another type."""
    found = attrs[name]
    values: list[Any] = found.tolist() if isinstance(found, np.ndarray) and found.ndim == 1 else [None]
    if not all(isinstance(value, str) for value in values):
        raise TypeError(f"attribute {name} is {str(found)[:50]!r}, expected a list of texts")
    return values


def names(attrs: h5py.AttributeManager, name: str) -> list[str]:
    """The names of an attribute. Raises ValueError or TypeError unless they are texts, all different."""
    found = texts(attrs, name)
    if len(set(found)) != len(found):
        raise ValueError(f"attribute {name} has a name twice")
    return found


def named_texts(names: Iterable[str], texts: Iterable[str]) -> dict[str, str]:
    """Texts by name, from two attributes."""
    return {str(name): str(text) for name, text in zip(names, texts, strict=True)}


def image_shape(attrs: h5py.AttributeManager) -> tuple[int, int, int]:
    """Channels, height and width of an image. Raises ValueError for anything but three positive whole numbers."""
    sizes = attrs["image"]
    if np.shape(sizes) != (3,) or sizes.dtype.kind != "i" or sizes.min() < 1:
        raise ValueError(f"attribute image is {str(sizes)[:50]}, expected channels, height and width")
    channels, height, width = sizes.tolist()
    return channels, height, width


def require_values(dataset: h5py.Dataset, dtype: np.dtype[Any], rows: int, shape: tuple[int, ...]) -> None:
    """Raise ValueError unless a dataset has at least `rows` rows of this shape, of a type that fits in `dtype`."""
    found = dataset.dtype
    fits = found.kind == dtype.kind and np.can_cast(found, dtype, "safe")
    if not fits or len(dataset.shape) != 1 + len(shape) or len(dataset) < rows or dataset.shape[1:] != shape:
        raise ValueError(f"{dataset.name} holds {described(dataset)}, expected {dtype.name} {[rows, *shape]}")


def require_stored(dataset: h5py.Dataset, rows: int) -> None:
    """Raise ValueError if the file stores less than these rows take, so that reading takes no memory unasked for.

    And for numbers of another form than those of numpy, such as floats of 9 bits of precision: HDF5 crashes on some.
    And for chunks of other sizes than declared.
    """
    if dataset.dtype.kind in "fiu" and dataset.id.get_type() != h5py.h5t.py_create(dataset.dtype):
        raise ValueError(f"{dataset.name} holds numbers of another form than {dataset.dtype.name}")
    needed = rows * dataset.dtype.itemsize * math.prod(dataset.shape[1:])
    if dataset.id.get_storage_size() < needed:
        raise ValueError(f"{dataset.name} declares {needed} bytes, but the file stores fewer")
    require_chunks(dataset)


def require_chunks(dataset: h5py.Dataset) -> None:
    """Raise ValueError if chunks have other sizes than declared: HDF5 reads them, and loses rows when it adds some."""
    string = h5py.check_string_dtype(dataset.dtype)
    size = TEXT if string and string.length is None else dataset.dtype.itemsize
    if dataset.chunks and (string or not dataset.dtype.hasobject):  # the program writes no other objects
        declared = dataset.id.get_num_chunks() * size * math.prod(dataset.chunks)
        if dataset.id.get_storage_size() != declared:
            raise ValueError(f"{dataset.name} has chunks of other sizes than it declares")


def described(dataset: h5py.Dataset) -> str:
    """Type and shape of a dataset."""
    return f"{dataset.dtype.name} {list(dataset.shape)}"


def json_table(told: str) -> dict[str, Any]:
    """The JSON object of a text. Raises ValueError or TypeError for anything else."""
    found = json.loads(told)
    if not isinstance(found, dict):
        raise TypeError(f"{told[:50]!r} is no JSON object")
    return found


def require_data(group: h5py.Group, found: Sequence[str]) -> None:
    """Raise ValueError unless the datasets of those names are the samples and targets of one problem."""
    for name in found:
        kinds, axes, like = ("f", (2,), "inputs") if name.endswith("inputs") else ("fi", (1, 2), "targets")
        if group[name].dtype.kind not in kinds or len(group[name].shape) not in axes:
            raise TypeError(f"/problem/{name} holds {described(group[name])}, expected samples of numbers")
        if like in found and group[name].shape[1:] != group[like].shape[1:]:
            raise ValueError(
                f"/problem/{name} holds {described(group[name])}, expected rows of {described(group[like])}"
            )
        require_stored(group[name], len(group[name]))
    for inputs, targets in (("inputs", "targets"), ("test_inputs", "test_targets")):
        if (inputs in found) != (targets in found) or (inputs in found and len(group[inputs]) != len(group[targets])):
            raise ValueError(f"/problem: expected as many {inputs} as {targets}")
