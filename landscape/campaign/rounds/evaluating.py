"""The round that measures the evaluations of trained networks, again whenever end points or settings have changed.

A property has a column for each evaluation, [T, V] or [T, V, E], with NaN at the end points of other regimes. The
values of an ensemble stand at its first member.

Shapes: T end points, V evaluations, E perturbation sizes.
"""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from landscape.campaign.context import Context
from landscape.campaign.rounds.assimilation import Assimilation, LandscapeIndex
from landscape.campaign.rounds.measuring import measured_where_finite
from landscape.campaign.rounds.phase import Plan, property_rows, rounds_done, task_starts
from landscape.config.training import Evaluation
from landscape.database.records import Commit
from landscape.database.tables import Tables
from landscape.properties.evaluations import EVALUATED, measure_evaluation
from landscape.properties.measure import MeasuredProperty

TASK_POINTS = 4
# The property whose settings tell whether the stored values are up to date.
DATED = f"{EVALUATED}accuracy"


@dataclass(frozen=True, kw_only=True)
class EvaluateTask:
    """Measure some trained networks, or one ensemble of them, as an evaluation declares."""

    column: int  # number of the evaluation
    rows: np.ndarray  # int64: end points to which the values belong
    theta: np.ndarray  # [M, P]
    evaluation: Evaluation

    def run(self, context: Context) -> Mapping[str, MeasuredProperty]:
        """Values by name, one for each of the rows."""
        problem, settings = context.require_problem(), context.settings
        return measured_where_finite(
            problem,
            self.theta,
            lambda theta: measure_evaluation(problem, theta, self.evaluation, settings.measure, settings.run.seed),
        )


class Evaluate:
    """The round that measures all evaluations of all end points."""

    kind = "evaluate"

    def __init__(self, context: Context, index: LandscapeIndex) -> None:
        self.context, self.index, self.settings = context, index, context.measuring

    def planned_rounds(self, tables: Tables) -> int:
        """Rounds done, and one more if end points, evaluations or settings have changed."""
        return rounds_done(tables, self.kind) + (self.plan(tables) is not None)

    def plan(self, tables: Tables) -> Plan[EvaluateTask] | None:
        """All evaluations, or None if nothing has changed."""
        stored = tables.properties["training"].get(DATED)
        if stored is not None and dict(stored.settings) == self._settings(tables):
            return None
        tasks = [task for column in range(len(tables.evaluations)) for task in self._tasks(tables, column)]
        return Plan(tasks=tasks) if tasks else None

    def assimilate(
        self,
        tables: Tables,
        plan: Plan[EvaluateTask],
        results: Sequence[Mapping[str, MeasuredProperty]],
        seconds: float,
    ) -> Commit:
        """The commit of the values that all evaluations gave, as properties of the end points."""
        shape = len(tables.training), len(tables.evaluations)
        found = {}
        for name, first in results[0].items():
            values = np.full((*shape, *first.values.shape[1:]), np.nan)
            for task, result in zip(plan.tasks, results, strict=True):
                values[task.rows, task.column] = result[name].values
            found[name] = first._replace(values=values)
        rows = property_rows("training", 0, found, self._settings(tables))
        return Assimilation(self.index, tables).commit(
            kind=self.kind, tasks=len(plan.tasks), evaluations=0, seconds=seconds, properties=rows
        )

    def _tasks(self, tables: Tables, column: int) -> list[EvaluateTask]:
        """The tasks of the evaluation in a column: each has some or all of its end points, by rising seed."""
        (name, text), points = list(tables.evaluations.items())[column], tables.training
        evaluation = Evaluation.from_table(tomllib.loads(text), name)
        codes = {regime: code for code, regime in enumerate(tables.regimes)}
        rows = np.flatnonzero(points.regime == codes.get(evaluation.regime, -1))  # empty: not trained yet
        rows = rows[np.argsort(points.seed[rows], kind="stable")]
        size = max(1, len(rows)) if evaluation.ensemble else TASK_POINTS
        parts = [rows[start : start + size] for start in task_starts(len(rows), size)]
        return [
            EvaluateTask(
                column=column,
                rows=part[:1] if evaluation.ensemble else part,
                theta=points.parameters[part],
                evaluation=evaluation,
            )
            for part in parts
        ]

    def _settings(self, tables: Tables) -> dict[str, object]:
        """The settings of the values: all that they depend on."""
        texts = dict(tables.evaluations)
        return self.settings | {
            "end_points": len(tables.training),
            "evaluations": list(texts),
            "texts": list(texts.values()),
        }
