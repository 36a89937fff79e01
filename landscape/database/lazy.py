"""Records whose fields may be read when they are first asked for, and tables of columns built on them.

`Lazy` gives a frozen dataclass a second constructor: `lazy(read, ...)` takes the fields that are known and a function
that reads any other one by name. To the user of the record nothing differs. `Table` adds what all tables of columns
share: a number of rows, an empty instance, some of the rows, several tables as one, and growth by new rows that touches
no column that was not read yet.
"""

from collections.abc import Callable, Sequence
from dataclasses import Field, fields
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

Read = Callable[[str], Any]
"""Reads the field of that name."""


def column(dtype: type[np.generic], *shape: int | str) -> dict[str, Any]:
    """Field metadata of a column: its type and the shape of one row, where "P" stands for the number of parameters."""
    return {"dtype": dtype, "shape": shape}


def read_only(array: NDArray[Any]) -> NDArray[Any]:
    """The same array, locked against writing."""
    array.flags.writeable = False
    return array


class Buffer(np.ndarray):
    """Memory of a column with room for rows to come; the leading `filled` rows are taken and never change."""

    filled: int


def joined(first: NDArray[Any], second: NDArray[Any]) -> NDArray[Any]:
    """The rows of both, read-only.

    The result has room for half as many rows again. When it is itself the first of a join, only the new rows are
    copied, so what a column costs by growing is proportional to its length, however often it grows.
    """
    rows, dtype, buffer = len(first) + len(second), np.result_type(first, second), buffer_of(first)
    if buffer is None or buffer.filled != len(first) or len(buffer) < rows or buffer.dtype != dtype:
        buffer = Buffer((rows + rows // 2, *first.shape[1:]), dtype)
        buffer[: len(first)] = first
    buffer[len(first) : rows] = second
    buffer.filled = rows
    return read_only(buffer.view(np.ndarray)[:rows])


def buffer_of(values: NDArray[Any]) -> Buffer | None:
    """The memory behind a column, if it came from `joined`."""
    whole = values.base
    return whole.base if isinstance(whole, np.ndarray) and isinstance(whole.base, Buffer) else None


class Lazy:
    """Base of frozen dataclasses whose fields may be read on first use. Fields must have no defaults."""

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]

    @classmethod
    def lazy(cls, read: Read | None, **known: Any) -> Self:
        """A record with the `known` fields, the others to be had from `read`."""
        record = object.__new__(cls)
        record.__dict__.update(known, _read=read)
        return record

    def known(self) -> dict[str, Any]:
        """The fields that are in memory."""
        return {name: value for name, value in vars(self).items() if name in self.__dataclass_fields__}

    def reread(self, read: Read | None) -> Self:
        """The same record, with `read` for the fields that are not in memory."""
        return self.lazy(read, **self.known())

    if not TYPE_CHECKING:  # a type checker would accept any attribute otherwise

        def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - fields are of many types
            read = vars(self).get("_read")
            if read is None or name not in self.__dataclass_fields__:
                raise AttributeError(f"{type(self).__name__} has no attribute {name!r}", name=name, obj=self)
            vars(self)[name] = read(name)
            return vars(self)[name]

    def __getstate__(self) -> dict[str, Any]:
        """All fields, read now: a pickled record is complete."""
        return {f.name: getattr(self, f.name) for f in fields(self)}


class Table(Lazy):
    """Base of frozen dataclasses of numpy columns, all with the same number of rows."""

    @classmethod
    def column_names(cls) -> tuple[str, ...]:
        """The names of the columns in order."""
        return tuple(f.name for f in fields(cls))

    @classmethod
    def layout(cls, n_parameters: int) -> dict[str, tuple[type[np.generic], tuple[int, ...]]]:
        """Type and shape of one row of each column by name."""
        return {
            f.name: (f.metadata["dtype"], tuple(n_parameters if n == "P" else n for n in f.metadata["shape"]))
            for f in fields(cls)
        }

    @classmethod
    def empty(cls, n_parameters: int) -> Self:
        """A table without rows (`n_parameters` matters only where there is a column of parameters)."""
        layout = cls.layout(n_parameters).items()
        return cls(**{name: read_only(np.empty((0, *shape), dtype)) for name, (dtype, shape) in layout})

    @classmethod
    def concatenated(cls, parts: Sequence[Self]) -> Self:
        """The rows of all parts, of which there is at least one, in one table."""
        return cls(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in cls.column_names()})

    def take(self, rows: slice | NDArray[Any]) -> Self:
        """Some of the rows: a slice of them, their places, or whether to take each."""
        return type(self)(**{name: getattr(self, name)[rows] for name in self.column_names()})

    def __len__(self) -> int:
        rows = vars(self).get("_rows")
        return len(getattr(self, self.column_names()[0])) if rows is None else int(rows)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({len(self)} rows: {', '.join(self.column_names())})"

    def extended(self, rows: Self, read: Read | None, **replaced: NDArray[Any]) -> Self:
        """This table with `rows` after its own. Columns in memory are extended there, others are left to `read`.

        `replaced` holds whole columns that take the place of the extended ones.
        """
        extended = {name: joined(values, getattr(rows, name)) for name, values in self.known().items()}
        copies = {name: read_only(values.copy()) for name, values in replaced.items()}
        return self.lazy(read, **(extended | copies), _rows=len(self) + len(rows))
