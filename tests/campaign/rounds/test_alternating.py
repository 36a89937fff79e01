"""The turns of the kinds of round, on minima on a line at 0, 1, 2, ... whose energies are their places."""

from collections.abc import Sequence

import numpy as np
import pytest

from landscape.campaign.context import Context
from landscape.campaign.rounds.alternating import Alternating
from landscape.campaign.rounds.assimilation import Assimilation, LandscapeIndex
from landscape.database.store import Store
from tests.campaign.points import minima, plane, states, store_of

ORIGIN = np.array([0, 1])


def context(**explore: object) -> Context:
    return plane(explore={"searches": 0} | explore, connect={"rounds": 10, "single_ended": 3, "pairs": 4})


class Search:
    """A search with rounds made by hand."""

    def __init__(self, context: Context) -> None:
        self.context, self.store = context, store_of(context)

    @property
    def turn(self) -> str | None:
        """The kind whose turn it is, by a newly made `Alternating`, as after a resumption."""
        tables = self.store.tables
        found = Alternating(self.context, LandscapeIndex(self.context, tables)).next(tables)
        return None if found is None else found[0].kind

    def commit(
        self,
        kind: str,
        *,
        places: Sequence[float] = (),
        joins: Sequence[tuple[int, int]] = (),
        evaluations: int = 100,
        hits: bool = True,
    ) -> None:
        store: Store = self.store
        assimilation = Assimilation(LandscapeIndex(self.context, store.tables), store.tables)
        assimilation.add_minima(minima(list(places)), counted=hits)
        found = states([float(max(pair)) + 0.1 * min(pair) for pair in joins], joins)
        for place, pair in enumerate(joins):
            assimilation.add_transition_state(found, place, np.array(pair), ORIGIN)
        store.commit(assimilation.commit(kind=kind, tasks=1, evaluations=evaluations, seconds=0.0))


def chain(count: int) -> list[tuple[int, int]]:
    return [(place, place + 1) for place in range(count - 1)]


@pytest.fixture
def search() -> Search:
    return Search(context())


def test_hopping_goes_on_while_it_finds_much_that_is_new(search: Search) -> None:
    assert search.turn == "basin_hopping"
    search.commit("basin_hopping", places=range(30))
    assert search.turn == "basin_hopping"
    search.commit("basin_hopping", places=range(30, 33))
    assert search.turn == "connect"


def test_new_minima_that_nobody_wants_do_not_keep_hopping_on() -> None:
    search = Search(context(lowest=5))
    search.commit("basin_hopping", places=range(10))
    assert search.turn == "basin_hopping"
    search.commit("basin_hopping", places=range(10, 30))
    assert search.turn == "connect"


def test_of_what_is_left_to_do_the_cheapest_so_far_comes_next(search: Search) -> None:
    search.commit("basin_hopping", places=range(30), evaluations=50)
    search.commit("basin_hopping", evaluations=50)
    assert search.turn == "connect"
    search.commit("connect", joins=chain(10), evaluations=99)
    assert search.turn == "connect"  # single-ended searches wait while connecting still joins minima
    search.commit("connect", joins=[(0, 2)], evaluations=0)
    assert search.turn == "single_ended"
    search.commit("single_ended", joins=[(0, 3)], evaluations=101)
    assert search.turn == "connect"
    search.commit("connect", evaluations=2)
    assert search.turn == "basin_hopping"


def finished(search: Search, count: int) -> None:
    """Commit rounds that leave nothing to do: all minima found in both ways, connected, no merge fell lately."""
    search.commit("basin_hopping", places=range(count))
    search.commit("basin_hopping")
    search.commit("connect", joins=chain(count), evaluations=100)
    search.commit("connect", evaluations=300)


def test_the_search_ends_once_the_criteria_hold(search: Search) -> None:
    finished(search, 12)
    assert search.turn is None


def test_what_only_transition_states_lead_to_calls_for_hopping(search: Search) -> None:
    finished(search, 12)
    new = [0.1 * place for place in range(1, 9)]  # between 0 and 1; hopping has not found them
    search.commit("connect", places=new, joins=[(3, row) for row in range(12, 20)], evaluations=0, hits=False)
    search.commit("connect", evaluations=2000)
    assert search.turn == "basin_hopping"


def test_barriers_that_fell_in_the_last_doubling_call_for_more(search: Search) -> None:
    finished(search, 12)
    search.commit("connect", joins=[(0, 5)], evaluations=300)
    assert search.turn == "single_ended"  # no single-ended round was made yet


def test_barriers_count_as_converged_only_after_some_searches_from_every_minimum() -> None:
    search = Search(context(searches=2))
    finished(search, 12)
    assert search.turn == "single_ended"
    assert Search(plane(connect={"single_ended": 0})).turn == "basin_hopping"
    without = Search(plane(connect={"single_ended": 0}))
    finished(without, 12)
    assert without.turn is None


def test_only_wanted_minima_count() -> None:
    search = Search(context(lowest=5))
    finished(search, 12)
    search.commit("connect", places=[12.0], joins=[(8, 12)], evaluations=400, hits=False)
    assert search.turn is None
    below = Search(context(energy=4.5))
    finished(below, 12)
    below.commit("connect", places=[12.0], joins=[(8, 12)], evaluations=400, hits=False)
    assert below.turn is None


def test_a_limit_of_evaluations_ends_the_search() -> None:
    search = Search(context(evaluations=150))
    search.commit("basin_hopping", places=range(30), evaluations=149)
    assert search.turn == "basin_hopping"
    search.commit("basin_hopping", evaluations=1)
    assert search.turn is None


def test_a_part_of_the_minima_may_be_enough() -> None:
    search = Search(plane(connect={"target": 0.7, "single_ended": 0}))
    search.commit("basin_hopping", places=range(12))
    search.commit("basin_hopping", evaluations=10**6)
    search.commit("connect", joins=chain(8), evaluations=100)
    assert search.turn == "connect"
    search.commit("connect", joins=[(7, 8)], evaluations=1)
    assert search.turn == "connect"  # the round joined a new minimum
    search.commit("connect", evaluations=300)
    assert search.turn is None


def test_a_kind_that_is_at_its_limit_leaves_its_turn_to_others() -> None:
    search = Search(plane(basin_hopping={"steps": 10}, connect={"rounds": 1, "single_ended": 1, "pairs": 4}))
    search.commit("basin_hopping", places=range(30))
    assert search.turn == "connect"
    search.commit("connect", evaluations=10**6)
    assert search.turn == "single_ended"
