"""Rounds that measure properties of every minimum or end point of training, then those of the whole landscape.

Where a goal names the lowest minima, these alone are measured; the others have NaN until all are wanted. A row is
measured once for given settings; further epsilons are added to its values (`epsilons.py`). A database that has grown
is measured from the first row that lacks a property. A property is measured again after a change of settings on which
it depends, a group of properties also after a change of their declarations. Depths and barriers are computed again
whenever minima or transition states were added.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from landscape.campaign.context import Context
from landscape.campaign.rounds.assimilation import Assimilation, LandscapeIndex
from landscape.campaign.rounds.epsilons import Extent, at, filled, others, replaced, with_stored
from landscape.campaign.rounds.epsilons import extent as extent_of
from landscape.campaign.rounds.phase import Plan, Survey, joined, property_rows, rounds_done, task_starts
from landscape.database.records import Commit, PropertyRows
from landscape.database.tables import EXPLORED, Tables, explored_rounds, searched_rounds
from landscape.graph.depth import DEPTHS, depths
from landscape.problems.problem import Problem
from landscape.properties.catalogue import GROUPS, PROPERTIES, available_groups, groups_of
from landscape.properties.measure import MeasuredProperty, measure, measured
from landscape.properties.path_profiles import profiles
from landscape.studies.completeness.goal import Goal


@dataclass(frozen=True, kw_only=True)
class MeasureTask:
    """Measure groups of properties of some minima."""

    theta: np.ndarray  # [M, P]
    groups: tuple[str, ...]
    epsilon: tuple[Any, ...] = ()  # those of the [measure] table if empty

    def run(self, context: Context) -> Mapping[str, MeasuredProperty]:
        """Values [M, ...] by name."""
        problem, settings = context.require_problem(), at(context.settings.measure, self.epsilon)
        seed = context.settings.run.seed
        return measured_where_finite(
            problem, self.theta, lambda theta: measure(problem, theta, self.groups, settings, seed)
        )


@dataclass(frozen=True, kw_only=True)
class ProfileTask:
    """Measure properties along the paths through some transition states."""

    theta: np.ndarray  # [T, P]
    ends: np.ndarray  # [T, 2, P]: the two minima beside each transition state
    epsilon: tuple[Any, ...]

    def run(self, context: Context) -> dict[str, MeasuredProperty]:
        """The properties by name."""
        problem, settings = context.require_problem(), context.settings
        tolerance = settings.identity.distance_tolerance
        return profiles(
            problem, self.theta, self.ends, tolerance, at(settings.measure, self.epsilon), settings.run.seed
        )


def measured_where_finite(
    problem: Problem, theta: np.ndarray, measured: Callable[[np.ndarray], Mapping[str, MeasuredProperty]]
) -> dict[str, MeasuredProperty]:
    """Properties of theta [M, P], with NaN where the energy is not finite because training has diverged.

    The properties have one value for each point, or a single one for all of them together. Diverged parameters are
    replaced by zeros while measuring, since most measures do not admit them.
    """
    finite = problem.energy(torch.tensor(theta, device=problem.device)).isfinite().cpu().numpy()
    found = measured(np.where(finite[:, None], theta, 0.0))
    return {name: one._replace(values=_where_finite(one.values, finite)) for name, one in found.items()}


def _where_finite(values: np.ndarray, finite: np.ndarray) -> np.ndarray:
    """Values [M, ...], or [1, ...] of all points together, with NaN where points bool[M] are not finite."""
    valid = finite if len(values) == len(finite) else finite.all(keepdims=True)
    return np.where(valid.reshape(-1, *[1] * (values.ndim - 1)), values, np.nan)


TASK_MINIMA = 8
ROUND_TASKS = 16
NOT_STATIONARY = "; at the end of training, which is no stationary point"


def described(description: str, group: str, target: str) -> str:
    """The description of a property of a group at the points of a table."""
    stationary = target != "training" or group not in ("curvature", "sharpness")
    return description if stationary else f"{description}{NOT_STATIONARY}"


def chosen_groups(problem: Problem, names: Sequence[str]) -> tuple[str, ...]:
    """The groups that measure the named properties; all groups without names.

    Depths and barriers need no group, as they are always computed. Raises PropertyError for names that cannot be
    measured.
    """
    return groups_of(problem, [name for name in names if name not in DEPTHS]) if names else available_groups(problem)


class Measure:
    """Rounds that measure groups of properties of the points of a table.

    The groups are given, or all that the problem admits; the points are all of the table, or the minima that a goal
    wants. The settings stored with the values are the name of their group and the settings on which they depend. A
    round measures the groups that have the fewest measured points, at the next points; a task measures one group.
    """

    kind, target = "measure", "minima"

    def __init__(
        self,
        context: Context,
        index: LandscapeIndex,
        groups: Sequence[str] | None = None,
        goal: Goal | None = None,
    ) -> None:
        self.context, self.index, self.settings, self.goal = context, index, context.measuring, goal
        self.groups = available_groups(context.require_problem()) if groups is None else tuple(groups)

    def planned_rounds(self, tables: Tables) -> int:
        """Number of rounds: those done, and those that the present points still need."""
        wanted = self._wanted(tables)
        done = min((one.done for one in self._measured(tables).values()), default=len(wanted))
        left = int((wanted >= done).sum())
        return rounds_done(tables, self.kind) + -(-left // (TASK_MINIMA * ROUND_TASKS))

    def plan(self, tables: Tables) -> Plan[MeasureTask] | None:
        """The next points that lack properties."""
        (behind, rows), extents = self._next(tables), self._measured(tables)
        theta = self._points(tables)[rows]
        tasks = [
            MeasureTask(theta=theta[first : first + TASK_MINIMA], groups=(group,), epsilon=extents[group].wanted)
            for group in behind
            for first in task_starts(len(theta), TASK_MINIMA)
        ]
        return Plan(tasks=tasks) if tasks else None

    def _next(self, tables: Tables) -> tuple[list[str], np.ndarray]:
        """The groups with the fewest measured points, and the rows int64 of their next wanted points."""
        measured, wanted = self._measured(tables), self._wanted(tables)
        left = {group: wanted[wanted >= extent.done] for group, extent in measured.items()}
        starts = {group: int(rows[0]) for group, rows in left.items() if len(rows)}
        if not starts:
            return [], wanted[:0]
        start = min(starts.values())
        behind = [group for group, first in starts.items() if first == start]
        ends = [first for first in starts.values() if first > start]
        ends += [end for group in behind if (end := measured[group].end) is not None]
        rows = left[behind[0]]
        return behind, rows[rows < min(ends, default=len(self._points(tables)))][: TASK_MINIMA * ROUND_TASKS]

    def assimilate(
        self,
        tables: Tables,
        plan: Plan[MeasureTask],
        results: Sequence[Mapping[str, MeasuredProperty]],
        seconds: float,
    ) -> Commit:
        """The commit of the values of the measured rows."""
        measured, (_, wanted) = self._measured(tables), self._next(tables)
        by_group: dict[str, list[Mapping[str, MeasuredProperty]]] = {}
        for task, result in zip(plan.tasks, results, strict=True):
            by_group.setdefault(task.groups[0], []).append(result)
        rows: tuple[PropertyRows, ...] = ()
        stored = tables.properties[self.target]
        for group, parts in by_group.items():
            extent, found = measured[group], joined(parts)
            values = {
                name: filled(stored[name], one.values, wanted, extent, by_epsilon=PROPERTIES[name].by_epsilon)
                if extent.adds
                else _at_rows(one.values, wanted - extent.done)
                for name, one in found.items()
            }
            found = {
                name: one._replace(values=values[name], description=described(one.description, group, self.target))
                for name, one in found.items()
            }
            rows += property_rows(self.target, 0 if extent.adds else extent.done, found, self._settings(group, tables))
        return Assimilation(self.index, tables).commit(
            kind=self.kind, tasks=len(plan.tasks), evaluations=0, seconds=seconds, properties=rows
        )

    def _points(self, tables: Tables) -> np.ndarray:
        """The parameters [M, P] of the points."""
        parameters: np.ndarray = getattr(tables, self.target).parameters
        return parameters

    def _wanted(self, tables: Tables) -> np.ndarray:
        """Rows int64, rising, of the points that are to be measured."""
        if self.goal is None:
            return np.arange(len(self._points(tables)))
        return np.sort(self.goal.rows(tables.minima.energy))

    def replaced(self, tables: Tables) -> list[str]:
        """A line for each group whose stored values were measured with other settings and are replaced."""
        stored = tables.properties[self.target].values()
        return list(filter(None, (replaced(self._settings(group, tables), stored) for group in self.groups)))

    def _settings(self, group: str, tables: Tables) -> dict[str, object]:
        """The group and the settings on which its values depend, with the epsilons of values that are kept."""
        settings = {"group": group} | GROUPS[group].dependences(self.settings)
        return with_stored(settings, tables.properties[self.target].values())

    def _measured(self, tables: Tables) -> dict[str, Extent]:
        """The points at which all properties of each group were measured with these settings."""
        return {group: self._extent(tables, group) for group in self.groups}

    def _extent(self, tables: Tables, group: str) -> Extent:
        """The points with every property of the group as declared now; none if a wanted one was left out."""
        problem, settings = self.context.require_problem(), self._settings(group, tables)
        stored, wanted = tables.properties[self.target], self._wanted(tables)
        declared = {
            one.name: described(one.meaning(problem), group, self.target)
            for one in GROUPS[group].properties
            if one.missing(problem) is None
        }
        known = {
            name: one
            for name, one in stored.items()
            if others(one.settings) == others(settings) and one.description == declared.get(name)
        }
        rows = min((len(known[name].values) if name in known else 0 for name in declared), default=0)
        if self.target == "minima" and _has_holes([one.values for one in known.values()], wanted):
            rows = 0
        return extent_of(known, rows, settings, [name for name in declared if PROPERTIES[name].by_epsilon], wanted)


def _at_rows(values: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Values [M, ...] at the rising rows int64[M] of an array that ends with the last of these rows; NaN elsewhere."""
    found = np.full((int(rows[-1]) + 1, *values.shape[1:]), np.nan)
    found[rows] = values
    return found


