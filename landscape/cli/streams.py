"""The standard streams of a process that was started without some of them, or whose readers have gone."""

import os
import sys
from typing import Any, TextIO

from landscape.database.failures import reason
from landscape.errors import LandscapeError


class Required:
    """Standard output, whose failures name it. A closed pipe remains BrokenPipeError: its reader has seen enough."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write the text; raises `LandscapeError` if that fails."""
        try:
            return self._stream.write(text)
        except BrokenPipeError:
            raise
        except OSError as error:
            raise _unwritable(error) from error

    def flush(self) -> None:
        """Write what is buffered; raises `LandscapeError` if that fails."""
        try:
            self._stream.flush()
        except BrokenPipeError:
            raise
        except OSError as error:
            raise _unwritable(error) from error

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - any attribute of a stream
        return getattr(self._stream, name)


def _unwritable(error: OSError) -> LandscapeError:
    return LandscapeError(f"standard output cannot be written, {reason(error)}, then call the command again")


def open_streams() -> None:
    """Lead every standard stream that is closed to the null device.

    Otherwise the next file that is opened, perhaps a database, would get its number and the messages meant for it.
    """
    for number, (name, mode) in enumerate((("stdin", "r"), ("stdout", "w"), ("stderr", "w"))):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest free number, which is this one
        if getattr(sys, name) is None:
            setattr(sys, name, open(number, mode, closefd=False))  # noqa: SIM115 - open until the process ends


def drop_unwritten() -> None:
    """Lead standard output and error that cannot be written to the null device, or the interpreter fails at its end."""
    for stream in filter(None, (sys.__stdout__, sys.__stderr__)):
        try:
            stream.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
