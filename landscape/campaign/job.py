"""A job: one process, or all the ranks that an MPI launcher started, at one piece of work.

Every rank prepares a context. Then rank 0 works, with a pool of all ranks, and alone reads, writes and prints; the
others serve its tasks. Whatever goes wrong on any rank ends them all, with one message and one exit status: a rank
that left without a word would let the others wait for ever.
"""

import sys
import traceback
from collections.abc import Callable, Sequence
from typing import NoReturn

from landscape.campaign.context import Context, one_thread_per_task
from landscape.campaign.interrupt import Interrupt, ignore_signals
from landscape.campaign.pools.local import LocalPool
from landscape.campaign.pools.mpi import Communicator, MpiPool, abort, local_rank, serve, world
from landscape.campaign.pools.pool import Pool, TaskError
from landscape.campaign.rank_copies import CopyingWorker
from landscape.errors import LandscapeError

FAILED, BAD_INPUT, STOPPED = 1, 2, 75
# What users can cause. The system's refusals (a folder without permission, say) are theirs too.
USER_ERRORS = (LandscapeError, OSError)

Prepare = Callable[[int], Context]
Work = Callable[[Context, Pool, Interrupt], int]
Failure = tuple[int, str]


def run_job(prepare: Prepare, work: Work, time_limit: float | None = None) -> NoReturn:
    """`prepare(local rank)` on every rank, then `work` on rank 0, whose result is the exit status. Ends the process.

    `time_limit` is in seconds from now. An error that a user can cause is raised without MPI while preparing, and
    told on standard error otherwise, with exit status 2.
    """
    run_jobs([(prepare, work)], time_limit)


def run_jobs(parts: Sequence[tuple[Prepare, Work]], time_limit: float | None = None) -> NoReturn:
    """As `run_job`, one part after the other until one ends with a status that is not 0."""
    comm, status = world(), 0
    with one_thread_per_task(), Interrupt(time_limit) as interrupt:
        if comm is not None and comm.rank:
            ignore_signals()
        for prepare, work in parts:
            status = _alone(prepare, work, interrupt) if comm is None else _together(comm, prepare, work, interrupt)
            if status:
                break
    sys.exit(status)


def _alone(prepare: Prepare, work: Work, interrupt: Interrupt) -> int:
    context = prepare(0)
    return _lead(context, LocalPool(context.execute), work, interrupt)


def _together(comm: Communicator, prepare: Prepare, work: Work, interrupt: Interrupt) -> int:
    try:
        context = _prepared(comm, prepare)
        if comm.rank:
            return serve(comm, CopyingWorker(context))
        return _lead(context, MpiPool(comm, context.execute), work, interrupt)
    except Exception:  # noqa: BLE001 - nobody else would hear of it
        complain(f"rank {comm.rank} failed:\n{traceback.format_exc()}")
        abort(comm, FAILED)


def complain(message: str) -> None:
    """Tells the user what is wrong."""
    print(f"landscape: {message}", file=sys.stderr, flush=True)  # noqa: T201 - this is where it is told


def one_line(error: Exception) -> str:
    """An error that a user can cause, as one line."""
    return " ".join(str(error).split())


def _lead(context: Context, pool: Pool, work: Work, interrupt: Interrupt) -> int:
    status = FAILED
    try:
        status = work(context, pool, interrupt)
    except BrokenPipeError:
        raise
    except USER_ERRORS as error:
        status = BAD_INPUT
        complain(one_line(error))
    except Exception as error:  # noqa: BLE001 - ending the pool may end the process, so it is told before
        complain(str(error) if isinstance(error, TaskError) else f"failed:\n{traceback.format_exc()}")
    finally:
        pool.end(status)
    return status


def _prepared(comm: Communicator, prepare: Prepare) -> Context:
    """`prepare` on every rank; if it fails on any, all end with the first message."""
    context, failure = _attempt(comm, prepare)
    failures = [found for found in comm.allgather(failure) if found is not None]
    if context is not None and not failures:
        return context
    status, message = failures[0]
    if comm.rank == 0:
        complain(message)
    sys.exit(status)


def _attempt(comm: Communicator, prepare: Prepare) -> tuple[Context | None, Failure | None]:
    local = local_rank(comm)
    try:
        return prepare(local), None
    except USER_ERRORS as error:
        return None, (BAD_INPUT, one_line(error))
    except Exception:  # noqa: BLE001 - told to all ranks
        return None, (FAILED, f"rank {comm.rank} failed:\n{traceback.format_exc()}")