def _has_holes(columns: Sequence[np.ndarray], wanted: np.ndarray) -> bool:
    """True if some wanted row int64, of those that all columns [M, ...] have, has no finite value in any column."""
    rows = wanted[wanted < min(map(len, columns), default=0)]
    if not len(rows):
        return False
    known = [np.isfinite(column[rows].reshape(len(rows), -1)).any(axis=1) for column in columns]
    return not np.logical_or.reduce(known).all()


class MeasureTraining(Measure):
    """Rounds that measure end points of training; these are not stationary, as curvature and sharpness assume."""

    kind, target = "measure_training", "training"


class MeasureSample(Measure):
    """Rounds that measure the minima below independent quenches, a row a quench; NaN where a quench reached none."""

    kind, target = "measure_sample", "sampled_quenches"


class Depths(Survey):
    """The round that computes depths and barriers of all minima."""

    kind, target = "depths", "minima"

    def counts(self, tables: Tables) -> dict[str, object]:
        """The sizes of the tables, and what is stored about the end of an exploration."""
        ended = explored_rounds(tables)
        return super().counts(tables) | ({} if ended is None else {EXPLORED: ended})

    def rows(self, tables: Tables) -> tuple[PropertyRows, ...]:
        """Depths and barriers."""
        states = tables.transition_states
        values = depths(tables.minima.energy, states.energy, states.minima)
        found = {name: measured(values[name], declared) for name, declared in DEPTHS.items()}
        return property_rows(self.target, 0, found, self.counts(tables))


class Conclude(Depths):
    """The last round of an exploration, which stores that the search has ended; see `Database.complete`."""

    def counts(self, tables: Tables) -> dict[str, object]:
        """The sizes of the tables, and the number of rounds that searched."""
        return super().counts(tables) | {EXPLORED: searched_rounds(tables)}
