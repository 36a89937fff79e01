"""The database as users see it: properties, the graph, the frame, and a one-line description."""

import sys
from dataclasses import replace
from pathlib import Path

import networkx as nx
import numpy as np
import pytest

from landscape.database.database import Database
from landscape.database.store import Store, open_store
from landscape.errors import DatabaseError
from tests.database.samples import measure, new_store, property_rows, sample_commit


def test_graph_has_edges_but_for_degenerate_rearrangements(store: Store) -> None:
    commit = sample_commit(store, minima=3, states=4)
    commit.transition_states.minima[:] = [[0, 1], [0, 0], [1, 0], [0, 0]]
    store.commit(commit)
    graph = Database(store).graph()
    assert isinstance(graph, nx.MultiGraph)
    assert [degenerate for _, degenerate in graph.nodes(data="degenerate")] == [2, 0, 0]
    assert dict(graph.nodes(data="energy")) == dict(enumerate(commit.minima.energy.tolist()))
    assert [(a, b, data["row"]) for a, b, data in graph.edges(data=True)] == [(0, 1, 0), (0, 1, 2)]
    states = commit.transition_states
    assert graph.edges[0, 1, 1] == {"energy": states.energy[2], "eigenvalue": states.eigenvalue[2], "row": 2}
    assert nx.number_connected_components(graph) == 2


def test_graph_of_an_empty_database(store: Store) -> None:
    assert len(Database(store).graph()) == 0


def test_properties_are_filled_with_nan(store: Store) -> None:
    store.commit(sample_commit(store))
    measure(store, property_rows(rows=3), property_rows("alpha", target="transition_states", rows=2))
    store.commit(sample_commit(store))
    found = Database(store).properties("minima")["trace"]
    assert found.values.shape == (6, 2)
    np.testing.assert_array_equal(np.isnan(found.values[:, 0]), [False] * 3 + [True] * 3)
    assert (found.description, found.units, found.settings) == ("trace of the Hessian", "loss", {"epsilon": [0.1, 0.3]})
    assert Database(store).properties("transition_states")["alpha"].values.shape == (4, 2)


def test_properties_of_an_unknown_table(store: Store) -> None:
    with pytest.raises(
        DatabaseError, match="one of minima, transition_states, training, sampled_quenches, found 'rounds'"
    ):
        Database(store).properties("rounds")


def test_frame_has_a_row_a_minimum(store: Store) -> None:
    store.commit(sample_commit(store))
    measure(store, property_rows(rows=3), property_rows("depth", values=np.array([0.0, 1.0])))
    frame = Database(store).frame()
    columns = ["energy", "rms_gradient", "lowest_eigenvalue", "log_determinant", "log_orbit_size", "hits"]
    assert list(frame.columns) == [*columns, "depth", "trace[0]", "trace[1]"]
    np.testing.assert_array_equal(frame["energy"], store.tables.minima.energy)
    np.testing.assert_array_equal(frame["depth"], [0.0, 1.0, np.nan])
    assert frame.index.name == "minimum"


def test_frame_without_pandas(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(DatabaseError, match="needs pandas, which is not installed: pip install pandas"):
        Database(store).frame()


def test_repr_is_one_useful_line(tmp_path: Path) -> None:
    path = tmp_path / "sample.h5"
    with Database(new_store(path)) as db:
        assert repr(db) == f"<Database {path}: 0 minima, 0 transition states, 0 rounds>"
        commit = sample_commit(db.store)
        commit.minima.energy[:] = [0.5, 0.25, 1.0]
        db.store.commit(commit)
    assert repr(db) == f"<Database {path}: closed>"
    with Database(open_store(path)) as db:
        assert repr(db) == f"<Database {path}: 3 minima, 2 transition states, 1 rounds, lowest energy 0.25>"
    assert repr(Database(new_store(None))) == "<Database in memory: 0 minima, 0 transition states, 0 rounds>"
    assert repr(db.minima).startswith("Minima(3 rows: parameters, energy")


def test_database_hands_on_what_the_store_holds(store: Store) -> None:
    store.commit(replace(sample_commit(store), kind="Überprüfung"))
    db = Database(store)
    assert (db.path, db.problem_record, db.header) == (store.path, store.record, store.header)
    assert db.rounds[0].kind == "Überprüfung"
    assert (len(db.walkers), len(db.attempts), len(list(db.rounds))) == (4, 2, 1)
