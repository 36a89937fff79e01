"""Orders of groups against the number of permutations and sign flips, and of stabilisers by their definition."""

import math
from typing import Any

import numpy as np
import pytest

from landscape.numerics.stabilisers import log_group_order, stabiliser_orders
from landscape.problems.problem import Problem

XOR: dict[str, Any] = {"dataset": "xor", "standardise": False, "l2": 1e-2}


@pytest.mark.parametrize(
    ("hidden", "activation", "order"),
    [([2], "tanh", 8), ([3], "tanh", 48), ([3], "softplus", 6), ([2, 3], "tanh", 8 * 48)],
)
def test_the_order_of_the_group(hidden: list[int], activation: str, order: int) -> None:
    problem = Problem(hidden=hidden, activation=activation, **XOR)
    assert math.isclose(math.exp(log_group_order(problem.symmetry, problem.n_parameters)), order, rel_tol=1e-9)


def test_the_order_of_a_stabiliser_is_that_of_the_group_over_the_number_of_copies() -> None:
    found = stabiliser_orders(math.log(48.0), np.log([48.0, 24.0, 1.0]))
    np.testing.assert_array_equal(found, [1.0, 2.0, 48.0])


def test_an_order_that_is_no_whole_number_or_too_large_is_unknown() -> None:
    found = stabiliser_orders(1000.0, np.array([1000.0, 1000.0 - math.log(1.5), 1000.0 - math.log(2.0**54), 0.0]))
    np.testing.assert_array_equal(found, [1.0, np.nan, np.nan, np.nan])
