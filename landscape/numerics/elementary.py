"""Exponential, hyperbolic tangent and logarithm for compiled code.

The functions are written out because a loop that contains calls is not vectorised. Each has one source for float64,
float32 (except the logarithm) and the vectors of `vectors.py`.
"""

from typing import Any

import numpy as np
from numba import float32
from numba.extending import overload

from landscape.numerics.compilation import inlined
from landscape.numerics.vectors import exponent_and_mantissa, power_of_two

Number = Any  # a float or a vector


def _double_exponential(x: Number) -> tuple[Number, Number, Number]:
    """p, q, s with exp(x) = s (q + p) / (q - p), s a power of two, for |x| < 700: a Pade form on |r| <= log(2) / 2."""
    shifted = 1.4426950408889634 * x + 6755399441055744.0  # the last bits of the sum are the nearest integer
    nearest = shifted - 6755399441055744.0
    r = x - nearest * 6.93145751953125e-1 - nearest * 1.42860682030941723212e-6
    square = r * r
    p = r * ((1.26177193074810590878e-4 * square + 3.02994407707441961300e-2) * square + 9.99999999999999999910e-1)
    q = (3.00198505138664455042e-6 * square + 2.52448340349684104192e-3) * square + 2.27265548208155028766e-1
    return p, q * square + 2.0, power_of_two(shifted)


def _single_exponential(x: Number) -> tuple[Number, Number, Number]:
    """p, q, s as in `_double_exponential`, for float32 and |x| < 88."""
    shifted = np.float32(1.442695) * x + np.float32(12582912.0)
    nearest = shifted - np.float32(12582912.0)
    r = x - nearest * np.float32(0.693359375) + nearest * np.float32(2.12194440e-4)
    square = r * r
    q = np.float32(12.0) * square + np.float32(120.0)
    return r * (square + np.float32(60.0)), q, power_of_two(shifted)


def _exponential(x: Number) -> tuple[Number, Number, Number]:
    raise NotImplementedError


@overload(_exponential, jit_options={"fastmath": {"contract"}}, inline="always")
def _of_its_precision(x: Number) -> object:
    return _single_exponential if x == float32 else _double_exponential


def like(x: Number, number: float) -> float:
    """The number in the precision of x."""
    raise NotImplementedError


def _double(x: Number, number: float) -> float:  # noqa: ARG001 # numba asks for the names
    return number


def _single(x: Number, number: float) -> np.float32:  # noqa: ARG001 # numba asks for the names
    return np.float32(number)


@overload(like, inline="always")
def _of_the_same_precision(x: Number, number: float) -> object:  # noqa: ARG001 # numba compares the signatures
    return _single if x == float32 else _double


def _within_double(x: Number) -> Number:
    return min(max(x, -700.0), 700.0)


def _within_single(x: Number) -> Number:
    return min(max(x, np.float32(-87.0)), np.float32(87.0))


def _within_range(x: Number) -> Number:
    """The nearest number to x whose exponential is finite and normal."""
    raise NotImplementedError


@overload(_within_range, inline="always")
def _within_its_range(x: Number) -> object:
    return _within_single if x == float32 else _within_double


@inlined
def exp(x: Number) -> Number:
    """Exponential; x is first moved to the nearest number whose exponential is finite and normal."""
    p, q, scale = _exponential(_within_range(x))
    return scale * ((q + p) / (q - p))


@inlined
def tanh(x: Number) -> Number:
    """Hyperbolic tangent, with a small relative error for small numbers too."""
    one, two, limit = like(x, 1.0), like(x, 2.0), like(x, 20.0)
    p, q, scale = _exponential(two * min(max(x, -limit), limit))
    less, more = scale - one, scale + one  # the scale is 1 for small x: then less is exactly 0
    return (less * q + more * p) / (more * q + less * p)


@inlined
def log(x: Number) -> Number:
    """Logarithm of a normal number x > 0: 2 atanh((m - 1) / (m + 1)) of its mantissa m."""
    exponent, mantissa = exponent_and_mantissa(x)
    s = (mantissa - 1.0) / (mantissa + 1.0)
    square = s * s
    series = square * (1.0 / 23.0) + 1.0 / 21.0
    for n in (19.0, 17.0, 15.0, 13.0, 11.0, 9.0, 7.0, 5.0, 3.0):
        series = series * square + 1.0 / n
    return exponent * 0.6931471805599453 + 2.0 * (s + s * square * series)
