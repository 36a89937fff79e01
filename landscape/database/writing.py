"""Where everything stands in the HDF5 file, and how it is written.

    /                     attrs: format, format_version, software (JSON), created, energy_tolerance, distance_tolerance,
                          index_test
    /problem              attrs: toml, run_toml, n_parameters, sha256, and of images image: channels, height, width
                          datasets: inputs, targets, test_inputs, test_targets, where there are any
    /minima               attr count; one dataset a column, likewise /transition_states, /rounds, /walkers
    /attempts             also attrs outcome_names, method_names
    /training             likewise; attrs settings, evaluations, evaluation_settings (TOML texts), history_columns;
                          attr names of its dataset regime
    /properties/TARGET/NAME   attrs description, units, settings (JSON)

Columns grow along their first axis, in chunks of about 256 KiB; a chunk has at most 4096 rows, so that the many
columns of plain numbers do not make a small database large. Nothing is compressed and nothing pickled. `count` is
written after the rows that it counts.
"""

import json
from collections.abc import Mapping
from math import prod
from typing import Any

import h5py
import numpy as np

from landscape.database.checks import MAX_KIND
from landscape.database.lazy import Table
from landscape.database.records import (
    TARGETS,
    Array,
    Attempts,
    Commit,
    Header,
    Minima,
    ProblemRecord,
    PropertyRows,
    Rounds,
    TransitionStates,
    Walkers,
)
from landscape.database.trained_points import HISTORY_COLUMNS, TrainedPoints, Training

FORMAT = "landscape"
FORMAT_VERSION = 1
CHUNK_BYTES = 256 * 1024
CHUNK_ROWS = 4096

TABLES: Mapping[str, type[Table]] = {
    "minima": Minima,
    "transition_states": TransitionStates,
    "attempts": Attempts,
    "rounds": Rounds,
    "walkers": Walkers,
    "training": TrainedPoints,
}
DATA = ("inputs", "targets", "test_inputs", "test_targets")
TEXT = h5py.string_dtype()
KIND = h5py.string_dtype(length=MAX_KIND)


def write_new(file: h5py.File, record: ProblemRecord, header: Header) -> None:
    """Lay out a database in which nothing is committed yet."""
    write_problem(file.create_group("problem"), record)
    for name, table in TABLES.items():
        create_table(file.create_group(name), table, record.n_parameters)
    for name in ("outcome_names", "method_names"):
        file["attempts"].attrs.create(name, list(getattr(header, name)), dtype=TEXT)
    write_regimes(file["training"], {}, {})
    for target in TARGETS:
        file.create_group(f"properties/{target}")
    file.attrs["energy_tolerance"] = record.energy_tolerance
    file.attrs["distance_tolerance"] = record.distance_tolerance
    file.attrs["index_test"] = record.index_test
    file.attrs["software"] = json.dumps(dict(header.software))
    file.attrs["created"] = header.created
    file.attrs["format_version"] = FORMAT_VERSION
    file.attrs["format"] = FORMAT


def write_problem(group: h5py.Group, record: ProblemRecord) -> None:
    """Write what was explored; data that are None have no dataset."""
    for name in ("toml", "run_toml", "n_parameters", "sha256"):
        group.attrs[name] = getattr(record, name)
    if record.image is not None:
        group.attrs["image"] = record.image
    for name in DATA:
        values = getattr(record, name)
        if values is not None:
            group.create_dataset(name, data=values)


def create_table(group: h5py.Group, table: type[Table], n_parameters: int) -> None:
    """Create the columns of a table, without rows."""
    for name, (dtype, shape) in table.layout(n_parameters).items():
        stored = KIND if dtype is np.str_ else np.dtype(dtype)
        create_column(group, name, shape, stored)
    group.attrs["count"] = 0


def create_column(group: h5py.Group, name: str, shape: tuple[int, ...], dtype: np.dtype[Any]) -> h5py.Dataset:
    """Create a dataset [0, *shape] that can grow."""
    rows = min(CHUNK_ROWS, max(1, CHUNK_BYTES // (8 * prod(shape))))
    return group.create_dataset(name, (0, *shape), dtype, maxshape=(None, *shape), chunks=(rows, *shape))


def write_commit(file: h5py.File, commit: Commit) -> None:
    """Write a checked commit after the rows that the file has; the counts come last."""
    appended: dict[str, Table] = {
        "minima": commit.minima,
        "transition_states": commit.transition_states,
        "attempts": commit.attempts,
        "rounds": commit.summary(),
    }
    counts = {name: write_rows(file[name], table, int(file[name].attrs["count"])) for name, table in appended.items()}
    file["minima/hits"][...] = commit.hits
    if commit.walkers is not None:
        counts["walkers"] = write_rows(file["walkers"], commit.walkers, 0)
    if commit.training is not None:
        counts["training"] = write_training(file, commit.training)
    for rows in commit.properties:
        write_property(file.require_group(f"properties/{rows.target}"), rows)
    for name, count in counts.items():
        file[name].attrs["count"] = count


def write_rows(group: h5py.Group, table: Table, start: int) -> int:
    """Write the rows of a table from row `start` on; returns the number of rows that there are then."""
    for name in table.column_names():
        write_values(group[name], encoded(getattr(table, name)), start)
    return start + len(table)


def write_values(dataset: h5py.Dataset, values: Array, start: int) -> None:
    """Let the dataset end with these values, the first of them at row `start`."""
    dataset.resize(start + len(values), axis=0)
    dataset[start:] = values


def write_training(file: h5py.File, training: Training) -> int:
    """Write end points after those that are stored, and all regimes and evaluations; returns the number of rows."""
    if "training" not in file:  # made before there was training
        create_table(file.create_group("training"), TrainedPoints, int(file["problem"].attrs["n_parameters"]))
    group = file["training"]
    write_regimes(group, training.regimes, training.evaluations)
    return write_rows(group, training.points, int(group.attrs["count"]))


def write_regimes(group: h5py.Group, regimes: Mapping[str, str], evaluations: Mapping[str, str]) -> None:
    """Write the names and settings of all regimes and evaluations, instead of those that are stored."""
    group["regime"].attrs.create("names", list(regimes), dtype=TEXT)
    texts = {"settings": regimes.values(), "evaluations": evaluations, "evaluation_settings": evaluations.values()}
    for name, values in (texts | {"history_columns": HISTORY_COLUMNS}).items():
        group.attrs.create(name, list(values), dtype=TEXT)


def encoded(values: Array) -> Array:
    """Text as bytes, which is how HDF5 keeps it; numbers as they are."""
    return np.strings.encode(values, "utf-8").astype(KIND) if values.dtype.kind == "U" else values


def write_property(group: h5py.Group, rows: PropertyRows) -> None:
    """Write property values after those that are stored, or instead of them if they start at row 0."""
    if rows.start == 0:
        if rows.name in group:
            del group[rows.name]
        dataset = create_column(group, rows.name, rows.values.shape[1:], np.dtype(np.float64))
        dataset.attrs["description"] = rows.description
        dataset.attrs["units"] = rows.units
        dataset.attrs["settings"] = json.dumps(rows.settings)
    write_values(group[rows.name], rows.values, rows.start)
