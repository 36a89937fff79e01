"""Requirements on every store: the same tests for the store in memory and the store in a file."""

import pickle
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from landscape.database.records import Minima, PropertyRows, RoundSummary, TransitionStates
from landscape.database.store import Store, open_store
from landscape.errors import DatabaseError
from tests.database.samples import (
    P,
    assert_equal_contents,
    contents,
    measure,
    new_store,
    property_rows,
    sample_commit,
    sample_record,
)


def test_new_store_is_empty(store: Store) -> None:
    assert store.n_rounds == 0
    assert store.tables.minima.parameters.shape == (0, P)
    assert store.tables.transition_states.minima.shape == (0, 2)
    assert [len(getattr(store.tables, name)) for name in ("minima", "attempts", "rounds", "walkers")] == [0, 0, 0, 0]


def test_record_and_header(store: Store) -> None:
    expected = sample_record()
    known = (
        "toml",
        "run_toml",
        "n_parameters",
        "sha256",
        "energy_tolerance",
        "distance_tolerance",
        "index_test",
        "image",
    )
    for name in known:
        assert getattr(store.record, name) == getattr(expected, name)
    np.testing.assert_array_equal(store.record.inputs, expected.inputs)
    np.testing.assert_array_equal(store.record.targets, expected.targets)
    assert store.record.test_inputs is None
    assert store.header.software["torch"] == "2.0"
    assert set(store.header.software) == {"torch", "python", "numpy", "h5py", "landscape"}


def test_commit_appends_rows_and_replaces_hits_and_walkers(store: Store) -> None:
    first = sample_commit(store)
    store.commit(first)
    second = sample_commit(store)
    store.commit(second)
    tables = store.tables
    np.testing.assert_array_equal(tables.minima.energy, np.concatenate([first.minima.energy, second.minima.energy]))
    np.testing.assert_array_equal(tables.transition_states.minima[2:], second.transition_states.minima)
    np.testing.assert_array_equal(tables.minima.hits, second.hits)
    assert second.walkers is not None
    np.testing.assert_array_equal(tables.walkers.step, second.walkers.step)
    assert tables.rounds[-1] == RoundSummary(
        kind="connect",
        tasks=4,
        evaluations=second.evaluations,
        seconds=0.5,
        new_minima=3,
        new_transition_states=2,
        left=0,
        highest_index=0,
    )
    assert [row.kind for row in tables.rounds] == ["connect", "connect"]


def test_commit_without_walkers_keeps_them(store: Store) -> None:
    store.commit(sample_commit(store))
    step = store.tables.walkers.step
    store.commit(replace(sample_commit(store), walkers=None))
    np.testing.assert_array_equal(store.tables.walkers.step, step)


def test_number_of_walkers_may_shrink(store: Store) -> None:
    store.commit(sample_commit(store))
    commit = sample_commit(store)
    assert commit.walkers is not None
    store.commit(replace(commit, walkers=commit.walkers.take(slice(1))))
    assert len(store.tables.walkers) == len(store.tables.walkers.stale) == 1


def test_parts_of_a_table_joined_are_the_table(store: Store) -> None:
    store.commit(sample_commit(store, minima=5))
    whole = store.tables.minima
    joined = Minima.concatenated([whole.take(slice(2)), whole.take(np.array([2])), whole.take(np.arange(5) > 2)])
    assert len(joined) == 5
    for name in Minima.column_names():
        np.testing.assert_array_equal(getattr(joined, name), getattr(whole, name))


def test_earlier_tables_keep_their_commit(store: Store) -> None:
    commit = sample_commit(store)
    store.commit(commit)
    before = store.tables
    store.commit(sample_commit(store))
    assert len(before.minima) == len(before.minima.parameters) == 3
    np.testing.assert_array_equal(before.minima.hits, commit.hits)


def test_arrays_are_shared_safely(store: Store) -> None:
    commit = sample_commit(store)
    store.commit(commit)
    energy = commit.minima.energy.copy()
    commit.minima.energy[:] = 7.0
    np.testing.assert_array_equal(store.tables.minima.energy, energy)
    with pytest.raises(ValueError, match="read-only"):
        store.tables.minima.energy[0] = 0.0


