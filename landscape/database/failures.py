"""Errors of the operating system and of HDF5 as one line that tells the user what to do."""

import errno
import re

FAILURES = (OSError, RuntimeError)
"""Errors that HDF5 and the operating system raise where a file cannot be written."""

NO_LOCKS = "the file system has no file locks: set run.lock (--set run.lock=exclusive) or choose another folder"
REASONS = {
    errno.ENOSPC: "the disk is full: free space",
    errno.EDQUOT: "the disk quota is used up: free space",
    errno.EFBIG: "the limit on the size of a file is reached: raise it (ulimit -f)",
    errno.EACCES: "permission is denied: change the permissions or choose another folder",
    errno.EPERM: "it is not permitted: change the permissions or choose another folder",
    errno.EROFS: "the file system is read-only: choose another folder",
    errno.ELOOP: "it is a symbolic link: remove it",
    **dict.fromkeys((errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS), NO_LOCKS),
}


def error_number(error: OSError | RuntimeError) -> int | None:
    """The errno of an error, from its attribute or, for some errors of h5py, from its text."""
    if isinstance(error, OSError) and error.errno is not None:
        return error.errno
    found = re.search(r"errno = (\d+)", str(error))
    return int(found.group(1)) if found else None


def reason(error: OSError | RuntimeError) -> str:
    """The cause and its remedy, as half a sentence on one line."""
    number = error_number(error)
    known = REASONS.get(number) if number is not None else None
    return known or f"the system says '{first_line(error)}'"


def first_line(error: Exception) -> str:
    """The first line of the text of an error, or its type if it has no text."""
    return next(iter(str(error).splitlines()), type(error).__name__)
