"""Layout and writing of the HDF5 file.

    /                     attrs: format, format_version, software (JSON), created, energy_tolerance, distance_tolerance,
                          index_test
    /digests              JSON (`integrity/digests.py`)
    /problem              attrs: toml, run_toml, n_parameters, sha256; for images also image (channels, height, width)
                          datasets: inputs, targets, test_inputs, test_targets, as far as they exist
    /minima               attr count; one dataset a column
    /transition_states, /rounds, /walkers
                          as /minima
    /attempts             as /minima; attrs outcome_names, method_names: the names of the codes in these columns
    /training             as /minima; attrs settings, evaluations, evaluation_settings (TOML texts), history_columns;
                          its dataset regime has the attr names
    /sampled_quenches, /saddles
                          as /minima
    /sampled_pairs        as /minima; attr ends_of_names: the names of the codes in this column
    /tracks, /events      as /minima; attrs key_names, kind_names: the names of the codes in these columns
    /event_branches       as /minima
    (tables from /training on are made with their first rows)
    /properties/TARGET/NAME   attrs description, units, settings (JSON)

Columns grow along their first axis, in chunks of about 256 KiB; a chunk has at most 4096 rows, so that many columns of
plain numbers do not make a small database large. Nothing is compressed and nothing pickled. `count` is written after
the rows that it counts.

A file may be older or newer than this program. If an older file lacks a column, the column is made when rows are
appended, with missing values in earlier rows. A column of a newer program gets missing values in the appended rows, so
all columns of a table keep the same length. New names in a coded column go after the names in the file: no stored code
changes its meaning.
"""

import json
from collections.abc import Mapping, Sequence
from math import prod
from typing import Any

import h5py
import numpy as np

from landscape.database.checks import MAX_KIND
from landscape.database.continuation.tables import EventBranches, Events, Tracks
from landscape.database.integrity.declared import COLUMNS, DATA, NAMES
from landscape.database.integrity.digests import Digests, children
from landscape.database.lazy import MISSING, Column, Table
from landscape.database.points.saddles import Saddles
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
from landscape.database.sampled import Sampled, SampledPairs, SampledQuenches
from landscape.database.trained_points import TrainedPoints, Training

FORMAT = "landscape"
FORMAT_VERSION = 2
WITH_DIGESTS = 2
"""The first version whose writers keep the digests: a program that knows none of them must not write to the file."""
CHUNK_BYTES = 256 * 1024
CHUNK_ROWS = 4096

TABLES: Mapping[str, type[Table]] = {
    "minima": Minima,
    "transition_states": TransitionStates,
    "attempts": Attempts,
    "rounds": Rounds,
    "walkers": Walkers,
    "training": TrainedPoints,
    "sampled_quenches": SampledQuenches,
    "sampled_pairs": SampledPairs,
    "tracks": Tracks,
    "events": Events,
    "event_branches": EventBranches,
    "saddles": Saddles,
}
LATER_TABLES = ("training", "sampled_quenches", "sampled_pairs", "tracks", "events", "event_branches", "saddles")
"""Tables that a file has only once there are rows of them, and files of the first programs never."""
TEXT = h5py.string_dtype()
KIND = h5py.string_dtype(length=MAX_KIND)


def write_new(file: h5py.File, record: ProblemRecord, header: Header, names: Mapping[str, Sequence[str]]) -> None:
    """Lay out a database without commits; `names` are the first names of the coded columns of attempts."""
    write_problem(file.create_group("problem"), record)
    for name, table in TABLES.items():
        if name not in LATER_TABLES:
            create_table(file.create_group(name), table, record.n_parameters)
    for name, texts in names.items():
        write_names(file["attempts"], name, texts)
    for target in TARGETS:
        file.require_group(f"properties/{target}")
    file.attrs["energy_tolerance"] = record.energy_tolerance
    file.attrs["distance_tolerance"] = record.distance_tolerance
    file.attrs["index_test"] = record.index_test
    file.attrs["software"] = json.dumps(dict(header.software))
    file.attrs["created"] = header.created
    file.attrs["format"] = FORMAT
    file.attrs["format_version"] = FORMAT_VERSION
    Digests.of(file).write(file)


