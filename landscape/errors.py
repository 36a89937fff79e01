"""Errors that a user can cause, and warnings. The command prints their one-line message; an error is exit status 2."""


class LandscapeError(Exception):
    """Base of all errors a user can cause: one line with what was expected, what was found and what to do."""


class ConfigError(LandscapeError):
    """A run file, a table or a key of it is not usable."""


class DataError(LandscapeError):
    """A data set cannot be read or does not fit the network."""


class MissingDataError(DataError):
    """The files of a data set are missing; a database that contains the data does not need them."""


class DatabaseError(LandscapeError):
    """A database file cannot be created, read or continued."""


class PropertyError(LandscapeError):
    """A property cannot be computed for the stored points."""


class SearchError(LandscapeError):
    """An objective breaks the contract that the search relies on."""


class LaunchError(LandscapeError):
    """Several processes were started that are no ranks of one MPI job."""


class ExchangeError(LandscapeError):
    """Files of another program cannot be written or read, or databases cannot be merged."""


class LandscapeWarning(UserWarning):
    """Work goes on, but otherwise than expected."""
