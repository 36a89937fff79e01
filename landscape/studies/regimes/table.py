"""Table of regimes of training: properties measured at the end points of a database, one row per regime.

Every property of the end points is a table of regimes and seeds. Two properties are computed here: the generalisation
gap, which is training accuracy (including the samples that early stopping sets aside) less test accuracy, and the cost
in gradient evaluations. Evaluations, which use the end points of a regime in another way, are further rows with the
columns that were measured for them; the value of an ensemble is at its first seed.

The networks of a regime in one database differ in their seeds only. If several databases hold the same regimes on
different subsets of the data, the units are the subsets, each with the mean over its seeds.

Robustness is that on test samples if a test part was held out, see `tested`, otherwise that on training samples.

Shapes: T trained networks, R rows (regimes, then evaluations), S units (seeds or subsets), V evaluations.
"""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from landscape.config.training import Evaluation, Regime
from landscape.database.database import Database
from landscape.database.lazy import known
from landscape.database.records import Property as StoredProperty
from landscape.declaration import FRACTION, TEST, Property, Section
from landscape.errors import PropertyError
from landscape.messages import did_you_mean
from landscape.properties.evaluations import EVALUATED
from landscape.statistics.means import Mean, mean_over_units
from landscape.studies.columns import Column, property_columns, single_column
from landscape.studies.locations import end_points
from landscape.studies.replicates import Problem, replicate_of, stored_problem

GAP = Property(
    name="generalisation_gap",
    description="training accuracy less test accuracy",
    units=FRACTION,
    section=Section.CLEAN,
)
COST = Property(
    name="gradient_evaluations",
    description="gradients of single samples that training took, with respect to parameters or inputs",
    units="count",
    section=Section.CLEAN,
)
NAMED = ("landing", "minimum", "superbasin")
"""Properties whose numbers are labels, so that their means have no meaning."""


