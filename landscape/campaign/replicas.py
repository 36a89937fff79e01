"""Replicas of the committed points on all ranks.

Before each round the coordinator broadcasts the points that were committed since its last broadcast, up to
`REPLICA_AT_MOST` minima and as many transition states. A rank looks up the minima of its results in its replica and
sends known minima as row numbers only: this shortens messages and changes nothing else. Searches look up transition
states (`Context.committed`), and the outcome affects their course; so the coordinator's process keeps the same replica,
and results are the same on any number of ranks.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from landscape.campaign.context import Context
from landscape.campaign.identity import PointIndex, PointRows, Reducible
from landscape.config.tables import IdentityConfig
from landscape.database.tables import Tables
from landscape.search.transition_states import SAME_DISTANCE, SAME_ENERGY

REPLICA_AT_MOST = 100_000  # points of a kind: 66 MB with 83 parameters


@dataclass(frozen=True, kw_only=True)
class Update:
    """The committed points that the replicas lack."""

    minima: PointRows
    states: PointRows


class ReplicaUpdates:
    """Updates of the replicas, made by the coordinator."""

    def __init__(self) -> None:
        self._sent = {"minima": 0, "transition_states": 0}

    def following(self, tables: Tables) -> Update | None:
        """The committed points that the replicas lack, or None if they lack none."""
        update = Update(
            minima=self._next("minima", tables.minima), states=self._next("transition_states", tables.transition_states)
        )
        return update if len(update.minima.row) or len(update.states.row) else None

    def _next(self, name: str, table: Any) -> PointRows:  # noqa: ANN401 - either table
        """The rows of a table after those sent before."""
        sent, self._sent[name] = self._sent[name], min(len(table), REPLICA_AT_MOST)
        return PointRows.of(table, np.arange(sent, self._sent[name]))


class StateReplica:
    """The transition states in this process, looked up by points whose eigenvector-following is not finished."""

    def __init__(self, context: Context) -> None:
        near = IdentityConfig(
            energy_tolerance=SAME_ENERGY * context.objective.energy_unit, distance_tolerance=SAME_DISTANCE
        )
        context.committed.states = self._index = PointIndex(context.objective.symmetry, near)

    def receive(self, update: Update) -> None:
        """Add transition states that follow those in the replica."""
        _extend(self._index, update.states)


class ReplicaWorker:
    """The worker on a rank other than 0, which runs tasks and keeps replicas."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.replica = PointIndex(context.objective.symmetry, context.identity)
        self.states = StateReplica(context)

    def execute(self, task: Any) -> Any:  # noqa: ANN401 - every kind of task has its own result
        """The result of a task; minima in the replica are reduced to their rows."""
        result = task.run(self.context)
        return result.without(self.replica) if isinstance(result, Reducible) else result

    def receive(self, update: Update) -> None:
        """Add points that follow those in the replicas."""
        _extend(self.replica, update.minima)
        self.states.receive(update)


def _extend(index: PointIndex, points: PointRows) -> None:
    for energy, theta in zip(points.energy.tolist(), points.parameters, strict=True):
        index.add(energy, theta)
