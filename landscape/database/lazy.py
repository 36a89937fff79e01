"""Records whose fields may be read on first use, and tables of columns built on them.

`Lazy` gives a frozen dataclass a second constructor: `lazy(read, ...)` takes the fields that are known and a function
that reads any other field by name. Users of the record notice no difference. `Table` adds the common features of tables
of columns: a number of rows, an empty table, a choice of rows, concatenation, and growth by new rows that leaves unread
columns alone.
"""

from collections.abc import Callable, Sequence
from dataclasses import Field, dataclass, fields
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

Read = Callable[[str], Any]
"""Reads the field of that name."""

MISSING = {"f": np.nan, "i": -1}
"""Missing value by kind of numpy type; any other type has zero, False or an empty text."""


def known(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """Counts of a column that a file may lack, with NaN for missing ones, so that no missing count is computed with or
    shown.
    """
    return np.where(counts == MISSING["i"], np.nan, counts)


@dataclass(frozen=True)
class Column:
    """Declaration of a column: type of its values and shape of one row, where "P" is the number of parameters.

    A `coded` column holds names; a file keeps a list of the names, and for each row the place of its name in the list.
    A file that lacks an `essential` column is damaged; a file may be older than any other column, whose rows then have
    missing values. Numbers that tables and figures may show have a `description` and `units`. `names` are those of the
    entries along the last axis of a row, if they have any: a file keeps them too, in its own order.
    """

    dtype: type[np.generic]
    shape: tuple[int | str, ...]
    coded: bool
    essential: bool
    description: str
    units: str
    names: tuple[str, ...]

    def row_shape(self, n_parameters: int) -> tuple[int, ...]:
        """Shape of one row."""
        return tuple(n_parameters if isinstance(size, str) else size for size in self.shape)

    def missing(self, rows: int, n_parameters: int) -> NDArray[Any]:
        """Missing values of `rows` rows."""
        values = np.zeros((rows, *self.row_shape(n_parameters)), self.dtype)
        values[...] = MISSING.get(values.dtype.kind, values.dtype.type())
        return values


def column(
    dtype: type[np.generic],
    *shape: int | str,
    coded: bool = False,
    essential: bool = False,
    description: str = "",
    units: str = "",
    names: tuple[str, ...] = (),
) -> dict[str, Column]:
    """Field metadata that declares a `Column`."""
    return {"column": Column(dtype, shape, coded, essential, description, units, names)}


def read_only(array: NDArray[Any]) -> NDArray[Any]:
    """The same array, locked against writing."""
    array.flags.writeable = False
    return array


class Buffer(np.ndarray):
    """Memory of a column with room for further rows. The leading `filled` rows are in use and never change."""

    filled: int


def joined(first: NDArray[Any], second: NDArray[Any]) -> NDArray[Any]:
    """The rows of both arrays, read-only.

    The result has room for half as many rows again. If `first` is a result of this function, only the new rows are
    copied, so the cost of a growing column is proportional to its length, however often it grows.
    """
    rows, dtype, buffer = len(first) + len(second), np.result_type(first, second), buffer_of(first)
    if buffer is None or buffer.filled != len(first) or len(buffer) < rows or buffer.dtype != dtype:
        buffer = Buffer((rows + rows // 2, *first.shape[1:]), dtype)
        buffer[: len(first)] = first
    buffer[len(first) : rows] = second
    buffer.filled = rows
    return read_only(buffer.view(np.ndarray)[:rows])


def buffer_of(values: NDArray[Any]) -> Buffer | None:
    """The memory behind a column that `joined` returned, else None."""
    whole = values.base
    return whole.base if isinstance(whole, np.ndarray) and isinstance(whole.base, Buffer) else None


class Lazy:
    """Base of frozen dataclasses whose fields may be read on first use. Fields must have no defaults."""

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]

    @classmethod
    def lazy(cls, read: Read | None, **loaded: Any) -> Self:
        """A record with the `loaded` fields; `read` gives the others."""
        record = object.__new__(cls)
        record.__dict__.update(loaded, _read=read)
        return record

    def loaded(self) -> dict[str, Any]:
        """The fields that are in memory."""
        return {name: value for name, value in vars(self).items() if name in self.__dataclass_fields__}

    def reread(self, read: Read | None) -> Self:
        """The same record, with `read` for the fields that are not in memory."""
        return self.lazy(read, **self.loaded())

    if not TYPE_CHECKING:  # otherwise a type checker would accept any attribute

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
    def columns(cls) -> dict[str, Column]:
        """The declarations of the columns by name, in order."""
        return {f.name: f.metadata["column"] for f in fields(cls)}

    @classmethod
    def column_names(cls) -> tuple[str, ...]:
        """The names of the columns in order."""
        return tuple(cls.columns())

    @classmethod
    def empty(cls, n_parameters: int) -> Self:
        """A table without rows; `n_parameters` matters only where a column has parameters."""
        return cls(**{name: read_only(one.missing(0, n_parameters)) for name, one in cls.columns().items()})

    @classmethod
    def concatenated(cls, parts: Sequence[Self]) -> Self:
        """The rows of all parts in one table; there must be at least one part."""
        return cls(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in cls.column_names()})

    def take(self, rows: slice | NDArray[Any]) -> Self:
        """Some of the rows: a slice, row numbers or a mask."""
        return type(self)(**{name: getattr(self, name)[rows] for name in self.column_names()})

    def __len__(self) -> int:
        rows = vars(self).get("_rows")
        return len(getattr(self, self.column_names()[0])) if rows is None else int(rows)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({len(self)} rows: {', '.join(self.column_names())})"

    def extended(self, rows: Self, read: Read | None, **replaced: NDArray[Any]) -> Self:
        """This table with `rows` after its own. Columns in memory are extended there, others are left to `read`.

        `replaced` holds whole columns that take the place of extended ones.
        """
        extended = {name: joined(values, getattr(rows, name)) for name, values in self.loaded().items()}
        copies = {name: read_only(values.copy()) for name, values in replaced.items()}
        return self.lazy(read, **(extended | copies), _rows=len(self) + len(rows))
