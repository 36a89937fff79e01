"""Rounds that locate end points of training in the landscape, and the round that measures their surroundings.

An end point is quenched on the common energy, that of [problem]. If the minimum below it is new, it joins the landscape
like any other minimum, but without a hit: hits count the quenches of the search, which give the estimate of coverage,
and training is no part of the search. Later rounds may connect the new minimum.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from landscape.campaign.context import Context
from landscape.campaign.identity import DistinctMinima, distinct_minima
from landscape.campaign.rounds.assimilation import Assimilation, LandscapeIndex
from landscape.campaign.rounds.phase import Plan, Survey, Task, property_rows, rounds_done, task_starts
from landscape.database.records import Commit, Property, PropertyRows
from landscape.database.tables import Tables
from landscape.optimize.driver import take_rows
from landscape.optimize.newton import StationaryPoints
from landscape.optimize.quench import quench
from landscape.optimize.status import Status
from landscape.properties.measure import measure, measured
from landscape.studies.locations import LOCATION, SURROUNDINGS, Landing, equal_levels, minimum_rows, surroundings

LANDINGS = {
    Status.RUNNING: Landing.OUT_OF_STEPS,
    Status.CONVERGED: Landing.LOCATED,
    Status.OUT_OF_STEPS: Landing.OUT_OF_STEPS,
    Status.STALLED: Landing.STALLED,
    Status.NOT_FINITE: Landing.NOT_FINITE,
}
ACCURACIES = ("accuracy", "test_accuracy")


@dataclass(frozen=True, kw_only=True)
class LocateResult:
    """Locations of end points; NaN and -1 where an end point could not be located."""

    minima: DistinctMinima  # [M]
    minimum: np.ndarray  # int64[T]: place in `minima` of the minimum below each end point
    landing: np.ndarray  # int64[T]
    columns: dict[str, np.ndarray]  # [T] each, the other columns of `landscape.studies.locations.LOCATION`
    evaluations: int


@dataclass(frozen=True, kw_only=True)
class LocateTask:
    """Quench some end points."""

    theta: np.ndarray  # [T, P]

    def run(self, context: Context) -> LocateResult:
        """The distinct minima below the end points, and the location of each."""
        counted, counter = context.counted()
        start = torch.tensor(self.theta, dtype=torch.float64, device=context.objective.device)
        energy, gradient = counted.objective.energy_and_gradient(start)
        points = quench(counted.objective, start, method=context.quench, batch=len(start))
        landing = _landing(points)
        located = np.flatnonzero(landing == Landing.LOCATED)
        below = take_rows(points, torch.tensor(located, device=start.device))
        minima, numbers = distinct_minima(context, below)
        minimum = np.full(len(start), -1)
        minimum[located] = numbers
        columns = {name: np.full(len(start), np.nan) for name in LOCATION if name not in ("minimum", "landing")}
        columns["energy"][:] = energy.cpu().numpy()
        columns["rms_gradient"][:] = gradient.square().mean(1).sqrt().cpu().numpy()
        for name, values in _changes(context, self.theta[located], below, energy[located]).items():
            columns[name][located] = values
        return LocateResult(
            minima=minima, minimum=minimum, landing=landing, columns=columns, evaluations=counter.evaluations
        )


def _landing(points: StationaryPoints) -> np.ndarray:
    """The `Landing` int64[T] of each quench."""
    landing = np.array([LANDINGS[Status(status)] for status in points.status.tolist()], dtype=np.int64)
    saddle = (landing == Landing.LOCATED) & ~points.is_minimum.cpu().numpy()
    return np.where(saddle, Landing.SADDLE, landing)


def _changes(context: Context, theta: np.ndarray, below: StationaryPoints, energy: Tensor) -> dict[str, np.ndarray]:
    """Distances and changes of energy and accuracy [L] from theta [L, P] of energy [L] to the minima `below`."""
    minimum = below.theta.cpu().numpy()
    found = {
        "energy_drop": (energy - below.energy).cpu().numpy(),
        "distance": context.objective.symmetry.distance(theta, minimum),
    }
    problem = context.problem
    if problem is None or not problem.is_classification or not len(theta):
        return found
    settings, seed = context.settings.measure, context.settings.run.seed
    before, after = (measure(problem, points, ("loss",), settings, seed) for points in (theta, minimum))
    return found | {f"{name}_change": after[name].values - before[name].values for name in ACCURACIES if name in after}


TASK_POINTS = 8
ROUND_TASKS = 4


class Locate:
    """Rounds that locate the remaining end points."""

    kind = "locate"

    def __init__(self, context: Context, index: LandscapeIndex) -> None:
        self.context, self.index = context, index

    def planned_rounds(self, tables: Tables) -> int:
        """Number of rounds: those done, and those that the present end points still need."""
        left = len(tables.training) - _located(tables)
        return rounds_done(tables, self.kind) + -(-left // (TASK_POINTS * ROUND_TASKS))

    def plan(self, tables: Tables) -> Plan[LocateTask] | None:
        """The next end points."""
        start = _located(tables)
        theta = tables.training.parameters[start : start + TASK_POINTS * ROUND_TASKS]
        tasks = [LocateTask(theta=theta[first : first + TASK_POINTS]) for first in task_starts(len(theta), TASK_POINTS)]
        return Plan(tasks=tasks) if tasks else None

    def assimilate(
        self, tables: Tables, plan: Plan[LocateTask], results: Sequence[LocateResult], seconds: float
    ) -> Commit:
        """The commit of the locations and the new minima."""
        assimilation = Assimilation(self.index, tables)
        minimum = []
        for result in results:
            rows = assimilation.add_distinct(result.minima, counted=False).astype(np.float64)
            minimum.append(np.append(rows, np.nan)[result.minimum])
        values = {name: np.concatenate([result.columns[name] for result in results]) for name in results[0].columns}
        values["minimum"] = np.concatenate(minimum)
        found = {name: measured(values[name], declared) for name, declared in LOCATION.items() if name in values}
        landing = np.concatenate([result.landing for result in results])
        return assimilation.commit(
            kind=self.kind,
            tasks=len(plan.tasks),
            evaluations=sum(result.evaluations for result in results),
            seconds=seconds,
            properties=(
                landing_rows(tables.properties["training"].get("landing"), landing),
                *property_rows("training", _located(tables), found, {}),
            ),
        )


def landing_rows(stored: Property | None, landing: np.ndarray) -> PropertyRows:
    """The property rows that store further values of `Landing`, int64[T].

    The stored code of a landing is the place of its name in the stored list of names. A name that is not in the list
    yet is appended to it; then the whole property is written again.
    """
    known = [one.name.lower() for one in Landing]
    names = known if stored is None else list(stored.settings["names"])
    longer = names + [known[code] for code in np.unique(landing) if known[code] not in names]
    code = np.array([longer.index(name) if name in longer else -1 for name in known])
    values, start = code[landing].astype(np.float64), 0 if stored is None else len(stored.values)
    if stored is not None and longer != names:
        values, start = np.concatenate([stored.values, values]), 0
    found = {"landing": measured(values, LOCATION["landing"])}
    (rows,) = property_rows("training", start, found, {"names": longer})
    return rows


class Surroundings(Survey):
    """The round that computes depths, barriers and superbasins of the minima of the end points."""

    kind, target = "surroundings", "training"

    def plan(self, tables: Tables) -> Plan[Task] | None:
        """A round without tasks, if end points were located."""
        return super().plan(tables) if _located(tables) else None

    def counts(self, tables: Tables) -> dict[str, object]:
        """The sizes of the tables, and the number of located end points."""
        return super().counts(tables) | {"located": _located(tables)}

    def rows(self, tables: Tables) -> tuple[PropertyRows, ...]:
        """The surroundings of the end points."""
        energy, states = tables.minima.energy, tables.transition_states
        levels = equal_levels(energy, states.energy, states.minima)
        minimum = minimum_rows(tables.properties[self.target]["minimum"])
        values = surroundings(minimum, energy, states.energy, states.minima, levels)
        found = {name: measured(values[name], declared) for name, declared in SURROUNDINGS.items()}
        own = {"superbasin": {"levels": levels.tolist()}}
        return property_rows(self.target, 0, found, self.counts(tables), own)


def _located(tables: Tables) -> int:
    """Number of end points located so far."""
    stored = tables.properties["training"].get("minimum")
    return 0 if stored is None else len(stored.values)
