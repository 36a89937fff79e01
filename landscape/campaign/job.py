"""A job of a command: one process, or all ranks that an MPI launcher started.

Every rank prepares a context. Then rank 0 coordinates: it alone reads, writes and prints, and its pool has all ranks.
The other ranks run tasks. A failure on any rank ends all ranks with one message and one exit status: a rank that exited
alone would leave the others waiting for ever.
"""

import sys
import traceback
from collections.abc import Callable, Sequence
from typing import NoReturn

from landscape.campaign.context import Context, one_thread_per_task
from landscape.campaign.exits import BAD_INPUT, FAILED, is_users, one_line, report_error
from landscape.campaign.interrupt import Interrupt, ignore_signals
from landscape.campaign.pools.launch import Communicator, world
from landscape.campaign.pools.local import LocalPool
from landscape.campaign.pools.mpi import MpiPool, abort, local_rank, serve
from landscape.campaign.pools.pool import Pool, TaskError
from landscape.campaign.replicas import ReplicaWorker

Prepare = Callable[[int], Context]
"""From the number of the rank on its node to the context."""
Coordinate = Callable[[Context, Pool, Interrupt], int]
"""The part of a job that runs on rank 0 alone; returns the exit status."""
Failure = tuple[int, str]
"""Exit status and message."""


def run_job(prepare: Prepare, coordinate: Coordinate, time_limit: float | None = None) -> NoReturn:
    """Run `prepare` on every rank, then `coordinate` on rank 0, and end the process with its exit status.

    `time_limit` is in seconds from now. An error that a user can cause ends the job with exit status 2 and a message on
    standard error; only errors of `prepare` without MPI are raised instead.
    """
    run_jobs([(prepare, coordinate)], time_limit)


def run_jobs(parts: Sequence[tuple[Prepare, Coordinate]], time_limit: float | None = None) -> NoReturn:
    """Run several jobs by `run_job` in turn, until one has an exit status other than 0."""
    comm, status = world(), 0
    with one_thread_per_task(), Interrupt(time_limit) as interrupt:
        if comm is not None and comm.rank:
            ignore_signals()
        for prepare, coordinate in parts:
            if comm is None:
                status = _alone(prepare, coordinate, interrupt)
            else:
                status = _on_ranks(comm, prepare, coordinate, interrupt)
            if status:
                break
    sys.exit(status)


def fail_together(error: Exception) -> NoReturn:
    """End all ranks, which run a job, as if this rank had failed to prepare it by an error that a user can cause."""

    def prepare(_: int) -> Context:
        raise error

    run_job(prepare, lambda *_: BAD_INPUT)


def _alone(prepare: Prepare, coordinate: Coordinate, interrupt: Interrupt) -> int:
    """Exit status of a job in this process."""
    context = prepare(0)
    return _coordinated(context, LocalPool(context.execute), coordinate, interrupt)


def _on_ranks(comm: Communicator, prepare: Prepare, coordinate: Coordinate, interrupt: Interrupt) -> int:
    """Exit status of a job on MPI ranks, after this rank has done its part."""
    try:
        context = _prepared(comm, prepare)
        if comm.rank:
            return serve(comm, ReplicaWorker(context))
        return _coordinated(context, MpiPool(comm, context.execute), coordinate, interrupt)
    except Exception:  # noqa: BLE001 - no other process would report it
        report_error(f"rank {comm.rank} failed:\n{traceback.format_exc()}")
        abort(comm, FAILED)


def _coordinated(context: Context, pool: Pool, coordinate: Coordinate, interrupt: Interrupt) -> int:
    """The exit status of `coordinate`; its errors are reported, and the pool is ended."""
    status = FAILED
    try:
        status = coordinate(context, pool, interrupt)
    except BrokenPipeError:
        raise
    except Exception as error:  # noqa: BLE001 - reported before the end of the pool, which may end the process
        if is_users(error):
            status = BAD_INPUT
            report_error(one_line(error))
        else:
            report_error(str(error) if isinstance(error, TaskError) else f"failed:\n{traceback.format_exc()}")
    finally:
        pool.end(status)
    return status


def _prepared(comm: Communicator, prepare: Prepare) -> Context:
    """The context on every rank; if `prepare` fails on any rank, all ranks end with the first message."""
    context, failure = _attempt(comm, prepare)
    failures = [found for found in comm.allgather(failure) if found is not None]
    if context is not None and not failures:
        return context
    status, message = failures[0]
    if comm.rank == 0:
        report_error(message)
    sys.exit(status)


def _attempt(comm: Communicator, prepare: Prepare) -> tuple[Context | None, Failure | None]:
    """The context of this rank, or the failure of its preparation."""
    local = local_rank(comm)
    try:
        return prepare(local), None
    except Exception as error:  # noqa: BLE001 - shared with all ranks
        if is_users(error):
            return None, (BAD_INPUT, one_line(error))
        return None, (FAILED, f"rank {comm.rank} failed:\n{traceback.format_exc()}")
