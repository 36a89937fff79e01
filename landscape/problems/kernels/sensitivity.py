"""The sensitivity term and its gradient, compiled: of dense networks on a CPU, one walker after the other.

Forwards, each layer maps middles and radii of intervals (see `sensitivity.py`); backwards, the gradients in both go
down together. Shapes: W walkers, P parameters, N samples, d inputs, K outputs, B samples of a block; arrays are
[units, B], the samples contiguous. Middles and radii begin with those of the inputs, layer under layer.
"""

import numpy as np

from landscape.numerics.compilation import reordered
from landscape.numerics.elementary import exp, log
from landscape.problems.kernels.activations import activate
from landscape.problems.kernels.layers import combine, correlate, sum_samples

Array = np.ndarray
Pair = tuple[Array, Array]  # of middles and radii, or of upper and lower ends


@reordered
def _activate_ends(kind: int, middle: Array, radius: Array, ends: Pair, slopes: Pair) -> None:
    """Turns an interval into its image under the activation, with the slopes at its ends."""
    upper, lower = ends
    for i in range(len(middle)):
        for j in range(middle.shape[1]):
            upper[i, j], lower[i, j] = middle[i, j] + radius[i, j], middle[i, j] - radius[i, j]
    activate(kind, upper, slopes[0])
    activate(kind, lower, slopes[1])
    for i in range(len(middle)):
        for j in range(middle.shape[1]):
            middle[i, j], radius[i, j] = 0.5 * (upper[i, j] + lower[i, j]), 0.5 * (upper[i, j] - lower[i, j])


@reordered
def _forward(weights: Pair, sizes: Array, kind: int, zeros: Array, boxes: Pair, ends: Pair, slopes: Pair) -> None:
    """Fills in the intervals of all layers, those of the inputs being there, but not the middles of the outputs."""
    (point, absolute), (middle, radius) = weights, boxes
    place, unit = 0, sizes[0]
    for layer in range(len(sizes) - 1):
        n_in, n_out = sizes[layer], sizes[layer + 1]
        bias, below, own = place + n_out * n_in, slice(unit - n_in, unit), slice(unit, unit + n_out)
        combine(absolute[place:bias].reshape(n_out, n_in), zeros[:n_out], radius[below], radius[own])
        if layer < len(sizes) - 2:
            combine(point[place:bias].reshape(n_out, n_in), point[bias : bias + n_out], middle[below], middle[own])
            room = ends[0][:n_out], ends[1][:n_out]
            _activate_ends(kind, middle[own], radius[own], room, (slopes[0][own], slopes[1][own]))
        place, unit = bias + n_out, unit + n_out


@reordered
def _measure(log_volume: bool, radius: Array, width: float, filled: int, room: Array, delta: Array) -> float:
    """Sum over the first `filled` samples of the measure of boxes with these radii [K, B], and its gradient in them."""
    total, outputs = 0.0, len(radius)
    delta[:] = 0.0
    room[:] = 0.0
    for k in range(outputs):
        for j in range(filled):
            room[j] += log(2.0 * radius[k, j] + width)
            delta[k, j] = 2.0 / (2.0 * radius[k, j] + width)
    if log_volume:
        for j in range(filled):
            total += room[j]
        return total
    for j in range(filled):
        room[j] = exp(room[j] / outputs)
        total += room[j]
    for k in range(outputs):
        for j in range(filled):
            delta[k, j] *= room[j] / outputs
    return total


@reordered
def _through_ends(slopes: Pair, middle: Array, radius: Array) -> None:
    """Turns gradients in the middles and radii of an image into those in the middles and radii before."""
    for i in range(len(middle)):
        for j in range(middle.shape[1]):
            upper = 0.5 * (middle[i, j] + radius[i, j]) * slopes[0][i, j]
            lower = 0.5 * (middle[i, j] - radius[i, j]) * slopes[1][i, j]
            middle[i, j], radius[i, j] = upper + lower, upper - lower


