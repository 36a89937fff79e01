"""The arithmetic of `compiled.py`: energy and gradient of dense networks, one walker after the other.

An energy is computed in float64 or, for walkers that are on their way only, in float32: by the same functions, of
arrays of either. The samples are taken in blocks whose values stay in the cache from the forward to the backward pass.
Exponential and logarithm are written out because a loop over samples is vectorised only if nothing in it is a call.
Functions whose terms must not be reordered are `_exact`. Numba's cache notices changes of this file only, so nothing
here comes from another module of the project but the call of a kernel and vectors.

With few samples such loops are too short: then `LANES` walkers are computed side by side, sample by sample, in vectors
that have a number of each. Elementary functions are the same in all ways.

A block is filled up to a multiple of the vector length with zeros, whose losses and gradients are multiplied away,
so that no loop has a remainder.

Shapes: W walkers, P parameters, N samples, d inputs, K outputs, B samples of a block, with the filling; arrays are
[units, B], the samples contiguous.
"""

from functools import cache
from typing import Any

import numpy as np
from numba import boolean, cfunc, float32, float64, int64, njit, types
from numba.extending import overload

from landscape.numerics.pointers import evaluate
from landscape.numerics.vectors import LANES, aligned, exponent_and_mantissa, load, power_of_two, spread, store, where

Array = np.ndarray
Data = tuple[Any, ...]
Number = Any  # a float or a vector

BLAS_FROM = 100  # weights of a layer from which a call of the BLAS is faster than loops; measured on iris and digits
TANH, SIGMOID, SOFTPLUS, SILU, RELU = range(5)

_NETWORK = types.Tuple((int64[::1], int64, boolean))

_exact = njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
_inlined = njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"}, forceinline=True)
_reordered = njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"})


def _double_exponential(x: Number) -> tuple[Number, Number, Number]:
    """p, q, s with exp(x) = s (q + p) / (q - p), s a power of two, for |x| < 700: a Pade form on |r| <= log(2) / 2."""
    shifted = 1.4426950408889634 * x + 6755399441055744.0  # the sum's last bits are the nearest integer
    nearest = shifted - 6755399441055744.0
    r = x - nearest * 6.93145751953125e-1 - nearest * 1.42860682030941723212e-6
    square = r * r
    p = r * ((1.26177193074810590878e-4 * square + 3.02994407707441961300e-2) * square + 9.99999999999999999910e-1)
    q = (3.00198505138664455042e-6 * square + 2.52448340349684104192e-3) * square + 2.27265548208155028766e-1
    return p, q * square + 2.0, power_of_two(shifted)


def _single_exponential(x: Number) -> tuple[Number, Number, Number]:
    """The same for float32 and |x| < 88."""
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


def _like(x: Number, number: float) -> float:
    """The number in the precision of x."""
    raise NotImplementedError


def _double(x: Number, number: float) -> float:  # noqa: ARG001 # numba asks for the names
    return number


def _single(x: Number, number: float) -> np.float32:  # noqa: ARG001 # numba asks for the names
    return np.float32(number)


@overload(_like, inline="always")
def _of_the_same_precision(x: Number, number: float) -> object:  # noqa: ARG001 # numba compares the signatures
    return _single if x == float32 else _double


def _within_double(x: Number) -> Number:
    return min(max(x, -700.0), 700.0)


def _within_single(x: Number) -> Number:
    return min(max(x, np.float32(-87.0)), np.float32(87.0))


def _within_range(x: Number) -> Number:
    """x, or the nearest number that has an exponential."""
    raise NotImplementedError


@overload(_within_range, inline="always")
def _within_its_range(x: Number) -> object:
    return _within_single if x == float32 else _within_double


@_inlined
def _exp(x: Number) -> Number:
    p, q, scale = _exponential(_within_range(x))
    return scale * ((q + p) / (q - p))


@_inlined
def _tanh(x: Number) -> Number:
    one, two, limit = _like(x, 1.0), _like(x, 2.0), _like(x, 20.0)
    p, q, scale = _exponential(two * min(max(x, -limit), limit))
    less, more = scale - one, scale + one  # without a difference of neighbours where x is small
    return (less * q + more * p) / (more * q + less * p)


