import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from landscape.thermodynamics import graph_transformation
from landscape.thermodynamics.graph_transformation import committors, rates_between, reduced
from landscape.thermodynamics.rates import Network, network
from tests.thermodynamics.landscapes import (
    EXAMPLES,
    FCC,
    ICOSAHEDRAL,
    Passes,
    Wells,
    landscapes,
    lj38,
    passes,
    random_landscape,
    rate_matrix,
    wells,
)


def times_by_linear_algebra(found: Network, to: list[int]) -> np.ndarray:
    """Mean first passage times [M] to the minima `to`, with a dense matrix."""
    matrix = rate_matrix(found).T
    free = np.setdiff1d(np.arange(len(matrix)), to)
    times = np.zeros(len(matrix))
    times[free] = np.linalg.solve(matrix[np.ix_(free, free)], -np.ones(len(free)))
    return times


def sides(count: int) -> tuple[list[int], list[int]]:
    """Two sets of minima: the first third, at least one, and the last third."""
    third = max(1, count // 3)
    return list(range(third)), list(range(count - third, count))


def test_rates_of_lj38_are_those_of_pathsample() -> None:
    """Numbers of pathsample_dijkstra.out beside the database, for T = 0.1 from the icosahedral minimum to fcc."""
    found = network(*lj38(), 0.1)
    there, back = rates_between(found, [FCC], [ICOSAHEDRAL]), rates_between(found, [ICOSAHEDRAL], [FCC])
    assert np.exp(there.log_rate) == pytest.approx(0.1551517065e-14, rel=2e-9)
    assert np.exp(back.log_rate) == pytest.approx(0.1206571575e-15, rel=2e-9)
    assert np.exp(there.log_mean_time) == pytest.approx(0.6445304551e15, rel=2e-9)
    assert np.exp(back.log_mean_time) == pytest.approx(0.8287945950e16, rel=2e-9)


def test_rates_between_sets_of_lj38_are_those_of_pele() -> None:
    """Numbers of pele 0.1.2, RateCalculation at T = 0.15: get_rate_AB (from A to B), and the same in steady state."""
    found = network(*lj38(), 0.15)
    there, back = rates_between(found, [7, 8, 9], [1, 0, 3]), rates_between(found, [1, 0, 3], [7, 8, 9])
    assert np.exp(there.log_rate) == pytest.approx(2.0771818398371997e-09, rel=1e-11)
    assert np.exp(back.log_rate) == pytest.approx(2.5849303316167643e-09, rel=1e-11)
    assert np.exp(there.log_steady_state) == pytest.approx(3.785488990319609e-09, rel=1e-11)
    assert np.exp(back.log_steady_state) == pytest.approx(2.5857677146359286e-09, rel=1e-11)


def test_three_minima_with_rates_of_one() -> None:
    ones = network(wells([0.0] * 3), passes([(0, 1), (1, 2), (2, 0)], [0.0] * 3), 1.0)
    scale = 2.0 * np.pi  # makes the rate of each step 1
    assert scale * np.exp(rates_between(ones, [0], [1]).log_rate) == pytest.approx(1.0, rel=1e-14)
    assert scale * np.exp(rates_between(ones, [1], [0]).log_rate) == pytest.approx(1.0, rel=1e-14)


@pytest.mark.parametrize("dense", [0.0, 0.5, 2.0], ids=["matrix", "both", "dictionaries"])
@settings(max_examples=EXAMPLES)
@given(landscape=landscapes())
def test_rates_times_and_committors_are_those_of_linear_algebra(dense: float, landscape: tuple[Wells, Passes]) -> None:
    found = network(*landscape, 0.5)
    to, start = sides(len(found.log_occupation))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(graph_transformation, "DENSE", dense)
        rates, committor = rates_between(found, to, start), committors(found, to, start)
        left = reduced(found, {*to, *start})
    assert rates_between(found, to, start, left).log_rate == rates.log_rate
    np.testing.assert_array_equal(committors(found, to, start, left), committor)
    times = times_by_linear_algebra(found, to)[start]
    weight = np.exp(found.log_occupation[start])
    weight /= weight.sum()
    np.testing.assert_allclose(np.exp(rates.log_time), times, rtol=1e-8)
    assert np.exp(rates.log_rate) == pytest.approx(float(weight @ (1.0 / times)), rel=1e-8)
    assert np.exp(rates.log_mean_time) == pytest.approx(float(weight @ times), rel=1e-8)
    matrix = rate_matrix(found).T
    free = np.setdiff1d(np.arange(len(matrix)), [*to, *start])
    expected = np.linalg.solve(matrix[np.ix_(free, free)], -matrix[free][:, to].sum(axis=1))
    np.testing.assert_allclose(committor[free], expected, rtol=1e-8, atol=1e-12)
    assert (committor[to] == 1.0).all()
    assert (committor[start] == 0.0).all()


@settings(max_examples=EXAMPLES)
@given(landscape=landscapes())
def test_the_steady_state_obeys_detailed_balance_and_is_the_flux_of_committors(
    landscape: tuple[Wells, Passes],
) -> None:
    found = network(*landscape, 0.5)
    to, start = sides(len(found.log_occupation))
    there, back = rates_between(found, to, start), rates_between(found, start, to)
    occupied = np.exp(found.log_occupation)
    flux = occupied[start].sum() * np.exp(there.log_steady_state)
    assert occupied[to].sum() * np.exp(back.log_steady_state) == pytest.approx(flux, rel=1e-10)
    rise = np.diff(committors(found, to, start)[found.pairs], axis=1)[:, 0]
    assert np.sum(np.exp(found.log_flux) * rise**2) == pytest.approx(flux, rel=1e-9)  # Dirichlet's principle


@settings(max_examples=EXAMPLES)
@given(landscape=landscapes(), lone=st.integers(0, 100))
def test_sets_of_one_minimum_have_equal_rates_with_and_without_steady_states_within_the_set(
    landscape: tuple[Wells, Passes], lone: int
) -> None:
    found = network(*landscape, 0.5)
    count = len(found.log_occupation)
    rates = rates_between(found, [(lone + 1) % count], [lone % count])
    assert rates.log_non_steady_state == pytest.approx(rates.log_rate, rel=1e-12)
    assert rates.log_time[0] == pytest.approx(-rates.log_rate, rel=1e-12)


def test_removing_minima_keeps_all_occupation() -> None:
    found = network(*random_landscape(3, 60, 90), 0.2)
    left = reduced(found, {0, 17, 31})
    assert np.exp(list(left.gathered.values())).sum() == pytest.approx(1.0, rel=1e-12)
    assert len(left.removed) == 57


def test_rates_far_below_the_smallest_number_keep_their_digits() -> None:
    """A chain of wells: the time over its barrier is a sum that is known, at T = 1e-5 about e^100000."""
    energy, barrier = [0.0, 0.3, 0.1, 0.4, 0.2], [1.0, 0.9, 1.1, 0.8]
    temperature = 1e-5
    found = network(wells(energy), passes([(row, row + 1) for row in range(4)], barrier), temperature)
    low, high = np.array(energy) / temperature, np.array(barrier) / temperature
    terms = [high[step] - low[well] + np.log(2 * np.pi) for step in range(4) for well in range(step + 1)]
    expected = float(np.logaddexp.reduce(terms))
    assert expected > 90_000
    assert rates_between(found, [4], [0]).log_mean_time == pytest.approx(expected, rel=1e-13)


def test_minima_without_states_or_elsewhere_are_left_out() -> None:
    low, high = wells([0.0, 0.1, 0.0, 0.0, 0.3]), passes([(0, 1), (2, 3)], [1.0, 0.5])
    alone = network(wells([0.0, 0.1]), passes([(0, 1)], [1.0]), 0.3)
    found = network(low, high, 0.3)
    assert rates_between(found, [1], [0]).log_rate == pytest.approx(rates_between(alone, [1], [0]).log_rate, rel=1e-12)
    assert np.isnan(committors(found, [1], [0])[2:]).all()
