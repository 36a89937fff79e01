"""Ends of a job: its exit statuses, and messages for its user. No heavy imports: mistakes are told at once."""

import sys

from landscape.errors import LandscapeError

FAILED, BAD_INPUT, STOPPED = 1, 2, 75
# Errors that users can cause, such as a folder without write permission.
USER_ERRORS = (LandscapeError, OSError)


def report_error(message: str) -> None:
    """Print a message for the user on standard error."""
    print(f"landscape: {message}", file=sys.stderr, flush=True)  # noqa: T201 - the one place of messages


def one_line(error: Exception) -> str:
    """The text of an error as one line."""
    return " ".join(str(error).split())
