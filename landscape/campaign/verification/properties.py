"""Verification of stored properties: rows of them are measured again, with the settings that are stored beside them.

Properties are functions of theta, these settings and the data, but the last bits of sums differ between machines. If
theta is changed by a relative 1e-13, as rounding may, no measured property of XOR or Iris changes by more than 1e-9 of
its value or of 1, and no sample changes its answer under an attack. So values are compared within `RELATIVE` and
`ABSOLUTE`, and fractions of samples under attack within `SAMPLES` more, since an attack may end at a decision boundary.
Depths and barriers are differences of stored energies and are compared exactly.

A missing value is no fault where the whole group lacks the row, or the row and the epsilon: it was not measured.

Shapes: M rows of a table, n of them, P parameters, E epsilons.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from landscape.campaign.context import Context
from landscape.campaign.pools.pool import Pool
from landscape.campaign.rounds.measuring import TASK_MINIMA, described, measured_where_finite
from landscape.campaign.rounds.phase import joined, task_starts
from landscape.config.tables import MeasureConfig, RunTable
from landscape.database.database import Database
from landscape.database.records import Property
from landscape.database.views.frames import column_names
from landscape.declaration import FRACTION, TEST
from landscape.graph.depth import DEPTHS, depths
from landscape.messages import listed
from landscape.numerics.streams import stream
from landscape.problems.problem import Problem
from landscape.properties.catalogue import GROUPS, PROPERTIES, available_groups
from landscape.properties.measure import MeasuredProperty, measure
from landscape.properties.robustness import ROBUSTNESS, TEST_ROBUSTNESS

Amount = Literal["none", "sample", "all"]
AMOUNTS: tuple[Amount, ...] = ("none", "sample", "all")
NOUNS = {"minima": "minimum", "training": "end point of training", "sampled_quenches": "sampled quench"}
"""The tables whose properties groups measure."""
CHEAP, SAMPLED_ROWS = ("loss", "curvature"), 3
"""The groups and the number of minima of a sample; other groups cost more than to verify a point."""
RELATIVE, ABSOLUTE, SAMPLES = 1e-6, 1e-9, 1
ATTACKS = (ROBUSTNESS.name, TEST_ROBUSTNESS.name)


@dataclass(frozen=True, kw_only=True)
class Remeasured:
    """The result: a line for every fault, lines on what was measured again and what could not be, and the words for the
    properties that were not computed again, empty if there are none.
    """

    faults: list[str]
    lines: list[str]
    left: str


@dataclass(frozen=True, kw_only=True)
class RemeasureTask:
    """Measure a group of properties at theta [n, P] with settings and a seed of their own."""

    theta: np.ndarray
    group: str
    settings: MeasureConfig
    seed: int

    def run(self, context: Context) -> Mapping[str, MeasuredProperty]:
        """Values [n, ...] by name."""
        problem, groups = context.require_problem(), (self.group,)
        return measured_where_finite(
            problem, self.theta, lambda theta: measure(problem, theta, groups, self.settings, self.seed)
        )


@dataclass(frozen=True, kw_only=True)
class _Part:
    """Stored properties of one group of a table that have equal settings, and the rows int64[n] to be measured."""

    target: str
    group: str
    stored: dict[str, Property]
    rows: np.ndarray

    def tasks(self, db: Database, context: Context) -> list[RemeasureTask]:
        """The tasks that measure the rows. Raises ConfigError if the stored settings are unusable."""
        one = next(iter(self.stored.values()))
        table = context.settings.measure.model_dump()
        source = f"settings of the properties {self.target}/{next(iter(self.stored))}"
        kept = {key: value for key, value in one.settings.items() if key in table}
        settings = MeasureConfig.from_table(table | kept, source)
        seed = RunTable.from_table({"seed": one.settings.get("seed", 0)}, source).seed
        theta = getattr(db, self.target).parameters[self.rows]
        return [
            RemeasureTask(theta=theta[first : first + TASK_MINIMA], group=self.group, settings=settings, seed=seed)
            for first in task_starts(len(theta), TASK_MINIMA)
        ]

    def faults(self, found: Mapping[str, MeasuredProperty], problem: Problem) -> Iterator[str]:
        """A line for every value that differs from the measured one."""
        for name, one in self.stored.items():
            stored, values = one.values[self.rows], found[name].values
            if stored.shape != values.shape:
                yield f"{self.target}/{name}: {stored.shape[1:]} values a row in the file, {values.shape[1:]} measured"
                continue
            within = ABSOLUTE + RELATIVE * np.abs(values) + _flips(name, self.group, problem)
            same = (np.abs(stored - values) <= within) | (stored == values) | (np.isnan(stored) & np.isnan(values))
            columns = np.array(column_names(name, one), dtype=object).reshape(stored.shape[1:])
            for place in np.argwhere(~same & self._known(name)):
                what = f"{NOUNS[self.target]} {self.rows[place[0]]}: {columns[tuple(place[1:])]}"
                was, now = stored[tuple(place)], values[tuple(place)]
                yield f"{what} {was:.12g} in the file, {now:.12g} measured again"

    def _known(self, name: str) -> np.ndarray:
        """True [n, ...] where a value of the property was measured, to be broadcast over its columns."""
        by_epsilon, shape = PROPERTIES[name].by_epsilon, self.stored[name].values.shape
        alike = [
            one.values[self.rows]
            for other, one in self.stored.items()
            if PROPERTIES[other].by_epsilon == by_epsilon and (not by_epsilon or one.values.shape == shape)
        ]
        shown = [~np.isnan(values) for values in alike]
        if by_epsilon:
            return np.asarray(np.logical_or.reduce(shown))
        rows = np.logical_or.reduce([one.reshape(len(one), -1).any(axis=1) for one in shown])
        return np.asarray(rows.reshape(-1, *[1] * (self.stored[name].values.ndim - 1)))


def remeasured(
    db: Database,
    context: Context,
    pool: Pool,
    interrupted: Callable[[], bool] = lambda: False,
    *,
    amount: Amount = "sample",
) -> Remeasured:
    """Measure properties again: none, a sample of cheap ones at some minima, or all that can be measured.

    Raises `Abandoned` once `interrupted()` is true, and `ConfigError` if stored settings are unusable.
    """
    if amount == "none":
        return Remeasured(faults=[], lines=[], left="properties")
    parts, refused = _parts(db, context)
    if amount == "sample":
        chosen = [one for one in parts if one.target == "minima" and one.group in CHEAP]
        rows = _drawn(db, context)
        parts = [
            _Part(target=one.target, group=one.group, stored=one.stored, rows=np.intersect1d(one.rows, rows))
            for one in chosen
        ]
    parts = [one for one in parts if len(one.rows)]
    tasks = [one.tasks(db, context) for one in parts]
    flat = [task for some in tasks for task in some]
    results = pool.run(flat, lambda: None, interrupted) if flat else []
    ends = np.cumsum([0, *(len(some) for some in tasks)])
    faults: list[str] = []
    for part, first, end in zip(parts, ends[:-1], ends[1:], strict=True):
        faults += part.faults(joined(results[first:end]), context.require_problem())
    compared, stale = _depth_faults(db)
    lines = [f"properties: {_measured(parts)} measured again"] if parts else []
    if amount == "all":
        lines += [f"not measured again: {line}" for line in [*refused, *stale]]
    left = "" if amount == "all" and not refused and not stale else "all other properties"
    return Remeasured(faults=[*faults, *compared], lines=lines, left=left)


def _drawn(db: Database, context: Context) -> np.ndarray:
    """Rows int64 of some minima, by the seed of the run."""
    count = len(db.minima)
    random = stream(context.settings.run.seed, count, len(CHEAP))
    return np.asarray(random.choice(count, min(SAMPLED_ROWS, count), replace=False))


def _parts(db: Database, context: Context) -> tuple[list[_Part], list[str]]:
    """The properties that can be measured again, with all rows that have some, and lines on the others."""
    found: dict[tuple[str, str, str], dict[str, Property]] = {}
    refused: dict[tuple[str, str], list[str]] = {}
    for target in ("minima", "transition_states", "training", "sampled_quenches"):
        for name, one in db.properties(target).items():
            if target == "minima" and name in DEPTHS:
                continue
            group = str(one.settings.get("group", ""))
            if why := _why_not(context, target, name, one):
                refused.setdefault((target, why), []).append(name)
            else:
                found.setdefault((target, group, repr(sorted(one.settings.items()))), {})[name] = one
    parts = [
        _Part(target=target, group=group, stored=stored, rows=_rows(stored))
        for (target, group, _), stored in found.items()
    ]
    return parts, [f"{target}: {listed(names)} ({why})" for (target, why), names in refused.items()]


def _why_not(context: Context, target: str, name: str, one: Property) -> str:
    """The reason why a property cannot be measured again; empty if it can."""
    problem, group = context.problem, str(one.settings.get("group", ""))
    if target not in NOUNS or group not in GROUPS:
        return "of no group that measures points"
    if problem is None or group not in available_groups(problem):
        return "this program does not measure it here"
    declared = {item.name: item for item in GROUPS[group].properties if item.missing(problem) is None}
    if name not in declared or one.description != described(declared[name].meaning(problem), group, target):
        return "an earlier program measured it by another definition"
    if {"group", *GROUPS[group].dependences(context.measuring)} != set(one.settings):
        return "an earlier program measured it with other settings"
    return ""


def _rows(stored: Mapping[str, Property]) -> np.ndarray:
    """Rows int64 at which some of the properties have a value."""
    shown = [~np.isnan(one.values.reshape(len(one.values), -1)).all(axis=1) for one in stored.values()]
    return np.flatnonzero(np.logical_or.reduce(shown))


def _flips(name: str, group: str, problem: Problem) -> float:
    """The tolerance of fractions of samples under attack, 0 for other properties."""
    if PROPERTIES[name].units != FRACTION or group not in ATTACKS:
        return 0.0
    inputs = problem.test_inputs if name.startswith(TEST) else problem.inputs
    return SAMPLES / len(inputs) if inputs is not None else 0.0


def _depth_faults(db: Database) -> tuple[list[str], list[str]]:
    """Faults of depths and barriers that are not those of the tables; and a line on those of smaller tables."""
    states, faults, stale = db.transition_states, [], []
    sizes: dict[str, Any] = {"minima": len(db.minima), "transition_states": len(states)}
    expected = depths(db.minima.energy, states.energy, states.minima)
    for name, one in db.properties("minima").items():
        if name not in DEPTHS:
            continue
        if {key: one.settings.get(key) for key in sizes} != sizes:
            stale.append(name)
            continue
        for row in np.flatnonzero(
            ~((one.values == expected[name]) | (np.isnan(one.values) & np.isnan(expected[name])))
        ):
            was, now = one.values[row], expected[name][row]
            faults.append(f"minimum {row}: {name} {was:.12g} in the file, {now:.12g} by its tables")
    return faults, [f"minima: {listed(stale)} (the tables have grown since)"] if stale else []


def _measured(parts: Sequence[_Part]) -> str:
    """The numbers of properties and of points of each table, with the groups."""
    words = []
    for target in dict.fromkeys(part.target for part in parts):
        own = [part for part in parts if part.target == target]
        number = len({name for part in own for name in part.stored})
        groups = listed(list(dict.fromkeys(part.group for part in own)))
        points = len(np.unique(np.concatenate([part.rows for part in own])))
        words.append(f"{number} of {points} {target.replace('_', ' ')} ({groups})")
    return listed(words)