@_inlined
def _log(x: Number) -> Number:
    """Logarithm of a normal number x > 0: 2 atanh((m - 1) / (m + 1)) of its mantissa m."""
    exponent, mantissa = exponent_and_mantissa(x)
    s = (mantissa - 1.0) / (mantissa + 1.0)
    square = s * s
    series = square * (1.0 / 23.0) + 1.0 / 21.0
    for n in (19.0, 17.0, 15.0, 13.0, 11.0, 9.0, 7.0, 5.0, 3.0):
        series = series * square + 1.0 / n
    return exponent * 0.6931471805599453 + 2.0 * (s + s * square * series)


@_inlined
def _tanh_of(x: Number) -> tuple[Number, Number]:
    """Value and slope; so the following."""
    value = _tanh(x)
    return value, _like(x, 1.0) - value * value


@_inlined
def _sigmoid_of(x: Number) -> tuple[Number, Number]:
    value = 0.5 + 0.5 * _tanh(0.5 * x)
    return value, value * (1.0 - value)


@_inlined
def _softplus_of(x: Number) -> tuple[Number, Number]:
    return max(x, 0.0) + _log(1.0 + _exp(min(x, 0.0 - x))), 0.5 + 0.5 * _tanh(0.5 * x)


@_inlined
def _silu_of(x: Number) -> tuple[Number, Number]:
    share = 0.5 + 0.5 * _tanh(0.5 * x)
    return x * share, share + x * share * (1.0 - share)


@_inlined
def _relu_of(x: Number) -> tuple[Number, Number]:
    return max(x, 0.0), where(x, 1.0, 0.0)


@_inlined
def _activated(kind: int, x: Number) -> tuple[Number, Number]:
    if kind == TANH:
        return _tanh_of(x)
    if kind == SIGMOID:
        return _sigmoid_of(x)
    if kind == SOFTPLUS:
        return _softplus_of(x)
    if kind == SILU:
        return _silu_of(x)
    return _relu_of(x)


@_exact
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


@_exact
def _activate(kind: int, z: Array, slope: Array) -> None:
    """Writes the activation over z and its derivative into slope, both [units, B]."""
    for unit in range(len(z)):
        _activate_row(kind, z[unit], slope[unit])


@_exact
def _exp_over(row: Array) -> None:
    for j in range(len(row)):
        row[j] = _exp(row[j])


@_reordered
def _sum_of_logs(row: Array, real: Array) -> float:
    result = 0.0
    for j in range(len(row)):
        result += real[j] * _log(np.float64(row[j]))
    return result


@_reordered
def _cross_entropy_over(z: Array, encoded: Array, real: Array, top: Array, total: Array) -> float:
    """Sum of the losses of outputs z against one-hot targets, both [K, B]; z becomes its gradient. `real` [B] is one
    for samples and zero for the filling; top and total [B] are room to work in.
    """
    classes = len(z)
    top[:], total[:] = z[0], 0.0
    for k in range(1, classes):
        row = z[k]
        for j in range(len(row)):
            top[j] = max(top[j], row[j])
    loss = 0.0
    for k in range(classes):
        row, target = z[k], encoded[k]
        for j in range(len(row)):
            row[j] -= top[j]
            loss -= row[j] * target[j]
        _exp_over(row)
        for j in range(len(row)):
            total[j] += row[j]
    loss += _sum_of_logs(total, real)
    for j in range(len(total)):
        total[j] = real[j] / total[j]
    for k in range(classes):
        row, target = z[k], encoded[k]
        for j in range(len(row)):
            row[j] = row[j] * total[j] - target[j]
    return loss


@_reordered
def _squared_error_over(z: Array, target: Array, real: Array) -> float:
    """Sum of the squared errors, averaged over the outputs, of z against targets, both [K, B]; as above."""
    loss, share = 0.0, 1.0 / len(z)
    for k in range(len(z)):
        row, wanted = z[k], target[k]
        for j in range(len(row)):
            residual = real[j] * (row[j] - wanted[j])
            loss += residual * residual
            row[j] = 2.0 * share * residual
    return share * loss


