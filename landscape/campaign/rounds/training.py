"""Rounds of training: networks of each regime, one for each seed.

Each seed of a regime is trained once; a database that lacks regimes or seeds of the run file is completed. The
evaluations of the run file are stored beside the end points.
"""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from landscape.campaign.context import Context
from landscape.campaign.rounds.assimilation import Assimilation, LandscapeIndex
from landscape.campaign.rounds.phase import Plan, rounds_done, task_starts
from landscape.config.training import Evaluation, Regime
from landscape.database.records import Commit
from landscape.database.tables import Tables
from landscape.database.trained_points import TrainedPoints, Training
from landscape.errors import ConfigError, DatabaseError
from landscape.messages import did_you_mean, toml_value
from landscape.properties.defences import require_defence
from landscape.training.objective import check_regime
from landscape.training.train import Trained, train


@dataclass(frozen=True, kw_only=True)
class TrainTask:
    """Train networks in a regime of the run file, one for each seed."""

    regime: str
    seeds: tuple[int, ...]

    def run(self, context: Context) -> Trained:
        """The end points."""
        regime = context.settings.train.members[self.regime]
        return train(context.require_problem(), regime, self.seeds, context.settings.run.seed)


class Train:
    """Rounds of training."""

    kind = "train"

    def __init__(self, context: Context, index: LandscapeIndex, names: Sequence[str] = ()) -> None:
        """Rounds of the named regimes; all without names. Raises `ConfigError` for one that cannot be trained."""
        self.context, self.index = context, index
        self.table = context.settings.train
        self.regimes = chosen_regimes(context, names)

    def planned_rounds(self, tables: Tables) -> int:
        """Number of rounds: those done, and those that the remaining seeds need."""
        return rounds_done(tables, self.kind) + -(-len(self._tasks(tables)) // self.table.round_tasks)

    def plan(self, tables: Tables) -> Plan[TrainTask] | None:
        """The next seeds. If none is left, a round without tasks stores new regimes and evaluations, if any."""
        tasks, following = self._tasks(tables), self._without_points(tables)
        if not tasks and (following.regimes, following.evaluations) == (tables.regimes, tables.evaluations):
            return None
        return Plan(tasks=tasks[: self.table.round_tasks])

    def assimilate(self, tables: Tables, plan: Plan[TrainTask], results: Sequence[Trained], seconds: float) -> Commit:
        """The commit of the end points."""
        training, tasks = self._without_points(tables), plan.tasks
        codes = {name: code for code, name in enumerate(training.regimes)}
        rows = [_rows(result, codes[task.regime], task.seeds) for task, result in zip(tasks, results, strict=True)]
        commit = Assimilation(self.index, tables).commit(
            kind=self.kind,
            tasks=len(tasks),
            evaluations=sum(int(result.gradient_evaluations.sum()) for result in results),
            seconds=seconds,
        )
        points = TrainedPoints.concatenated(rows) if rows else training.points
        return replace(commit, training=replace(training, points=points))

    def _tasks(self, tables: Tables) -> list[TrainTask]:
        """The tasks of all seeds that are not trained yet."""
        names = list(tables.regimes)
        pairs = zip(tables.training.regime.tolist(), tables.training.seed.tolist(), strict=True)
        done = {(names[code], seed) for code, seed in pairs}
        size = self.table.task_seeds
        left = {name: [seed for seed in range(self.table.seeds) if (name, seed) not in done] for name in self.regimes}
        return [
            TrainTask(regime=name, seeds=tuple(seeds[first : first + size]))
            for name, seeds in left.items()
            for first in task_starts(len(seeds), size)
        ]

    def _without_points(self, tables: Tables) -> Training:
        """The regimes and evaluations after the next round, without end points."""
        for name in self.regimes.keys() & tables.regimes.keys():
            _require_equal(name, self.regimes[name], tables.regimes[name])
        return Training(
            points=TrainedPoints.empty(self.context.objective.n_parameters),
            regimes={**tables.regimes, **{name: toml_text(regime) for name, regime in self.regimes.items()}},
            evaluations={**tables.evaluations, **{n: toml_text(e) for n, e in self.table.evaluations.items()}},
        )


def chosen_regimes(context: Context, names: Sequence[str]) -> Mapping[str, Regime]:
    """The named regimes of the run file; all without names.

    Raises `ConfigError` for one that cannot be trained, `PropertyError` for evaluations that do not suit the problem.
    """
    members, problem = context.settings.train.members, context.require_problem()
    for name in names:
        if name not in members:
            raise ConfigError(f"--regimes: there is no regime '{name}'; {did_you_mean(name, members)}")
    chosen = {name: regime for name, regime in members.items() if name in names or not names}
    for regime in chosen.values():
        check_regime(problem, regime)
    for evaluation in context.settings.train.evaluations.values():
        require_defence(problem, evaluation)
    return chosen


def toml_text(table: Regime | Evaluation) -> str:
    """The keys of a table as TOML."""
    return "".join(f"{key} = {toml_value(value)}\n" for key, value in table.model_dump().items())


def _require_equal(name: str, regime: Regime, text: str) -> None:
    """Raise DatabaseError if a regime differs from the stored regime of the same name, whose TOML is `text`."""
    stored = Regime.from_table(tomllib.loads(text), f"regime '{name}' of the database")
    for key, value in regime.model_dump().items():
        if getattr(stored, key) != value:
            raise DatabaseError(
                f"regime '{name}' was trained with {key} = {toml_value(getattr(stored, key))}, found "
                f"{key} = {toml_value(value)} in the run file: give it another name, or choose another file with -o"
            )


def _rows(trained: Trained, code: int, seeds: Sequence[int]) -> TrainedPoints:
    """The end points of a task as rows of the table."""
    return TrainedPoints(
        parameters=trained.parameters,
        regime=np.full(len(seeds), code),
        seed=np.array(seeds),
        gradient_evaluations=trained.gradient_evaluations,
        epochs=trained.epochs,
        history=trained.history,
    )
