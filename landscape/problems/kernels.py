"""The arithmetic of `compiled.py`: energy and gradient of dense networks, one walker after the other.

The samples are taken in blocks whose values stay in the cache from the forward to the backward pass. Exponential and
logarithm are written out because a loop over samples is vectorised only if nothing in it is a call. Functions whose
terms must not be reordered are `_exact`. Numba's cache notices changes of this file only, so nothing here comes from
another module of the project but the call of a kernel.

A block is filled up to a multiple of the vector length with zeros, whose losses and gradients are multiplied away,
so that no loop has a remainder.

Shapes: W walkers, P parameters, N samples, d inputs, K outputs, B samples of a block, with the filling; arrays are
[units, B], the samples contiguous.
"""

from functools import cache
from typing import Any

import numpy as np
from llvmlite import ir
from numba import boolean, cfunc, float64, int64, njit, types
from numba.extending import intrinsic

from landscape.numerics.pointers import Generated, evaluate

Array = np.ndarray
Data = tuple[Any, ...]

BLAS_FROM = 100  # weights of a layer from which a call of the BLAS is faster than loops; measured on iris and digits
TANH, SIGMOID, SOFTPLUS, SILU, RELU = range(5)

_NETWORK = types.Tuple((int64[::1], int64, boolean))
_SAMPLES = types.Tuple((float64[:, :, ::1], float64[:, :, ::1], float64[:, ::1], int64))
_WORKSPACE = types.Tuple((*[float64[:, ::1]] * 2, float64[:, :, ::1], *[float64[::1]] * 3))
_DATA = types.Tuple((_NETWORK, _SAMPLES, float64, _WORKSPACE))
_SIGNATURE = types.void(float64[:, ::1], float64[::1], float64[:, ::1], _DATA)

_exact = njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract"})
_reordered = njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"})


@intrinsic
def _bits(_context: object, x: object) -> Generated:
    return types.int64(x), lambda _, builder, __, values: builder.bitcast(values[0], ir.IntType(64))


@intrinsic
def _from_bits(_context: object, x: object) -> Generated:
    return types.float64(x), lambda _, builder, __, values: builder.bitcast(values[0], ir.DoubleType())


@_exact
def _exponential(x: float) -> tuple[float, float, float]:
    """p, q, s with exp(x) = s (q + p) / (q - p), s a power of two, for |x| < 700: a Pade form on |r| <= log(2) / 2."""
    shifted = 1.4426950408889634 * x + 6755399441055744.0  # the sum's last bits are the nearest integer
    nearest = shifted - 6755399441055744.0
    r = x - nearest * 6.93145751953125e-1 - nearest * 1.42860682030941723212e-6
    square = r * r
    p = r * ((1.26177193074810590878e-4 * square + 3.02994407707441961300e-2) * square + 9.99999999999999999910e-1)
    q = (3.00198505138664455042e-6 * square + 2.52448340349684104192e-3) * square + 2.27265548208155028766e-1
    return p, q * square + 2.0, _from_bits((_bits(shifted) + 1023) << 52)


@_exact
def _exp(x: float) -> float:
    p, q, scale = _exponential(min(max(x, -700.0), 700.0))
    return scale * ((q + p) / (q - p))


@_exact
def _tanh(x: float) -> float:
    p, q, scale = _exponential(2.0 * min(max(x, -20.0), 20.0))
    less, more = scale - 1.0, scale + 1.0  # without a difference of neighbours where x is small
    return (less * q + more * p) / (more * q + less * p)


@_exact
def _log(x: float) -> float:
    """Logarithm of a normal number x > 0: 2 atanh((m - 1) / (m + 1)) of its mantissa m in [sqrt(1/2), sqrt(2))."""
    shifted = _bits(x) - 4604544271217802189  # that of sqrt(1/2)
    exponent = shifted >> 52
    mantissa = _from_bits(_bits(x) - (exponent << 52))
    s = (mantissa - 1.0) / (mantissa + 1.0)
    square = s * s
    series = 1.0 / 23.0
    for n in (21.0, 19.0, 17.0, 15.0, 13.0, 11.0, 9.0, 7.0, 5.0, 3.0):
        series = series * square + 1.0 / n
    return exponent * 0.6931471805599453 + 2.0 * (s + s * square * series)


