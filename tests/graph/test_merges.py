"""Merge energies of a target against minimax paths found by brute force."""

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from landscape.errors import PropertyError
from landscape.graph.far_sides import far_sides
from landscape.graph.merges import Fallen, MergeEnergies, fallen, has_fallen, merge_energies
from landscape.graph.targets import target_rows
from tests.patience import patient
from tests.studies.small_landscapes import NO_STATES, Landscape, landscapes, minimax


@given(landscapes(), st.data())
@settings(max_examples=100)
def test_merges_agree_with_brute_force(landscape: Landscape, data: st.DataObject) -> None:
    energy = landscape[0]
    rows = np.array(data.draw(st.lists(st.integers(0, len(energy) - 1), unique=True)), dtype=np.int64)
    paths, order = minimax(landscape), sorted(rows.tolist(), key=lambda row: (energy[row], row))
    found = merge_energies(*landscape, rows)
    for place, row in enumerate(rows.tolist()):
        lower = order[: order.index(row)]
        expected = min((paths.get((row, other), np.inf) for other in lower), default=np.nan)
        assert found.to_lower[place] == pytest.approx(expected, rel=0.0, abs=0.0, nan_ok=True)
        to_lowest = paths.get((row, order[0]), np.inf) if lower else np.nan
        assert found.to_lowest[place] == pytest.approx(to_lowest, rel=0.0, abs=0.0, nan_ok=True)


@given(landscapes(), st.data())
@settings(max_examples=50)
def test_a_further_state_lowers_merges_and_raises_none(landscape: Landscape, data: st.DataObject) -> None:
    energy, ts_energy, ts_minima = landscape
    rows, states = target_rows(energy, 0), data.draw(st.integers(0, len(ts_energy)))
    before = merge_energies(energy, ts_energy[:states], ts_minima[:states], rows)
    after = merge_energies(*landscape, rows)
    fell = (after.to_lower < before.to_lower) | (after.to_lowest < before.to_lowest)
    assert not (after.to_lower > before.to_lower).any()
    assert not (after.to_lowest > before.to_lowest).any()
    np.testing.assert_array_equal(has_fallen(before, after, 1e-9), fell)
    merges = np.isfinite(after.to_lower).sum()
    assert fallen(before, after, 1e-9) == Fallen(fell=fell.sum(), merges=merges)


def test_what_fell_is_counted_once_and_beyond_the_tolerance() -> None:
    nan, inf = np.nan, np.inf
    before = MergeEnergies(to_lower=np.array([nan, 2.0, 2.0, inf, 3.0]), to_lowest=np.array([nan, 2.0, 4.0, inf, inf]))
    after = MergeEnergies(
        to_lower=np.array([nan, 2.0 - 1e-9, 2.0, 5.0, 3.0]), to_lowest=np.array([nan, 2.0, 3.0, 5.0, inf])
    )
    assert has_fallen(before, after, 1e-8).tolist() == [False, False, True, True, False]
    assert fallen(before, after, 1e-8).share == 0.5
    assert fallen(before, after, 1e-10).share == 0.75
    with pytest.raises(PropertyError, match="same rows"):
        fallen(before, merge_energies(np.zeros(2), *NO_STATES, np.arange(2)), 0.0)


def test_targets_without_minima_or_states() -> None:
    assert merge_energies(np.zeros(3), *NO_STATES, np.empty(0, dtype=np.int64)).to_lower.shape == (0,)
    found = merge_energies(np.array([1.0, 0.0]), *NO_STATES, np.array([0, 1]))
    np.testing.assert_array_equal(found.to_lower, [np.inf, np.nan])
    assert np.isnan(fallen(found, found, 0.0).share)


@pytest.mark.parametrize("rows", [[0, 0], [3], [-1]])
def test_rows_of_a_target_exist_once(rows: list[int]) -> None:
    with pytest.raises(PropertyError, match="distinct rows from 0 to 2"):
        merge_energies(np.zeros(3), *NO_STATES, np.array(rows))


def test_merges_of_a_large_landscape_are_quick() -> None:
    random = np.random.default_rng(0)
    energy, pairs = random.random(5000), random.integers(0, 5000, (20000, 2))
    heights = energy[pairs].max(axis=1) + random.random(20000)
    rows = target_rows(energy, 0)
    seconds = []
    for _ in range(3):
        began = time.perf_counter()
        merge_energies(energy, heights, pairs, rows)
        seconds.append(time.perf_counter() - began)
    assert min(seconds) < patient(0.5)


def test_a_target_is_lowest_or_below() -> None:
    energy = np.array([3.0, 1.0, 2.0, 1.0, 5.0])
    assert target_rows(energy, 0).tolist() == [1, 3, 2, 0, 4]
    assert target_rows(energy, 2).tolist() == [1, 3]
    assert target_rows(energy, 9).tolist() == [1, 3, 2, 0, 4]
    assert target_rows(energy, 0, 2.0).tolist() == [1, 3, 2]
    assert target_rows(energy, 1, 2.0).tolist() == [1]
    assert target_rows(energy, 0, 0.5).tolist() == []
    for bad in ((-1, None), (0, float("nan"))):
        with pytest.raises(PropertyError, match="lowest >= 0"):
            target_rows(energy, *bad)


def test_far_sides_are_where_no_search_began() -> None:
    ts_minima = np.array([[0, 1], [1, 2], [3, 4], [5, 5]])
    found_from = np.array([[0, 1], [1, -1], [0, 3], [5, -1]])
    found = far_sides(6, ts_minima, found_from)
    assert found is not None
    assert found.tolist() == [False, False, True, False, True, False]
    assert far_sides(6, ts_minima, np.full((4, 2), -1)) is None
    none = far_sides(6, ts_minima[:0], found_from[:0])
    assert none is not None
    assert not none.any()
