"""Pair selection on a landscape of five minima on a line, two of them joined.

place      0   1   3   6   10
row        0   1   2   3   4
energy     0   3   1   2   4        a transition state at energy 5 joins 0 and 1
"""

from dataclasses import replace

import numpy as np
import pytest

from landscape.campaign.pairs.selection import STRATEGIES, require_strategies, select_pairs
from landscape.campaign.pairs.view import ALL_PAIRS_UP_TO, WANTED_AT_MOST, PairView, places, rows_in_view
from landscape.config.tables import ConnectConfig
from landscape.errors import ConfigError

PLACES = np.array([0.0, 1.0, 3.0, 6.0, 10.0])
VIEW = PairView(
    rows=np.arange(5),
    wanted=np.ones(5, dtype=bool),
    all_energy=np.array([0.0, 3.0, 1.0, 2.0, 4.0]),
    distance=np.abs(PLACES[:, None] - PLACES),
    tries=np.zeros((5, 5), dtype=np.int64),
    ts_energy=np.array([5.0]),
    ts_minima=np.array([[0, 1]]),
    retries=2,
)
ALL_OPEN = {(0, 2), (0, 3), (0, 4), (1, 2), (1, 3), (1, 4), (2, 3), (2, 4), (3, 4)}
OFFERS = {
    "closest": [(1, 2), (0, 2), (2, 3), (3, 4), (1, 3), (0, 3), (2, 4), (1, 4), (0, 4)],
    "gmin": [(0, 2), (0, 3), (0, 4)],
    "unconnected": [(1, 2), (1, 3), (1, 4), (0, 2), (0, 3), (0, 4)],
    "missing": [(1, 2), (2, 3), (3, 4)],
    "untrap": [(0, 2), (2, 3), (3, 4), (1, 2)],
    "focus": [(1, 2), (2, 3), (3, 4)],
    "borders": [],
}


def random() -> np.random.Generator:
    return np.random.default_rng(0)


def offered(name: str, view: PairView = VIEW) -> list[tuple[int, int]]:
    """The pairs that a strategy offers, each once."""
    return list(dict.fromkeys(STRATEGIES[name](view, random())))


def tried(view: PairView, pair: tuple[int, int], times: int) -> PairView:
    tries = view.tries.copy()
    tries[pair], tries[pair[::-1]] = times, times
    return replace(view, tries=tries)


@pytest.mark.parametrize("name", OFFERS)
def test_what_a_strategy_offers(name: str) -> None:
    assert offered(name) == OFFERS[name]


def test_random_pairs_are_all_open_ones_in_an_order_of_their_seed() -> None:
    assert set(offered("random")) == ALL_OPEN
    assert offered("random") == offered("random")
    other = list(STRATEGIES["random"](VIEW, np.random.default_rng(1)))
    assert set(other) == ALL_OPEN
    assert other != offered("random")


def test_the_strategies_of_a_run_file_are_those_that_are_declared() -> None:
    require_strategies(list(STRATEGIES), "a.toml")
    require_strategies(ConnectConfig().strategies, "a.toml")
    message = r'^a.toml: \[connect\] strategies\[1\]: expected .*, found "gmn"; did you mean \'gmin\'\?$'
    with pytest.raises(ConfigError, match=message):
        require_strategies(["closest", "gmn"], "a.toml")
    assert all(choose.__doc__ for choose in STRATEGIES.values())


@pytest.mark.parametrize("name", [name for name in STRATEGIES if name not in ("focus", "borders")])
def test_pairs_that_failed_too_often_are_not_offered(name: str) -> None:
    first = offered(name)[0]
    assert first in offered(name, tried(VIEW, first, VIEW.retries))
    assert first not in offered(name, tried(VIEW, first, VIEW.retries + 1))


@pytest.mark.parametrize("name", STRATEGIES)
def test_pairs_are_ordered_open_and_never_those_that_are_joined(name: str) -> None:
    assert set(offered(name)) <= ALL_OPEN


def test_the_way_around_a_failure_is_missing_next() -> None:
    view = tried(VIEW, (1, 2), 3)
    assert offered("missing", view) == [(0, 2), (2, 3), (3, 4)]
    assert offered("unconnected", view)[0] == (0, 2)


def test_a_way_through_joined_minima_costs_nothing() -> None:
    view = replace(VIEW, ts_minima=np.array([[0, 1], [2, 3]]), ts_energy=np.array([5.0, 6.0]))
    assert offered("missing", view) == [(1, 2), (3, 4)]


def test_degenerate_rearrangements_join_nothing() -> None:
    view = replace(VIEW, ts_minima=np.array([[2, 2]]))
    assert view.component.tolist() == [True, False, False, False, False]
    assert set(offered("closest", view)) == ALL_OPEN | {(0, 1)}


def test_connected_landscapes_leave_what_does_not_aim_at_connecting() -> None:
    joined = np.array([[0, 1], [1, 2], [2, 3], [3, 4]])
    view = replace(VIEW, ts_minima=joined, ts_energy=np.array([5.0, 6.0, 7.0, 8.0]))
    assert view.component.all()
    for name in ("missing", "unconnected", "gmin", "focus"):
        assert offered(name, view) == []
    assert offered("untrap", view)[0] == (0, 2)  # highest barrier in relation to its depth
    assert len(offered("closest", view)) == 6