@_reordered
def _loss_over(cross_entropy: bool, z: Array, target: Array, real: Array, top: Array, total: Array) -> float:
    if cross_entropy:
        return _cross_entropy_over(z, target, real, top, total)
    return _squared_error_over(z, target, real)


@_reordered
def _combine(weights: Array, shift: Array, rows: Array, out: Array) -> None:
    """Writes weights [O, I] times rows [I, B] plus shift [O] into out [O, B]."""
    if weights.size >= BLAS_FROM:
        np.dot(weights, rows, out)
        _add_shift(shift, out)
        return
    n_out, n_in = weights.shape
    lead = (n_in - 1) % 4 + 1
    for o in range(n_out):
        total, weight, base = out[o], weights[o], shift[o]
        _begin(weight, base, rows, lead, total)
        for i in range(lead, n_in, 4):
            w0, w1, w2, w3 = weight[i], weight[i + 1], weight[i + 2], weight[i + 3]
            x0, x1, x2, x3 = rows[i], rows[i + 1], rows[i + 2], rows[i + 3]
            for j in range(out.shape[1]):
                total[j] += w0 * x0[j] + w1 * x1[j] + w2 * x2[j] + w3 * x3[j]


@_reordered
def _begin(weight: Array, base: float, rows: Array, lead: int, total: Array) -> None:
    """Writes base plus the first `lead` terms, one to four: after these, terms come by four."""
    w0, x0 = weight[0], rows[0]
    if lead == 1:
        for j in range(len(total)):
            total[j] = base + w0 * x0[j]
        return
    w1, x1 = weight[1], rows[1]
    if lead == 2:
        for j in range(len(total)):
            total[j] = base + w0 * x0[j] + w1 * x1[j]
        return
    w2, x2 = weight[2], rows[2]
    if lead == 3:
        for j in range(len(total)):
            total[j] = base + w0 * x0[j] + w1 * x1[j] + w2 * x2[j]
        return
    w3, x3 = weight[3], rows[3]
    for j in range(len(total)):
        total[j] = base + w0 * x0[j] + w1 * x1[j] + w2 * x2[j] + w3 * x3[j]


@_reordered
def _correlate(delta: Array, rows: Array, out: Array) -> None:
    """Adds delta [O, B] times the transpose of rows [I, B] to out [O, I]."""
    if out.size >= BLAS_FROM:
        out += np.dot(delta, rows.T)
        return
    n_out, n_in = out.shape
    for o in range(n_out):
        vector, total = delta[o], out[o]
        for i in range(0, n_in - 3, 4):
            x0, x1, x2, x3 = rows[i], rows[i + 1], rows[i + 2], rows[i + 3]
            s0, s1, s2, s3 = 0.0, 0.0, 0.0, 0.0
            for j in range(rows.shape[1]):
                s0 += vector[j] * x0[j]
                s1 += vector[j] * x1[j]
                s2 += vector[j] * x2[j]
                s3 += vector[j] * x3[j]
            total[i] += s0
            total[i + 1] += s1
            total[i + 2] += s2
            total[i + 3] += s3
        for i in range(n_in - n_in % 4, n_in):
            x0, s0 = rows[i], 0.0
            for j in range(rows.shape[1]):
                s0 += vector[j] * x0[j]
            total[i] += s0


@_reordered
def _add_shift(shift: Array, z: Array) -> None:
    for o in range(len(z)):
        row, base = z[o], shift[o]
        for j in range(z.shape[1]):
            row[j] += base


@_reordered
def _sum_samples(delta: Array, out: Array) -> None:
    """Adds the sums of the rows of delta [O, B] to out [O]."""
    for o in range(len(delta)):
        row, total = delta[o], 0.0
        for j in range(delta.shape[1]):
            total += row[j]
        out[o] += total


@_reordered
def _multiply(row: Array, factor: Array) -> None:
    for i in range(len(row)):
        for j in range(row.shape[1]):
            row[i, j] *= factor[i, j]


