"""Landscapes of the data set `f_a` as the study of instability sees them.

Shapes: M minima, E end points of training in a regime.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from landscape.config.stripes import STRIPES, Stripes
from landscape.database.database import Database
from landscape.declaration import TEST
from landscape.errors import PropertyError
from landscape.properties.stripes.changes import most_changes
from landscape.properties.stripes.columns import (
    CERTIFIED_LEAST,
    CHANGES,
    LEAST,
    MEDIAN,
    RELIANCE,
    STABLE_SHARE,
    SWAYED,
    UNSTABLE,
)
from landscape.studies.replicates import stored_problem

COLUMNS = tuple(one.name for one in (LEAST, MEDIAN, CERTIFIED_LEAST, STABLE_SHARE, UNSTABLE, SWAYED, RELIANCE, CHANGES))
ACCURACY = "accuracy"
Columns = Mapping[str, np.ndarray]


@dataclass(frozen=True, kw_only=True)
class MeasuredNetwork:
    """Parameters [P], energy and properties by name of one network."""

    theta: np.ndarray
    energy: float
    columns: Columns


@dataclass(frozen=True, kw_only=True)
class Networks:
    """Some networks of a landscape: energies [M], hits [M] and columns [M] by name, those of test samples included."""

    energy: np.ndarray
    hits: np.ndarray
    columns: Columns

    @classmethod
    def of_one(cls, network: MeasuredNetwork) -> Self:
        """A single network, with one hit."""
        columns = {name: np.asarray(one)[None] for name, one in network.columns.items()}
        return cls(energy=np.array([network.energy]), hits=np.ones(1, dtype=np.int64), columns=columns)

    def __len__(self) -> int:
        return len(self.energy)

    def __getitem__(self, rows: np.ndarray) -> "Networks":
        return Networks(
            energy=self.energy[rows],
            hits=self.hits[rows],
            columns={name: one[rows] for name, one in self.columns.items()},
        )

    @property
    def has_test(self) -> bool:
        """True if there are test samples."""
        return f"{TEST}{ACCURACY}" in self.columns

    def total(self, name: str, *, tested: bool) -> np.ndarray:
        """A number of samples [M], on training samples or on training and test samples."""
        return np.asarray(self.columns[name] + (self.columns[f"{TEST}{name}"] if tested else 0.0))

    def accuracy(self, *, tested: bool) -> np.ndarray:
        """Accuracies [M], on training samples or on training and test samples, of which there are equally many."""
        training = self.columns[ACCURACY]
        return np.asarray(0.5 * (training + self.columns[f"{TEST}{ACCURACY}"])) if tested else training

    def least(self, *, tested: bool) -> np.ndarray:
        """The least share [M] of the radius of f_a, over training samples or over training and test samples."""
        training = self.columns[LEAST.name]
        return np.asarray(np.minimum(training, self.columns[f"{TEST}{LEAST.name}"])) if tested else training

    def stable(self, share: float, *, tested: bool) -> np.ndarray:
        """True [M] for networks that are right on all samples, with at least a share of the radius of f_a."""
        return np.asarray((self.accuracy(tested=tested) == 1.0) & (self.least(tested=tested) >= share))


@dataclass(frozen=True, kw_only=True)
class StripesLandscape:
    """One landscape: its data and network, its minima, its end points of training by regime, and, if the network is
    large enough, the constructed stable network and the end of its quench.
    """

    name: str
    problem: Mapping[str, Any]
    options: Stripes
    minima: Networks
    trained: Mapping[str, Networks]
    constructed: MeasuredNetwork | None = None
    quenched: MeasuredNetwork | None = None

    @classmethod
    def of(cls, db: Database) -> Self:
        """The landscape of a database, without constructed network. Raises PropertyError for other data, and where the
        groups loss and stripes were not measured.
        """
        name = "/".join(db.path.parts[-2:]) if db.path else "in memory"
        problem = stored_problem(db.problem_record, str(db.path))
        options = Stripes.named(str(problem["dataset"]))
        if options is None:
            raise PropertyError(f"{db.path}: expected the data set {STRIPES}, found {problem['dataset']}: leave it out")
        training = db.training
        ends = _columns(db, "training") if len(training) else {}
        trained = {}
        for code, regime in enumerate(db.regimes):
            rows = training.regime == code
            trained[regime] = Networks(
                energy=np.full(int(rows.sum()), np.nan),
                hits=np.ones(int(rows.sum()), dtype=np.int64),
                columns={column: one[rows] for column, one in ends.items()},
            )
        return cls(
            name=name,
            problem=problem,
            options=options,
            minima=_minima(db),
            trained=trained,
        )

    @property
    def told(self) -> str:
        """The data and the network in words."""
        options = self.options
        control = ", shuffled" * options.shuffled + ", standardised" * bool(self.problem["standardise"])
        network = f"{self.units} {self.problem['activation']}, l2 = {self.problem['l2']:g}"
        return f"K = {options.K}, delta = {options.delta:g}{control}; {network}"

    @property
    def has_test(self) -> bool:
        """True if some of its networks were measured on test samples."""
        return any(one.has_test for one in (self.minima, *self.trained.values()))

    @property
    def units(self) -> str:
        """The hidden layers in words."""
        return "-".join(map(str, self.hidden)) or "no"

    @property
    def hidden(self) -> tuple[int, ...]:
        """Units of the hidden layers."""
        return tuple(self.problem["hidden"])

    @property
    def kind(self) -> tuple[object, ...]:
        """The data but for their cue, the network and l2: landscapes of one kind differ in delta."""
        options = self.options
        scaled = bool(self.problem["standardise"])
        data = (options.K, options.a, options.copies, options.jitter, options.shuffled, scaled)
        return (*data, self.hidden, self.problem["activation"], self.problem["l2"])

    @property
    def most_changes(self) -> float:
        """The largest number of changes of the answer along a line."""
        return most_changes(self.hidden, str(self.problem["activation"]))

    @property
    def is_fixed(self) -> bool:
        """True if the network is too small to do without the cue."""
        return self.most_changes < self.options.K - 1

    @property
    def is_large(self) -> bool:
        """True if the network can be as stable as f_a: its first hidden layer has at least K - 1 units."""
        return bool(self.hidden) and self.hidden[0] >= self.options.K - 1

    @property
    def is_control(self) -> bool:
        """True if the cue is missing, says nothing, or was standardised."""
        return self.options.delta == 0.0 or self.options.shuffled or bool(self.problem["standardise"])

    @property
    def samples(self) -> int:
        """Number of training samples."""
        return self.options.K * self.options.copies


def _minima(db: Database) -> Networks:
    """The minima of a search or, where there is none, of a sample of quenches."""
    minima, quenches = db.minima, db.sampled_quenches
    if len(minima) or not len(quenches):
        return Networks(energy=minima.energy, hits=minima.hits, columns=_columns(db, "minima") if len(minima) else {})
    met = quenches.basin >= 0
    rows, hits = np.unique(quenches.basin[met], return_counts=True)
    every = _columns(db, "sampled_quenches", rows)
    return Networks(energy=quenches.energy[rows], hits=hits, columns=every)


def _columns(db: Database, target: str, rows: np.ndarray | slice = slice(None)) -> dict[str, np.ndarray]:
    stored = db.properties(target)
    wanted = [*COLUMNS, ACCURACY]
    missing = [name for name in wanted if name not in stored or np.isnan(stored[name].values[rows]).any()]
    if missing:
        option = {"training": " --training", "sampled_quenches": " --sampled"}.get(target, "")
        raise PropertyError(
            f"{db.path}: expected {missing[0]} of all {target}, found it not measured: run 'landscape measure "
            f"{db.path} loss stripes{option}'"
        )
    known = [name for name in (*wanted, *(f"{TEST}{name}" for name in wanted)) if name in stored]
    return {name: stored[name].values[rows] for name in known}
