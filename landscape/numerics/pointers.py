"""Calls of energies that compiled code knows by their address only.

The compiled code of a search thus contains no energy: it is compiled once for all energies with data of the same type.
Shapes: W walkers, P parameters.
"""

from collections.abc import Callable
from functools import cache
from typing import Any, TypeVar

import numpy as np
from jaxtyping import Float
from llvmlite import ir
from numba import float64, typeof, types
from numba.extending import intrinsic

from landscape.numerics.compilation import callback, entry, exact
from landscape.objective import Function

Array = np.ndarray
Data = TypeVar("Data", bound=tuple[Any, ...])
Generated = tuple[Any, Any]  # the signature of an intrinsic and the function that writes its instructions


def function_of(
    code: Callable[[Float[np.ndarray, "W P"], Float[np.ndarray, " W"], Float[np.ndarray, "W P"], Data], None],
    data: Data,
) -> Function:
    """A `Function` for compiled code, made from `code`, which takes theta, energy, gradient and these data."""
    return Function(_callback(code, typeof(data)).address, data)


@cache
def _callback(code: Callable[..., None], data: Any) -> Any:  # noqa: ANN401 - numba has no types
    return callback(types.void(float64[:, ::1], float64[::1], float64[:, ::1], data), code)


@intrinsic
def evaluate(_context: object, function: object, theta: object, energy: object, gradient: object) -> Generated:
    """Writes energies [W] and gradients [W, P] of theta [W, P]: the call of a `Function` in compiled code."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:  # noqa: ANN401 - numba's own
        function, *arrays = values
        kinds = [context.get_value_type(kind) for kind in (*signature.args[1:], signature.args[0][1])]
        address, data = (builder.extract_value(function, place) for place in range(2))
        pointer = builder.inttoptr(address, ir.FunctionType(ir.VoidType(), kinds).as_pointer())
        builder.call(pointer, [*arrays, data])
        return context.get_dummy_value()

    return types.void(function, theta, energy, gradient), generate


@entry
@exact
def call(function: Function, theta: Array, energy: Array, gradient: Array) -> None:
    """`evaluate` for code that is not compiled."""
    evaluate(function, theta, energy, gradient)
