"""The round that measures trained networks as evaluations use them, where end points or settings have changed.

The values of all evaluations stand side by side, [T, V] or [T, V, E], NaN at the end points of other regimes; those of
an ensemble stand at the first of its members.

Shapes: T end points, V evaluations, E perturbation sizes.
"""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from landscape.campaign.context import Context
from landscape.campaign.rounds.assimilation import Assimilation, Known
from landscape.campaign.rounds.measuring import measured_where_finite
from landscape.campaign.rounds.phase import Plan, property_rows, rounds_done, task_starts
from landscape.config.training import Evaluation
from landscape.database.records import Commit
from landscape.database.tables import Tables
from landscape.properties.evaluations import EVALUATED, measure_evaluation
from landscape.properties.measure import MeasuredProperty

TASK_POINTS = 4
MARK = f"{EVALUATED}accuracy"


@dataclass(frozen=True, kw_only=True)
class EvaluateTask:
    """Measure some trained networks, or one ensemble of them, as an evaluation uses them."""

    place: int  # of the evaluation
    rows: np.ndarray  # int64: those of the end points that the values belong to
    theta: np.ndarray  # [M, P]
    evaluation: Evaluation

    def run(self, context: Context) -> Mapping[str, MeasuredProperty]:
        """Values by name, one for each of the rows."""
        problem, settings = context.problem, context.settings
        return measured_where_finite(
            problem,
            self.theta,
            lambda theta: measure_evaluation(problem, theta, self.evaluation, settings.measure, settings.run.seed),
        )


class Evaluate:
    """The round that measures all evaluations of all end points."""

    kind = "evaluate"

    def __init__(self, context: Context, known: Known) -> None:
        self.context, self.known, self.settings = context, known, context.measuring

    def planned_rounds(self, tables: Tables) -> int:
        """Those done, and one more if end points, evaluations or settings have changed."""
        return rounds_done(tables, self.kind) + (self.plan(tables) is not None)

    def plan(self, tables: Tables) -> Plan | None:
        """All of them, or None if nothing has changed."""
        stored = tables.properties["training"].get(MARK)
        if stored is not None and dict(stored.settings) == self._settings(tables):
            return None
        tasks = [task for place in range(len(tables.evaluations)) for task in self._tasks(tables, place)]
        return Plan(tasks=tasks) if tasks else None

    def assimilate(
        self, tables: Tables, plan: Plan, results: Sequence[Mapping[str, MeasuredProperty]], seconds: float
    ) -> Commit:
        """Adds the values."""
        shape = len(tables.training), len(tables.evaluations)
        found = {}
        for name, first in results[0].items():
            values = np.full((*shape, *first.values.shape[1:]), np.nan)
            for task, result in zip(plan.tasks, results, strict=True):
                if isinstance(task, EvaluateTask):
                    values[task.rows, task.place] = result[name].values
            found[name] = first._replace(values=values)
        rows = property_rows("training", 0, found, self._settings(tables))
        return Assimilation(self.known, tables).commit(
            kind=self.kind, tasks=len(plan.tasks), evaluations=0, seconds=seconds, properties=rows
        )

    def _tasks(self, tables: Tables, place: int) -> list[EvaluateTask]:
        """The tasks of one evaluation: its end points in the order of their seeds."""
        (name, text), points = list(tables.evaluations.items())[place], tables.training
        evaluation = Evaluation.from_table(tomllib.loads(text), name)
        codes = {regime: code for code, regime in enumerate(tables.regimes)}
        rows = np.flatnonzero(points.regime == codes.get(evaluation.regime, -1))  # none of one not trained yet
        rows = rows[np.argsort(points.seed[rows], kind="stable")]
        size = max(1, len(rows)) if evaluation.ensemble else TASK_POINTS
        parts = [rows[start : start + size] for start in task_starts(len(rows), size)]
        return [
            EvaluateTask(
                place=place,
                rows=part[:1] if evaluation.ensemble else part,
                theta=points.parameters[part],
                evaluation=evaluation,
            )
            for part in parts
        ]

    def _settings(self, tables: Tables) -> dict[str, object]:
        texts = dict(tables.evaluations)
        return self.settings | {
            "end_points": len(tables.training),
            "evaluations": list(texts),
            "texts": list(texts.values()),
        }
