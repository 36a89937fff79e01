"""The largest data that are read, so that a file that declares too much is refused before memory is asked for."""

import math
import os

from landscape.errors import DataError

GIB = 2**30
VARIABLE = "LANDSCAPE_DATA_GIB"
"""Environment variable with another limit, in GiB."""
DEFAULT = 2.0


def most_bytes() -> int:
    """The limit in bytes, for the numbers of an array as float64. Raises `DataError` for an unusable variable."""
    text = os.environ.get(VARIABLE, str(DEFAULT))
    try:
        limit = float(text)
    except ValueError:
        limit = math.nan
    if not 0.0 < limit < 2.0**30:
        raise DataError(f"{VARIABLE}: expected a number of GiB above 0, for instance 4, found {text!r}")
    return int(limit * GIB)


def require_room(source: object, name: str, numbers: int) -> None:
    """Raises `DataError` if so many numbers, as float64, are above the limit."""
    if 8 * numbers > most_bytes():
        raise DataError(
            f"{source}: expected at most {most_bytes() / GIB:g} GiB of numbers, found {8 * numbers / GIB:.3g} GiB in "
            f"{name}; take less, or set the environment variable {VARIABLE} to more if the memory suffices"
        )
