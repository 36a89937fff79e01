"""Energies that compiled code knows by their address only.

So the compiled code of a search is the same for every energy, and holds nothing of the energy's.
"""

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from llvmlite import ir
from numba import float64, typeof, types
from numba.extending import intrinsic

from landscape.numerics.compilation import callback, exact

Array = np.ndarray
Data = tuple[Any, ...]
EnergyFunction = Callable[[Array, Array, Array, Data], None]
Generated = tuple[Any, Any]  # the signature of an intrinsic and what writes its instruction


def address(function: EnergyFunction, data: Data) -> int:
    """Where the machine code of a function of theta, energy, gradient and such data is."""
    found: int = _callback(function, typeof(data)).address
    return found


@cache
def _callback(function: EnergyFunction, data: Any) -> Any:  # noqa: ANN401 - numba has no types
    return callback(types.void(float64[:, ::1], float64[::1], float64[:, ::1], data), function)


@intrinsic
def evaluate(
    _context: object, _address: object, theta: object, energy: object, gradient: object, data: object
) -> Generated:
    """Calls what is at an address: it writes energies [W] and gradients [W, P] of theta [W, P]."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:  # noqa: ANN401 - numba's own
        kinds = [context.get_value_type(kind) for kind in signature.args[1:]]
        pointer = builder.inttoptr(values[0], ir.FunctionType(ir.VoidType(), kinds).as_pointer())
        builder.call(pointer, values[1:])
        return context.get_dummy_value()

    return types.void(types.int64, theta, energy, gradient, data), generate


@exact
def call(address: int, theta: Array, energy: Array, gradient: Array, data: Data) -> None:
    """Does so for code that is not compiled."""
    evaluate(address, theta, energy, gradient, data)
