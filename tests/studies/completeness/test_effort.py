"""The last doubling of effort, on tables made by hand."""

import numpy as np
import pytest

from landscape.graph.merges import Fallen
from landscape.studies.completeness.effort import fallen_in_last_doubling, states_at_half
from tests.studies.small_tables import rounds, tables

KINDS = ["basin_hopping", "connect", "depths", "single_ended"]


@pytest.mark.parametrize(
    ("evaluations", "states"),
    [
        ([900, 200, 0, 200], 3),  # half is spent after connecting
        ([100, 300, 0, 100], 2),  # two thirds of the way through connecting
        ([100, 300, 0, 99], 1),
        ([300, 100, 0, 0], 1),
        ([0, 0, 0, 0], 4),
        ([500, 0, 0, 500], 3),
    ],
)
def test_half_of_the_effort(evaluations: list[int], states: int) -> None:
    assert states_at_half(rounds(KINDS, evaluations, [0, 3, 0, 1]), 4) == states


def test_hopping_training_locating_and_sampling_are_no_search_for_transition_states() -> None:
    others = ["train", "basin_hopping", "locate", "sample_quenches", "sample_pairs", "training_pairs"]
    for kind in others:
        assert states_at_half(rounds([kind, "connect", "connect", kind], [9000, 100, 100, 9000], [0, 1, 1, 0]), 2) == 1


def test_files_that_do_not_tell() -> None:
    assert states_at_half(rounds(KINDS, [100, 100, 0, 200], [0, 3, 0, 1]), 5) is None  # one state is from no round
    assert states_at_half(rounds(KINDS, [100, -1, 0, 200], [0, 3, 0, 1]), 4) is None  # unknown in an older file
    assert states_at_half(rounds([], [], []), 2) is None
    assert states_at_half(rounds([], [], []), 0) == 0


def test_merges_that_fell_since_half_of_the_effort() -> None:
    energy = [0.0, 1.0, 2.0, 3.0, 4.0]
    states = [(0, 1, 5.0), (1, 2, 6.0), (0, 3, 7.0), (1, 2, 5.5), (3, 4, 8.0)]
    made = rounds(KINDS, [100, 100, 0, 200], [0, 3, 0, 2])
    found = fallen_in_last_doubling(tables(energy, states, made), np.arange(5), 1e-9)
    assert found == Fallen(fell=2, merges=4)  # minimum 2 by a lower path, minimum 4 for the first time
    assert found.share == 0.5
    of_three = fallen_in_last_doubling(tables(energy, states, made), np.arange(3), 1e-9)
    assert of_three == Fallen(fell=1, merges=2)
