"""Capture and recapture against hand-computed numbers and in simulation."""

import numpy as np
import pytest
from scipy.stats import hypergeom

from landscape.errors import PropertyError
from landscape.statistics.capture import Capture, capture, captures, energy_strata, hypergeometric, total


def test_chapman_by_hand() -> None:
    found = Capture(known=10, first=8, second=6, both=4)
    assert found.estimate == pytest.approx(9 * 7 / 5 - 1)  # 11.6


def test_the_interval_has_the_numbers_that_a_test_does_not_reject() -> None:
    # first 2, second 1, both 1: the probability of one in both is 2 / N, which is at least 0.025 up to N = 80
    assert Capture(known=2, first=2, second=1, both=1).interval() == (2.0, 80.0)
    # 2 and 2, none in both: with N = 4 the probability is (2 choose 2) / (4 choose 2) = 1 / 6, which is not rejected
    assert Capture(known=4, first=2, second=2, both=0).interval() == (4.0, np.inf)
    # 5 and 5, four in both: the probability of at most four is 1 - 1 / (6 choose 5) = 5 / 6 with N = 6, and 1 with N =
    # 7
    assert Capture(known=6, first=5, second=5, both=4).interval()[0] == 6.0


@pytest.mark.parametrize(
    ("truth", "first", "second"),
    [(6, 5, 5), (80, 2, 1), (350, 300, 290), (4000, 1900, 2500), (10**5, 400, 300), (9, 9, 4)],
)
def test_overlaps_are_hypergeometric(truth: int, first: int, second: int) -> None:
    overlap = np.arange(max(0, first + second - truth), min(first, second) + 1)
    expected = hypergeom.pmf(overlap, truth, first, second)
    np.testing.assert_allclose(hypergeometric(truth, first, second), expected, rtol=1e-8, atol=1e-280)


def test_ways_that_have_all_in_common_have_all_there_are() -> None:
    found = Capture(known=20, first=20, second=20, both=20)
    assert found.estimate == 20.0
    assert found.interval()[0] == 20.0


def test_what_neither_way_found_is_known_all_the_same() -> None:
    found = capture(np.array([True, True, False, False]), np.array([True, False, False, False]))
    assert (found.known, found.first, found.second, found.both) == (4, 2, 1, 1)
    assert found.estimate == 4.0


def test_a_way_that_found_nothing_tells_nothing() -> None:
    found = capture(np.ones(5, dtype=bool), np.zeros(5, dtype=bool))
    assert np.isnan(found.estimate)
    assert found.interval() == (5.0, np.inf)


def test_strata_are_quarters_by_energy() -> None:
    energy = np.random.default_rng(0).permutation(40).astype(np.float64)
    np.testing.assert_array_equal(energy_strata(energy), energy // 10)
    assert energy_strata(np.zeros(25)).tolist() == [0] * 13 + [1] * 12
    assert energy_strata(np.zeros(9)).tolist() == [0] * 9
    assert energy_strata(np.empty(0)).shape == (0,)


def test_strata_have_estimates_of_their_own() -> None:
    first = np.array([True, True, True, True, False, False])
    second = np.array([True, True, True, False, True, True])
    stratum = np.array([0, 0, 0, 1, 1, 1])
    parts = captures(first, second, stratum)
    assert [part.estimate for part in parts] == [3.0, 5.0]  # (4 * 4) / 4 - 1; (2 * 3) / 1 - 1
    assert total(parts) == 8.0
    assert np.isnan(total([]))


def test_estimate_and_interval_cover_the_truth_in_simulation() -> None:
    random = np.random.default_rng(0)
    truth, found = 200, []
    for _ in range(400):
        first, second = random.random((2, truth)) < np.array([[0.7], [0.5]])
        seen = first | second
        found.append(capture(first[seen], second[seen]))
    covered = np.mean([low <= truth <= high for low, high in (one.interval() for one in found)])
    estimates = np.array([one.estimate for one in found])
    assert covered >= 0.93
    assert estimates.mean() == pytest.approx(truth, abs=1.0)


def test_strata_mend_what_low_minima_that_are_easy_to_find_hide() -> None:
    random = np.random.default_rng(1)
    chance = np.repeat([0.95, 0.3], 100)
    pooled, parts = [], []
    for _ in range(200):
        first, second = random.random((2, 200)) < chance
        seen = first | second
        pooled.append(capture(first[seen], second[seen]).estimate)
        parts.append(total(captures(first[seen], second[seen], np.repeat([0, 1], 100)[seen])))
    assert np.mean(pooled) < 180.0
    assert np.mean(parts) == pytest.approx(200.0, rel=0.05)


@pytest.mark.parametrize("second", [np.ones(2, dtype=bool), np.ones(3, dtype=np.int64)])
def test_ways_are_told_of_every_minimum(second: np.ndarray) -> None:
    with pytest.raises(PropertyError, match="every minimum"):
        capture(np.ones(3, dtype=bool), second)
