"""The completeness of a search by its own criteria, on tables made by hand."""

from dataclasses import replace

import numpy as np
import pytest

from landscape.database.records import Attempts
from landscape.studies.completeness.channels import Channels
from landscape.studies.completeness.criteria import Criteria
from landscape.studies.completeness.goal import Goal
from tests.studies.small_tables import rounds, tables

ENERGY = [float(place) for place in range(12)]
CHAIN = [(place, place + 1, 20.0 + place) for place in range(11)]


def criteria(
    states: int, evaluations: int, target: int = 12, fraction: float = 1.0, searches: int = 0, made: int = 0
) -> Criteria:
    """Criteria after connecting the leading minima of a chain, and `evaluations` evaluations without a find."""
    done = rounds(["basin_hopping", "connect", "single_ended"], [500, 100, evaluations], [0, states, 0])
    count = made * len(ENERGY)
    attempts = Attempts(
        minima=np.stack([np.arange(count) % len(ENERGY), np.full(count, -1)], axis=1),
        method=np.full(count, "single_ended"),
        outcome=np.full(count, "not_converged"),
        round=np.full(count, 2),
        state=np.full(count, -1),
    )
    found = replace(tables(ENERGY, CHAIN[:states], done), attempts=attempts)
    return Criteria.of(found, Goal(target, np.inf, fraction, searches), 1e-9)


def text(found: Criteria) -> str:
    return "\n".join(found.lines("minima"))


def test_a_search_with_too_few_transition_states_says_so() -> None:
    found = criteria(states=7, evaluations=300)
    assert not found.is_connected
    assert found.connected == pytest.approx(8 / 12)
    assert "fails: 66.7% of the minima are connected with the lowest one; asked: 100%; 12 minima need" in text(found)
    assert "12 minima need at least 11 transition states" in text(found)
    assert criteria(states=7, evaluations=300, fraction=0.6).is_connected
    assert criteria(states=7, evaluations=300, target=8).is_connected
    assert "at least" not in text(criteria(states=7, evaluations=300, target=8))


def test_barriers_have_converged_once_nothing_falls_while_the_effort_doubles() -> None:
    assert criteria(states=11, evaluations=300).barriers_have_converged
    assert "holds: 0 of 11 merge energies fell in the last doubling of the effort; asked: under 5%;" in text(
        criteria(states=11, evaluations=300)
    )
    late = criteria(states=11, evaluations=20)
    assert late.fell is not None
    assert late.fell.share > 0.05
    assert not late.barriers_have_converged


def test_barriers_that_are_not_there_have_not_converged() -> None:
    assert not criteria(states=0, evaluations=300).barriers_have_converged
    assert criteria(states=0, evaluations=300, target=1).barriers_have_converged


def test_a_small_effort_tells_nothing_of_barriers() -> None:
    few = criteria(states=11, evaluations=300, searches=3, made=2)
    assert not few.barriers_have_converged
    assert "fails: 0 of 11" in text(few)
    assert "asked: under 5%, after 3 searches from each minimum;" in text(few)
    assert criteria(states=11, evaluations=300, searches=3, made=3).barriers_have_converged


def test_without_a_second_channel_nothing_is_said_of_missing_minima() -> None:
    found = criteria(states=11, evaluations=300)  # found_from is not known in these tables
    assert np.isnan(found.channels.expected)
    assert not found.minima_are_known
    assert "fails: the two channels below tell nothing yet; asked: at most 1.05" in text(found)


def test_what_fails_names_the_limits_to_raise() -> None:
    assert text(criteria(states=7, evaluations=300)).endswith("a larger basin_hopping.steps or connect.rounds")
    late = criteria(states=11, evaluations=20)
    assert text(late).endswith("a larger basin_hopping.steps or connect.rounds or connect.single_ended")
    assert text(criteria(states=11, evaluations=300)).endswith("ended the search a larger basin_hopping.steps")
    every = Channels(energy=np.arange(12.0), hopping=np.ones(12, bool), far=np.ones(12, bool))
    assert "to go on" not in text(replace(criteria(states=11, evaluations=300), channels=every))


def test_a_state_that_is_found_again_from_elsewhere_has_far_sides_too() -> None:
    made = rounds(["basin_hopping", "connect", "single_ended"], [500, 100, 10], [0, 2, 0])
    found = tables(ENERGY[:3], CHAIN[:2], made, found_from=[(0, 1), (1, 2)])
    again = Attempts(
        minima=np.array([[0, -1], [1, 2]]),
        method=np.array(["single_ended", "borders"]),
        outcome=np.array(["known_transition_state", "not_converged"]),
        round=np.array([2, 2]),
        state=np.array([1, -1]),
    )
    assert Channels.of(found).far.tolist() == [False, False, False]  # type: ignore[union-attr]
    assert Channels.of(replace(found, attempts=again)).far.tolist() == [False, True, True]  # type: ignore[union-attr]


def test_no_minima_at_all() -> None:
    found = Criteria.of(tables([], [], rounds([], [], [])), Goal(0, np.inf, 1.0, 10), 1e-9)
    assert not found.is_connected
    assert not found.minima_are_known


def test_a_wide_interval_is_said_beside_an_estimate_that_holds() -> None:
    few = criteria(states=11, evaluations=300)
    both = Channels(energy=np.arange(12.0), hopping=np.ones(12, bool), far=np.ones(12, bool))
    assert "but its interval reaches" in text(replace(few, channels=both))
    many = Channels(energy=np.arange(9000.0), hopping=np.ones(9000, bool), far=np.ones(9000, bool))
    assert many.widest < 1.05
    assert "interval reaches" not in text(replace(few, channels=many))