@dataclass(frozen=True, kw_only=True)
class Regimes:
    """All columns of each regime and evaluation at each unit."""

    settings: Mapping[str, Regime]  # of the regimes, the leading rows
    evaluations: Mapping[str, Evaluation]  # of the evaluations, the rows after those of the regimes
    units: int  # S
    unit: Literal["seed", "subset"]
    columns: Mapping[str, Column]  # values [R, S], NaN where there is no end point or nothing was measured
    training_samples: int
    test_samples: int
    problems: Mapping[str, Problem]  # by `replicate_of`; one for each subset

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all rows [R]."""
        return (*self.settings, *self.evaluations)

    def mean(self, name: str, column: str) -> Mean:
        """The mean of a column of a row over its units. Raises PropertyError for unknown names."""
        return mean_over_units(self.values([name], column)[0])

    def values(self, names: Sequence[str], column: str) -> np.ndarray:
        """Values [rows, S] of a column in some rows. Raises PropertyError for unknown names."""
        if column not in self.columns:
            near = did_you_mean(column, self.columns)
            raise PropertyError(f"expected a column of the end points, found '{column}'; {near}")
        return self.columns[column].values[[self.row(name) for name in names]]

    def row(self, name: str) -> int:
        """The row of a regime or evaluation. Raises PropertyError for an unknown name."""
        if name not in self.names:
            raise PropertyError(f"expected a regime of the database, found '{name}'; {did_you_mean(name, self.names)}")
        return self.names.index(name)

    def tested(self, name: str) -> str:
        """The name of a property on test samples if it was measured there, otherwise on training samples."""
        return f"{TEST}{name}" if self.family(f"{TEST}{name}") else name

    def samples(self, name: str) -> int:
        """The number of samples that a property is measured on."""
        return self.test_samples if name.startswith(TEST) else self.training_samples

    def family(self, name: str) -> list[str]:
        """The columns of a property, one for each of its epsilons."""
        return [column for column, one in self.columns.items() if one.property == name]


def regimes_of(db: Database) -> Regimes:
    """The regimes of a database. Raises PropertyError if nothing was trained or nothing was measured."""
    points, stored, record = end_points(db), db.properties("training"), db.problem_record
    problem = stored_problem(record, str(db.path))
    if not stored:
        raise PropertyError(
            f"{f'{db.path}: ' if db.path else ''}expected measured end points of training, found none measured: run "
            f"'landscape measure {db.path or 'FILE.h5'} --training'"
        )
    seeds, place = np.unique(points.seed, return_inverse=True)
    shape = len(db.regimes), len(seeds)
    columns = [
        one
        for name, values in stored.items()
        if not name.startswith(EVALUATED) and name not in NAMED
        for one in property_columns(name, values)
    ]
    columns += _made({one.name: one for one in columns}, known(points.gradient_evaluations))
    evaluated = _evaluated(stored, list(db.evaluations))
    whole = {}
    for one in columns:
        spread = [_spread(one.values, points.regime, place, shape)]
        rows = evaluated.get(one.name, np.full((len(db.evaluations), len(points)), np.nan))
        spread += [_spread(row, np.zeros_like(points.regime), place, (1, len(seeds))) for row in rows]
        whole[one.name] = replace(one, values=np.concatenate(spread))
    return Regimes(
        settings={name: Regime.from_table(tomllib.loads(text), name) for name, text in db.regimes.items()},
        evaluations={name: Evaluation.from_table(tomllib.loads(text), name) for name, text in db.evaluations.items()},
        units=len(seeds),
        unit="seed",
        columns=whole,
        training_samples=_length(record.targets),
        test_samples=_length(record.test_targets),
        problems={replicate_of(problem, record.sha256): problem},
    )


def over_subsets(tables: Sequence[Regimes]) -> Regimes:
    """One table of the means over the seeds of each of several tables; its units are the subsets of the data.

    Raises PropertyError if the tables do not have the same regimes, or if two of them have the same samples.
    """
    first = tables[0]
    problems = {samples: problem for table in tables for samples, problem in table.problems.items()}
    if len(problems) < len(tables):
        raise PropertyError(
            f"expected files of different subsets of the data, found {len(tables)} with {len(problems)} sets of "
            "samples: name each subset once"
        )
    for table in tables[1:]:
        if (table.settings, table.evaluations) != (first.settings, first.evaluations):
            raise PropertyError(
                "expected the same regimes and evaluations in all files, found other ones or other settings: train "
                "them from one run file with 'landscape train --replicates'"
            )
    trained = len(first.settings)
    columns = {
        name: replace(one, values=np.stack([_means(table.columns[name].values, trained) for table in tables], axis=1))
        for name, one in first.columns.items()
        if all(name in table.columns for table in tables)
    }
    return replace(first, units=len(tables), unit="subset", columns=columns, problems=problems)


def _means(values: np.ndarray, trained: int) -> np.ndarray:
    """Means [R] of values [R, S] over seeds: for the `trained` regimes NaN if the value of a seed is unknown (it may
    have diverged); for evaluations over the known values, since an ensemble has a value at one seed only.
    """
    known = np.isfinite(values)
    total, count = np.where(known, values, 0.0).sum(axis=1), known.sum(axis=1)
    least = np.where(np.arange(len(values)) < trained, values.shape[1], 1)
    means: np.ndarray = np.divide(total, count, out=np.full(len(values), np.nan), where=count >= least)
    return means


def _length(targets: np.ndarray | None) -> int:
    return 0 if targets is None else len(targets)


def _evaluated(stored: Mapping[str, StoredProperty], evaluations: Sequence[str]) -> dict[str, np.ndarray]:
    """Values [V, T] of the evaluations by name of column."""
    found: dict[str, np.ndarray] = {}
    for name, whole in stored.items():
        if not name.startswith(EVALUATED):
            continue
        measured = list(whole.settings["evaluations"])
        for place, evaluation in enumerate(evaluations):
            if evaluation not in measured:
                continue
            one = replace(whole, values=whole.values[:, measured.index(evaluation)])
            for column in property_columns(name.removeprefix(EVALUATED), one):
                rows = found.setdefault(column.name, np.full((len(evaluations), len(column.values)), np.nan))
                rows[place] = column.values
    return found


def _made(measured: Mapping[str, Column], evaluations: np.ndarray) -> list[Column]:
    """The columns [T] that are computed here: the cost and, if possible, the generalisation gap."""
    made = [single_column(COST, evaluations)]
    if "accuracy" in measured and "test_accuracy" in measured:
        gap = measured["accuracy"].values - measured["test_accuracy"].values
        made.append(single_column(GAP, gap))
    return made


def _spread(values: np.ndarray, row: np.ndarray, seed: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Values [T] as a table [rows, S]; unknown values do not overwrite known ones."""
    there = ~np.isnan(values)
    result = np.full(shape, np.nan)
    result[row[there], seed[there]] = values[there]
    return result
