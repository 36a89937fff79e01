"""The criteria of completeness on two searches made by hand, with every number known by counting."""

from dataclasses import replace

import numpy as np
import pytest

from landscape.database.tables import Tables
from landscape.studies.completeness.channels import UNKNOWN, Channels
from landscape.studies.completeness.comparison import Comparison, Criterion, Union
from landscape.studies.completeness.goal import Goal
from tests.database.samples import sample_record
from tests.studies.small_tables import rounds, tables

ENERGY = [0.0, 1.0, 2.0, 3.0]
STATES = [(0, 1, 5.0), (1, 2, 6.0), (2, 3, 7.0)]
FOUND_FROM = [(0, -1), (1, -1), (2, -1)]  # far sides: 1, 2 and 3
MADE = rounds(["basin_hopping", "connect"], [100, 100], [0, 3])


def search(**changes: object) -> Tables:
    return tables(**{"energy": ENERGY, "states": STATES, "made": MADE, "found_from": FOUND_FROM, **changes})  # type: ignore[arg-type]


def compared(first: Tables, second: Tables, place: list[int], target: list[int]) -> dict[str, Criterion]:
    union = Union.of(first, second, np.array(place, dtype=np.int64))
    comparison = Comparison(searches=(first, second), union=union, target=np.array(target), tolerance=1e-9)
    last = [*comparison.lines()][-1]
    assert last.startswith("Complete" if comparison.is_complete else "Not complete")
    for one in comparison.criteria:
        assert one.holds or f"({one.letter})" in last
    return {one.letter: one for one in comparison.criteria}


def test_equal_searches_are_complete() -> None:
    found = compared(search(), search(), [0, 1, 2, 3], [0, 1, 2, 3])
    assert all(one.holds for one in found.values())
    assert [one.found for one in found.values()] == ["A 100.0%, B 100.0%", "1.00", "100.0%", "A 0.0%, B 0.0%"]


def test_a_union_has_the_minima_of_the_first_search_first() -> None:
    # the second search has another order, lacks minimum 1 and knows one more, of energy 0.5
    energy, states = [3.0, 0.5, 0.0, 2.0], [(2, 1, 4.0), (0, 3, 6.5)]
    second = search(energy=energy, states=states, hits=[1, 0, 2, 0], found_from=[(2, -1), (3, -1)])
    union = Union.of(search(hits=[1, 1, 0, 0]), second, np.array([3, 4, 0, 2]))
    np.testing.assert_array_equal(union.channels.energy, [0.0, 1.0, 2.0, 3.0, 0.5])
    np.testing.assert_array_equal(union.rows, [[0, 1, 2, 3, -1], [2, -1, 3, 0, 1]])
    np.testing.assert_array_equal(union.channels.hopping, [True, True, False, True, False])
    assert union.channels.far is not None
    np.testing.assert_array_equal(union.channels.far, [False, True, True, True, True])
    np.testing.assert_array_equal(union.ts_minima, [[0, 1], [1, 2], [2, 3], [0, 4], [3, 2]])
    np.testing.assert_array_equal(union.ts_energy, [5.0, 6.0, 7.0, 4.0, 6.5])


def test_what_one_search_misses_counts_against_it() -> None:
    second = search(energy=ENERGY[:3], states=STATES[:2], found_from=FOUND_FROM[:2])
    found = compared(search(), second, [0, 1, 2], [0, 1, 2, 3])
    assert (found["a"].found, found["a"].holds) == ("A 100.0%, B 75.0%", False)
    # of three merges one is new to the second search
    assert (found["d"].found, found["d"].holds) == ("A 0.0%, B 33.3%", False)
    assert found["b"].holds
    assert found["c"].holds
    # the three lowest are complete
    assert all(one.holds for one in compared(search(), second, [0, 1, 2], [0, 1, 2]).values())


def test_a_lower_way_of_the_other_search_is_a_barrier_that_fell() -> None:
    second = search(states=[(0, 1, 5.0), (1, 2, 6.0), (0, 3, 6.5)])
    found = compared(search(), second, [0, 1, 2, 3], [0, 1, 2, 3])
    assert (found["d"].found, found["d"].holds) == ("A 33.3%, B 0.0%", False)


def test_minima_that_only_one_channel_finds_let_more_be_expected() -> None:
    # hopping finds 0 and 1, far sides are 1, 2 and 3: (3 * 4) / 2 - 1 = 5 minima where 4 are known
    first = search(hits=[1, 1, 0, 0])
    found = compared(first, first, [0, 1, 2, 3], [0, 1, 2, 3])
    assert (found["b"].found, found["b"].holds) == ("1.25", False)


@pytest.mark.parametrize("found_from", [None, [(0, 1), (1, 2), (2, 3)]])
def test_a_channel_without_finds_tells_nothing(found_from: list[tuple[int, int]] | None) -> None:
    found = compared(search(found_from=found_from), search(found_from=found_from), [0, 1, 2, 3], [0, 1, 2, 3])
    assert (found["b"].found, found["b"].holds) == ("unknown", False)
    table = [*Channels.of(search(found_from=found_from)).table()]
    assert table == [UNKNOWN] if found_from is None else "unknown" in table[2]


def test_parts_that_no_state_joins() -> None:
    apart = search(states=[(0, 1, 5.0), (2, 3, 7.0)], found_from=[(0, -1), (2, -1)])
    found = compared(apart, apart, [0, 1, 2, 3], [0, 1, 2, 3])
    assert (found["c"].found, found["c"].holds) == ("50.0%", False)


def test_the_table_has_a_line_for_each_stratum_and_one_for_all() -> None:
    many = tables([float(n) for n in range(25)], [(n, n + 1, 30.0) for n in range(24)], MADE)
    far = replace(Channels.of(many), far=np.arange(25) > 0)
    meaning, head, *strata, both = far.table()
    assert meaning.startswith("minima by the channel")
    assert [line.split()[:2] for line in strata] == [["0", "to"], ["13", "to"]]
    assert [line.split()[3:8] for line in strata] == [
        ["13", "13", "12", "12", "13.0"],
        ["12", "12", "12", "12", "12.0"],
    ]
    assert both.split() == ["all", "25", "25", "24", "24", "25.0"]
    assert head.split() == ["energies", "known", "hopping", "far", "sides", "both", "estimate", "95", "%", "interval"]


@pytest.mark.parametrize(
    ("explore", "rows"),
    [
        ("", [1, 2, 0]),
        ("[explore]\nlowest = 2\n", [1, 2]),
        ("[explore]\nlowest = 0\nenergy = 1.0\n", [1]),
        ("[explore]\nlowest = 0\nenergy = inf\n", [1, 2, 0]),
    ],
)
def test_the_target_is_what_the_run_file_asked_for(explore: str, rows: list[int]) -> None:
    record = replace(sample_record(), run_toml=explore)
    assert Goal.stored(record).rows(np.array([3.0, 1.0, 2.0])).tolist() == rows
