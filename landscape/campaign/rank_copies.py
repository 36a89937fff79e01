"""Copies of the minima that are committed, one on each rank, so that little of what is known travels.

The coordinator tells all ranks what a commit has added, as far as they keep it; a rank discards from its results the
columns of minima that it has in its copy and sends their rows.
"""

from typing import Any

import numpy as np

from landscape.campaign.context import Context
from landscape.campaign.identity import Index, Places
from landscape.campaign.rounds.connecting import ConnectResult
from landscape.campaign.rounds.hopping import HopResult
from landscape.database.records import Minima

COPY_AT_MOST = 100_000  # minima: 66 MB of 83 parameters


class News:
    """The coordinator's account of what the ranks were told."""

    def __init__(self) -> None:
        self._told = 0

    def since(self, minima: Minima) -> Places | None:
        """The committed minima that they were not told of, None if there are none to tell of."""
        told, self._told = self._told, min(len(minima), COPY_AT_MOST)
        return Places.of(minima, np.arange(told, self._told)) if told < self._told else None


class CopyingWorker:
    """A rank other than the coordinating one: runs tasks and keeps a copy."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.known = Index(context.objective.symmetry, context.settings.identity)

    def execute(self, task: Any) -> Any:  # noqa: ANN401 - of several kinds
        """The result of a task, without what is known."""
        result = task.run(self.context)
        return result.without(self.known) if isinstance(result, HopResult | ConnectResult) else result

    def learn(self, news: Places) -> None:
        """Adds minima that follow those in the copy."""
        for energy, theta in zip(news.energy.tolist(), news.parameters, strict=True):
            self.known.add(energy, theta)
