"""Random streams: named by integers, reproducible, and different for different keys."""

import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from landscape.numerics.streams import stream

KEYS = st.lists(st.integers(0, 2**63 - 1), max_size=6).map(tuple)


@given(KEYS)
def test_equal_keys_give_equal_numbers(key: tuple[int, ...]) -> None:
    assert np.array_equal(stream(*key).standard_normal(5), stream(*key).standard_normal(5))


def test_integers_of_numpy_are_integers() -> None:
    assert stream(3, 4).random() == stream(*np.array([3, 4])).random()


@given(KEYS, KEYS)
def test_different_keys_give_different_numbers(first: tuple[int, ...], second: tuple[int, ...]) -> None:
    same = np.array_equal(stream(*first).random(3), stream(*second).random(3))
    assert same == (first == second)


def test_neither_zeros_at_the_end_nor_large_integers_collide() -> None:
    keys: list[tuple[int, ...]] = [(), (0,), (0, 0), (1,), (1, 0), (0, 1), (2**32,), (1, 2), (1, 2, 0), (2 + 2**32, 1)]
    assert len({stream(*key).random() for key in keys}) == len(keys)


def test_streams_of_neighbours_are_uncorrelated() -> None:
    rows = np.array(
        [stream(0, task, walker).standard_normal(2000) for task, walker in itertools.product(range(6), repeat=2)]
    )
    correlation = np.corrcoef(rows) - np.eye(len(rows))
    assert np.abs(correlation).max() < 5.0 / 2000**0.5
