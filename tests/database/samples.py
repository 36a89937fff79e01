"""Small databases of made-up numbers, and the comparison of two of them."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from landscape.database.continuation.tables import Continuation, EventBranches, Events, Tracks
from landscape.database.database import Database
from landscape.database.lazy import Table
from landscape.database.points.saddles import Saddles
from landscape.database.records import (
    TARGETS,
    Attempts,
    Commit,
    Minima,
    ProblemRecord,
    PropertyRows,
    TransitionStates,
    Walkers,
)
from landscape.database.sampled import QUENCHES, Sampled, SampledPairs, SampledQuenches
from landscape.database.store import Store, create_store
from landscape.database.trained_points import TrainedPoints, Training

P = 5
OUTCOMES = ("connected", "wrong index", "same minimum")
METHODS = ("band", "single-ended")
TABLES = (
    *("minima", "transition_states", "attempts", "rounds", "walkers"),
    *("training", "sampled_quenches", "sampled_pairs", "saddles"),
    *("tracks", "events", "event_branches"),
)
NAMES = {
    "outcome": OUTCOMES,
    "method": METHODS,
    "ends_of": (QUENCHES,),
    "key": ("problem.l2",),
    "kind": ("fold", "pitchfork"),
}
REGIMES = {"plain": "l2 = 0.0\n", "böse": 'adversarial = "pgd"\n'}


def sample_record() -> ProblemRecord:
    return ProblemRecord(
        toml='dataset = "xor"\n',
        run_toml='[problem]\ndataset = "xor"\n# Schrödinger\n',
        n_parameters=P,
        sha256="0" * 64,
        energy_tolerance=1e-9,
        distance_tolerance=1e-4,
        index_test="exact Hessian",
        image=(1, 1, 2),
        inputs=np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]),
        targets=np.array([0, 1, 1, 0]),
        test_inputs=None,
        test_targets=None,
    )


def new_store(path: Path | None) -> Store:
    return create_store(path, sample_record(), OUTCOMES, METHODS, {"torch": "2.0"})


def random_table(kind: type[Table], rows: int, rng: np.random.Generator, ends: Mapping[str, tuple[int, int]]) -> Any:  # noqa: ANN401
    """A table of random numbers and names; columns of integers lie between their `ends`."""
    columns: dict[str, np.ndarray] = {}
    for name, column in kind.columns().items():
        shape = (rows, *column.row_shape(P))
        if column.coded:
            columns[name] = rng.choice(NAMES[name], shape)
        else:
            whole = column.dtype is np.int64
            columns[name] = rng.integers(*ends[name], shape) if whole else rng.normal(size=shape).astype(column.dtype)
            if name in ("rms_gradient", "step", "temperature"):
                columns[name] = np.abs(columns[name])
    return kind(**columns)


def sample_commit(store: Store, seed: int = 0, minima: int = 3, states: int = 2, attempts: int = 2) -> Commit:
    """A commit of random rows that fits the content of the store."""
    rng = np.random.default_rng([seed, store.n_rounds])
    total = len(store.tables.minima) + minima
    states, attempts = (states, attempts) if total else (0, 0)
    ends = {
        "minima": (0, max(total, 1)),
        "found_from": (-1, max(total, 1)),
        "round": (0, store.n_rounds + 1),
        "state": (-1, len(store.tables.transition_states) + states),
    }
    return Commit(
        kind="connect" if states else "basin_hopping",
        tasks=4,
        evaluations=int(rng.integers(1000)),
        seconds=0.5,
        minima=random_table(Minima, minima, rng, {"hits": (1, 9)}),
        hits=rng.integers(1, 100, total),
        transition_states=random_table(TransitionStates, states, rng, ends),
        attempts=random_table(Attempts, attempts, rng, ends),
        walkers=random_table(Walkers, 4, rng, {"minimum": (-1, total), "stale": (0, 50)}),
        training=sample_training(rng),
        sampled=sample_sampled(rng),
        continuation=sample_continuation(rng),
        saddles=random_table(Saddles, 2, rng, ends | {"index": (2, P + 1)}),
    )


def sample_file(path: Path) -> Path:
    """The path of a new database of one round, closed."""
    store = new_store(path)
    store.commit(sample_commit(store))
    store.close()
    return path


def sample_sampled(rng: np.random.Generator, rows: int = 2) -> Sampled:
    ends = {"basin": (-1, rows), "rows": (0, rows), "attempts": (0, 40)}
    return Sampled(
        quenches=random_table(SampledQuenches, rows, rng, ends), pairs=random_table(SampledPairs, rows, rng, ends)
    )


def sample_continuation(rng: np.random.Generator, rows: int = 3) -> Continuation:
    ends = {"track": (0, 1), "index": (0, 3), "row": (-1, 9), "multiplicity": (1, 3), "event": (0, rows)}
    return Continuation(
        tracks=random_table(Tracks, rows, rng, ends),
        events=random_table(Events, rows, rng, ends),
        event_branches=random_table(EventBranches, rows, rng, ends),
    )


def sample_training(rng: np.random.Generator, rows: int = 2) -> Training:
    ends = {"regime": (0, 2), "seed": (0, 9), "gradient_evaluations": (1, 99), "epochs": (1, 9)}
    points = random_table(TrainedPoints, rows, rng, ends)
    return Training(points=points, regimes=REGIMES, evaluations={"all": 'regime = "plain"\n'})


def property_rows(name: str = "trace", start: int = 0, rows: int = 3, **changes: object) -> PropertyRows:
    values = start + np.arange(2.0 * rows).reshape(rows, 2)
    whole = PropertyRows(
        target="minima",
        name=name,
        start=start,
        values=values,
        description="trace of the Hessian",
        units="loss",
        settings={"epsilon": (0.1, 0.3)},
    )
    return replace(whole, **changes)  # type: ignore[arg-type]


def measure(store: Store, *rows: PropertyRows) -> None:
    """Commit a round that adds properties only."""
    commit = sample_commit(store, minima=0, states=0, attempts=0)
    hits = store.tables.minima.hits
    none: dict[str, Any] = dict.fromkeys(("walkers", "training", "sampled", "continuation", "saddles"))
    store.commit(replace(commit, hits=hits, properties=rows, **none))


def reorder(file: h5py.File, column: str, names: list[str]) -> None:
    """Store a column of attempts like a program with its names in this order."""
    attempts = file["attempts"]
    old = [str(name) for name in attempts.attrs[f"{column}_names"]]
    attempts[column][...] = [names.index(old[code]) for code in attempts[column][()]]
    attempts.attrs.create(f"{column}_names", names, dtype=h5py.string_dtype())


def contents(store: Store) -> dict[str, Any]:
    """The whole content of a database by name, for comparison."""
    db = Database(store)
    columns = {
        f"{table}.{name}": getattr(getattr(db, table), name)
        for table in TABLES
        for name in getattr(db, table).column_names()
    }
    columns |= {"regimes": list(db.regimes.items()), "evaluations": list(db.evaluations.items())}
    for target in TARGETS:
        for name, found in db.properties(target).items():
            columns[f"{target}/{name}"] = found.values
            columns[f"{target}/{name}.attrs"] = (found.description, found.units, found.settings)
    return columns


def assert_equal_contents(left: dict[str, Any], right: dict[str, Any]) -> None:
    assert left.keys() == right.keys()
    for name, values in left.items():
        if isinstance(values, np.ndarray):
            assert values.dtype.kind == right[name].dtype.kind, name
            assert values.shape == right[name].shape, name
            np.testing.assert_array_equal(values, right[name], err_msg=name)
        else:
            assert values == right[name], name
