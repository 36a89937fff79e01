"""Morse counts of landscapes whose points are known: separable functions, and the six-hump camel."""

import math
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from landscape.errors import PropertyError
from landscape.statistics.morse import MorseCount


def counted(*numbers: int) -> MorseCount:
    """The count of so many points of each index, without symmetry."""
    index = np.repeat(np.arange(len(numbers)), numbers)
    return MorseCount.of(np.zeros(len(index)), index)


def test_the_camel_with_its_pairs_of_points() -> None:
    copies, index = np.array([2, 2, 2, 1, 2, 2, 2, 2]), np.array([0, 0, 0, 1, 1, 1, 1, 2])
    found = MorseCount.of(np.log(copies), index)
    assert (found.points, found.copies, found.sums) == ((3, 4, 1), (6, 7, 2), (6, -1, 1))
    assert (found.total, found.missing, found.exact) == (1, (0, 0, 0, 0), True)


@given(st.lists(st.integers(1, 3), min_size=1, max_size=4))
def test_separable_functions_lack_nothing(minima: list[int]) -> None:
    """A sum of functions of one parameter, with m minima and m - 1 maxima between them each."""
    index = [sum(parts) for parts in product(*([0] * m + [1] * (m - 1) for m in minima))]
    found = MorseCount.of(np.zeros(len(index)), np.array(index))
    assert found.total == 1
    assert not any(found.missing)


@given(st.lists(st.integers(1, 3), min_size=1, max_size=3), st.data())
def test_as_many_are_missing_as_the_inequalities_say_at_least(minima: list[int], data: st.DataObject) -> None:
    index = [sum(parts) for parts in product(*([0] * m + [1] * (m - 1) for m in minima))]
    lost = data.draw(st.sets(st.sampled_from(range(len(index))), max_size=5))
    kept = np.array([one for place, one in enumerate(index) if place not in lost], dtype=np.int64)
    gone = np.bincount([index[place] for place in lost], minlength=len(minima) + 2)
    for rank, number in enumerate(MorseCount.of(np.zeros(len(kept)), kept).missing):
        assert number <= sum(gone[rank::-2].tolist())


def test_the_index_of_what_is_missing() -> None:
    assert counted(6, 7).missing == (0, 0, 2)  # the two maxima of the camel
    assert counted(6, 5, 2).missing == (0, 0, 0, 2)  # two transition states, or two points of index 3
    assert counted(0, 7, 2).missing == (1, 0, 6, 0)  # a minimum; c_2 - c_1 + c_0 is -5
    assert (counted().total, counted().missing) == (0, (1,))


def test_sums_are_whole_numbers_also_for_large_orbits() -> None:
    orbit = math.log(math.factorial(10) * 2**10)
    found = MorseCount.of(np.array([orbit, orbit, 0.0]), np.array([0, 1, 2]))
    assert found.copies == (math.factorial(10) * 2**10,) * 2 + (1,)
    assert (found.total, found.exact) == (1, True)
    assert not MorseCount.of(np.array([math.log(1e13)]), np.array([0])).exact


def test_arrays_that_do_not_fit_or_lack_a_number_are_refused() -> None:
    with pytest.raises(PropertyError, match="equal length"):
        MorseCount.of(np.zeros(2), np.zeros(3))
    for size in (np.nan, 1e4):
        with pytest.raises(PropertyError, match="expected a number of copies of every point, found none of 1"):
            MorseCount.of(np.array([0.0, size]), np.zeros(2, dtype=np.int64))
