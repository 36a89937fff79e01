import itertools

import numpy as np
import pytest
import torch

from landscape.problems.networks.layers import Dense
from landscape.problems.networks.symmetry import hidden_units
from tests.problems.reference import points, small_problem, stack, torch_energy


def units(sizes: list[int]) -> tuple[np.ndarray, ...]:
    return hidden_units(tuple(Dense(a, b) for a, b in itertools.pairwise(sizes)))


@pytest.mark.parametrize("hidden", [[4], [3, 4], [3, 2, 3]], ids=str)
def test_units_that_change_places_leave_the_energy_as_it_is(hidden: list[int]) -> None:
    problem = small_problem("tanh", hidden)
    energy = torch_energy(problem, stack([3, *hidden, 3], "tanh"))
    theta = points(problem, 1)[0]
    for group in units([3, *hidden, 3]):
        for order in itertools.permutations(range(len(group))):
            moved = theta.clone()
            moved[group] = theta[group[list(order)]]
            torch.testing.assert_close(energy(moved), energy(theta), rtol=1e-13, atol=0)


def test_a_unit_is_its_incoming_weights_its_bias_and_its_outgoing_weights() -> None:
    (group,) = units([2, 3, 2])
    assert group.tolist() == [[0, 1, 6, 9, 12], [2, 3, 7, 10, 13], [4, 5, 8, 11, 14]]


@pytest.mark.parametrize("sizes", [[3, 4, 2], [2, 3, 4, 2], [2, 3, 2, 3, 2]], ids=str)
def test_every_parameter_but_the_last_biases_belongs_to_a_unit(sizes: list[int]) -> None:
    places = np.concatenate([group.ravel() for group in units(sizes)])
    count = sum(b * (a + 1) for a, b in itertools.pairwise(sizes))
    assert np.unique(places).tolist() == list(range(count - sizes[-1]))