@_exact
def _tanh_over(row: Array, slope: Array) -> None:
    for j in range(len(row)):
        row[j] = _tanh(row[j])
        slope[j] = 1.0 - row[j] * row[j]


@_exact
def _sigmoid_over(row: Array, slope: Array) -> None:
    for j in range(len(row)):
        row[j] = 0.5 + 0.5 * _tanh(0.5 * row[j])
        slope[j] = row[j] * (1.0 - row[j])


@_exact
def _softplus_over(row: Array, slope: Array) -> None:
    for j in range(len(row)):
        slope[j] = 0.5 + 0.5 * _tanh(0.5 * row[j])
        row[j] = max(row[j], 0.0) + _log(1.0 + _exp(-abs(row[j])))


@_exact
def _silu_over(row: Array, slope: Array) -> None:
    for j in range(len(row)):
        s = 0.5 + 0.5 * _tanh(0.5 * row[j])
        slope[j] = s + row[j] * s * (1.0 - s)
        row[j] *= s


@_exact
def _relu_over(row: Array, slope: Array) -> None:
    for j in range(len(row)):
        slope[j] = 1.0 if row[j] > 0.0 else 0.0
        row[j] = max(row[j], 0.0)


@_exact
def _activate(kind: int, z: Array, slope: Array) -> None:
    """Writes the activation over z and its derivative into slope, both [units, B]."""
    for unit in range(len(z)):
        if kind == TANH:
            _tanh_over(z[unit], slope[unit])
        elif kind == SIGMOID:
            _sigmoid_over(z[unit], slope[unit])
        elif kind == SOFTPLUS:
            _softplus_over(z[unit], slope[unit])
        elif kind == SILU:
            _silu_over(z[unit], slope[unit])
        else:
            _relu_over(z[unit], slope[unit])


@_exact
def _exp_over(row: Array) -> None:
    for j in range(len(row)):
        row[j] = _exp(row[j])


@_reordered
def _sum_of_logs(row: Array, real: Array) -> float:
    result = 0.0
    for j in range(len(row)):
        result += real[j] * _log(row[j])
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
    value, slope, delta, zeros, top, sums = workspace
    last, loss = len(sizes) - 2, 0.0
    gradient[:] = 0.0
    for block in range(len(inputs)):
        _forward(point, sizes, kind, inputs[block], value, slope)
        outputs = delta[last % 2, : sizes[-1]]
        outputs[:] = value[-sizes[-1] :]
        loss += _loss_over(cross_entropy, outputs, encoded[block], real[block], top, sums)
        _backward(point, sizes, inputs[block], value, slope, delta, zeros, gradient)
    squares = 0.0
    for p in range(len(point)):
        squares += point[p] * point[p]
        gradient[p] = gradient[p] / samples + 2.0 * l2 * point[p]
    return loss / samples + l2 * squares  # no number if the point has none, even where l2 is zero


@cache
def energies() -> Any:  # noqa: ANN401 - numba has no types
    """The `cfunc` of a `Kernel` for networks of any size, `(theta [W, P], energy [W], gradient [W, P], data)`.

    The data are the network, the samples, the L2 weight and the workspace. The network is its sizes
    int64[layers + 1], its kind of activation and whether the loss is the cross-entropy; the samples are inputs
    [N / B, d, B], encoded targets [N / B, K, B] and ones [N / B, B], all filled up with zeros, and N; the workspace is
    that of `workspace`, for one thread.
    """

    def energies(theta: Array, energy: Array, gradient: Array, data: Data) -> None:
        for walker in range(len(theta)):
            energy[walker] = _energy_at(theta[walker], gradient[walker], data)

    return cfunc(_SIGNATURE, cache=True, error_model="numpy")(energies)


def workspace(sizes: Array, columns: int) -> tuple[Array, ...]:
    """Room for `energies` with blocks of so many samples."""
    units, widest = int(sizes[1:].sum()), int(sizes.max())
    shapes = (units, columns), (units, columns), (2, widest, columns), widest, columns, columns
    return tuple(np.zeros(shape) for shape in shapes)


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
