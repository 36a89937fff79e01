"""Checks of a commit before any of it is written.

A store writes a commit only as `checked(...)` returns it: columns have the types and shapes of the tables, and values
that they may have (`integrity/values.py`); row numbers refer to existing rows. A commit that fails a check leaves the
store unchanged.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np

from landscape.database.continuation.tables import Continuation
from landscape.database.integrity.values import INDICES, REGIMES, unfit
from landscape.database.lazy import Table
from landscape.database.records import (
    TARGETS,
    Array,
    Commit,
    Integers,
    Minima,
    Property,
    PropertyRows,
    TransitionStates,
)
from landscape.database.sampled import QUENCHES, TRAINING, Sampled, SampledQuenches
from landscape.database.tables import Properties, Tables, continued
from landscape.database.trained_points import TrainedPoints, Training
from landscape.errors import DatabaseError

MAX_KIND = 32
"""Longest name of a kind of round, in bytes: the width of its column in the file."""

COLUMNS = {
    "minima": Minima.column_names(),
    "transition_states": TransitionStates.column_names(),
    "training": TrainedPoints.column_names(),
    "sampled_quenches": SampledQuenches.column_names(),
}
AnyTable = TypeVar("AnyTable", bound=Table)


def checked(commit: Commit, tables: Tables, n_parameters: int) -> Commit:
    """The commit with its columns in their declared types, ready to follow `tables`.

    Raises:
        DatabaseError: a column has a wrong type or shape, a row number refers to no row, or a property does not
            continue the stored one.
    """
    require(
        0 < len(commit.kind.encode()) <= MAX_KIND, f"a round's kind has 1 to {MAX_KIND} bytes, found {commit.kind!r}"
    )
    minima = conforming(commit.minima, n_parameters)
    states = conforming(commit.transition_states, n_parameters)
    attempts = conforming(commit.attempts, n_parameters)
    walkers = None if commit.walkers is None else conforming(commit.walkers, n_parameters)
    training = None if commit.training is None else checked_training(commit.training, tables, n_parameters)
    sampled = None if commit.sampled is None else checked_sampled(commit.sampled, tables, n_parameters)
    followed = None if commit.continuation is None else checked_continuation(commit.continuation, n_parameters)
    saddles = None if commit.saddles is None else conforming(commit.saddles, n_parameters)
    new: dict[str, Table | None] = {
        "minima": minima,
        "transition_states": states,
        "attempts": attempts,
        "rounds": commit.summary(),
        "walkers": walkers,
        "training": None if training is None else training.points,
        "sampled_quenches": None if sampled is None else sampled.quenches,
        "sampled_pairs": None if sampled is None else sampled.pairs,
        "saddles": saddles,
        **({} if followed is None else vars(followed)),
    }
    rows = {name: len(getattr(tables, name)) + (0 if table is None else len(table)) for name, table in new.items()}
    regimes = tables.regimes if training is None else training.regimes
    ends = rows | {REGIMES: len(regimes), INDICES: n_parameters + 1}
    for name, table in new.items():
        for column in () if table is None else table.column_names():
            fault = unfit(f"{name}.{column}", getattr(table, column), ends)
            require(not fault, fault)
    hits = conforming_column("hits", commit.hits, np.int64, (rows["minima"],))
    fault = unfit("minima.hits", hits, ends)
    require(not fault, fault)
    return replace(
        commit,
        minima=minima,
        hits=hits,
        transition_states=states,
        attempts=attempts,
        walkers=walkers,
        training=training,
        sampled=sampled,
        continuation=followed,
        saddles=saddles,
        properties=checked_properties(commit.properties, tables.properties, rows),
    )


def checked_training(training: Training, tables: Tables, n_parameters: int) -> Training:
    """The training with its columns in their declared types; refused if it changes or reorders stored regimes."""
    points = conforming(training.points, n_parameters)
    kept = list(training.regimes.items())[: len(tables.regimes)]
    require(kept == list(tables.regimes.items()), "regimes of training that are stored can neither change nor move")
    return replace(training, points=points)


def checked_sampled(sampled: Sampled, tables: Tables, n_parameters: int) -> Sampled:
    """The sample with its columns in their declared types; refused if a row number refers to no row."""
    quenches = None if sampled.quenches is None else conforming(sampled.quenches, n_parameters)
    pairs = None if sampled.pairs is None else conforming(sampled.pairs, n_parameters)
    count = len(tables.sampled_quenches) + (0 if quenches is None else len(quenches))
    if pairs is not None:
        ends = {QUENCHES: count, TRAINING: len(tables.training)}
        for name in np.unique(pairs.ends_of).tolist():
            require(name in ends, f"sampled_pairs.ends_of is one of {', '.join(ends)}, found {name!r}")
            require_rows("sampled_pairs.rows", pairs.rows[pairs.ends_of == name], 0, ends[name])
    return Sampled(quenches=quenches, pairs=pairs)


def checked_continuation(followed: Continuation, n_parameters: int) -> Continuation:
    """The continuation with its columns in their declared types; refused if a row number refers to no row."""
    tracks, events = conforming(followed.tracks, n_parameters), conforming(followed.events, n_parameters)
    branches = conforming(followed.event_branches, n_parameters)
    require_rows("event_branches.track", branches.track, -1, int(tracks.track.max(initial=-1)) + 1)
    return Continuation(tracks=tracks, events=events, event_branches=branches)


def require(condition: bool, message: str) -> None:
    """Refuse the commit with this message unless the condition holds."""
    if not condition:
        raise DatabaseError(f"commit refused: {message}")


def require_rows(name: str, values: Integers, lowest: int, end: int) -> None:
    """Refuse values outside [lowest, end)."""
    outside = values[(values < lowest) | (values >= end)]
    require(len(outside) == 0, f"{name} must lie in [{lowest}, {end}), found {outside[:1].tolist()}")


def conforming(table: AnyTable, n_parameters: int) -> AnyTable:
    """The table with each column in its declared type; refused if a type, a shape or a number of rows differs."""
    kind, rows = type(table), len(table)
    columns = {
        name: conforming_column(
            f"{kind.__name__}.{name}", getattr(table, name), one.dtype, (rows, *one.row_shape(n_parameters))
        )
        for name, one in kind.columns().items()
    }
    return kind(**columns)


def conforming_column(name: str, values: Array, dtype: type[np.generic], shape: tuple[int, ...]) -> Array:
    """The values as an array of that type; refused if they have another shape or the type cannot hold them."""
    found = np.asarray(values)
    require(found.shape == shape, f"{name} must have shape {list(shape)}, found {list(found.shape)}")
    safe = found.dtype.kind == "U" if dtype is np.str_ else np.can_cast(found.dtype, dtype, "safe")
    require(found.size == 0 or safe, f"{name} must be {dtype.__name__}, found {found.dtype}")
    return np.asarray(found, dtype)


def checked_properties(
    added: tuple[PropertyRows, ...], stored: Properties, rows: Mapping[str, int]
) -> tuple[PropertyRows, ...]:
    """The property rows as float64, each checked against the stored properties and earlier rows of the commit."""
    result: list[PropertyRows] = []
    known: dict[str, dict[str, Property]] = {target: dict(stored[target]) for target in TARGETS}
    for new in added:
        require(new.target in TARGETS, f"properties belong to one of {', '.join(TARGETS)}, found {new.target!r}")
        before = known[new.target].get(new.name)
        result.append(checked_property(new, before, rows[new.target]))
        known[new.target][new.name] = continued(before, result[-1])
    return tuple(result)


def checked_property(new: PropertyRows, stored: Property | None, rows: int) -> PropertyRows:
    """The property rows as float64; refused if they exceed `rows` rows or do not continue the stored property."""
    label = f"property {new.name!r} of {new.target}"
    columns = COLUMNS[new.target]
    require(
        re.fullmatch(r"[A-Za-z]\w*", new.name, re.ASCII) is not None, f"{label}: a name is a letter, then [A-Za-z0-9_]*"
    )
    require(new.name not in columns, f"{label}: there is a column of that name, choose another")
    shape = np.shape(new.values)
    require(len(shape) > 0 and 0 not in shape[1:], f"{label} must have values [rows, ...], found shape {list(shape)}")
    values = conforming_column(label, new.values, np.float64, shape)
    checked_rows = replace(new, values=values, settings=as_json(new.settings))
    require(new.start + len(values) <= rows, f"{label} has values up to row {new.start + len(values)} of {rows}")
    if new.start != 0:
        require_continuation(label, checked_rows, stored)
    return checked_rows


def require_continuation(label: str, new: PropertyRows, stored: Property | None) -> None:
    """Refuse rows that do not continue the stored property."""
    known = 0 if stored is None else len(stored.values)
    require(new.start == known, f"{label} must start at row 0 or continue at row {known}, found {new.start}")
    if stored is None:
        return
    expected, found = stored.values.shape[1:], new.values.shape[1:]
    require(
        expected == found, f"{label} has values of shape {list(expected)}, found {list(found)}; measure it from row 0"
    )
    for name in ("description", "units", "settings"):
        expected, found = getattr(stored, name), getattr(new, name)
        require(
            expected == found, f"{label} was stored with {name} {expected!r}, found {found!r}; measure it from row 0"
        )


def as_json(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings after a round trip through JSON, as they will be read: tuples become lists."""
    result: dict[str, Any] = json.loads(json.dumps(settings))
    return result