def write_problem(group: h5py.Group, record: ProblemRecord) -> None:
    """Write the explored problem; data that are None get no dataset."""
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
    for name, column in table.columns().items():
        create_column(group, name, column.row_shape(n_parameters), stored_type(column))
        write_axis_names(group, name, column)
    group.attrs["count"] = 0


def stored_type(column: Column) -> np.dtype[Any]:
    """The type of a column in the file: codes of names, text as bytes, numbers as they are."""
    if column.coded:
        return np.dtype(np.int64)
    return np.dtype(KIND if column.dtype is np.str_ else column.dtype)


def create_column(group: h5py.Group, name: str, shape: tuple[int, ...], dtype: np.dtype[Any]) -> h5py.Dataset:
    """Create a dataset [0, *shape] that can grow."""
    rows = min(CHUNK_ROWS, max(1, CHUNK_BYTES // (8 * prod(shape))))
    return group.create_dataset(name, (0, *shape), dtype, maxshape=(None, *shape), chunks=(rows, *shape))


def write_commit(file: h5py.File, commit: Commit, digests: Digests) -> Digests:
    """Write a checked commit after the rows in the file; counts, format version and digests come last.

    `digests` are those before it; returns those after it.
    """
    sampled = commit.sampled or Sampled()
    appended: dict[str, Table | None] = {
        "minima": commit.minima,
        "transition_states": commit.transition_states,
        "attempts": commit.attempts,
        "rounds": commit.summary(),
        "sampled_quenches": sampled.quenches,
        "sampled_pairs": sampled.pairs,
        "saddles": commit.saddles,
    }
    appended |= {} if commit.continuation is None else vars(commit.continuation)
    counts = {name: append_table(file, name, table) for name, table in appended.items() if table is not None}
    file["minima/hits"][...] = commit.hits
    if commit.walkers is not None:
        counts["walkers"] = write_rows(file["walkers"], commit.walkers, 0)
    if commit.training is not None:
        counts["training"] = write_training(file, commit.training)
    for rows in commit.properties:
        write_property(file.require_group(f"properties/{rows.target}"), rows)
    for name, count in counts.items():
        file[name].attrs["count"] = count
    file.attrs["format_version"] = FORMAT_VERSION
    properties = {f"properties/{rows.target}/{rows.name}": rows.start for rows in commit.properties}
    changed = [("", file), *children(file, counts), *((path, file[path]) for path in properties)]
    replaced = {"minima/hits", *(f"walkers/{name}" for name in file["walkers"])}
    after = digests.after(changed, lambda path: path in replaced or properties.get(path) == 0)
    after.write(file)
    return after


def write_rows(group: h5py.Group, table: Table, start: int) -> int:
    """Write the rows of a table from row `start` on; returns the new number of rows."""
    for name, column in table.columns().items():
        values = getattr(table, name)
        if name not in group:
            create_column(group, name, values.shape[1:], stored_type(column))
            write_axis_names(group, name, column)
            write_missing(group[name], 0, start)
        write_values(group[name], encoded(group, name, column, values), start)
    for name in unknown_columns(group, table):
        write_missing(group[name], start, start + len(table))
    return start + len(table)


def unknown_columns(group: h5py.Group, table: Table) -> list[str]:
    """The columns in the file that this program does not know: datasets that grow along their first axis."""
    others = {name: group[name] for name in group if name not in table.columns()}
    return [name for name, item in others.items() if isinstance(item, h5py.Dataset) and item.maxshape[:1] == (None,)]


def write_values(dataset: h5py.Dataset, values: Array, start: int) -> None:
    """End the dataset with these values, the first of them at row `start`."""
    dataset.resize(start + len(values), axis=0)
    dataset[start:] = values


def write_missing(dataset: h5py.Dataset, start: int, end: int) -> None:
    """End the dataset at row `end`, with missing values from row `start` on."""
    dataset.resize(start, axis=0)
    dataset.resize(end, axis=0)  # the first call cut the dataset, the second adds zeros or empty texts
    if dataset.dtype.kind in MISSING:
        dataset[start:] = MISSING[dataset.dtype.kind]


def write_training(file: h5py.File, training: Training) -> int:
    """Append end points and replace the lists of regimes and evaluations; returns the new number of rows."""
    count = append_table(file, "training", training.points)
    write_regimes(file["training"], training.regimes, training.evaluations)
    return count


def append_table(file: h5py.File, name: str, table: Table) -> int:
    """Append to a table, which is made if the file lacks it; returns its new number of rows."""
    if name not in file:
        create_table(file.create_group(name), TABLES[name], int(file["problem"].attrs["n_parameters"]))
    return write_rows(file[name], table, int(file[name].attrs["count"]))


def write_regimes(group: h5py.Group, regimes: Mapping[str, str], evaluations: Mapping[str, str]) -> None:
    """Replace the stored names and settings of regimes and evaluations."""
    group["regime"].attrs.create("names", list(regimes), dtype=TEXT)
    texts = {"settings": regimes.values(), "evaluations": evaluations, "evaluation_settings": evaluations.values()}
    for name, values in texts.items():
        group.attrs.create(name, list(values), dtype=TEXT)


def encoded(group: h5py.Group, name: str, column: Column, values: Array) -> Array:
    """Values of a column as the file stores them; new names are added to the list in the file."""
    if column.coded:
        return codes(group, name, values)
    if column.names:
        return rearranged(values, column.names, axis_names(group, name))
    return np.strings.encode(values, "utf-8").astype(KIND) if column.dtype is np.str_ else values


def codes(group: h5py.Group, column: str, values: Array) -> Array:
    """The code of each name: its place in the file's list for this column, -1 for the empty name."""
    known, used = stored_names(group, column), dict.fromkeys(name for name in values.tolist() if name)
    names = list(dict.fromkeys([*known, *used]))
    if len(names) > len(known):
        write_names(group, column, names)
    code = {name: place for place, name in enumerate(names)} | {"": -1}
    return np.array([code[name] for name in values.tolist()], dtype=np.int64)


def stored_names(group: h5py.Group, column: str) -> list[str]:
    """The names of a coded column in the order of their codes."""
    return [str(name) for name in group.attrs.get(f"{column}{NAMES}", ())]


def write_names(group: h5py.Group, column: str, names: Sequence[str]) -> None:
    """Replace the list of the names of a coded column."""
    group.attrs.create(f"{column}{NAMES}", list(names), dtype=TEXT)


def axis_names(group: h5py.Group, column: str) -> tuple[str, ...]:
    """The names of the entries along the last axis of a column, in the order of the file."""
    return tuple(str(name) for name in group.attrs[f"{column}{COLUMNS}"])


def write_axis_names(group: h5py.Group, name: str, column: Column) -> None:
    """Write the names of the entries along the last axis of a column, if it has any."""
    if column.names:
        group.attrs.create(f"{name}{COLUMNS}", list(column.names), dtype=TEXT)


def rearranged(values: Array, names: Sequence[str], wanted: Sequence[str]) -> Array:
    """Values [..., C] of named entries as values of the wanted entries, NaN for those without a value."""
    if list(names) == list(wanted):
        return values
    found = np.full((*values.shape[:-1], len(wanted)), np.nan)
    for place, name in enumerate(wanted):
        if name in names:
            found[..., place] = values[..., names.index(name)]
    return found


def write_property(group: h5py.Group, rows: PropertyRows) -> None:
    """Append property values to the stored ones, or replace the property if they start at row 0."""
    if rows.start == 0:
        if rows.name in group:
            del group[rows.name]
        dataset = create_column(group, rows.name, rows.values.shape[1:], np.dtype(np.float64))
        dataset.attrs["description"] = rows.description
        dataset.attrs["units"] = rows.units
        dataset.attrs["settings"] = json.dumps(rows.settings)
    write_values(group[rows.name], rows.values, rows.start)
