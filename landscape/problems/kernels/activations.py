"""Activations and their slopes for compiled code: of a number, of a vector of numbers, of whole layers."""

from typing import Any

import numpy as np

from landscape.numerics.compilation import exact, inlined
from landscape.numerics.elementary import exp, like, log, tanh
from landscape.numerics.vectors import where

Array = np.ndarray
Number = Any  # a float or a vector

TANH, SIGMOID, SOFTPLUS, SILU, RELU = range(5)


@inlined
def _tanh_of(x: Number) -> tuple[Number, Number]:
    value = tanh(x)
    return value, like(x, 1.0) - value * value


@inlined
def _sigmoid_of(x: Number) -> tuple[Number, Number]:
    value = 0.5 + 0.5 * tanh(0.5 * x)
    return value, value * (1.0 - value)


@inlined
def _softplus_of(x: Number) -> tuple[Number, Number]:
    return max(x, 0.0) + log(1.0 + exp(min(x, 0.0 - x))), 0.5 + 0.5 * tanh(0.5 * x)


@inlined
def _silu_of(x: Number) -> tuple[Number, Number]:
    share = 0.5 + 0.5 * tanh(0.5 * x)
    return x * share, share + x * share * (1.0 - share)


@inlined
def _relu_of(x: Number) -> tuple[Number, Number]:
    return max(x, 0.0), where(x, 1.0, 0.0)


@inlined
def activated(kind: int, x: Number) -> tuple[Number, Number]:
    """Value and slope of an activation."""
    if kind == TANH:
        return _tanh_of(x)
    if kind == SIGMOID:
        return _sigmoid_of(x)
    if kind == SOFTPLUS:
        return _softplus_of(x)
    if kind == SILU:
        return _silu_of(x)
    return _relu_of(x)


@exact
def _activate_row(kind: int, row: Array, slope: Array) -> None:
    if kind == TANH:
        for j in range(len(row)):
            row[j], slope[j] = _tanh_of(row[j])
    elif kind == SIGMOID:
        for j in range(len(row)):
            row[j], slope[j] = _sigmoid_of(row[j])
    elif kind == SOFTPLUS:
        for j in range(len(row)):
            row[j], slope[j] = _softplus_of(row[j])
    elif kind == SILU:
        for j in range(len(row)):
            row[j], slope[j] = _silu_of(row[j])
    else:
        for j in range(len(row)):
            row[j], slope[j] = _relu_of(row[j])


@exact
def activate(kind: int, z: Array, slope: Array) -> None:
    """Writes the activation over z and its derivative into slope, both [units, B]."""
    for unit in range(len(z)):
        _activate_row(kind, z[unit], slope[unit])
