"""Calls of an energy that compiled code knows by its address only.

So the compiled code of a search is the same for every energy, and numba's cache of it, which notices changes of its own
file only, holds nothing of the energy's. It does not notice changes of this file either.
"""

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

Generated = tuple[Any, Any]  # the signature of an intrinsic and what writes its instruction


@intrinsic
def evaluate(
    _context: object, _address: object, theta: object, energy: object, gradient: object, data: object
) -> Generated:
    """Calls the `cfunc` of a `Kernel` at an address: writes energies [W] and gradients [W, P] of theta [W, P]."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:  # noqa: ANN401 - numba's own
        kinds = [context.get_value_type(kind) for kind in signature.args[1:]]
        pointer = builder.inttoptr(values[0], ir.FunctionType(ir.VoidType(), kinds).as_pointer())
        builder.call(pointer, values[1:])
        return context.get_dummy_value()

    return types.void(types.int64, theta, energy, gradient, data), generate
