"""The pool of MPI ranks, all of which run tasks, the coordinating one too.

Rank 0 assigns one task at a time to each free rank. Its own tasks run in a thread while its main thread sends and
receives all messages, so MPI_THREAD_FUNNELED is enough. Each other rank serves in a loop: it receives a task, runs it
and sends the result. A waiting rank polls, and sleeps between polls in proportion to the time waited so far: waiting
costs no processor (two thousand polls a second slowed the neighbouring rank by a tenth), and messages are received a
little late.

Broadcasts, of updates and finally of the stop, travel down a tree: every rank forwards them to `FAN_OUT` others, so
rank 0 sends only a few messages however many ranks there are. A task carries the number of updates that its rank must
have received first.

An exception on any rank is sent to rank 0 and ends the job with that rank's message.
"""

import queue
import sys
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from landscape.campaign.pools.launch import Communicator
from landscape.campaign.pools.pool import Abandoned, Execute, TaskError, Worker
from landscape.errors import LandscapeError

SHORTEST_POLL, LONGEST_POLL = 0.0005, 0.02  # seconds
POLL_FRACTION = 0.02  # of the time waited so far
LAST_WORDS_SECONDS = 0.5
TASK, RESULT, UPDATE, STOP = 1, 2, 3, 4
FAN_OUT = 8
# Number of the task, its result, and its failure: an error that a user can cause, or a traceback.
Outcome = tuple[int, Any, LandscapeError | str | None]
Arrival = tuple[int, int, Any, LandscapeError | str | None]


def local_rank(comm: Communicator) -> int:
    """Number of this rank on its node."""
    from mpi4py import MPI  # noqa: PLC0415

    return int(comm.Split_type(MPI.COMM_TYPE_SHARED).rank)


def abort(comm: Communicator, status: int) -> NoReturn:
    """End all ranks at once, after a moment in which the launcher can forward their output."""
    sys.stdout.flush()
    sys.stderr.flush()
    time.sleep(LAST_WORDS_SECONDS)
    comm.Abort(status)
    sys.exit(status)


class MpiPool:
    """The pool on rank 0."""

    def __init__(self, comm: Communicator, execute: Execute) -> None:
        self.comm = comm
        self.execute = execute
        self._open_tasks = 0
        self._updates = 0
        self._sent: dict[int, Any] = {}
        self._mine: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._done: queue.SimpleQueue[Outcome] = queue.SimpleQueue()
        threading.Thread(target=self._serve_own, daemon=True).start()

    def broadcast(self, update: Any) -> None:  # noqa: ANN401 - a pool knows nothing of updates
        """See `Pool`."""
        self._updates += 1
        _forward(self.comm, update, UPDATE)

    def run(self, tasks: Sequence[Any], on_done: Callable[[], None], interrupted: Callable[[], bool]) -> list[Any]:
        """See `Pool`. An error that no user can cause becomes a `TaskError` with the message of its rank."""
        results: list[Any] = [None] * len(tasks)
        waiting = list(enumerate(tasks))[::-1]
        idle = list(range(self.comm.size))[::-1]
        self._open_tasks = len(tasks)
        began = time.monotonic()
        while self._open_tasks:
            while waiting and idle:
                self._assign(idle.pop(), waiting.pop())
            arrived = self._arrivals()
            for rank, number, result, failure in arrived:
                if isinstance(failure, LandscapeError):
                    raise failure
                if failure is not None:
                    raise TaskError(f"rank {rank} failed:\n{failure}")
                results[number] = result
                idle.append(rank)
                self._open_tasks -= 1
                on_done()
            if interrupted():
                raise Abandoned
            if arrived:
                began = time.monotonic()
            else:
                time.sleep(poll_seconds(time.monotonic() - began))
        return results

    def end(self, status: int) -> None:
        """See `Pool`. Busy ranks are aborted."""
        if self._open_tasks:
            abort(self.comm, status)
        _forward(self.comm, status, STOP)

    def _assign(self, rank: int, item: tuple[int, Any]) -> None:
        """Send a task with its number to a rank; a task of rank 0 goes to its own thread."""
        if rank:
            self._sent[rank] = self.comm.isend((self._updates, *item), dest=rank, tag=TASK)
        else:
            self._mine.put(item)

    def _arrivals(self) -> list[Arrival]:
        """(rank, number, result, failure) of all results that have arrived."""
        from mpi4py import MPI  # noqa: PLC0415 - see `launch.world`

        arrived: list[Arrival] = []
        while not self._done.empty():
            arrived.append((0, *self._done.get()))
        status = MPI.Status()
        while (message := self.comm.improbe(tag=RESULT, status=status)) is not None:
            rank = status.source
            self._sent.pop(rank).wait()
            arrived.append((rank, *message.recv()))
        return arrived

    def _serve_own(self) -> None:
        """Run the tasks of this rank, one after the other."""
        while True:
            self._done.put(_outcome(self.execute, self._mine.get()))


def poll_seconds(waited: float) -> float:
    """Seconds until the next poll, after a wait of `waited` seconds."""
    return min(max(POLL_FRACTION * waited, SHORTEST_POLL), LONGEST_POLL)


def serve(comm: Communicator, worker: Worker) -> int:
    """Run tasks on a rank other than 0 until it broadcasts the stop; returns the exit status of the job."""
    received = 0
    while (tag := _next_tag(comm)) != STOP:
        updates, *item = comm.recv(source=0, tag=TASK) if tag == TASK else (received + 1,)
        while received < updates:
            worker.receive(_broadcast(comm, UPDATE))
            received += 1
        if tag == TASK:
            comm.send(_outcome(worker.execute, item), dest=0, tag=RESULT)
    return int(_broadcast(comm, STOP))


def _next_tag(comm: Communicator) -> int:
    """The tag of the next message, without receiving the message."""
    from mpi4py import MPI  # noqa: PLC0415 - see `launch.world`

    status, began = MPI.Status(), time.monotonic()
    while not comm.iprobe(status=status):
        time.sleep(poll_seconds(time.monotonic() - began))
    return int(status.tag)


def _broadcast(comm: Communicator, tag: int) -> Any:  # noqa: ANN401 - MPI knows nothing of updates
    """The next broadcast with that tag, which is forwarded too."""
    message = comm.recv(source=(comm.rank - 1) // FAN_OUT, tag=tag)
    _forward(comm, message, tag)
    return message


def _forward(comm: Communicator, message: Any, tag: int) -> None:  # noqa: ANN401 - MPI knows nothing of updates
    """Send a broadcast to the next ranks of the tree."""
    first = FAN_OUT * comm.rank + 1
    for rank in range(first, min(first + FAN_OUT, comm.size)):
        comm.send(message, dest=rank, tag=tag)


def _outcome(execute: Execute, item: Sequence[Any]) -> Outcome:
    """The outcome of a task with its number; an exception of the task is part of the outcome."""
    number, task = item
    try:
        return number, execute(task), None
    except LandscapeError as error:
        return number, None, error
    except BaseException:  # noqa: BLE001 - rank 0 raises it
        return number, None, traceback.format_exc()
