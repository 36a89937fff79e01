"""Columns that grow in place: only new rows cost, and columns handed out before never change."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from landscape.database.lazy import buffer_of, joined

GROWTHS = st.lists(st.integers(0, 7), max_size=12)


@given(GROWTHS, st.sampled_from([(), (2,)]))
def test_joined_rows_are_those_of_all_parts(sizes: list[int], shape: tuple[int, ...]) -> None:
    random = np.random.default_rng(0)
    parts = [random.normal(size=(size, *shape)) for size in sizes]
    column, before = np.empty((0, *shape)), []
    for part in parts:
        column = joined(column, part)
        before.append((column, column.copy()))
    np.testing.assert_array_equal(column, np.concatenate([np.empty((0, *shape)), *parts]))
    for handed_out, then in before:
        np.testing.assert_array_equal(handed_out, then)
        assert not handed_out.flags.writeable


def test_two_columns_that_grow_from_one_do_not_meet() -> None:
    root = joined(np.empty(0), np.arange(10.0))
    root = joined(root, np.arange(1.0))
    first, second = joined(root, np.array([1.0])), joined(root, np.array([2.0]))
    assert (first[-1], second[-1]) == (1.0, 2.0)
    assert root.tolist() == [*range(10), 0]


def test_longer_texts_are_not_cut() -> None:
    assert joined(joined(np.array(["a"]), np.array(["b"])), np.array(["longer"])).tolist() == ["a", "b", "longer"]


@pytest.mark.parametrize("rounds", [100, 1000])
def test_memory_is_copied_a_few_times_however_often_a_column_grows(rounds: int) -> None:
    column, copied = np.empty(0), 0
    for _ in range(rounds):
        before = buffer_of(column)
        column = joined(column, np.ones(1))
        copied += 0 if buffer_of(column) is before else len(column)
    assert copied < 4 * rounds