def test_tables_can_be_pickled(store: Store) -> None:
    store.commit(sample_commit(store))
    copied = pickle.loads(pickle.dumps(store.tables.minima))
    assert len(copied) == 3
    np.testing.assert_array_equal(copied.parameters, store.tables.minima.parameters)


def test_unknown_attribute_is_named(store: Store) -> None:
    with pytest.raises(AttributeError, match="'energies'"):
        store.tables.minima.energies  # type: ignore[attr-defined]  # noqa: B018


def test_properties_are_replaced_and_continued(store: Store) -> None:
    store.commit(sample_commit(store, minima=5))
    measure(store, property_rows(rows=3))
    measure(store, property_rows(start=3, rows=2), property_rows("largest", rows=1))
    found = store.tables.properties["minima"]
    np.testing.assert_array_equal(found["trace"].values[:, 0], [0, 2, 4, 3, 5])
    assert found["trace"].settings == {"epsilon": [0.1, 0.3]}
    measure(store, property_rows(rows=2, values=np.array([1.0, 2.0]), units="", settings={}))
    np.testing.assert_array_equal(store.tables.properties["minima"]["trace"].values, [1.0, 2.0])
    assert store.tables.properties["minima"]["largest"].values.shape == (1, 2)


def test_properties_in_one_commit_may_continue_each_other(store: Store) -> None:
    store.commit(sample_commit(store, minima=5))
    measure(store, property_rows(rows=3), property_rows(start=3, rows=2))
    assert store.tables.properties["minima"]["trace"].values.shape == (5, 2)


BAD_PROPERTIES = {
    "gap": (property_rows(start=4, rows=1), r"continue at row 3, found 4"),
    "too many": (property_rows(start=3, rows=9), r"up to row 12 of 5"),
    "shape": (property_rows(start=3, values=np.zeros((1, 3))), r"shape \[2\], found \[3\]"),
    "settings": (property_rows(start=3, rows=1, settings={"epsilon": [0.2]}), r"settings .* found"),
    "units": (property_rows(start=3, rows=1, units="J"), r"units 'loss', found 'J'"),
    "name": (property_rows("a/b"), r"a name is a letter"),
    "column": (property_rows("energy"), r"there is a column of that name"),
    "target": (property_rows(target="attempts"), r"found 'attempts'"),
    "text": (property_rows(values=np.array(["a"])), r"must be float64"),
    "nothing": (property_rows(values=np.zeros((1, 0))), r"must have values \[rows, ...\]"),
}


@pytest.mark.parametrize(("rows", "message"), BAD_PROPERTIES.values(), ids=BAD_PROPERTIES.keys())
def test_bad_properties_change_nothing(store: Store, rows: PropertyRows, message: str) -> None:
    store.commit(sample_commit(store, minima=5))
    measure(store, property_rows(rows=3))
    before = contents(store)
    with pytest.raises(DatabaseError, match=message):
        measure(store, rows)
    assert_equal_contents(contents(store), before)


BAD_CHANGES = {
    "hits": ({"hits": np.ones(2, dtype=np.int64)}, r"hits must have shape \[3\], found \[2\]"),
    "hits type": ({"hits": np.ones(3)}, r"hits must be int64, found float64"),
    "kind": ({"kind": "x" * 40}, r"1 to 32 bytes"),
    "no kind": ({"kind": ""}, r"1 to 32 bytes"),
    "parameters": ({"minima": Minima.empty(P + 1)}, r"Minima.parameters must have shape \[0, 5\], found \[0, 6\]"),
    "tasks": ({"tasks": -1}, r"rounds.tasks must be at least 0, found \[-1\]"),
    "seconds": ({"seconds": -0.5}, r"rounds.seconds must not be negative, found \[-0.5\]"),
    "lost minima": ({"minima": Minima.empty(P), "hits": np.zeros(0, np.int64)}, r"must lie in \[0, 0\)"),
}


