"""The compiled form of each activation against its form on tensors, and the choice among compiled functions."""

import numpy as np
import pytest
import torch
from numba import njit

from landscape.numerics.compilation import entry, exact
from landscape.problems.activations import ACTIVATIONS
from landscape.problems.kernels.activations import KINDS, activate
from landscape.problems.kernels.choice import choice

BENT = [name for name, one in ACTIVATIONS.items() if one.bend is not None]
Z = torch.linspace(-9.0, 9.0, 181, dtype=torch.float64) + 0.003


compiled = entry(activate)


@pytest.mark.parametrize("name", KINDS)
def test_the_compiled_form_is_the_value_and_the_slope(name: str) -> None:
    value, slope = np.stack([Z.numpy(), 3.0 * Z.numpy()]), np.empty((2, len(Z)))
    compiled(KINDS[name], value, slope)
    z, activation = torch.stack([Z, 3.0 * Z]), ACTIVATIONS[name]
    torch.testing.assert_close(torch.from_numpy(value), activation.value(z), rtol=1e-14, atol=1e-14)
    torch.testing.assert_close(torch.from_numpy(slope), activation.derivative(z), rtol=1e-14, atol=1e-14)


@pytest.mark.parametrize("name", BENT)
def test_value_and_slope_give_the_second_derivative(name: str) -> None:
    activation = ACTIVATIONS[name]
    assert activation.bend is not None
    (c0, c1, c2), value, slope = activation.bend, activation.value(Z), activation.derivative(Z)
    bent = slope * (c0 + c1 * value + c2 * slope)
    torch.testing.assert_close(activation.second_derivative(Z), bent, rtol=1e-13, atol=1e-16)


@exact
def _first(x: float, y: float) -> float:
    return x + y


@exact
def _second(x: float, y: float) -> float:
    return x * y


@exact
def _third(x: float, y: float) -> float:
    return x - y


def test_a_number_chooses_the_function_and_any_beyond_the_last_one() -> None:
    chosen, one_of_two = choice([_first, _second, _third]), choice([_first, _second])
    found = njit(lambda number: (chosen(number, 5.0, 3.0), one_of_two(number, 5.0, 3.0)))
    assert [found(number) for number in range(4)] == [(8.0, 8.0), (15.0, 15.0), (2.0, 15.0), (2.0, 15.0)]
