"""The part of a landscape that a tree shows, its groups, and its free energies."""

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
from tests.analysis.synthetic import build_store, funnel


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
    ],
)
def test_the_part_that_is_drawn_is_said(choice: Choice, drawn: int, words: str) -> None:
    tree, unconnected, text = drawn_part(chain(30), choice)
    assert (tree.n_leaves, len(unconnected), text) == (drawn, 0, words)


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


@pytest.mark.parametrize("text", ["a", "a=", "=3", "a=12", "a=3-", "a=3,x", "a=nowhere.txt"])
def test_a_text_that_is_no_group_is_refused(text: str) -> None:
    with pytest.raises(PropertyError, match="found"):
        named_groups([text], 10)


def test_superbasins_are_the_sets_connected_below_a_height() -> None:
    pairs = np.array([[0, 1], [2, 3], [3, 4], [1, 2], [0, 5]])
    tree = build_tree(np.zeros(6), np.array([1.0, 1.0, 1.0, 5.0, 6.0]), pairs)
    found = superbasins(tree, 2.0, 6)
    assert found.names == ("minimum 2 and 2 more", "minimum 0 and 1 more")
    assert found.member.tolist() == [1, 1, 0, 0, 0, -1]
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


@pytest.mark.parametrize("temperature", [0.0, -1.0, np.nan, np.inf])
def test_a_temperature_is_positive(temperature: float) -> None:
    with Database(build_store(None, funnel(5))) as db, pytest.raises(PropertyError, match="temperatures above 0"):
        heights_of(db, temperature)


def test_groups_and_superbasins_exclude_each_other() -> None:
    with Database(build_store(None, funnel(5))) as db, pytest.raises(PropertyError, match="leave one out"):
        picture_of(db, Choice(groups=("a=1",), superbasins=0.1))
