"""Tasks that train networks."""

from dataclasses import dataclass

from landscape.explore.context import Context
from landscape.training.train import Trained, train


@dataclass(frozen=True, kw_only=True)
class TrainTask:
    """Train networks in a regime of the run file, one for each seed."""

    regime: str
    seeds: tuple[int, ...]

    def run(self, context: Context) -> Trained:
        """Their end points."""
        regime = context.settings.train.members[self.regime]
        return train(context.problem, regime, self.seeds, context.settings.run.seed)
