"""The standard streams of a process that was started without some of them, or whose readers have gone."""

import os
import sys
from typing import NoReturn

from landscape.database.failures import reason
from landscape.errors import LandscapeError


def refuse(error: OSError) -> NoReturn:
    """Raise `LandscapeError` for standard output that cannot be written. A closed pipe remains BrokenPipeError: its
    reader has seen enough.
    """
    if isinstance(error, BrokenPipeError):
        raise error
    raise LandscapeError(f"standard output cannot be written, {reason(error)}, then call the command again") from error


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
