"""Rounds that train: networks of each regime, one for each seed.

A seed of a regime is trained once; a database that lacks regimes or seeds of the run file is completed. What is
evaluated of the end points in other ways is noted beside them.
"""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from landscape.campaign.context import Context
from landscape.campaign.rounds.assimilation import Assimilation, Known
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
        """Their end points."""
        regime = context.settings.train.members[self.regime]
        return train(context.problem, regime, self.seeds, context.settings.run.seed)


class Train:
    """Rounds of training."""

    kind = "train"

    def __init__(self, context: Context, known: Known, names: Sequence[str] = ()) -> None:
        """Of the named regimes, of all without names. Raises `ConfigError` for one that cannot be trained."""
        self.context, self.known = context, known
        self.table = context.settings.train
        self.regimes = chosen_regimes(context, names)

    def planned_rounds(self, tables: Tables) -> int:
        """Rounds done and those that the seeds not yet trained still need."""
        return rounds_done(tables, self.kind) + -(-len(self._tasks(tables)) // self.table.round_tasks)

    def plan(self, tables: Tables) -> Plan | None:
        """The next seeds; without any, a round that only notes other evaluations, if there are."""
        tasks = self._tasks(tables)
        noted = self._noted(tables)
        if not tasks and (noted.regimes, noted.evaluations) == (tables.regimes, tables.evaluations):
            return None
        return Plan(tasks=tasks[: self.table.round_tasks])

    def assimilate(self, tables: Tables, plan: Plan, results: Sequence[Trained], seconds: float) -> Commit:
        """Adds the end points."""
        noted = self._noted(tables)
        codes = {name: code for code, name in enumerate(noted.regimes)}
        tasks = [task for task in plan.tasks if isinstance(task, TrainTask)]
        rows = [_rows(result, codes[task.regime], task.seeds) for task, result in zip(tasks, results, strict=True)]
        commit = Assimilation(self.known, tables).commit(
            kind=self.kind,
            tasks=len(tasks),
            evaluations=sum(int(result.gradient_evaluations.sum()) for result in results),
            seconds=seconds,
        )
        return replace(commit, training=replace(noted, points=TrainedPoints.concatenated(rows)) if rows else noted)

    def _tasks(self, tables: Tables) -> list[TrainTask]:
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

    def _noted(self, tables: Tables) -> Training:
        """The regimes and evaluations as they will stand in the database, without end points."""
        for name in self.regimes.keys() & tables.regimes.keys():
            _require_equal(name, self.regimes[name], tables.regimes[name])
        return Training(
            points=TrainedPoints.empty(self.context.objective.n_parameters),
            regimes={**tables.regimes, **{name: toml_text(regime) for name, regime in self.regimes.items()}},
            evaluations={**tables.evaluations, **{n: toml_text(e) for n, e in self.table.evaluations.items()}},
        )


def chosen_regimes(context: Context, names: Sequence[str]) -> Mapping[str, Regime]:
    """The named regimes of the run file, all without names.

    Raises `ConfigError` for one that cannot be trained, `PropertyError` for evaluations that do not suit the problem.
    """
    members = context.settings.train.members
    for name in names:
        if name not in members:
            raise ConfigError(f"--regimes: there is no regime '{name}'; {did_you_mean(name, members)}")
    chosen = {name: regime for name, regime in members.items() if name in names or not names}
    for regime in chosen.values():
        check_regime(context.problem, regime)
    for evaluation in context.settings.train.evaluations.values():
        require_defence(context.problem, evaluation)
    return chosen


def toml_text(table: Regime | Evaluation) -> str:
    """The keys of a table as TOML."""
    return "".join(f"{key} = {toml_value(value)}\n" for key, value in table.model_dump().items())


def _require_equal(name: str, regime: Regime, text: str) -> None:
    stored = Regime.from_table(tomllib.loads(text), f"regime '{name}' of the database")
    for key, value in regime.model_dump().items():
        if getattr(stored, key) != value:
            raise DatabaseError(
                f"regime '{name}' was trained with {key} = {toml_value(getattr(stored, key))}, found "
                f"{key} = {toml_value(value)} in the run file: give it another name, or choose another file with -o"
            )


def _rows(trained: Trained, code: int, seeds: Sequence[int]) -> TrainedPoints:
    return TrainedPoints(
        parameters=trained.parameters,
        regime=np.full(len(seeds), code),
        seed=np.array(seeds),
        gradient_evaluations=trained.gradient_evaluations,
        epochs=trained.epochs,
        history=trained.history,
    )
