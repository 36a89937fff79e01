"""Files of topsearch, read back with numpy."""

from pathlib import Path

import numpy as np

from landscape.database.database import Database
from tests.exchange.conftest import written


def test_files_have_all_points_and_the_lowest_state_of_a_pair_last(db: Database, first: Path, tmp_path: Path) -> None:
    folder = written(first, tmp_path / "out", "topsearch")
    minima, states = np.loadtxt(folder / "min.data"), np.loadtxt(folder / "ts.data")
    order = np.argsort(db.minima.energy)
    np.testing.assert_array_equal(minima[:, 0], np.arange(len(order)))
    np.testing.assert_array_equal(minima[:, 1], db.minima.energy[order])
    np.testing.assert_array_equal(np.loadtxt(folder / "min.coords"), db.minima.parameters[order])
    down = np.argsort(-db.transition_states.energy)
    np.testing.assert_array_equal(states[:, 2], db.transition_states.energy[down])
    np.testing.assert_array_equal(np.loadtxt(folder / "ts.coords"), db.transition_states.parameters[down])
    kept = {(int(one), int(other)): energy for one, other, energy in states}  # as topsearch 0.0.3 does
    place = np.argsort(order)
    for pair, energy in kept.items():
        of_pair = [tuple(sorted(place[ends])) == pair for ends in db.transition_states.minima]
        assert energy == db.transition_states.energy[of_pair].min()


def test_tried_pairs_are_those_of_the_double_ended_searches(db: Database, first: Path, tmp_path: Path) -> None:
    folder = written(first, tmp_path / "out", "topsearch")
    pairs = np.loadtxt(folder / "pairlist", dtype=int, ndmin=2)
    tried = db.attempts.minima[db.attempts.minima[:, 1] >= 0]
    energy = np.loadtxt(folder / "min.data")[:, 1]
    np.testing.assert_array_equal(energy[pairs], db.minima.energy[tried])