@reordered
def _backward(
    weights: Pair, sizes: Array, zeros: Array, boxes: Pair, slopes: Pair, deltas: Pair, gradients: Pair
) -> None:
    """Adds the gradients in the weights, and in their absolute values; deltas [2, units, B] hold those in the radii of
    the outputs and have room for another layer's.
    """
    (point, absolute), (middle, radius) = weights, boxes
    in_middle, in_radius = deltas
    place, unit, last = len(point), len(radius), len(sizes) - 2
    for layer in range(last, -1, -1):
        n_in, n_out = sizes[layer], sizes[layer + 1]
        bias, unit = place - n_out, unit - n_out
        place = bias - n_out * n_in
        below = slice(unit - n_in, unit)
        middles, radii = in_middle[layer % 2, :n_out], in_radius[layer % 2, :n_out]
        next_middles, next_radii = in_middle[(layer + 1) % 2, :n_in], in_radius[(layer + 1) % 2, :n_in]
        correlate(radii, radius[below], gradients[1][place:bias].reshape(n_out, n_in))
        next_middles[:] = 0.0
        if layer < last:
            sum_samples(middles, gradients[0][bias : bias + n_out])
            correlate(middles, middle[below], gradients[0][place:bias].reshape(n_out, n_in))
        if layer:
            combine(absolute[place:bias].reshape(n_out, n_in).T, zeros[:n_in], radii, next_radii)
            if layer < last:
                combine(point[place:bias].reshape(n_out, n_in).T, zeros[:n_in], middles, next_middles)
            _through_ends((slopes[0][below], slopes[1][below]), next_middles, next_radii)


@reordered
def sensitivities(
    theta: Array,
    network: tuple[Array, int],
    inputs: Array,
    columns: int,
    settings: tuple[float, float, bool],
    value: Array,
    gradient: Array,
) -> None:
    """Writes values [W] and gradients [W, P] at theta [W, P] on inputs [d, N], of which so many columns are taken at a
    time. The network is its sizes int64[layers + 1] and its kind of activation; the settings are epsilon, width and
    whether the log volume is meant.
    """
    (sizes, kind), (epsilon, width, log_volume) = network, settings
    units, widest, samples, last = sizes.sum(), sizes.max(), inputs.shape[1], len(sizes) - 2
    boxes = np.zeros((units, columns)), np.zeros((units, columns))
    slopes = np.zeros((units, columns)), np.zeros((units, columns))
    ends = np.zeros((widest, columns)), np.zeros((widest, columns))
    deltas = np.zeros((2, widest, columns)), np.zeros((2, widest, columns))
    zeros, room = np.zeros(widest), np.zeros(columns)
    point, absolute = np.zeros(theta.shape[1]), np.zeros(theta.shape[1])
    gradients = np.zeros(theta.shape[1]), np.zeros(theta.shape[1])
    for walker in range(len(theta)):
        total = 0.0
        point[:] = theta[walker]
        gradients[0][:], gradients[1][:] = 0.0, 0.0
        for p in range(len(point)):
            absolute[p] = np.sqrt(point[p] * point[p] + width * width)
        for first in range(0, samples, columns):
            filled = min(columns, samples - first)
            boxes[0][: sizes[0], :filled] = inputs[:, first : first + filled]
            boxes[1][: sizes[0]] = epsilon
            _forward((point, absolute), sizes, kind, zeros, boxes, ends, slopes)
            outputs = boxes[1][units - sizes[-1] :]
            total += _measure(log_volume, outputs, width, filled, room, deltas[1][last % 2, : sizes[-1]])
            _backward((point, absolute), sizes, zeros, boxes, slopes, deltas, gradients)
        value[walker] = total / samples
        for p in range(len(point)):
            gradient[walker, p] = (gradients[0][p] + gradients[1][p] * point[p] / absolute[p]) / samples