def test_strategies_take_turns_and_no_pair_is_chosen_twice() -> None:
    chosen = select_pairs(VIEW, ["missing", "gmin", "closest"], 5, random())
    assert chosen == [
        ((1, 2), "missing"),
        ((0, 2), "gmin"),
        ((2, 3), "closest"),
        ((3, 4), "missing"),
        ((0, 3), "gmin"),
    ]


def test_all_open_pairs_are_chosen_if_there_is_room() -> None:
    chosen = select_pairs(VIEW, list(STRATEGIES), 100, random())
    assert {pair for pair, _ in chosen} == ALL_OPEN
    assert len(chosen) == len(ALL_OPEN)
    assert chosen == select_pairs(VIEW, list(STRATEGIES), 100, random())


def test_a_landscape_without_pairs() -> None:
    lonely = replace(
        VIEW,
        rows=VIEW.rows[:1],
        wanted=VIEW.wanted[:1],
        all_energy=VIEW.all_energy[:1],
        distance=VIEW.distance[:1, :1],
        tries=VIEW.tries[:1, :1],
        ts_energy=np.zeros(0),
        ts_minima=np.zeros((0, 2), dtype=np.int64),
    )
    assert select_pairs(lonely, list(STRATEGIES), 5, random()) == []
    assert select_pairs(replace(VIEW, tries=VIEW.tries + 3), list(STRATEGIES), 5, random()) == []


WANTED = 3
MANY = 10 * ALL_PAIRS_UP_TO
MANY_ENERGIES = np.random.default_rng(3).random(MANY)
INSIDE = (np.arange(MANY) % 4 > 0) | (np.arange(MANY) == np.argmin(MANY_ENERGIES))

LOWEST = np.argsort(MANY_ENERGIES)[:WANTED]


def sampled(seed: int = 0) -> np.ndarray:
    return rows_in_view(MANY_ENERGIES, INSIDE, LOWEST, np.random.default_rng(seed))


def view_of_many(rows: np.ndarray) -> PairView:
    """View in which the minima inside form a chain, and distances are differences of energies."""
    chain = np.flatnonzero(INSIDE)
    pairs = np.stack([chain[:-1], chain[1:]], axis=1)
    return PairView(
        rows=rows,
        wanted=np.isin(rows, LOWEST),
        distance=np.abs(MANY_ENERGIES[rows][:, None] - MANY_ENERGIES[rows]),
        tries=np.zeros((len(rows), len(rows)), dtype=np.int64),
        all_energy=MANY_ENERGIES,
        ts_energy=MANY_ENERGIES[pairs].max(axis=1) + 1.0,
        ts_minima=pairs,
        retries=0,
    )


def test_few_minima_are_all_in_view() -> None:
    assert rows_in_view(VIEW.all_energy, VIEW.component, VIEW.rows, random()).tolist() == [0, 1, 2, 3, 4]


def test_of_many_minima_a_sample_is_in_view_with_its_neighbours_in_energy() -> None:
    rows = sampled()
    assert np.argmin(MANY_ENERGIES) in rows
    assert len(rows) < ALL_PAIRS_UP_TO
    assert (np.diff(rows) > 0).all()
    assert 64 <= np.count_nonzero(~INSIDE[rows]) <= 64 * 3
    energy = MANY_ENERGIES[rows]
    reach = np.abs(energy[~INSIDE[rows]][:, None] - energy[INSIDE[rows]]).min(axis=1)
    assert np.median(reach) < 10.0 / MANY
    np.testing.assert_array_equal(rows, sampled())
    assert set(rows) != set(sampled(1))


@pytest.mark.parametrize("name", ["missing", "unconnected", "gmin"])
def test_pairs_among_many_minima_cross_the_border_of_the_component(name: str) -> None:
    chosen = select_pairs(view_of_many(sampled()), [name], 32, random())
    assert len(chosen) == 32
    for (i, j), _ in chosen:
        assert i < j
        assert not (INSIDE[i] and INSIDE[j])
    assert name == "gmin" or min(abs(MANY_ENERGIES[i] - MANY_ENERGIES[j]) for (i, j), _ in chosen) < 10.0 / MANY


def test_a_few_minima_outside_are_all_in_view() -> None:
    inside = np.arange(MANY) > 2
    assert {0, 1, 2} <= set(rows_in_view(MANY_ENERGIES, inside, LOWEST, random()))


def test_of_many_minima_the_lowest_wanted_ones_are_in_view_connected_or_not() -> None:
    for inside in (INSIDE, np.ones(MANY, dtype=bool)):
        assert set(LOWEST) <= set(rows_in_view(MANY_ENERGIES, inside, LOWEST, random()))
    rows = rows_in_view(MANY_ENERGIES, np.ones(MANY, dtype=bool), np.arange(MANY), random())
    assert set(rows) == set(np.argsort(MANY_ENERGIES)[:WANTED_AT_MOST])


def test_places_are_those_of_pairs_in_view() -> None:
    pairs = np.array([[0, 5], [7, 5], [2, 2], [7, 9]])
    assert places(pairs, np.array([2, 5, 7]), 10).tolist() == [[2, 1], [0, 0]]
    assert places(pairs, np.arange(10), 10).tolist() == pairs.tolist()
