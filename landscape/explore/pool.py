"""Where tasks run: one after the other in this process. `pool_mpi.py` has the same for MPI ranks.

A pool is handed to the campaign; nothing else knows how many processors there are. Results come back in the
order of the tasks. While it waits a pool asks `interrupted()`: once that is true the round is given up.
"""

import os
import queue
import sys
import threading
from collections.abc import Callable, Sequence
from typing import Any, Protocol

POLL_SECONDS = 0.05

Execute = Callable[[Any], Any]
Outcome = tuple[Any, BaseException | None]


class Abandoned(Exception):  # noqa: N818 - it is no error, but what the user asked for
    """The round was given up before its tasks were done."""


class TaskError(RuntimeError):
    """A task raised; the message has the rank and the traceback of where it did."""


class Worker(Protocol):
    """What a process does with what it is sent."""

    def execute(self, task: Any) -> Any:  # noqa: ANN401 - a pool knows nothing of tasks
        """The result of a task."""

    def learn(self, news: Any) -> None:  # noqa: ANN401 - a pool knows nothing of news
        """Takes in what was told to all."""


class Pool(Protocol):
    """Runs tasks."""

    def tell(self, news: Any) -> None:  # noqa: ANN401 - a pool knows nothing of news
        """Has every other process learn something before its next task; there may be none."""

    def run(self, tasks: Sequence[Any], on_done: Callable[[], None], interrupted: Callable[[], bool]) -> list[Any]:
        """Results in the order of the tasks; `on_done` is called after each. Raises `Abandoned` or what a task
        raised.
        """

    def end(self, status: int) -> None:
        """Lets the workers go, with the exit status of the job. If tasks are still running the process ends here."""


class LocalPool:
    """Tasks one after the other in a daemon thread of this process, whose main thread listens for signals meanwhile.

    One thread: several would wait for each other at Python's lock. Several cores are filled by ranks.
    """

    def __init__(self, execute: Execute) -> None:
        self.execute = execute
        self._running = False
        self._thread: threading.Thread | None = None

    def tell(self, news: Any) -> None:  # noqa: ANN401 - a pool knows nothing of news
        """See `Pool`."""

    def run(self, tasks: Sequence[Any], on_done: Callable[[], None], interrupted: Callable[[], bool]) -> list[Any]:
        """See `Pool`. Once a round is given up no other of its tasks begins."""
        done: queue.SimpleQueue[Outcome] = queue.SimpleQueue()
        given_up = threading.Event()
        results = []

        def work() -> None:
            for task in tasks:
                if given_up.is_set():
                    return
                try:
                    done.put((self.execute(task), None))
                except BaseException as error:  # noqa: BLE001 - it is raised again where the round was asked for
                    done.put((None, error))
                    return

        self._running = True
        self._thread = threading.Thread(target=work, daemon=True)
        self._thread.start()
        try:
            for _ in tasks:
                result, error = _wait(done, interrupted)
                if error is not None:
                    raise error
                results.append(result)
                on_done()
        finally:
            given_up.set()
        self._running = False
        return results

    def wait(self) -> None:
        """Waits for the task that is still at work after a round was given up."""
        if self._thread is not None:
            self._thread.join()

    def end(self, status: int) -> None:
        """See `Pool`."""
        if self._running:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status)


def _wait(done: "queue.SimpleQueue[Outcome]", interrupted: Callable[[], bool]) -> Outcome:
    while not interrupted():
        try:
            return done.get(timeout=POLL_SECONDS)
        except queue.Empty:
            continue
    raise Abandoned
