"""Tasks: pure functions of the context and a small picklable specification with its own random seeds.

Each task class is a specification, in a module for each kind: `hop_tasks.py`, `search_tasks.py`, `measure_tasks.py`,
`train_tasks.py`, `location_tasks.py`.
"""

from typing import Any, Protocol

from landscape.explore.context import Context


class Task(Protocol):
    """One piece of a round."""

    def run(self, context: Context) -> Any:  # noqa: ANN401 - every kind of task has its own result
        """The result, picklable and of numpy only."""
