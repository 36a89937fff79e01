"""Where tasks run: side by side in threads of one process. `pool_mpi.py` has the same for MPI ranks.

A pool is handed to the campaign; nothing else knows how many processors there are. Results come back in the
order of the tasks. While it waits a pool asks `interrupted()`: once that is true the round is given up.
"""

import os
import queue
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol

POLL_SECONDS = 0.05

Execute = Callable[[Any], Any]


class Abandoned(Exception):  # noqa: N818 - it is no error, but what the user asked for
    """The round was given up before its tasks were done."""


class TaskError(RuntimeError):
    """A task raised; the message has the rank and the traceback of where it did."""


class Pool(Protocol):
    """Runs tasks."""

    def run(self, tasks: Sequence[Any], on_done: Callable[[], None], interrupted: Callable[[], bool]) -> list[Any]:
        """Results in the order of the tasks; `on_done` is called after each. Raises `Abandoned` or what a task
        raised.
        """

    def end(self, status: int) -> None:
        """Lets the workers go, with the exit status of the job. If tasks are still running the process ends here."""


class ThreadPool:
    """Tasks in daemon threads of this process, as many as it has processors."""

    def __init__(self, execute: Execute, threads: int | None = None) -> None:
        self.execute = execute
        self.threads = threads or len(os.sched_getaffinity(0))
        self._running = False
        self._busy: list[threading.Thread] = []

    def run(self, tasks: Sequence[Any], on_done: Callable[[], None], interrupted: Callable[[], bool]) -> list[Any]:
        """See `Pool`. Threads that are busy when a round is given up begin no other task."""
        results: list[Any] = [None] * len(tasks)
        done: queue.SimpleQueue[BaseException | None] = queue.SimpleQueue()
        waiting = deque(enumerate(tasks))

        def work() -> None:
            for number, task in _taken(waiting):
                try:
                    results[number] = self.execute(task)
                except BaseException as error:  # noqa: BLE001 - it is raised again where the round was asked for
                    done.put(error)
                    return
                done.put(None)

        self._running = bool(tasks)
        try:
            self._busy = [threading.Thread(target=work, daemon=True) for _ in tasks[: self.threads]]
            for thread in self._busy:
                thread.start()
            for _ in tasks:
                error = _wait(done, interrupted)
                if error is not None:
                    raise error
                on_done()
        finally:
            waiting.clear()
        self._running = False
        return results

    def wait(self) -> None:
        """Waits for the tasks that are still at work after a round was given up."""
        for thread in self._busy:
            thread.join()

    def end(self, status: int) -> None:
        """See `Pool`."""
        if self._running:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status)


def _taken(waiting: "deque[tuple[int, Any]]") -> Iterator[tuple[int, Any]]:
    """Items of a deque that several threads take from."""
    while True:
        try:
            item = waiting.popleft()
        except IndexError:
            return
        yield item


def _wait(done: "queue.SimpleQueue[BaseException | None]", interrupted: Callable[[], bool]) -> BaseException | None:
    while not interrupted():
        try:
            return done.get(timeout=POLL_SECONDS)
        except queue.Empty:
            continue
    raise Abandoned
