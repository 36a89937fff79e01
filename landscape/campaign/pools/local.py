"""The pool of a single process, which runs tasks one after the other."""

import os
import queue
import sys
import threading
from collections.abc import Callable, Sequence
from typing import Any

from landscape.campaign.pools.pool import Abandoned, Execute

POLL_SECONDS = 0.05
Outcome = tuple[Any, BaseException | None]


class LocalPool:
    """A daemon thread that runs tasks one after the other, while the main thread listens for signals.

    There is one thread only: several would wait for each other at Python's global lock. Ranks use further cores.
    """

    def __init__(self, execute: Execute) -> None:
        self.execute = execute
        self._running = False
        self._thread: threading.Thread | None = None

    def broadcast(self, update: Any) -> None:  # noqa: ANN401 - a pool knows nothing of updates
        """See `Pool`; does nothing, as there is no other process."""

    def run(self, tasks: Sequence[Any], on_done: Callable[[], None], interrupted: Callable[[], bool]) -> list[Any]:
        """See `Pool`. After a round is given up, none of its tasks begins."""
        # A SimpleQueue would wait for ever if a signal comes while it waits and Python handles it after the timeout.
        done: queue.Queue[Outcome] = queue.Queue()
        given_up = threading.Event()
        results = []

        def work() -> None:
            for task in tasks:
                if given_up.is_set():
                    return
                try:
                    done.put((self.execute(task), None))
                except BaseException as error:  # noqa: BLE001 - raised again in the main thread
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
        """Wait for the task that still runs after a round was given up."""
        if self._thread is not None:
            self._thread.join()

    def end(self, status: int) -> None:
        """See `Pool`."""
        if self._running:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status)


def _wait(done: "queue.Queue[Outcome]", interrupted: Callable[[], bool]) -> Outcome:
    """The next outcome of a task. Raises `Abandoned` once `interrupted()` is true."""
    while not interrupted():
        try:
            return done.get(timeout=POLL_SECONDS)
        except queue.Empty:
            continue
    raise Abandoned
