"""LAPACK for compiled code that holds no lock: scipy's own library, by the addresses of its routines.

An address differs from process to process, so it is an argument of the functions here and no constant in machine code
that is kept on disk. All arguments of a routine are pointers. A symmetric matrix [P, P] in the order of C is the same
in the order of Fortran, where its lower triangle is our upper one.
"""

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import get_cython_function_address, intrinsic

from landscape.numerics.compilation import exact

Array = np.ndarray
Generated = tuple[Any, Any]  # the signature of an intrinsic and what writes its instructions

SYTRF = get_cython_function_address("scipy.linalg.cython_lapack", "dsytrf")
SYEVR = get_cython_function_address("scipy.linalg.cython_lapack", "dsyevr")
COLUMNS = 64  # of a block, for which there is room to work in

_VALUES_AND_VECTORS, _BY_INDEX, _LOWER = (np.frombuffer(letter, dtype=np.uint8) for letter in (b"V", b"I", b"L"))


@intrinsic
def _call(_context: object, address: object, pointers: object) -> Generated:
    """Calls the routine at an address with pointers, a tuple of integers."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:  # noqa: ANN401 - numba's own
        where, packed = values
        count = len(signature.args[1])
        kind = ir.IntType(8).as_pointer()
        routine = builder.inttoptr(where, ir.FunctionType(ir.VoidType(), [kind] * count).as_pointer())
        arguments = [builder.inttoptr(builder.extract_value(packed, place), kind) for place in range(count)]
        builder.call(routine, arguments)
        return context.get_dummy_value()

    return types.void(address, pointers), generate


@exact
def factorise(sytrf: int, matrix: Array, pivots: Array) -> None:
    """Overwrites a symmetric matrix [P, P] with its factors L and D, by columns, and writes int32[P] interchanges."""
    size = len(matrix)
    numbers = np.array([size, COLUMNS * size, 0], dtype=np.int32)
    n, length, info = numbers.ctypes.data, numbers[1:].ctypes.data, numbers[2:].ctypes.data
    work = np.empty(COLUMNS * size)
    lower = _LOWER.copy()
    _call(sytrf, (lower.ctypes.data, n, matrix.ctypes.data, n, pivots.ctypes.data, work.ctypes.data, length, info))


@exact
def lowest_eigenpairs(syevr: int, matrix: Array, values: Array, vectors: Array) -> bool:
    """Writes the E lowest eigenvalues [E] and eigenvectors [E, P] of a symmetric matrix [P, P], which is overwritten;
    whether they were found.
    """
    size, wanted = len(matrix), len(values)
    numbers = np.array([size, 1, wanted, 0, (COLUMNS + 26) * size, 10 * size, 0], dtype=np.int32)
    n, first, last = numbers.ctypes.data, numbers[1:].ctypes.data, numbers[2:].ctypes.data
    found, length, integers = numbers[3:].ctypes.data, numbers[4:].ctypes.data, numbers[5:].ctypes.data
    info = numbers[6:].ctypes.data
    work, more = np.empty((COLUMNS + 26) * size), np.empty(10 * size, dtype=np.int32)
    every, support, bounds = np.empty(size), np.empty(2 * size, dtype=np.int32), np.zeros(1)
    job, by, lower = _VALUES_AND_VECTORS.copy(), _BY_INDEX.copy(), _LOWER.copy()
    none = bounds.ctypes.data
    places = (job.ctypes.data, by.ctypes.data, lower.ctypes.data, n, matrix.ctypes.data, n, none, none, first, last)
    results = (none, found, every.ctypes.data, vectors.ctypes.data, n, support.ctypes.data)
    _call(syevr, places + results + (work.ctypes.data, length, more.ctypes.data, integers, info))
    values[:] = every[:wanted]
    return bool(numbers[6] == 0 and numbers[3] == wanted)
