"""The count of points found of a whole landscape: distinct verified points and their connections."""

import networkx as nx
import numpy as np
import pytest

import landscape
from landscape.problems.problem import Problem
from tests.benchmarks.atlas import Atlas
from tests.benchmarks.judge import Judge

L2 = 1e-3


@pytest.fixture(scope="module")
def database() -> landscape.Database:
    problem = Problem(dataset="xor", standardise=False, hidden=[4], l2=L2)
    return landscape.explore(problem, walkers=16, steps=5, seed=0, connect={"rounds": 2, "single_ended": 0})


@pytest.fixture
def atlas() -> Atlas:
    return Atlas(Judge("xor-4", L2))


@pytest.fixture
def steps(database: landscape.Database, atlas: Atlas) -> np.ndarray:
    """Steps [T, 3, P] of the database; each point is some copy of the stored one."""
    minima, saddles = database.minima, database.transition_states
    first, last = np.asarray(minima.parameters)[np.asarray(saddles.minima).T]
    random = np.random.default_rng(0)
    triples = np.stack([first, np.asarray(saddles.parameters), last], axis=1)
    return np.array([[atlas.judge.units.random_copy(point, random) for point in triple] for triple in triples])


def test_copies_count_once(database: landscape.Database, atlas: Atlas, steps: np.ndarray) -> None:
    atlas.add_minima(np.asarray(database.minima.parameters))
    atlas.add_steps(np.concatenate([steps, steps[:, ::-1]]))
    assert (len(atlas.minima), len(atlas.transition_states)) == (len(database.minima), len(database.transition_states))
    assert atlas.reaches(atlas) == atlas.connected == nx.is_connected(database.graph())


def test_paths_connect(database: landscape.Database, atlas: Atlas, steps: np.ndarray) -> None:
    atlas.add_steps(steps)
    assert len(atlas.minima) == len(np.unique(database.transition_states.minima)) > 1
    assert atlas.connected
    counts = len(np.unique(database.transition_states.minima)), len(database.transition_states)
    assert f"{counts[0]} minima, connected, {counts[1]} transition states" in str(atlas)


def test_a_path_over_no_transition_state_connects_nothing(atlas: Atlas, steps: np.ndarray) -> None:
    steps[:, 1] = steps[:, 0]
    atlas.add_steps(steps)
    assert len(atlas.minima) > 1
    assert atlas.transition_states == []
    assert not atlas.connected


def test_what_is_no_minimum_does_not_count(atlas: Atlas, steps: np.ndarray) -> None:
    atlas.add_minima(np.concatenate([steps[:, 1], steps[:, 0] + 0.1]))
    assert atlas.minima == []
    assert not atlas.connected
