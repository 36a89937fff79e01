"""Elementary functions in compiled code against numpy."""

import numpy as np
import pytest
from numba import njit

from landscape.numerics import elementary


@njit
def exponentials(x: np.ndarray, out: np.ndarray) -> None:
    for j in range(len(x)):
        out[j] = elementary.exp(x[j])


@njit
def tangents(x: np.ndarray, out: np.ndarray) -> None:
    for j in range(len(x)):
        out[j] = elementary.tanh(x[j])


@njit
def logarithms(x: np.ndarray, out: np.ndarray) -> None:
    for j in range(len(x)):
        out[j] = elementary.log(x[j])


@pytest.mark.parametrize(
    ("function", "x", "reference"),
    [
        (exponentials, np.linspace(-700.0, 700.0, 100001), np.exp),
        (exponentials, np.linspace(-1.0, 1.0, 100001), np.exp),
        (tangents, np.linspace(-30.0, 30.0, 100001), np.tanh),
        (tangents, np.geomspace(1e-300, 0.2, 100001), np.tanh),
        (logarithms, np.geomspace(1e-300, 1e300, 100001), np.log),
        (logarithms, np.linspace(0.5, 2.0, 100000), np.log),
    ],
)
def test_functions_are_right_to_a_few_units_in_the_last_place(
    function: object, x: np.ndarray, reference: np.ufunc
) -> None:
    found = np.empty_like(x)
    function(x, found)  # type: ignore[operator]
    np.testing.assert_allclose(found, reference(x), rtol=1e-15, atol=1e-300)


@pytest.mark.parametrize(
    ("function", "x", "reference"),
    [
        (exponentials, np.linspace(-87.0, 87.0, 100001), np.exp),
        (tangents, np.linspace(-30.0, 30.0, 100001), np.tanh),
        (tangents, np.geomspace(1e-30, 0.2, 100001), np.tanh),
    ],
)
def test_functions_of_float32_too(function: object, x: np.ndarray, reference: np.ufunc) -> None:
    single = x.astype(np.float32)
    found = np.empty_like(single)
    function(single, found)  # type: ignore[operator]
    np.testing.assert_allclose(found, reference(single.astype(float)), rtol=4e-7, atol=1e-37)
