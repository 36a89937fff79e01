"""LAPACK for compiled code without the interpreter lock: scipy's own library, by the addresses of its routines.

An address differs from process to process, so it is an argument of the functions here, not a constant in machine code
that is cached on disk. All arguments of a routine are pointers. A symmetric matrix [P, P] in C order is the same in
Fortran order, where its lower triangle is our upper one.
"""

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import get_cython_function_address, intrinsic

from landscape.numerics.compilation import exact
from landscape.numerics.vectors import copy

Array = np.ndarray
Generated = tuple[Any, Any]  # the signature of an intrinsic and the function that writes its instructions

SYTRF = get_cython_function_address("scipy.linalg.cython_lapack", "dsytrf")
SYEVR = get_cython_function_address("scipy.linalg.cython_lapack", "dsyevr")
COLUMNS = 64  # of a block of LAPACK, for the size of workspaces

_VALUES_AND_VECTORS, _BY_INDEX, _LOWER = (np.frombuffer(letter, dtype=np.uint8) for letter in (b"V", b"I", b"L"))


@intrinsic
def _call(_context: object, address: object, arrays: object) -> Generated:
    """Calls the routine at an address with pointers to the arrays of a tuple, which live until the routine returns."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:  # noqa: ANN401 - numba's own
        where, packed = values
        kind = ir.IntType(8).as_pointer()
        pointers = []
        for place, array in enumerate(signature.args[1]):
            made = context.make_array(array)(context, builder, builder.extract_value(packed, place))
            pointers.append(builder.bitcast(made.data, kind))
        routine = builder.inttoptr(where, ir.FunctionType(ir.VoidType(), [kind] * len(pointers)).as_pointer())
        builder.call(routine, pointers)
        return context.get_dummy_value()

    return types.void(address, arrays), generate


@exact
def factorise(sytrf: int, matrix: Array, pivots: Array) -> None:
    """Overwrites a symmetric matrix [P, P] with its factors L and D, by columns; writes the interchanges int32[P]."""
    size = len(matrix)
    numbers, work = np.array([size, COLUMNS * size, 0], dtype=np.int32), np.empty(COLUMNS * size)
    _call(sytrf, (_LOWER, numbers, matrix, numbers, pivots, work, numbers[1:], numbers[2:]))


@exact
def lowest_eigenpairs(syevr: int, matrix: Array, values: Array, vectors: Array) -> bool:
    """Writes the E lowest eigenvalues [E] and eigenvectors [E, P] of a symmetric matrix [P, P], which is overwritten.

    Returns True if all were found.
    """
    size, wanted = len(matrix), len(values)
    n, bounds, found = np.array([size], dtype=np.int32), np.array([1, wanted], dtype=np.int32), np.zeros(2, np.int32)
    lengths, unused = np.array([(COLUMNS + 26) * size, 10 * size], dtype=np.int32), np.zeros(1)
    work, more = np.empty(lengths[0]), np.empty(lengths[1], dtype=np.int32)
    every, support = np.empty(size), np.empty(2 * size, dtype=np.int32)
    wish = (_VALUES_AND_VECTORS, _BY_INDEX, _LOWER, n, matrix, n, unused, unused, bounds, bounds[1:], unused, found)
    room = (every, vectors, n, support, work, lengths, more, lengths[1:], found[1:])
    _call(syevr, wish + room)
    copy(every, values)
    return bool(found[1] == 0 and found[0] == wanted)
