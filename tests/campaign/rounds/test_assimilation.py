"""Assimilation of the results of a round: rows, hits, sides of transition states, distances."""

from unittest.mock import patch

import numpy as np
import pytest

from landscape.campaign.context import Context
from landscape.campaign.preparation import prepared_context
from landscape.campaign.rounds.assimilation import Assimilation, LandscapeIndex
from landscape.config.run_file import Settings
from landscape.database.database import Database
from landscape.database.store import Store
from landscape.problems.networks.symmetry import NoSymmetry
from landscape.problems.problem import Problem
from tests.campaign.points import minima, plane, states, store_of

ORIGIN = np.array([0, 2])


@pytest.fixture
def context() -> Context:
    return plane()


@pytest.fixture
def store(context: Context) -> Store:
    """A store with minima 0, 1 and 2, one hit each, and a transition state between 0 and 1."""
    store = store_of(context)
    assimilation = begun(context, store)
    rows = assimilation.add_minima(minima([0.0, 1.0, 2.0]), counted=True)
    assert assimilation.add_transition_state(states([0.5], [(0, 1)]), 0, rows[:2], rows[1:3])
    commit(store, assimilation)
    return store


def begun(context: Context, store: Store) -> Assimilation:
    return Assimilation(LandscapeIndex(context, store.tables), store.tables)


def commit(store: Store, assimilation: Assimilation) -> None:
    store.commit(assimilation.commit(kind="connect", tasks=1, evaluations=1, seconds=0.0))


def test_what_is_known_keeps_its_row_and_what_is_new_gets_the_next(context: Context, store: Store) -> None:
    assimilation = begun(context, store)
    assert assimilation.add_minima(minima([2.0, 7.0, 0.0]), counted=True).tolist() == [2, 3, 0]
    assert assimilation.add_minima(minima([5.0, 7.0]), counted=True).tolist() == [4, 3]
    commit(store, assimilation)
    assert store.tables.minima.energy.tolist() == [0.0, 1.0, 2.0, 7.0, 5.0]
    assert store.tables.minima.parameters[:, 0].tolist() == [0.0, 1.0, 2.0, 7.0, 5.0]
    assert store.tables.minima.hits.tolist() == [2, 1, 2, 2, 1]
    assert store.tables.rounds[-1].new_minima == 2


def test_only_finds_of_basin_hopping_are_hits(context: Context, store: Store) -> None:
    assimilation = begun(context, store)
    assimilation.add_minima(minima([1.0, 9.0], hits=[4, 5]), counted=False)
    assimilation.add_minima(minima([1.0], hits=[3]), counted=True)
    commit(store, assimilation)
    assert store.tables.minima.hits.tolist() == [1, 4, 1, 0]


def test_a_transition_state_is_stored_once_with_its_sides_in_order(context: Context, store: Store) -> None:
    assimilation = begun(context, store)
    found = states([0.5, 3.0, 3.0], [(0, 1), (0, 2), (2, 0)])
    pairs = [np.array(sides) for sides in found.minima]
    added = [assimilation.add_transition_state(found, place, sides, ORIGIN) for place, sides in enumerate(pairs)]
    assert added == [(0, False), (1, True), (1, False)]
    assert assimilation.add_transition_state(states([4.0], [(2, 1)]), 0, np.array([2, 1]), ORIGIN) == (2, True)
    commit(store, assimilation)
    assert store.tables.transition_states.minima.tolist() == [[0, 1], [0, 2], [1, 2]]
    assert store.tables.transition_states.energy.tolist() == [10.5, 13.0, 14.0]
    assert store.tables.transition_states.found_from.tolist() == [[1, 2], [0, 2], [0, 2]]


def test_a_degenerate_rearrangement_is_kept_and_drawn_as_no_edge(context: Context, store: Store) -> None:
    assimilation = begun(context, store)
    assert assimilation.add_transition_state(states([3.0], [(2, 2)]), 0, np.array([2, 2]), ORIGIN) == (1, True)
    commit(store, assimilation)
    assert store.tables.transition_states.minima.tolist() == [[0, 1], [2, 2]]
    graph = Database(store).graph()
    assert list(graph.edges()) == [(0, 1)]
    assert [graph.nodes[row]["degenerate"] for row in range(3)] == [0, 0, 1]


def test_an_empty_round_changes_nothing_but_the_account(context: Context, store: Store) -> None:
    before = store.tables
    assimilation = begun(context, store)
    assert assimilation.add_minima(minima([]), counted=True).tolist() == []
    commit(store, assimilation)
    assert len(store.tables.rounds) == len(before.rounds) + 1
    np.testing.assert_array_equal(store.tables.minima.hits, before.minima.hits)


def test_distances_are_computed_once_a_pair(context: Context) -> None:
    index, points = LandscapeIndex(context, store_of(context).tables), np.random.default_rng(0).normal(size=(6, 2))
    expected = np.linalg.norm(points[:, None] - points, axis=2)
    rows: list[int] = []
    distance = NoSymmetry.distance

    def counted(self: NoSymmetry, theta: np.ndarray, reference: np.ndarray) -> np.ndarray:
        rows.append(len(theta))
        return distance(self, theta, reference)

    with patch.object(NoSymmetry, "distance", counted):
        for count in (0, 1, 1, 4, 6, 6):
            np.testing.assert_allclose(
                index.distances(points[:count], np.arange(count)), expected[:count, :count], rtol=1e-15
            )
    assert sum(rows) == 15


def test_distances_are_those_of_aligned_copies() -> None:
    problem = Problem(dataset="xor", standardise=False, hidden=[2], l2=1e-2)
    context = prepared_context(problem, Settings(), None)
    theta = np.random.default_rng(0).normal(size=12)
    flipped = theta.copy()
    flipped[[0, 1, 4, 6, 8]] *= -1.0  # the sign of the first unit
    index = LandscapeIndex(context, store_of(context).tables)
    distance = index.distances(np.stack([theta, flipped, 2.0 * theta]), np.arange(3))
    np.testing.assert_array_equal(distance, distance.T)
    assert distance[0, 1] == pytest.approx(0.0, abs=1e-14)
    assert distance[0, 2] == pytest.approx(np.linalg.norm(theta))
