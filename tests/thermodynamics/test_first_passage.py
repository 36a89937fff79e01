import numpy as np
import pytest
from hypothesis import given, settings

from landscape.thermodynamics.first_passage import direct_committors, direct_passage_times
from landscape.thermodynamics.graph_transformation import committors, rates_between
from landscape.thermodynamics.rates import network
from tests.thermodynamics.landscapes import EXAMPLES, Passes, Wells, landscapes, passes, rate_matrix, wells


@settings(max_examples=EXAMPLES)
@given(landscape=landscapes())
def test_times_solve_their_equations(landscape: tuple[Wells, Passes]) -> None:
    found = network(*landscape, 0.5)
    times = np.exp(direct_passage_times(found, [0]))
    assert times[0] == 0.0
    np.testing.assert_allclose((rate_matrix(found).T @ times)[1:], -1.0, rtol=1e-7)


@settings(max_examples=EXAMPLES)
@given(landscape=landscapes())
def test_both_ways_to_compute_agree(landscape: tuple[Wells, Passes]) -> None:
    found = network(*landscape, 0.2)
    last = len(found.log_occupation) - 1
    times = direct_passage_times(found, [0])
    assert times[last] == pytest.approx(float(rates_between(found, [0], [last]).log_time[0]), abs=1e-6)
    np.testing.assert_allclose(
        direct_committors(found, [0], [last]), committors(found, [0], [last]), rtol=1e-6, atol=1e-9
    )


def test_a_walk_of_a_line_has_its_known_times() -> None:
    """With rates of 1 to both neighbours the time from site k of n to site 0 is k (2 n - 1 - k) / 2."""
    sites = 9
    line = network(wells([0.0] * sites), passes([(row, row + 1) for row in range(sites - 1)], [0.0] * (sites - 1)), 1.0)
    place = np.arange(1, sites)
    times = np.exp(direct_passage_times(line, [0]))[1:] / (2.0 * np.pi)
    np.testing.assert_allclose(times, place * (2 * sites - 1 - place) / 2.0, rtol=1e-12)
    np.testing.assert_allclose(
        direct_committors(line, [0], [sites - 1]), 1.0 - np.arange(sites) / (sites - 1), rtol=1e-12
    )


def test_unconnected_minima_never_arrive() -> None:
    found = network(wells([0.0] * 4), passes([(0, 1), (2, 3)], [1.0, 1.0]), 1.0)
    times = direct_passage_times(found, [0])
    assert times[0] == -np.inf
    assert (times[2:] == np.inf).all()
    assert np.isnan(direct_committors(found, [0], [1])[2:]).all()


@pytest.mark.parametrize("temperature", [0.02, 1e-3, 1e-5])
def test_what_is_lost_to_rounding_is_unknown_and_never_wrong(temperature: float) -> None:
    """Two minima behind a barrier, between which a walker goes to and fro e^(0.9 / T) times."""
    found = network(wells([0.0] * 4), passes([(0, 1), (1, 2), (0, 3)], [1.0, 0.1, 1.0]), temperature)
    assert np.isnan(direct_passage_times(found, [0])[1:]).all()
    assert np.isnan(direct_committors(found, [0], [3])[1:3]).all()
    # the two minima are one well, twice as wide as its way out: the time over the barrier is 2 / k
    expected = np.log(2.0 * 2.0 * np.pi) + 1.0 / temperature
    assert rates_between(found, [0], [1]).log_time[0] == pytest.approx(expected, rel=1e-12)
