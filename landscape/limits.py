"""The largest arrays that are made, so that what a user asks for by a number is refused before memory is asked for."""

import math
import os
from dataclasses import dataclass

from landscape.errors import ConfigError, DataError, LandscapeError

GIB = 2**30


@dataclass(frozen=True)
class Limit:
    """A limit in GiB, for the numbers of an array as float64, which an environment variable replaces."""

    variable: str
    default: float
    error: type[LandscapeError]

    def most_bytes(self) -> int:
        """The limit in bytes. Raises the error of this limit for an unusable variable."""
        text = os.environ.get(self.variable, str(self.default))
        try:
            limit = float(text)
        except ValueError:
            limit = math.nan
        if not 0.0 < limit < 2.0**30:
            raise self.error(f"{self.variable}: expected a number of GiB above 0, for instance 4, found {text!r}")
        return int(limit * GIB)

    def require_room(self, source: object, name: str, numbers: int) -> None:
        """Raises the error of this limit if so many numbers, as float64, are above it."""
        most = self.most_bytes()
        if 8 * numbers > most:
            raise self.error(
                f"{source}: expected at most {most / GIB:g} GiB of numbers, found {8 * numbers / GIB:.3g} GiB in "
                f"{name}; take less, or set the environment variable {self.variable} to more if the memory suffices"
            )


DATA = Limit("LANDSCAPE_DATA_GIB", 2.0, DataError)
"""Limit of an array of a data set."""
SEARCH = Limit("LANDSCAPE_SEARCH_GIB", 4.0, ConfigError)
"""Limit of an array whose size is set in the run file."""
