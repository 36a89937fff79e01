"""The part of a landscape that a tree shows, its groups, and its free energies."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from landscape.database.database import Database
from landscape.errors import PropertyError
from landscape.graph.superbasins import build_tree
from landscape.graph.tree import DisconnectivityTree
from landscape.plots.trees.groups import named_groups, superbasins
from landscape.plots.trees.heights import heights_of
from landscape.plots.trees.picture import Choice, drawn_part, picture_of
from landscape.thermodynamics.superposition import free_energies
from tests.analysis.synthetic import build_store, funnel, made_up_store, minima, transition_states


def chain(count: int, barrier: float = 0.5, joined: int | None = None) -> DisconnectivityTree:
    pairs = np.stack([np.zeros(count - 1, dtype=np.int64), np.arange(1, count)], axis=1)[:joined]
    return build_tree(np.arange(float(count)), np.arange(1.0, count)[:joined] + barrier, pairs)


@pytest.mark.parametrize(
    ("choice", "drawn", "words"),
    [
        (Choice(), 30, "30 of 30 minima"),
        (Choice(lowest=8), 8, "8 of 30 minima of lowest energy"),
        (Choice(threshold=0.6), 1, "1 of 30 minima, one for all that climbs below 0.6 connect"),
        (Choice(threshold=0.4), 30, "30 of 30 minima"),
        (Choice(lowest=8, temperature=1.0), 8, "8 of 30 minima of lowest free energy"),
    ],
)
def test_the_part_that_is_drawn_is_said(choice: Choice, drawn: int, words: str) -> None:
    tree, unconnected, text = drawn_part(chain(30), choice)
    assert (tree.n_leaves, len(unconnected), text) == (drawn, 0, words)


def test_a_threshold_is_said_beside_a_number_of_minima() -> None:
    pairs = np.stack([np.zeros(5, dtype=np.int64), np.arange(1, 6)], axis=1)
    tree = build_tree(np.arange(6.0), np.array([2.0, 2.1, 4.0, 5.0, 6.0]), pairs)
    drawn, _, text = drawn_part(tree, Choice(threshold=0.5, lowest=3))
    assert drawn.minimum.tolist() == [0, 1, 3]
    assert text == "3 of 6 minima of lowest energy, one for all that climbs below 0.5 connect"


def test_many_minima_are_thinned() -> None:
    tree, _, text = drawn_part(chain(600), Choice())
    assert (tree.n_leaves, text) == (400, "400 of 600 minima with the longest branches")


def test_single_minima_go_to_the_rug_and_a_large_component_stays() -> None:
    tree, unconnected, text = drawn_part(chain(10, joined=6), Choice())
    assert tree.minimum.tolist() == [0, 1, 2, 3, 4, 5, 6]
    assert unconnected.tolist() == [7.0, 8.0, 9.0]
    assert text == "10 of 10 minima"
    pairs = np.array([[0, 1], [2, 3], [3, 4]])
    tree, unconnected, _ = drawn_part(build_tree(np.arange(6.0), np.full(3, 9.0), pairs), Choice())
    assert tree.minimum.tolist() == [0, 1, 2, 3, 4]
    assert unconnected.tolist() == [5.0]


def test_groups_are_read_from_rows_and_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "rows.txt").write_text("7\n8, 2\n")
    groups = named_groups(["a=0,2-4", f"b={tmp_path / 'rows.txt'}"], 10)
    assert groups.names == ("a", "b")
    assert groups.member.tolist() == [0, -1, 1, 0, 0, -1, -1, 1, 1, -1]


@pytest.mark.parametrize("text", ["a", "a=", "=3", "a=12", "a=3-", "a=3,x", "a=nowhere.txt", "a=9-3", "a=7.txt"])
def test_a_text_that_is_no_group_is_refused(text: str) -> None:
    with pytest.raises(PropertyError, match="found"):
        named_groups([text], 10)


def test_a_file_of_rows_may_begin_with_a_digit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("3-robust.txt").write_text("1")
    assert named_groups(["a=3-robust.txt"], 3).member.tolist() == [-1, 0, -1]


def test_groups_that_colours_and_names_cannot_tell_apart_are_refused() -> None:
    with pytest.raises(PropertyError, match="at most 7 groups, which colours tell apart, found 8"):
        named_groups([f"{name}=0" for name in "abcdefgh"], 10)
    with pytest.raises(PropertyError, match="found 'a' twice"):
        named_groups(["a=0", "a=1"], 10)


def test_superbasins_beyond_the_largest_are_counted() -> None:
    pairs = np.arange(18).reshape(9, 2)
    found = superbasins(build_tree(np.zeros(18), np.ones(9), pairs), 2.0, 18)
    assert len(found.names) == 7
    assert found.words == "7 largest of 9 superbasins below 2 coloured"


def test_superbasins_are_the_sets_connected_below_a_height() -> None:
    pairs = np.array([[0, 1], [2, 3], [3, 4], [1, 2], [0, 5]])
    tree = build_tree(np.zeros(6), np.array([1.0, 1.0, 1.0, 5.0, 6.0]), pairs)
    found = superbasins(tree, 2.0, 6)
    assert found.names == ("minimum 2 and 2 more", "minimum 0 and 1 more")
    assert found.member.tolist() == [1, 1, 0, 0, 0, -1]
    assert found.words == "superbasins below 2 coloured"
    assert superbasins(tree, 9.0, 6).member.tolist() == [0] * 6
    with pytest.raises(PropertyError, match="found none"):
        superbasins(tree, 0.5, 6)


def test_heights_at_a_temperature_are_free_energies_above_the_lowest() -> None:
    temperature = 0.01
    with Database(build_store(None, funnel(20))) as db:
        heights = heights_of(db, temperature)
        modes = db.minima.parameters.shape[1]
        own = free_energies(db.minima.energy, np.full(20, -3.0), np.full(20, 5.0), temperature, modes)
        states = free_energies(db.transition_states.energy, np.zeros(60), np.zeros(60), temperature, modes - 1)
        pairs = db.transition_states.minima
    np.testing.assert_allclose(heights.minima, own - own.min())
    np.testing.assert_allclose(heights.states, np.maximum(states, own[pairs].max(axis=1)) - own.min())
    assert (heights.label, heights.at) == ("$F - F_{\\min}$", "T = 0.01")


def test_a_temperature_beyond_the_harmonic_range_is_said() -> None:
    with Database(build_store(None, funnel(20))) as db:
        assert heights_of(db, 1e-4).at == "T = 0.0001"
        assert heights_of(db, 10.0).at.startswith("T = 10 (beyond the harmonic range, T < ")


def test_states_below_their_minima_are_raised_and_counted() -> None:
    pairs = np.array([[0, 1], [1, 2]])
    states = replace(transition_states(pairs, np.full(2, 0.1)), log_orbit_size=np.array([0.0, 20.0]))
    with Database(made_up_store(None, minima(np.eye(3)[:, :2], np.zeros(3)), states, ())) as db:
        heights = heights_of(db, 0.02)
    assert heights.at.endswith("1 of 2 states raised to their minima")
    assert heights.states[1] == heights.minima[1] == 0.0 < heights.states[0]


def test_flat_minima_have_no_free_energies() -> None:
    flat = replace(minima(np.eye(3)[:, :2], np.zeros(3)), lowest_eigenvalue=np.array([1.0, 0.0, 1.0]))
    states = transition_states(np.array([[0, 1]]), np.ones(1))
    with Database(made_up_store(None, flat, states, ())) as db, pytest.raises(PropertyError, match="1 of 3 minima"):
        heights_of(db, 0.02)


@pytest.mark.parametrize("temperature", [0.0, -1.0, np.nan, np.inf])
def test_a_temperature_is_positive(temperature: float) -> None:
    with Database(build_store(None, funnel(5))) as db, pytest.raises(PropertyError, match="temperatures above 0"):
        heights_of(db, temperature)


def test_groups_and_superbasins_exclude_each_other() -> None:
    with Database(build_store(None, funnel(5))) as db, pytest.raises(PropertyError, match="leave one out"):
        picture_of(db, Choice(groups=("a=1",), superbasins=0.1))