@_reordered
def _forward(point: Array, sizes: Array, kind: int, inputs: Array, value: Array, slope: Array) -> None:
    """Writes the values of all units, layer under layer, and the slopes of the activations, both [units, B]."""
    below, place, unit = inputs, 0, 0
    for layer in range(len(sizes) - 1):
        n_in, n_out = sizes[layer], sizes[layer + 1]
        bias = place + n_out * n_in
        z = value[unit : unit + n_out]
        _combine(point[place:bias].reshape(n_out, n_in), point[bias : bias + n_out], below, z)
        if layer < len(sizes) - 2:
            _activate(kind, z, slope[unit : unit + n_out])
        below, place, unit = z, bias + n_out, unit + n_out


@_reordered
def _backward(
    point: Array, sizes: Array, inputs: Array, value: Array, slope: Array, delta: Array, zeros: Array, gradient: Array
) -> None:
    """Adds the gradient of the block to gradient [P]; delta [2, units, B] holds that in the outputs and has room for
    another layer's.
    """
    place, unit = len(point), len(value)
    for layer in range(len(sizes) - 2, -1, -1):
        n_in, n_out = sizes[layer], sizes[layer + 1]
        bias = place - n_out
        place, unit = bias - n_out * n_in, unit - n_out
        above, below = delta[layer % 2, :n_out], delta[(layer + 1) % 2, :n_in]
        _sum_samples(above, gradient[bias : bias + n_out])
        values = value[unit - n_in : unit] if layer else inputs
        _correlate(above, values, gradient[place:bias].reshape(n_out, n_in))
        if layer:
            _combine(point[place:bias].reshape(n_out, n_in).T, zeros[:n_in], above, below)
            _multiply(below, slope[unit - n_in : unit])


@_reordered
def _energy_at(point: Array, gradient: Array, data: Data) -> float:
    (sizes, kind, cross_entropy), (inputs, encoded, real, samples), l2, workspace = data
    value, slope, delta, zeros, top, sums, (place, total) = workspace
    last, loss = len(sizes) - 2, 0.0
    place[:], total[:] = point, 0.0
    for block in range(len(inputs)):
        _forward(place, sizes, kind, inputs[block], value, slope)
        outputs = delta[last % 2, : sizes[-1]]
        outputs[:] = value[-sizes[-1] :]
        loss += _loss_over(cross_entropy, outputs, encoded[block], real[block], top, sums)
        _backward(place, sizes, inputs[block], value, slope, delta, zeros, total)
    squares = 0.0
    for p in range(len(point)):
        squares += point[p] * point[p]
        gradient[p] = total[p] / samples + 2.0 * l2 * point[p]
    return loss / samples + l2 * squares  # no number if the point has none, even where l2 is zero


@_exact
def _forward_in_lanes(theta: Array, sizes: Array, kind: int, value: Array, slope: Array) -> int:
    """Writes the values of all units and the slopes of the activations behind the inputs in value, both [units, LANES];
    returns the first row of the outputs.
    """
    place, below = 0, 0
    for layer in range(len(sizes) - 1):
        n_in, n_out = sizes[layer], sizes[layer + 1]
        bias, unit = place + n_out * n_in, below + n_in
        for o in range(n_out):
            z = load(theta, bias + o)
            for i in range(n_in):
                z += load(theta, place + o * n_in + i) * load(value, below + i)
            if layer < len(sizes) - 2:
                z, rise = _activated(kind, z)
                store(slope, unit + o, rise)
            store(value, unit + o, z)
        place, below = bias + n_out, unit
    return below


@_exact
def _add(array: Array, row: int, term: Number) -> None:
    store(array, row, load(array, row) + term)


@_exact
def _cross_entropy_in_lanes(z: Array, first: int, target: Array, block: int, column: int, delta: Array) -> Number:
    """Losses of outputs, the rows of z from the first one, against a column of a block of one-hot targets
    [N / B, K, B]; their gradients go into delta, in the same rows.
    """
    classes = target.shape[1]
    top, loss, total = load(z, first), spread(0.0), spread(0.0)
    for k in range(1, classes):
        top = max(top, load(z, first + k))
    for k in range(classes):
        below = load(z, first + k) - top
        loss += below * -target[block, k, column]
        exponential = _exp(below)
        store(delta, first + k, exponential)
        total += exponential
    share = 1.0 / total
    for k in range(classes):
        store(delta, first + k, load(delta, first + k) * share - target[block, k, column])
    return loss + _log(total)


