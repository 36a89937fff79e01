"""Tasks on MPI ranks, every rank at work, the coordinating one too.

Rank 0 hands out tasks one at a time to whoever is free; its own share runs in a thread while its main thread
does all the talking, so MPI_THREAD_FUNNELED is enough. The others serve in a loop: receive a task, run it, send
the result. Waiting is a poll with sleeps in proportion to the time waited so far, not a busy wait: a waiting rank costs
no processor (two thousand polls a second slowed the rank beside it by a tenth) and hears of a message a little late.

What all are told, news and at last to stop, travels down a tree: every rank passes it on to `FAN_OUT` others, so
rank 0 sends it to a few however many there are. A task says how much of that its rank must have heard before.

An exception on any rank travels to rank 0 and ends the job with that rank's message.
"""

import os
import queue
import sys
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NoReturn, TypeAlias

from landscape.campaign.pools.pool import Abandoned, Execute, TaskError, Worker
from landscape.errors import LandscapeError

if TYPE_CHECKING:
    from mpi4py.MPI import Comm  # see `world`

Communicator: TypeAlias = "Comm"
SHORTEST_POLL, LONGEST_POLL = 0.0005, 0.02  # seconds
POLL_FRACTION = 0.02  # of the time waited so far
LAST_WORDS_SECONDS = 0.5
TASK, RESULT, NEWS, STOP = 1, 2, 3, 4
FAN_OUT = 8
# Number of the task, its result, and what it raised: an error of the user's or a traceback.
Outcome = tuple[int, Any, LandscapeError | str | None]
Arrival = tuple[int, int, Any, LandscapeError | str | None]
LAUNCHERS = ("PMI_RANK", "PMIX_RANK", "OMPI_COMM_WORLD_RANK")


def launcher_rank() -> int | None:
    """Number of this rank as its MPI launcher tells it, before MPI is imported; None without a launcher."""
    return next((int(os.environ[name]) for name in LAUNCHERS if name in os.environ), None)


def world() -> "Communicator | None":
    """MPI.COMM_WORLD if this process was started by an MPI launcher as one of several, else None.

    MPI is imported only under a launcher, so a single process needs no MPI at all.
    """
    if launcher_rank() is None:
        return None
    from mpi4py import MPI  # noqa: PLC0415 - see above

    return MPI.COMM_WORLD if MPI.COMM_WORLD.size > 1 else None


def local_rank(comm: Communicator) -> int:
    """Number of this rank among those of its node."""
    from mpi4py import MPI  # noqa: PLC0415

    return int(comm.Split_type(MPI.COMM_TYPE_SHARED).rank)


def abort(comm: Communicator, status: int) -> NoReturn:
    """Ends all ranks at once. Launchers drop what they have not passed on by then, so that gets a moment before."""
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
        self._told = 0
        self._sent: dict[int, Any] = {}
        self._mine: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._done: queue.SimpleQueue[Outcome] = queue.SimpleQueue()
        threading.Thread(target=self._work, daemon=True).start()

    def tell(self, news: Any) -> None:  # noqa: ANN401 - of which a pool knows nothing
        """See `Pool`."""
        self._told += 1
        _pass_on(self.comm, news, NEWS)

    def run(self, tasks: Sequence[Any], on_done: Callable[[], None], interrupted: Callable[[], bool]) -> list[Any]:
        """See `Pool`; an error that no user can cause is a `TaskError` with the message of its rank."""
        results: list[Any] = [None] * len(tasks)
        waiting = list(enumerate(tasks))[::-1]
        idle = list(range(self.comm.size))[::-1]
        self._open_tasks = len(tasks)
        began = time.monotonic()
        while self._open_tasks:
            while waiting and idle:
                self._hand_out(idle.pop(), waiting.pop())
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
        """See `Pool`; other ranks that are busy are ended with the job."""
        if self._open_tasks:
            abort(self.comm, status)
        _pass_on(self.comm, status, STOP)

    def _hand_out(self, rank: int, item: tuple[int, Any]) -> None:
        if rank:
            self._sent[rank] = self.comm.isend((self._told, *item), dest=rank, tag=TASK)
        else:
            self._mine.put(item)

    def _arrivals(self) -> list[Arrival]:
        """(rank, number, result, failure) of all results that are there."""
        from mpi4py import MPI  # noqa: PLC0415 - see `world`

        arrived: list[Arrival] = []
        while not self._done.empty():
            arrived.append((0, *self._done.get()))
        status = MPI.Status()
        while (message := self.comm.improbe(tag=RESULT, status=status)) is not None:
            rank = status.source
            self._sent.pop(rank).wait()
            arrived.append((rank, *message.recv()))
        return arrived

    def _work(self) -> None:
        while True:
            self._done.put(_outcome(self.execute, self._mine.get()))


def poll_seconds(waited: float) -> float:
    """Seconds until the next poll of one who has waited so many."""
    return min(max(POLL_FRACTION * waited, SHORTEST_POLL), LONGEST_POLL)


def serve(comm: Communicator, worker: Worker) -> int:
    """The life of every other rank: tasks until rank 0 says stop, with the exit status of the job."""
    heard = 0
    while (tag := _next_tag(comm)) != STOP:
        told, *item = comm.recv(source=0, tag=TASK) if tag == TASK else (heard + 1,)
        while heard < told:
            worker.learn(_listen(comm, NEWS))
            heard += 1
        if tag == TASK:
            comm.send(_outcome(worker.execute, item), dest=0, tag=RESULT)
    return int(_listen(comm, STOP))


def _next_tag(comm: Communicator) -> int:
    from mpi4py import MPI  # noqa: PLC0415 - see `world`

    status, began = MPI.Status(), time.monotonic()
    while not comm.iprobe(status=status):
        time.sleep(poll_seconds(time.monotonic() - began))
    return int(status.tag)


def _listen(comm: Communicator, tag: int) -> Any:  # noqa: ANN401 - news, of which MPI knows nothing
    """What all are told, which is passed on."""
    said = comm.recv(source=(comm.rank - 1) // FAN_OUT, tag=tag)
    _pass_on(comm, said, tag)
    return said


def _pass_on(comm: Communicator, said: Any, tag: int) -> None:  # noqa: ANN401 - as above
    first = FAN_OUT * comm.rank + 1
    for rank in range(first, min(first + FAN_OUT, comm.size)):
        comm.send(said, dest=rank, tag=tag)


def _outcome(execute: Execute, item: Sequence[Any]) -> Outcome:
    number, task = item
    try:
        return number, execute(task), None
    except LandscapeError as error:
        return number, None, error
    except BaseException:  # noqa: BLE001 - rank 0 raises it
        return number, None, traceback.format_exc()
