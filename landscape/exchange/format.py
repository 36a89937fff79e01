"""The declaration of a format, and the points that a file of another program gives.

A format is declared once, beside the code that writes and reads it. The choices of the commands, their help and their
messages are read from the declarations, which `landscape.exchange.formats` gathers.

Shapes: M minima, T transition states, P parameters.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from landscape.database.database import Database
from landscape.errors import ExchangeError


@dataclass(frozen=True, kw_only=True)
class FilePoints:
    """Points of a file, of which nothing but shapes and ranges is known; numbers are those by which the file names
    them.
    """

    minima: np.ndarray  # [M, P]
    minima_energy: np.ndarray  # [M]
    minima_number: np.ndarray  # int64[M]
    states: np.ndarray  # [T, P]
    states_energy: np.ndarray  # [T]
    states_number: np.ndarray  # int64[T]
    pairs: np.ndarray  # int64[T, 2]: places of two minima of the file, as the file says

    def checked(self, source: Path) -> "FilePoints":
        """The points themselves. Raises `ExchangeError` if a number is not finite or a pair names no minimum."""
        for what, number, columns in (
            ("minimum", self.minima_number, [self.minima, self.minima_energy[:, None]]),
            ("transition state", self.states_number, [self.states, self.states_energy[:, None]]),
        ):
            whole = np.isfinite(np.hstack(columns)).all(1)
            if not whole.all():
                raise ExchangeError(
                    f"{source}: expected finite numbers, found others at {what} {number[~whole][0]}: leave it out"
                )
        outside = ((self.pairs < 0) | (self.pairs >= len(self.minima))).any(1)
        if outside.any():
            raise ExchangeError(
                f"{source}: expected transition states between two of its {len(self.minima)} minima, found others at "
                f"transition state {self.states_number[outside][0]}: restore the file"
            )
        return self


@dataclass(frozen=True, kw_only=True)
class Export:
    """A database to be written, and the rows int64[n] of the minima that are chosen where not all are written."""

    db: Database
    rows: np.ndarray

    @property
    def source(self) -> str:
        """The name of the database in messages."""
        return str(self.db.path or "database")


Write = Callable[[Export, Path], Iterator[str]]
"""Writes into an existing empty folder and yields lines for the user, such as warnings."""
Read = Callable[[Path, int], FilePoints]
"""From a folder and the number of parameters to its points; raises `ExchangeError`."""


@dataclass(frozen=True, kw_only=True)
class Format:
    """A format of another program. `chosen` says that only chosen minima are written, `pickles` that reading needs
    pickles, which can hold programs.
    """

    name: str
    summary: str
    write: Write
    read: Read | None = None
    chosen: bool = False
    pickles: bool = False
