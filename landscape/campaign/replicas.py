"""Replicas of the committed minima on all ranks, which keep the messages short.

The coordinator broadcasts the minima that a commit has added, up to `REPLICA_AT_MOST` of them. A rank looks up the
minima of its results in its replica and sends the rows of those that it finds there, without their other columns.
"""

from typing import Any

import numpy as np

from landscape.campaign.context import Context
from landscape.campaign.identity import MinimaRows, PointIndex, Reducible
from landscape.database.records import Minima

REPLICA_AT_MOST = 100_000  # minima: 66 MB of 83 parameters


class ReplicaUpdates:
    """Updates of the replicas, made by the coordinator."""

    def __init__(self) -> None:
        self._sent = 0

    def following(self, minima: Minima) -> MinimaRows | None:
        """The committed minima that the replicas lack, or None if they lack none."""
        sent, self._sent = self._sent, min(len(minima), REPLICA_AT_MOST)
        return MinimaRows.of(minima, np.arange(sent, self._sent)) if sent < self._sent else None


class ReplicaWorker:
    """The worker on a rank other than the coordinator's: runs tasks and keeps a replica."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.replica = PointIndex(context.objective.symmetry, context.identity)

    def execute(self, task: Any) -> Any:  # noqa: ANN401 - every kind of task has its own result
        """The result of a task, its minima reduced by those in the replica."""
        result = task.run(self.context)
        return result.without(self.replica) if isinstance(result, Reducible) else result

    def receive(self, update: MinimaRows) -> None:
        """Add minima that follow those in the replica."""
        for energy, theta in zip(update.energy.tolist(), update.parameters, strict=True):
            self.replica.add(energy, theta)
