"""Vectors for compiled code: one number for each of `LANES` walkers, so that code for one walker computes all of them.

A vector is a value like a float, and arithmetic may mix the two. A comparison of vectors is a vector of ones and zeros;
a comparison with nan is zero. Arrays hold vectors as contiguous rows [..., LANES], preferably `aligned`. Each lane is
computed by the same instructions, whatever the other lanes contain.
"""

import math
import operator
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from llvmlite import ir
from numba import float64, types
from numba.extending import intrinsic, lower_builtin, models, register_model, type_callable

from landscape.numerics.compilation import reordered

Array = np.ndarray


@reordered
def dot(a: Array, b: Array) -> float:
    """The sum over p of a[p] b[p]."""
    result = 0.0
    for p in range(len(a)):
        result += a[p] * b[p]
    return result


@reordered
def copy(row: Array, out: Array) -> None:
    """Writes a row [P] into out [P]. Numba compiles the assignment of a slice ten times as long."""
    for p in range(len(out)):
        out[p] = row[p]


@reordered
def copy_rows(rows: Array, out: Array) -> None:
    """Writes rows [R, P] into out [R, P]."""
    for r in range(len(out)):
        for p in range(out.shape[1]):
            out[r, p] = rows[r, p]


LANES = 16  # two registers of AVX-512, so that one computes while the other waits; measured on xor

Generated = tuple[Any, Any]  # the signature of an intrinsic and the function that writes its instructions

_NUMBERS = ir.VectorType(ir.DoubleType(), LANES)
_CACHE_LINE = 8  # doubles
_FLAGS = ("contract",)


class Vector(types.Type):  # type: ignore[misc] # numba has no types
    """The numba type of `LANES` numbers."""

    def __init__(self) -> None:
        super().__init__(name=f"vector{LANES}")


vector = Vector()


@register_model(Vector)
class _VectorModel(models.PrimitiveModel):  # type: ignore[misc] # numba has no types
    def __init__(self, manager: object, kind: object) -> None:
        super().__init__(manager, kind, _NUMBERS)


def aligned(*shape: int) -> Float[np.ndarray, "*shape LANES"]:
    """Zeros [*shape, LANES] of which every row begins at the beginning of a cache line."""
    count = math.prod(shape) * LANES
    room = np.zeros(count + _CACHE_LINE)
    first = -(room.ctypes.data // room.itemsize) % _CACHE_LINE
    return room[first : first + count].reshape(*shape, LANES)


def _widened(builder: Any, kind: object, value: Any) -> Any:  # noqa: ANN401 - numba's own
    """A vector unchanged; a number as a vector with this number in all lanes."""
    if isinstance(kind, Vector):
        return value
    first = builder.insert_element(ir.Constant(_NUMBERS, ir.Undefined), value, ir.Constant(ir.IntType(32), 0))
    return builder.shuffle_vector(first, first, ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES))


def _define(function: object, generate: Callable[[Any, Any, Any], Any]) -> None:
    """Extends a function of two numbers to vectors."""

    @type_callable(function)
    def typed(_context: object) -> Callable[[object, object], object]:
        return lambda a, b: vector(_number(a), _number(b)) if Vector in (type(a), type(b)) else None

    def write(_: object, builder: Any, signature: Any, values: Any) -> Any:  # noqa: ANN401 - numba's own
        return generate(builder, *map(_widened, [builder] * 2, signature.args, values))

    for kinds in ((Vector, Vector), (Vector, types.Float), (types.Float, Vector)):
        lower_builtin(function, *kinds)(write)


def _number(kind: object) -> object:
    return kind if isinstance(kind, Vector) else float64


_define(operator.iadd, lambda builder, a, b: builder.fadd(a, b, flags=_FLAGS))
_define(operator.add, lambda builder, a, b: builder.fadd(a, b, flags=_FLAGS))
_define(operator.sub, lambda builder, a, b: builder.fsub(a, b, flags=_FLAGS))
_define(operator.mul, lambda builder, a, b: builder.fmul(a, b, flags=_FLAGS))
_define(operator.truediv, lambda builder, a, b: builder.fdiv(a, b, flags=_FLAGS))
_define(max, lambda builder, a, b: builder.select(builder.fcmp_ordered(">", b, a), b, a))
_define(min, lambda builder, a, b: builder.select(builder.fcmp_ordered("<", b, a), b, a))
_define(operator.le, lambda builder, a, b: builder.uitofp(builder.fcmp_ordered("<=", a, b), _NUMBERS))
_define(operator.ge, lambda builder, a, b: builder.uitofp(builder.fcmp_ordered(">=", a, b), _NUMBERS))
_define(operator.eq, lambda builder, a, b: builder.uitofp(builder.fcmp_ordered("==", a, b), _NUMBERS))


def _row(context: Any, builder: Any, kind: Any, array: Any, row: Any) -> Any:  # noqa: ANN401 - numba's own
    data = context.make_array(kind)(context, builder, array).data
    place = builder.gep(data, [builder.mul(row, ir.Constant(row.type, LANES))])
    return builder.bitcast(place, _NUMBERS.as_pointer())