@_exact
def _squared_error_in_lanes(z: Array, first: int, target: Array, block: int, column: int, delta: Array) -> Number:
    loss, share = spread(0.0), 1.0 / target.shape[1]
    for k in range(target.shape[1]):
        residual = load(z, first + k) - target[block, k, column]
        loss += share * residual * residual
        store(delta, first + k, 2.0 * share * residual)
    return loss


@_exact
def _backward_in_lanes(theta: Array, sizes: Array, value: Array, slope: Array, delta: Array, gradient: Array) -> None:
    """Adds the gradient of the sample to gradient [P, LANES]; delta [units, LANES] holds that in the outputs."""
    place, unit = len(theta), len(value)
    for layer in range(len(sizes) - 2, -1, -1):
        n_in, n_out = sizes[layer], sizes[layer + 1]
        bias, unit = place - n_out, unit - n_out
        place, below = bias - n_out * n_in, unit - n_in
        for o in range(n_out):
            above = load(delta, unit + o)
            store(gradient, bias + o, load(gradient, bias + o) + above)
            for i in range(n_in):
                weight = place + o * n_in + i
                store(gradient, weight, load(gradient, weight) + above * load(value, below + i))
        if layer:
            for i in range(n_in):
                total = load(theta, place + i) * load(delta, unit)
                for o in range(1, n_out):
                    total += load(theta, place + o * n_in + i) * load(delta, unit + o)
                store(delta, below + i, total * load(slope, below + i))


@_exact
def _energies_in_lanes(theta: Array, energy: Array, gradient: Array, data: Data) -> None:
    """Energies [LANES] and gradients [P, LANES] of theta [P, LANES]."""
    (sizes, kind, cross_entropy), (inputs, encoded, _, samples), l2, (value, slope, rooms, _, _, _, _) = data
    delta, loss, squares, share = rooms[0], spread(0.0), spread(0.0), 1.0 / samples
    for p in range(len(theta)):
        store(gradient, p, 0.0)
    for sample in range(samples):
        block, column = divmod(sample, inputs.shape[2])
        for i in range(sizes[0]):
            store(value, i, inputs[block, i, column])
        first = _forward_in_lanes(theta, sizes, kind, value, slope)
        if cross_entropy:
            loss += _cross_entropy_in_lanes(value, first, encoded, block, column, delta)
        else:
            loss += _squared_error_in_lanes(value, first, encoded, block, column, delta)
        _backward_in_lanes(theta, sizes, value, slope, delta, gradient)
    for p in range(len(theta)):
        x = load(theta, p)
        squares += x * x
        store(gradient, p, load(gradient, p) * share + x * (2.0 * l2))
    store(energy, 0, loss * share + squares * l2)


def _compiled(function: Any, real: Any) -> Any:  # noqa: ANN401 - numba has no types
    """An energy whose samples and workspace have numbers of type `real`."""
    samples = types.Tuple((real[:, :, ::1], real[:, :, ::1], real[:, ::1], int64))
    workspace = types.Tuple((*[real[:, ::1]] * 2, real[:, :, ::1], *[real[::1]] * 3, types.UniTuple(real[::1], 2)))
    data = types.Tuple((_NETWORK, samples, float64, workspace))
    signature = types.void(float64[:, ::1], float64[::1], float64[:, ::1], data)
    return cfunc(signature, cache=True, error_model="numpy")(function)


@cache
def energies(real: Any) -> Any:  # noqa: ANN401 - numba has no types
    """The `cfunc` of a `Kernel` for networks of any size, `(theta [W, P], energy [W], gradient [W, P], data)`, which
    computes with numbers of type `real`; theta, energies and gradients are float64.

    The data are the network, the samples, the L2 weight and the workspace. The network is its sizes
    int64[layers + 1], its kind of activation and whether the loss is the cross-entropy; the samples are inputs
    [N / B, d, B], encoded targets [N / B, K, B] and ones [N / B, B], all filled up with zeros, and N; the workspace is
    that of `workspace`, for one thread.
    """

    def energies(theta: Array, energy: Array, gradient: Array, data: Data) -> None:
        for walker in range(len(theta)):
            energy[walker] = _energy_at(theta[walker], gradient[walker], data)

    return _compiled(energies, real)


