"""Families: the same energy as an objective made for each value, and derivatives by the parameter."""

from typing import Any

import numpy as np
import pytest
import torch

from landscape.problems.problem import Problem
from landscape.search.continuation.family import FamilyOfObjectives, Interval, L2Family

VALUES = torch.tensor([1e-3, 5e-3, 2e-1], dtype=torch.float64)


def xor(**table: Any) -> Problem:
    return Problem(dataset="xor", standardise=False, hidden=[2], **table)


def theta() -> torch.Tensor:
    return torch.tensor(np.random.default_rng(0).normal(size=(3, 12)))


def test_the_family_of_l2_is_the_objective_at_each_value() -> None:
    shifted, made = L2Family(xor(l2=1e-2), 1e-2), FamilyOfObjectives(lambda value: xor(l2=value), 1e-2)
    for ours, theirs in zip(
        shifted.energy_and_gradient(theta(), VALUES), made.energy_and_gradient(theta(), VALUES), strict=True
    ):
        torch.testing.assert_close(ours, theirs, rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(shifted.hessian(theta(), VALUES), made.hessian(theta(), VALUES), rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(shifted.slope(theta(), VALUES), made.slope(theta(), VALUES), rtol=1e-7, atol=1e-7)


def test_the_derivative_by_the_weight_of_a_term_is_the_gradient_of_the_term() -> None:
    family = FamilyOfObjectives(lambda value: xor(l2=1e-3, jacobian_weight=value), 1e-2)
    with_term, without = xor(l2=1e-3, jacobian_weight=1.0), xor(l2=1e-3)
    term = with_term.energy_and_gradient(theta())[1] - without.energy_and_gradient(theta())[1]
    torch.testing.assert_close(family.slope(theta(), VALUES), term, rtol=1e-7, atol=1e-7)


@pytest.mark.parametrize(
    "interval", [Interval(start=1e-2, end=1e-5, logarithmic=True), Interval(start=-1.0, end=2.0, logarithmic=False)]
)
def test_the_coordinate_of_an_interval(interval: Interval) -> None:
    s = torch.linspace(*interval.ends, 7, dtype=torch.float64)
    value = interval.value(s)
    assert value[[0, -1]].tolist() == pytest.approx([interval.start, interval.end], rel=1e-14)
    assert interval.direction == np.sign(interval.end - interval.start)
    step = 1e-6
    difference = (interval.value(s + step) - interval.value(s - step)) / (2 * step)
    torch.testing.assert_close(interval.scale(s), difference, rtol=1e-8, atol=1e-12)
