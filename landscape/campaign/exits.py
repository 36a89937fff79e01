"""Ends of a job: its exit statuses, and messages for its user. No heavy imports: mistakes are told at once."""

import sys
from collections.abc import Callable
from typing import Any, TextIO

from landscape.errors import LandscapeError

FAILED, BAD_INPUT, STOPPED = 1, 2, 75
# Errors that users can cause, such as a folder without write permission.
USER_ERRORS = (LandscapeError, OSError)
NO_MEMORY = "allocate memory"  # in the text of torch's RuntimeError


class Guarded:
    """A text stream that hands its failures over to `failed`. Unless that raises, what was to be written is lost."""

    def __init__(self, stream: TextIO, failed: Callable[[OSError], None]) -> None:
        self._stream, self._failed = stream, failed

    def write(self, text: str) -> int:
        """Write the text; returns its length."""
        try:
            return self._stream.write(text)
        except OSError as error:
            self._failed(error)
            return len(text)

    def flush(self) -> None:
        """Write what is buffered."""
        try:
            self._stream.flush()
        except OSError as error:
            self._failed(error)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - any attribute of a stream
        return getattr(self._stream, name)


def forgiving(stream: TextIO) -> Guarded:
    """A stream beside the results, such as standard error, whose work goes on when it cannot be written to.

    On a full disk, a closed pipe or a terminal that is gone nobody could be told.
    """
    return Guarded(stream, lambda _: None)


def report_error(message: str) -> None:
    """Print a message for the user on standard error."""
    print(f"landscape: {message}", file=sys.stderr, flush=True)  # noqa: T201 - the one place of messages


def is_users(error: Exception) -> bool:
    """True for an error that a user can cause, of whatever type."""
    return isinstance(error, USER_ERRORS) or lacking_memory(error) is not None


def one_line(error: Exception) -> str:
    """The text of an error that a user can cause, as one line."""
    if isinstance(error, USER_ERRORS):
        return " ".join(str(error).split())
    said = next(iter(str(lacking_memory(error)).splitlines()[-1:]), "no more of it")
    return f"expected enough memory, found: {said}; take fewer walkers, smaller tasks or a smaller network or data set"


def lacking_memory(error: BaseException) -> BaseException | None:
    """The error by which memory ran out: this one, or what a SystemError was raised from; None if it did not.

    The interpreter raises a SystemError where code in C goes on after a failed allocation.
    """
    if isinstance(error, MemoryError) or NO_MEMORY in str(error):
        return error
    before = (error.__cause__, error.__context__) if isinstance(error, SystemError) else ()
    return next((found for one in before if one is not None and (found := lacking_memory(one))), None)