@cache
def energies_in_lanes() -> Any:  # noqa: ANN401 - numba has no types
    """The `cfunc` of a `Kernel` for walkers side by side, `(theta [P, LANES], energy [LANES], gradient [P, LANES],
    data)`; with the data of `energies`, but the workspace of `workspace_in_lanes`.
    """

    def energies_in_lanes(theta: Array, energy: Array, gradient: Array, data: Data) -> None:
        _energies_in_lanes(theta, energy, gradient, data)

    return _compiled(energies_in_lanes, float64)


@cache
def energies_by_lanes() -> Any:  # noqa: ANN401 - numba has no types
    """As `energies`, and with its shapes, but computed by `energies_in_lanes`, with its data."""

    def energies_by_lanes(theta: Array, energy: Array, gradient: Array, data: Data) -> None:
        _, _, _, (_, _, rooms, sums, _, _, _) = data
        point, slope = rooms[1, : theta.shape[1]], rooms[2, : theta.shape[1]]
        for first in range(0, len(theta), LANES):
            walkers = min(LANES, len(theta) - first)
            for lane in range(LANES):
                point[:, lane] = theta[first + min(lane, walkers - 1)]
            _energies_in_lanes(point, sums, slope, data)
            for lane in range(walkers):
                energy[first + lane] = sums[lane]
                gradient[first + lane] = slope[:, lane]

    return _compiled(energies_by_lanes, float64)


def workspace(sizes: Array, parameters: int, columns: int, real: type) -> tuple[Any, ...]:
    """Room for `energies` with blocks of so many samples."""
    units, widest = int(sizes[1:].sum()), int(sizes.max())
    shapes = (units, columns), (units, columns), (2, widest, columns), widest, columns, columns
    return *(np.zeros(shape, real) for shape in shapes), (np.zeros(parameters, real), np.zeros(parameters, real))


def workspace_in_lanes(sizes: Array, parameters: int) -> tuple[Any, ...]:
    """Room for `energies_in_lanes`, of the type of `workspace`; inputs are units too."""
    units, sums = int(sizes.sum()), aligned()
    return aligned(units), aligned(units), aligned(3, max(units, parameters)), sums, sums, sums, (sums, sums)


@_exact
def call(address: int, theta: Array, energy: Array, gradient: Array, data: Data) -> None:
    """Calls the function of a kernel."""
    evaluate(address, theta, energy, gradient, data)


@_reordered
def traces(
    theta: Array,
    network: tuple[Array, int, bool],
    samples: tuple[Array, Array, Array, int],
    value: Array,
    slope: Array,
    gradient: Array,
) -> None:
    """Writes the values and slopes of the hidden units [W, N / B, units, B] and the gradients of the losses in the
    outputs [W, N / B, K, B] at theta [W, P]; network and samples as for `energies`.
    """
    sizes, kind, cross_entropy = network
    inputs, encoded, real, _ = samples
    columns, hidden = inputs.shape[2], sizes[1:-1].sum()
    values, slopes = np.zeros((sizes[1:].sum(), columns)), np.zeros((sizes[1:].sum(), columns))
    top, sums = np.empty(columns), np.empty(columns)
    for walker in range(len(theta)):
        for block in range(len(inputs)):
            _forward(theta[walker], sizes, kind, inputs[block], values, slopes)
            outputs = values[hidden:]
            _loss_over(cross_entropy, outputs, encoded[block], real[block], top, sums)
            value[walker, block] = values[:hidden]
            slope[walker, block] = slopes[:hidden]
            gradient[walker, block] = outputs


@_exact
def _largest_over(z: Array, encoded: Array, top: Array, right: Array) -> None:
    """Writes the largest of the outputs z [K, B] into top [B] and whether the first such is the true class into
    right [B]; encoded [K, B] are the one-hot targets.
    """
    top[:], right[:] = z[0], encoded[0]
    for k in range(1, len(z)):
        row, target = z[k], encoded[k]
        for j in range(len(row)):
            right[j] = target[j] if row[j] > top[j] else right[j]
            top[j] = max(top[j], row[j])


