"""Coverage against published numbers, against independent sums, and in simulation."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from landscape.errors import PropertyError
from landscape.statistics.coverage import coverage


@pytest.mark.parametrize(
    ("hits", "estimate", "interval"),
    [
        # EstimateS, classic form, as quoted to two decimals in the tests of scikit-bio
        ([0, 1, 1, 4, 2, 5, 2, 4, 1, 2], 10.5, (9.17, 21.89)),
        ([0, 1, 1, 4, 5], 5.0, (4.08, 17.27)),
        ([2, 2, 4, 5], 4.0, (4.0, 4.95)),
    ],
)
def test_chao1_agrees_with_estimates(hits: list[int], estimate: float, interval: tuple[float, float]) -> None:
    found = coverage(np.array(hits))
    assert found.chao1 == estimate
    assert (found.chao1_low, found.chao1_high) == pytest.approx(interval, abs=0.006)


def test_good_turing_is_the_share_of_singletons() -> None:
    found = coverage(np.array([1, 1, 3, 0, 5]))
    assert (found.quenches, found.observed, found.singletons, found.doubletons) == (10, 4, 2, 0)
    assert found.unseen_mass == 0.2


@given(st.lists(st.integers(0, 6), max_size=30))
def test_intervals_are_in_order(hits: list[int]) -> None:
    found = coverage(np.array(hits, dtype=np.int64))
    assert found.observed <= found.chao1_low <= found.chao1_high
    assert found.chao1_low <= found.chao1 * (1 + 1e-12)
    assert found.chao1 <= found.chao1_high * (1 + 1e-12)


def test_the_interval_covers_the_truth_in_simulation() -> None:
    random = np.random.default_rng(0)
    weights = np.full(50, 1.0 / 50.0)  # equal weights: Chao1 is then unbiased
    samples = [coverage(random.multinomial(100, weights)) for _ in range(300)]
    covered = np.mean([s.chao1_low <= 50.0 <= s.chao1_high for s in samples])
    assert 0.9 <= covered <= 1.0
    assert np.mean([s.chao1 for s in samples]) == pytest.approx(50.0, abs=1.5)


def test_good_turing_is_the_probability_of_a_new_minimum_in_simulation() -> None:
    random = np.random.default_rng(1)
    weights = random.dirichlet(np.full(60, 0.3))
    counts = [random.multinomial(80, weights) for _ in range(400)]
    estimated = np.mean([coverage(c).unseen_mass for c in counts])
    assert estimated == pytest.approx(np.mean([weights[c == 0].sum() for c in counts]), abs=0.01)


def test_no_quenches_tell_nothing() -> None:
    found = coverage(np.zeros(3, dtype=np.int64))
    assert found.chao1 == 0.0
    assert np.isnan(found.unseen_mass)


@pytest.mark.parametrize("hits", [np.array([-1, 2]), np.array([0.5]), np.ones((2, 2), dtype=np.int64)])
def test_hits_are_counts(hits: np.ndarray) -> None:
    with pytest.raises(PropertyError, match="whole numbers"):
        coverage(hits)
