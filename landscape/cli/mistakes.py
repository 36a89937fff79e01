"""Mistakes that are found before a job begins."""

from collections.abc import Iterator
from contextlib import contextmanager

from landscape.campaign.exits import USER_ERRORS
from landscape.campaign.pools.launch import launcher_rank


@contextmanager
def told_once() -> Iterator[None]:
    """Errors that a user can cause, raised within, end all MPI ranks with one message; a single process raises them.

    One rank alone may find a mistake, for instance on a node that lacks the run file. It then joins the job of the
    others, and fails there.
    """
    try:
        yield
    except USER_ERRORS as error:
        if launcher_rank() is None:
            raise
        from landscape.campaign.job import fail_together  # noqa: PLC0415 - torch; mistakes are told without it

        fail_together(error)