@intrinsic
def load(_context: object, array: Any, _row_number: object) -> Generated:  # noqa: ANN401 - a numba type
    """The vector in a row of an array; the rows of an array with several axes are numbered through."""

    def write(context: Any, builder: Any, signature: Any, values: Any) -> Any:  # noqa: ANN401 - numba's own
        return builder.load(_row(context, builder, signature.args[0], *values), align=array.dtype.bitwidth // 8)

    return vector(array, types.intp), write


@intrinsic
def store(_context: object, array: Any, _row_number: object, value: object) -> Generated:  # noqa: ANN401 - a numba type
    """Writes a vector, or a number in all lanes, into a row of an array."""

    def write(context: Any, builder: Any, signature: Any, values: Any) -> Any:  # noqa: ANN401 - numba's own
        place = _row(context, builder, signature.args[0], *values[:2])
        builder.store(_widened(builder, signature.args[2], values[2]), place, align=array.dtype.bitwidth // 8)
        return context.get_dummy_value()

    return types.void(array, types.intp, _number(value)), write


@intrinsic
def spread(_context: object, number: object) -> Generated:
    """A vector with the number in all lanes."""

    def write(_: object, builder: Any, signature: Any, values: Any) -> Any:  # noqa: ANN401 - numba's own
        return _widened(builder, signature.args[0], values[0])

    return vector(_number(number)), write


@intrinsic
def root(_context: object, x: object) -> Generated:
    """Square roots of a vector."""

    def write(_: object, builder: Any, __: object, values: Any) -> Any:  # noqa: ANN401 - numba's own
        kind = ir.FunctionType(_NUMBERS, [_NUMBERS])
        return builder.call(builder.module.declare_intrinsic(f"llvm.sqrt.v{LANES}f64", fnty=kind), values)

    return vector(x), write


def where(condition: Any, yes: Any, no: Any) -> Any:  # noqa: ANN401 - tensors, numbers or vectors
    """`yes` where the condition holds, else `no`: for tensors, and in compiled code for numbers and vectors.

    In compiled code the condition is a number or a vector and holds where it is above zero.
    """
    return torch.where(condition, yes, no)


@type_callable(where)
def _where(_context: object) -> Callable[[object, object, object], object]:
    def typed(condition: object, yes: object, no: object) -> object:
        kinds = [_number(kind) for kind in (condition, yes, no)]
        return (vector if vector in kinds else float64)(*kinds)

    return typed


@lower_builtin(where, types.Any, types.Any, types.Any)
def _selected(_context: object, builder: Any, signature: Any, values: Any) -> Any:  # noqa: ANN401 - numba's own
    if isinstance(signature.return_type, Vector):
        values = map(_widened, [builder] * 3, signature.args, values)
    chosen, yes, no = values
    return builder.select(builder.fcmp_ordered(">", chosen, _constant(chosen.type, 0.0)), yes, no)


def _constant(kind: Any, number: float) -> Any:  # noqa: ANN401 - llvmlite's own
    return ir.Constant(kind, [number] * LANES if isinstance(kind, ir.VectorType) else number)


def _integers(kind: Any) -> Any:  # noqa: ANN401 - llvmlite's own
    if isinstance(kind, ir.VectorType):
        return ir.VectorType(ir.IntType(64), LANES)
    return ir.IntType(32 if isinstance(kind, ir.FloatType) else 64)


@intrinsic
def power_of_two(_context: object, shifted: object) -> Generated:
    """2^n from a float or vector n + 1.5 * 2^52, whose last bits are the integer n; from a float32 n + 1.5 * 2^23."""

    def write(_: object, builder: Any, __: object, values: Any) -> Any:  # noqa: ANN401 - numba's own
        kind = values[0].type
        bits = builder.bitcast(values[0], _integers(kind))
        bias, mantissa = (127, 23) if isinstance(kind, ir.FloatType) else (1023, 52)
        exponent = builder.add(bits, _constant(bits.type, bias))
        return builder.bitcast(builder.shl(exponent, _constant(bits.type, mantissa)), kind)

    return shifted(shifted), write  # type: ignore[operator] # a numba type


@intrinsic
def exponent_and_mantissa(_context: object, x: object) -> Generated:
    """Exponent n and mantissa m in [sqrt(1/2), sqrt(2)) of a normal x = m 2^n > 0, a float or a vector."""

    def write(context: Any, builder: Any, signature: Any, values: Any) -> Any:  # noqa: ANN401 - numba's own
        kind = values[0].type
        bits = builder.bitcast(values[0], _integers(kind))
        above = builder.sub(bits, _constant(bits.type, 4604544271217802189))  # the bits of sqrt(1/2)
        exponent = builder.ashr(above, _constant(bits.type, 52))
        mantissa = builder.sub(bits, builder.shl(exponent, _constant(bits.type, 52)))
        parts = builder.sitofp(exponent, kind), builder.bitcast(mantissa, kind)
        return context.make_tuple(builder, signature.return_type, parts)

    return types.UniTuple(x, 2)(x), write
