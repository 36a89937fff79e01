"""Depths of minima against minimax paths found by brute force."""

import numpy as np
from hypothesis import given, settings

from landscape.graph.depth import barrier_to_global, component_fraction, depth, escape_barrier
from tests.studies.small_landscapes import NO_STATES, Landscape, landscapes, minimax


@given(landscapes())
@settings(max_examples=50)
def test_depths_agree_with_brute_force(landscape: Landscape) -> None:
    energy, ts_energy, ts_minima = landscape
    paths, lowest = minimax(landscape), int(np.argmin(energy))
    to_global = [0.0 if m == lowest else paths.get((lowest, m), np.nan) - energy[m] for m in range(len(energy))]
    np.testing.assert_array_equal(barrier_to_global(*landscape), to_global)
    escapes = [
        min((e for (a, b), e in zip(ts_minima, ts_energy, strict=True) if a != b and m in (a, b)), default=np.nan)
        for m in range(len(energy))
    ]
    np.testing.assert_array_equal(escape_barrier(*landscape), np.array(escapes) - energy)
    assert component_fraction(*landscape) == np.isfinite(to_global).mean()
    np.testing.assert_array_equal(depth(energy), energy - energy.min())


def test_depths_of_nothing_are_empty() -> None:
    assert depth(np.empty(0)).shape == (0,)
    assert escape_barrier(np.empty(0), *NO_STATES).shape == (0,)
    assert barrier_to_global(np.empty(0), *NO_STATES).shape == (0,)
    assert np.isnan(component_fraction(np.empty(0), *NO_STATES))


def test_the_way_up_a_chain_of_merges_is_no_recursion() -> None:
    count = 5000
    pairs = np.stack([np.arange(count - 1), np.arange(1, count)], axis=1)
    assert np.isfinite(barrier_to_global(np.zeros(count), np.arange(1.0, count), pairs)).all()
