"""Contents of a database: tables of numpy columns and the records around them.

Three kinds of record, all frozen:

- a **table** (`Minima`, `TransitionStates`, `Attempts`, `Rounds`, `Walkers`) is a set of columns with one row for each
  point, pair, round or walker. The metadata of a field declare its column; empty tables, checks, missing values and the
  layout of the file follow from the declaration;
- a **description** (`ProblemRecord`, `Header`, `Property`) says what the tables belong to;
- a **commit** (`Commit`, `PropertyRows`) holds all that one round adds, and is the only way to write to a database.

Records from a file are lazy (`landscape/database/lazy.py`): a column is read when it is first used. Arrays of a store
are shared and therefore read-only: copy one before changing it, or before `torch.from_numpy`.

Shapes: M minima, T transition states, A attempts, R rounds, W walkers, P parameters, N samples, d inputs, K outputs.
Energies are in units of the loss, parameters have no unit. Equal run files and seeds give equal tables, except for the
measured times in `Rounds.seconds`.
"""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from landscape.database.continuation.tables import Continuation
from landscape.database.lazy import Lazy, Table, column
from landscape.database.points.saddles import Saddles
from landscape.database.sampled import Sampled
from landscape.database.trained_points import Training
from landscape.errors import DatabaseError

Array = NDArray[Any]
Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Texts = NDArray[np.str_]
Booleans = NDArray[np.bool_]

TARGETS = ("minima", "transition_states", "training", "sampled_quenches")
"""The tables whose rows can have properties."""


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Minima(Table):
    """Local minima of the energy, one row each, distinct modulo the symmetry of the problem.

    `parameters` are a flat vector in network order. `log_determinant` is the sum of the logarithms of the positive
    Hessian eigenvalues, `log_orbit_size` the logarithm of the number of symmetric copies. `hits` counts the quenches
    that ended here.
    """

    parameters: Floats = field(metadata=column(np.float64, "P", essential=True))  # [M, P]
    energy: Floats = field(metadata=column(np.float64, essential=True, description="energy"))  # [M]
    rms_gradient: Floats = field(
        metadata=column(np.float64, description="root mean square gradient", units="energy")
    )  # [M]
    lowest_eigenvalue: Floats = field(
        metadata=column(np.float64, description="lowest eigenvalue of the Hessian", units="energy")
    )  # [M]
    log_determinant: Floats = field(
        metadata=column(
            np.float64,
            description="sum of the logarithms of the positive eigenvalues of the Hessian",
            units="log energy",
        )
    )  # [M]
    log_orbit_size: Floats = field(
        metadata=column(np.float64, description="logarithm of the number of symmetric copies")
    )  # [M]
    hits: Integers = field(
        metadata=column(np.int64, essential=True, description="quenches that ended in the minimum", units="count")
    )  # [M]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class TransitionStates(Table):
    """Stationary points with one negative Hessian eigenvalue, which is `eigenvalue`.

    `minima` holds the rows of the two minima that steepest descent reaches on the two sides. They are equal for a
    degenerate rearrangement, a path between two symmetric copies of one minimum. `sides_ambiguous` is true if on some
    side the descent ends on a saddle, in a symmetric subspace, from which it was stepped off. `log_determinant` is the
    sum of the logarithms of the positive Hessian eigenvalues; `lowest_positive_eigenvalue` is the lowest of them.
    `found_from` holds the rows of the minima from which the successful search began; the second is -1 for a
    single-ended search.
    """

    parameters: Floats = field(metadata=column(np.float64, "P", essential=True))  # [T, P]
    energy: Floats = field(metadata=column(np.float64, essential=True))  # [T]
    rms_gradient: Floats = field(metadata=column(np.float64))  # [T]
    eigenvalue: Floats = field(metadata=column(np.float64))  # [T]
    minima: Integers = field(metadata=column(np.int64, 2, essential=True))  # [T, 2]
    log_determinant: Floats = field(metadata=column(np.float64))  # [T]
    log_orbit_size: Floats = field(metadata=column(np.float64))  # [T]
    lowest_positive_eigenvalue: Floats = field(metadata=column(np.float64))  # [T]
    sides_ambiguous: Booleans = field(metadata=column(np.bool_))  # [T]
    found_from: Integers = field(metadata=column(np.int64, 2))  # [T, 2]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Attempts(Table):
    """Searches for transition states, one row each, with their outcomes.

    `minima` are the rows of the two end points; the second is -1 for a single-ended search. `method` is the name of the
    strategy that chose the pair, or "single_ended"; `outcome` is the name of a
    `landscape.search.transition_states.Outcome`. Other programs may have written further names. `round` is the row in
    `Rounds` of the round that made the attempt. `state` is the row of the last already known transition state that the
    search led to, -1 for none.
    """

    minima: Integers = field(metadata=column(np.int64, 2, essential=True))  # [A, 2]
    method: Texts = field(metadata=column(np.str_, coded=True, essential=True))  # [A]
    outcome: Texts = field(metadata=column(np.str_, coded=True))  # [A]
    round: Integers = field(metadata=column(np.int64))  # [A]
    state: Integers = field(metadata=column(np.int64))  # [A]


