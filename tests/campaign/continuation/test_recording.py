"""Tracks of XOR in a database: their points are stationary, lead to the known rows, and end at events."""

from typing import cast

import numpy as np
import pytest
import torch

from landscape.campaign.continuation.families import family_of, require_smooth
from landscape.campaign.continuation.recording import KIND, followed
from landscape.config.ranges import KeyRange
from landscape.database.database import Database
from landscape.database.records import Minima, TransitionStates
from landscape.errors import ConfigError
from landscape.problems.problem import Problem
from tests.campaign.continuation.xor_tracks import OVER, config, tracked, xor_database


def test_every_point_of_every_track_is_stationary_and_has_its_index() -> None:
    db, _ = tracked()
    tracks = db.tracks
    for row in range(0, len(tracks), 7):
        problem = Problem(**config(float(tracks.value[row])).problem.model_dump())
        theta = torch.tensor(tracks.parameters[row : row + 1])
        energy, gradient = problem.energy_and_gradient(theta)
        assert float(gradient.square().mean().sqrt()) <= 1e-10
        assert float(energy) == pytest.approx(tracks.energy[row], abs=1e-12)
        assert int((torch.linalg.eigvalsh(problem.hessian(theta)) < 0.0).sum()) == tracks.index[row]


def test_the_ends_of_tracks_are_the_rows_of_both_databases() -> None:
    first, last = tracked()
    tracks = first.tracks
    for value, db in ((1e-2, first), (1e-3, last)):
        tables: tuple[Minima | TransitionStates, ...] = (db.minima, db.transition_states)
        for index, table in enumerate(tables):
            here = (tracks.value == value) & (tracks.index == index) & (tracks.row >= 0)
            assert sorted(tracks.row[here].tolist()) == list(range(len(table)))
            np.testing.assert_allclose(tracks.energy[here], table.energy[tracks.row[here]], atol=1e-9)
    assert (tracks.key == "problem.l2").all()
    assert (tracks.row[(tracks.value < 9.9e-3) & (tracks.value > 1.01e-3)] == -1).all()


def test_events_are_in_the_order_of_the_range_and_conserve_the_index_sum() -> None:
    db, _ = tracked()
    assert db.events.kind.tolist() == ["fold"] * 3
    assert (np.diff(db.events.value) <= 0.0).all()
    np.testing.assert_array_equal(db.events.sum_before, db.events.sum_after)
    for event in range(3):
        branches = db.event_branches.take(db.event_branches.event == event)
        assert branches.after.all()
        assert np.ptp(branches.index) == 1
        assert (branches.track >= 0).all()
    assert db.rounds.kind[-1] == KIND
    assert db.rounds.evaluations[-1] > 1000


def test_a_stop_keeps_nothing() -> None:
    first = xor_database(1e-2)
    problem = config(1e-2).problem
    family = family_of(problem, Problem(**problem.model_dump()).data, OVER, "cpu")
    assert followed(first, None, family, OVER, lambda: True) is None


def test_the_weight_of_a_term_is_followed() -> None:
    """With the term's weight as the key, points at its end are stationary for a problem with that weight."""
    first = xor_database(1e-2)
    over = KeyRange(name="jacobian_weight", start=1e-6, end=1e-5)
    problem = config(1e-2).override(["problem.jacobian_weight=1e-6"]).problem
    family = family_of(problem, Problem(**problem.model_dump()).data, over, "cpu")
    short = cast(Database, Points(first, 1))
    commit = followed(short, None, family, over, lambda: False)
    assert commit is not None
    assert commit.continuation is not None
    tracks = commit.continuation.tracks
    at_end = tracks.value == over.end
    assert at_end.sum() == 1
    end = Problem(**problem.model_copy(update={"jacobian_weight": over.end}).model_dump())
    gradient = end.energy_and_gradient(torch.tensor(tracks.parameters[at_end]))[1]
    assert float(gradient.abs().max()) <= 1e-10


class Points:
    """The first minima of a database, as those of the first value of a key that hardly matters there."""

    def __init__(self, db: Database, count: int) -> None:
        self.minima = db.minima.take(slice(count))
        self.transition_states = db.transition_states.take(slice(0))


def test_an_energy_with_kinks_or_without_l2_is_refused() -> None:
    with pytest.raises(ConfigError, match="two derivatives everywhere, found an activation with kinks"):
        require_smooth(Problem(dataset="xor", hidden=[2], activation="relu", l2=1e-2))
    with pytest.raises(ConfigError, match="expected l2 above 0"):
        require_smooth(Problem(dataset="xor", hidden=[2], l2=0.0))
