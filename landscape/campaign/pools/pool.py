"""Where tasks run: the protocol. `local.py` is a pool in this process, `mpi.py` one of MPI ranks.

A pool is handed to the campaign; nothing else knows how many processors there are. Results come back in the
order of the tasks. While it waits a pool asks `interrupted()`: once that is true the round is given up.
"""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

Execute = Callable[[Any], Any]


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