@dataclass(frozen=True, kw_only=True)
class RoundSummary:
    """One committed round: kind, cost (energy evaluations, wall seconds), numbers of new points, number of quenches
    that left the box of an energy of the user's own, and highest index of the saddles searched for, 0 if none were.
    """

    kind: str
    tasks: int
    evaluations: int
    seconds: float
    new_minima: int
    new_transition_states: int
    left: int
    highest_index: int


ROUND_KINDS = {
    "basin_hopping": "quenches of perturbed minima",
    "connect": "searches for transition states between two minima",
    "single_ended": "searches for transition states from one minimum",
    "saddles": "searches for saddles of index 2 and more",
    "measure": "properties of minima",
    "measure_training": "properties of end points of training",
    "measure_sample": "properties of the minima of sampled quenches",
    "depths": "barriers and superbasins of each minimum",
    "paths": "properties along steepest-descent paths",
    "sample_quenches": "independent quenches",
    "sample_pairs": "barriers between two sampled minima",
    "training_pairs": "barriers between two minima below end points of training",
    "train": "training of networks",
    "evaluate": "attacks on trained networks",
    "locate": "minima below end points of training",
    "surroundings": "the minimum that each end point lies in, and its rank and barrier in the tree",
    "continue": "stationary points followed while a key of the problem changes",
    "import": "points of another program, verified",
    "merge": "the joining of several searches",
}
"""The kinds of round, in the words of a user."""


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Rounds(Table):
    """The committed rounds in order: columns, and also a sequence of `RoundSummary`."""

    kind: Texts = field(metadata=column(np.str_, essential=True))  # [R]
    tasks: Integers = field(metadata=column(np.int64))  # [R]
    evaluations: Integers = field(metadata=column(np.int64))  # [R]
    seconds: Floats = field(metadata=column(np.float64))  # [R]
    new_minima: Integers = field(metadata=column(np.int64))  # [R]
    new_transition_states: Integers = field(metadata=column(np.int64))  # [R]
    left: Integers = field(metadata=column(np.int64))  # [R]
    highest_index: Integers = field(metadata=column(np.int64))  # [R]: of the saddles searched for; 0 in other rounds

    def __getitem__(self, row: int) -> RoundSummary:
        """Row `row` (negative: from the end) as Python numbers; IndexError if there is none."""
        return RoundSummary(**{name: getattr(self, name)[row].item() for name in self.column_names()})

    def __iter__(self) -> Iterator[RoundSummary]:
        return (self[row] for row in range(len(self)))


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Walkers(Table):
    """State of the basin-hopping walkers after the last round that moved them.

    `minimum` is the row of the walker's current minimum, -1 before its first quench. `step` and `temperature` are its
    adapted step length and temperature (units of energy). `stale` counts its steps since its last new minimum.
    """

    minimum: Integers = field(metadata=column(np.int64, essential=True))  # [W]
    step: Floats = field(metadata=column(np.float64, essential=True))  # [W]
    temperature: Floats = field(metadata=column(np.float64, essential=True))  # [W]
    stale: Integers = field(metadata=column(np.int64, essential=True))  # [W]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Property(Lazy):
    """A property of the leading rows of a table: `values` [rows, ...], description, units and settings."""

    values: Floats
    description: str
    units: str
    settings: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class ProblemRecord(Lazy):
    """The explored problem: all that rebuilds the energy without the run file and the files of the data set.

    `toml` is the [problem] table and `run_toml` the whole run file as understood. `sha256` is the hash of the data that
    the loss sees. Arrays are None for a surface of the user's own; test arrays are None without held-out data. Two
    points are one if their energies agree within `energy_tolerance` and their aligned distance is within
    `distance_tolerance`. `index_test` names the method that counted the negative Hessian eigenvalues of each point.
    `image` has the channels, height and width of samples that are images.
    """

    toml: str
    run_toml: str
    n_parameters: int
    sha256: str
    energy_tolerance: float
    distance_tolerance: float
    index_test: str
    image: tuple[int, int, int] | None
    inputs: Floats | None  # [N, d]
    targets: Array | None  # int64 [N] or float64 [N, K]
    test_inputs: Floats | None
    test_targets: Array | None

    def tables(self, source: str) -> dict[str, Any]:
        """The tables of the run file; `source` names the database in messages.

        Raises `DatabaseError` if the text is damaged.
        """
        try:
            return tomllib.loads(self.run_toml)
        except tomllib.TOMLDecodeError as error:
            raise DatabaseError(
                f"{source}: the stored run file is damaged ({error}): restore it from a copy"
            ) from error


