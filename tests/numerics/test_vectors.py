"""Vectors in compiled code against numpy, lane by lane."""

import numpy as np
import pytest
from numba import njit

from landscape.numerics import vectors
from landscape.numerics.vectors import LANES, aligned, load, store

Array = np.ndarray

# Functions of two vectors, and of a vector and a number, in compiled code and in numpy.
BINARY = {
    "add": lambda a, b: a + b,
    "subtract": lambda a, b: a - b,
    "multiply": lambda a, b: a * b,
    "divide": lambda a, b: a / b,
    "at most": lambda a, b: a <= b,
    "at least": lambda a, b: a >= b,
    "equal": lambda a, b: a == b,
}
CHOICES = {
    "max": (max, lambda a, b: np.where(b > a, b, a)),
    "min": (min, lambda a, b: np.where(b < a, b, a)),
}
CASES = {name: (function, function) for name, function in BINARY.items()} | CHOICES


def rows(*values: Array) -> Array:
    out = aligned(len(values))
    out[:] = values
    return out


@pytest.mark.parametrize("name", CASES)
def test_functions_of_two_are_those_of_numpy(name: str) -> None:
    """Arguments are vectors, or a vector and a number in either order."""
    function, expected = CASES[name]
    compute = njit(function) if name in BINARY else function

    @njit
    def both(x: Array, number: float, out: Array) -> None:
        store(out, 0, compute(load(x, 0), load(x, 1)))
        store(out, 1, compute(load(x, 0), number))
        store(out, 2, compute(number, load(x, 0)))

    random = np.random.default_rng(0)
    x, out = rows(*random.normal(size=(2, LANES))), aligned(3)
    x[:, 0], x[0, 1], x[1, 2] = x[0, 0], np.nan, np.inf
    both(x, x[0, 3], out)
    for found, pair in zip(out, ((x[0], x[1]), (x[0], x[0, 3]), (x[0, 3], x[0])), strict=True):
        np.testing.assert_array_equal(found, expected(*pair))


@njit
def others(x: Array, out: Array) -> None:
    store(out, 0, vectors.where(load(x, 0), load(x, 1), 7.0))
    store(out, 1, vectors.root(load(x, 1)))
    store(out, 2, vectors.spread(x[0, 3]))
    total = load(x, 0)
    total += load(x, 1)
    store(out, 3, total)
    store(out, 4, x[1, 4])
    exponent, mantissa = vectors.exponent_and_mantissa(load(x, 1))
    store(out, 5, exponent)
    store(out, 6, mantissa)
    store(out, 7, vectors.power_of_two(exponent + 6755399441055744.0))


def test_the_other_functions_are_those_of_numpy() -> None:
    random = np.random.default_rng(1)
    x, out = rows(random.normal(size=LANES), random.lognormal(sigma=50.0, size=LANES)), aligned(8)
    x[0, :3] = np.nan, 0.0, -0.0
    others(x, out)
    np.testing.assert_array_equal(out[0], np.where(x[0] > 0, x[1], 7.0))
    np.testing.assert_array_equal(out[1], np.sqrt(x[1]))
    np.testing.assert_array_equal(out[2], np.full(LANES, x[0, 3]))
    np.testing.assert_array_equal(out[3], x[0] + x[1])
    np.testing.assert_array_equal(out[4], np.full(LANES, x[1, 4]))
    np.testing.assert_array_equal(np.ldexp(out[6], out[5].astype(int)), x[1])
    assert ((out[6] >= np.sqrt(0.5)) & (out[6] < np.sqrt(2.0))).all()
    np.testing.assert_array_equal(out[7], np.exp2(out[5]))


def test_rows_are_those_of_a_flat_array_and_begin_where_cache_lines_do() -> None:
    @njit
    def copy(x: Array, row: int, out: Array) -> None:
        store(out, row, load(x, row))

    for shape in ((), (3,), (2, 4, 5)):
        x, out = aligned(*shape), aligned(*shape)
        assert x.shape == (*shape, LANES)
        assert x.ctypes.data % 64 == 0
        x[:] = np.random.default_rng(2).normal(size=x.shape)
        for row in range(x.size // LANES):
            copy(x, row, out)
        np.testing.assert_array_equal(out, x)