@_reordered
def _cross_entropies_over(z: Array, encoded: Array, top: Array, total: Array, loss: Array) -> None:
    """Writes the losses [B] of outputs z [K, B] with their largest in top [B]; z becomes the gradients. `total` [B] is
    room to work in.
    """
    total[:], loss[:] = 0.0, 0.0
    for k in range(len(z)):
        row, target = z[k], encoded[k]
        for j in range(len(row)):
            row[j] -= top[j]
            loss[j] -= row[j] * target[j]
        _exp_over(row)
        for j in range(len(row)):
            total[j] += row[j]
    for j in range(len(loss)):
        loss[j] += _log(total[j])
        total[j] = 1.0 / total[j]
    for k in range(len(z)):
        row, target = z[k], encoded[k]
        for j in range(len(row)):
            row[j] = row[j] * total[j] - target[j]


@_reordered
def _squared_errors_over(z: Array, target: Array, loss: Array) -> None:
    """As above, for squared errors averaged over the outputs."""
    share = 1.0 / len(z)
    loss[:] = 0.0
    for k in range(len(z)):
        row, wanted = z[k], target[k]
        for j in range(len(row)):
            residual = row[j] - wanted[j]
            loss[j] += share * residual * residual
            row[j] = 2.0 * share * residual


@_reordered
def _to_inputs(point: Array, sizes: Array, slope: Array, delta: Array, zeros: Array) -> None:
    """Carries the gradients in the outputs, in delta[layers % 2, :K], back to those in the inputs, delta[0, :d]."""
    place, unit = len(point), len(slope)
    for layer in range(len(sizes) - 1, 0, -1):
        n_in, n_out = sizes[layer - 1], sizes[layer]
        place -= n_out * (n_in + 1)
        weights = point[place : place + n_out * n_in].reshape(n_out, n_in)
        above, below = delta[layer % 2, :n_out], delta[(layer - 1) % 2, :n_in]
        _combine(weights.T, zeros[:n_in], above, below)
        if layer > 1:
            unit -= n_in
            _multiply(below, slope[unit : unit + n_in])


@_reordered
def input_gradients(
    theta: Array,
    network: tuple[Array, int, bool],
    samples: tuple[Array, Array],
    columns: int,
    loss: Array,
    right: Array,
    gradient: Array,
) -> None:
    """Writes the losses [W, N] of samples, whether their largest output is that of the true class, 1 or 0, [W, N], and
    the gradients [W, d, N] of the losses in the inputs.

    The network is as for `energies`; the samples are inputs [W, d, N], of each walker its own, and encoded targets
    [K, N]; so many columns are taken at a time.
    """
    sizes, kind, cross_entropy = network
    point, encoded = samples
    outputs, hidden = sizes[-1], sizes[1:-1].sum()
    below, target = np.zeros((sizes[0], columns)), np.zeros((outputs, columns))
    value, slope = np.zeros((hidden + outputs, columns)), np.zeros((hidden, columns))
    delta, zeros = np.zeros((2, sizes.max(), columns)), np.zeros(sizes.max())
    top, total, lost, hit = np.empty(columns), np.empty(columns), np.empty(columns), np.empty(columns)
    for first in range(0, point.shape[2], columns):
        last = min(first + columns, point.shape[2])
        filled = last - first
        target[:, :filled] = encoded[:, first:last]
        for walker in range(len(theta)):
            below[:, :filled] = point[walker, :, first:last]
            _forward(theta[walker], sizes, kind, below, value, slope)
            z = delta[(len(sizes) - 1) % 2, :outputs]
            z[:] = value[hidden:]
            _largest_over(z, target, top, hit)
            if cross_entropy:
                _cross_entropies_over(z, target, top, total, lost)
            else:
                _squared_errors_over(z, target, lost)
            _to_inputs(theta[walker], sizes, slope, delta, zeros)
            loss[walker, first:last] = lost[:filled]
            right[walker, first:last] = hit[:filled]
            gradient[walker, :, first:last] = delta[0, : sizes[0], :filled]