@pytest.mark.parametrize(("changes", "message"), BAD_CHANGES.values(), ids=BAD_CHANGES.keys())
def test_bad_commits_change_nothing(store: Store, changes: dict[str, object], message: str) -> None:
    with pytest.raises(DatabaseError, match=message):
        store.commit(replace(sample_commit(store), **changes))  # type: ignore[arg-type]
    assert store.n_rounds == 0
    assert len(store.tables.minima) == 0


BAD_COLUMNS = {
    "state": ("transition_states", "minima", 3, r"transition_states.minima must lie in \[0, 3\), found \[3\]"),
    "attempt": ("attempts", "minima", -2, r"attempts.minima must lie in \[0, 3\), found \[-2\]"),
    "round": ("attempts", "round", 1, r"attempts.round must lie in \[0, 1\)"),
    "walker": ("walkers", "minimum", 3, r"walkers.minimum must lie in \[-1, 3\)"),
    "saddle of index 1": ("saddles", "index", 1, r"saddles.index must lie in \[2, 6\), found \[1\]"),
    "saddle of a later round": ("saddles", "round", 1, r"saddles.round must lie in \[0, 1\)"),
}


@pytest.mark.parametrize(("table", "name", "value", "message"), BAD_COLUMNS.values(), ids=BAD_COLUMNS.keys())
def test_rows_must_exist(store: Store, table: str, name: str, value: int, message: str) -> None:
    commit = sample_commit(store)
    getattr(commit, table).__dict__[name][:] = value
    with pytest.raises(DatabaseError, match=message):
        store.commit(commit)


@pytest.mark.parametrize("name", ["method", "outcome"])
def test_a_name_is_no_number(store: Store, name: str) -> None:
    commit = sample_commit(store)
    commit.attempts.__dict__[name] = np.zeros(2, dtype=np.int64)
    with pytest.raises(DatabaseError, match=rf"Attempts.{name} must be str_, found int64"):
        store.commit(commit)


def test_columns_must_have_the_same_length(store: Store) -> None:
    commit = sample_commit(store)
    states = {name: getattr(commit.transition_states, name) for name in commit.transition_states.column_names()}
    states["energy"] = states["energy"][:1]
    with pytest.raises(DatabaseError, match=r"TransitionStates.energy must have shape \[2\], found \[1\]"):
        store.commit(replace(commit, transition_states=TransitionStates(**states)))


def test_closed_store_refuses_commits(store: Store) -> None:
    commit = sample_commit(store)
    store.close()
    store.close()
    with pytest.raises(DatabaseError, match="closed"):
        store.commit(commit)


rounds = st.lists(
    st.tuples(
        st.integers(0, 4),  # new minima
        st.integers(0, 3),  # new transition states
        st.integers(0, 3),  # attempts
        st.booleans(),  # true if walkers moved
        st.sampled_from(["none", "replace", "continue"]),  # change of the property
        st.booleans(),  # true if the file is closed and opened again before
    ),
    max_size=6,
)


@settings(max_examples=25, deadline=None)
@given(rounds=rounds, seed=st.integers(0, 2**32 - 1))
def test_file_and_memory_agree(rounds: list[tuple[int, int, int, bool, str, bool]], seed: int) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "twin.h5"
        memory, file = new_store(None), new_store(path)
        for minima, states, attempts, moved, change, reopen in rounds:
            if reopen:
                file.close()
                file = open_store(path, writable=True)
            commit = sample_commit(memory, seed, minima, states, attempts)
            commit = replace(
                commit, walkers=commit.walkers if moved else None, properties=changed(memory, change, minima)
            )
            memory.commit(commit)
            file.commit(commit)
        assert_equal_contents(contents(file), contents(memory))
        file.close()
        reopened = open_store(path)
        assert_equal_contents(contents(reopened), contents(memory))
        assert reopened.changes() == []
        reopened.close()


def changed(store: Store, change: str, new: int) -> tuple[PropertyRows, ...]:
    """Property rows that replace or continue the property up to the newest minimum."""
    stored = store.tables.properties["minima"].get("trace")
    start = 0 if stored is None or change == "replace" else len(stored.values)
    return () if change == "none" else (property_rows(start=start, rows=len(store.tables.minima) + new - start),)