@dataclass(frozen=True, kw_only=True)
class Header:
    """Versions of the software and ISO time at the creation of a database."""

    software: Mapping[str, str]
    created: str


@dataclass(frozen=True, kw_only=True, eq=False)
class PropertyRows:
    """Values [rows, ...] of one property for the rows of table `target`, one of `TARGETS`, from `start` on.

    With `start` 0 they replace the whole property. Otherwise they continue the property: `start` must equal its number
    of rows, and description, units and settings must equal its own. `settings` must be expressible as JSON.
    """

    target: str
    name: str
    start: int
    values: Floats
    description: str
    units: str
    settings: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, eq=False)
class Commit:
    """All that one round adds. The tables hold new rows only; row numbers of minima count old and new rows together.

    `hits` [M after this commit] replaces the whole column, including the `hits` of new rows. `walkers` replaces the
    table of walkers; None keeps it. `left` counts quenches that left the box. `training` is None if no networks were
    trained, `sampled` if nothing was sampled, `continuation` if nothing was followed, `saddles` if none were sought.
    `highest_index` is that of the saddles. `seconds` is wall time. `evaluations` counts energies of single walkers, or
    in training gradients of single samples.
    """

    kind: str
    tasks: int
    evaluations: int
    seconds: float
    minima: Minima
    hits: Integers
    transition_states: TransitionStates
    attempts: Attempts = field(default_factory=lambda: Attempts.empty(0))
    walkers: Walkers | None = None
    training: Training | None = None
    sampled: Sampled | None = None
    continuation: Continuation | None = None
    saddles: Saddles | None = None
    properties: tuple[PropertyRows, ...] = ()
    left: int = 0
    highest_index: int = 0

    def summary(self) -> Rounds:
        """The one row that this commit adds to the table of rounds."""
        new = {"new_minima": len(self.minima), "new_transition_states": len(self.transition_states)}
        values = {name: new[name] if name in new else getattr(self, name) for name in Rounds.column_names()}
        return Rounds(**{name: np.array([value]) for name, value in values.items()})
