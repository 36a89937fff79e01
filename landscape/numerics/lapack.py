"""LAPACK and its BLAS for compiled code without the interpreter lock: scipy's own library, by the names of routines.

An address differs from process to process, so machine code that is cached on disk has a name instead, which every
process gives to the address when it imports this module. All arguments of a routine are pointers. An array in C order
is its transpose in Fortran order; of a symmetric matrix [P, P], the lower triangle there is our upper one.
"""

import functools
from typing import Any

import llvmlite.binding as llvm
import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import get_cython_function_address, intrinsic

from landscape.numerics.compilation import exact
from landscape.numerics.vectors import copy

Array = np.ndarray
Generated = tuple[Any, Any]  # the signature of an intrinsic and the function that writes its instructions

MISFIT = "expected matrices [A, B], [B, C] and [A, C], found other shapes"
COLUMNS = 64  # of a block of LAPACK, for the size of workspaces

_VALUES_AND_VECTORS, _BY_INDEX, _LOWER = (np.frombuffer(letter, dtype=np.uint8) for letter in (b"V", b"I", b"L"))
_INTEGER, _LETTER = ir.IntType(32), ir.IntType(8)


def _named(library: str, routine: str) -> str:
    """The name of a routine of `scipy.linalg.cython_blas` or `cython_lapack` in compiled code."""
    name = f"landscape_{routine}"
    llvm.add_symbol(name, get_cython_function_address(f"scipy.linalg.cython_{library}", routine))
    return name


def _write_call(builder: Any, name: str, arguments: list[Any]) -> None:  # noqa: ANN401 - llvmlite's own
    kind = _LETTER.as_pointer()
    signature = ir.FunctionType(ir.VoidType(), [kind] * len(arguments))
    routine = cgutils.get_or_insert_function(builder.module, signature, name)
    builder.call(routine, [builder.bitcast(argument, kind) for argument in arguments])


def _routine(name: str) -> Any:  # noqa: ANN401 - numba has no types
    """Compiled function of a tuple of arrays that calls a routine with pointers to them."""

    @intrinsic
    def called(_context: object, arrays: object) -> Generated:
        def write(context: Any, builder: Any, signature: Any, values: Any) -> Any:  # noqa: ANN401 - numba's own
            places = [
                context.make_array(kind)(context, builder, builder.extract_value(values[0], place)).data
                for place, kind in enumerate(signature.args[0])
            ]
            _write_call(builder, name, places)
            return context.get_dummy_value()

        return types.void(arrays), write

    return called


_sytrf, _syevr, _sterf = (_routine(_named("lapack", name)) for name in ("dsytrf", "dsyevr", "dsterf"))
_GEMM = {types.float64: _named("blas", "dgemm"), types.float32: _named("blas", "sgemm")}


def _gemm(share: float) -> Any:  # noqa: ANN401 - numba has no types
    """Compiled function of (left [A, B], right [B, C], out [A, C]) that adds their product to the share of out.

    For the routine out is out' [C, A], the product of right' and left'.
    """

    @intrinsic
    def product(_context: object, left: Any, right: Any, out: Any) -> Generated | None:  # noqa: ANN401 - numba types
        is_laid_out = {left.layout, right.layout} <= {"C", "F"} and out.layout == "C"
        if not is_laid_out or {left.dtype, right.dtype, out.dtype} not in ({kind} for kind in _GEMM):
            return None

        def write(context: Any, builder: Any, signature: Any, values: Any) -> Any:  # noqa: ANN401 - numba's own
            arrays = [
                context.make_array(kind)(context, builder, value)
                for kind, value in zip(signature.args, values, strict=True)
            ]
            shapes = [cgutils.unpack_tuple(builder, array.shape) for array in arrays]
            (rows, inner), (_, columns), _ = shapes
            pairs = (inner, shapes[1][0]), (rows, shapes[2][0]), (columns, shapes[2][1])
            fits = functools.reduce(builder.and_, (builder.icmp_signed("==", *pair) for pair in pairs))
            with builder.if_then(builder.not_(fits), likely=False):
                context.call_conv.return_user_exc(builder, ValueError, (MISFIT,))
            a, b, c = (array.data for array in arrays)
            real = context.get_value_type(out.dtype)

            def place(value: Any) -> Any:  # noqa: ANN401 - llvmlite's own
                return cgutils.alloca_once_value(builder, value)

            def length(size: Any) -> Any:  # noqa: ANN401 - llvmlite's own
                return place(builder.trunc(size, _INTEGER))

            def stride(kind: Any, of_rows: Any, of_columns: Any) -> Any:  # noqa: ANN401 - numba's own
                size, one = of_rows if kind.layout == "C" else of_columns, of_rows.type(1)
                return length(builder.select(builder.icmp_signed("<", size, one), one, size))

            orders = [place(_LETTER(ord("N" if kind.layout == "C" else "T"))) for kind in (right, left)]
            sizes = [length(size) for size in (columns, rows, inner)]
            factors = [place(real(1.0)), b, stride(right, columns, inner), a, stride(left, inner, rows)]
            result = [place(real(share)), c, stride(out, columns, rows)]
            _write_call(builder, _GEMM[out.dtype], orders + sizes + factors + result)
            return context.get_dummy_value()

        return types.void(left, right, out), write

    return product


write_product = _gemm(0.0)
"""Compiled function of (left [A, B], right [B, C], out [A, C]) that writes their product into out. The three are of one
type, float64 or float32; left and right are contiguous or the transposes of contiguous arrays, out is contiguous.
Raises ValueError for shapes that do not fit. Numba compiles its `np.dot` several times as long.
"""
add_product = _gemm(1.0)
"""`write_product` that adds the product to out."""


@exact
def factorise(matrix: Array, pivots: Array) -> None:
    """Overwrites a symmetric matrix [P, P] with its factors L and D, by columns; writes the interchanges int32[P]."""
    size = len(matrix)
    numbers, work = np.array([size, COLUMNS * size, 0], dtype=np.int32), np.empty(COLUMNS * size)
    _sytrf((_LOWER, numbers, matrix, numbers, pivots, work, numbers[1:], numbers[2:]))


@exact
def lowest_eigenpairs(matrix: Array, values: Array, vectors: Array) -> bool:
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
    _syevr(wish + room)
    copy(every, values)
    return bool(found[1] == 0 and found[0] == wanted)


@exact
def tridiagonal_eigenvalues(diagonal: Array, beside: Array) -> None:
    """Overwrites the diagonal [P] of a symmetric tridiagonal matrix with its eigenvalues, in ascending order, and the
    numbers [P - 1] beside the diagonal.
    """
    numbers = np.array([len(diagonal), 0], dtype=np.int32)
    _sterf((numbers, diagonal, beside, numbers[1:]))
