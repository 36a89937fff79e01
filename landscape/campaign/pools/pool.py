"""Protocol of the pools that run tasks: `local.py` has a pool in this process, `mpi.py` one of MPI ranks.

Only the pool of a campaign knows the number of processors. Results come back in the order of the tasks. A waiting pool
polls `interrupted()`; once that returns true, the round is given up.
"""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

Execute = Callable[[Any], Any]


class Abandoned(Exception):  # noqa: N818 - the user asked for it
    """The round was given up before its tasks were done."""


class TaskError(RuntimeError):
    """A task raised; the message has the rank and the traceback."""


class Worker(Protocol):
    """The part of a process other than the coordinating one."""

    def execute(self, task: Any) -> Any:  # noqa: ANN401 - a pool knows nothing of tasks
        """The result of a task."""

    def receive(self, update: Any) -> None:  # noqa: ANN401 - a pool knows nothing of updates
        """Take in an update that was broadcast."""


class Pool(Protocol):
    """Processes that run tasks."""

    def broadcast(self, update: Any) -> None:  # noqa: ANN401 - a pool knows nothing of updates
        """Let every other process, if there are any, receive an update before its next task."""

    def run(self, tasks: Sequence[Any], on_done: Callable[[], None], interrupted: Callable[[], bool]) -> list[Any]:
        """Results in the order of the tasks; `on_done` is called after each task.

        Raises `Abandoned` once `interrupted()` is true, or the error of a task.
        """

    def end(self, status: int) -> None:
        """End the other processes with the exit status of the job; if tasks still run, end this process too."""
