"""The compiled sensitivity term and its gradient for dense networks on a CPU, one walker after the other.

In the forward pass each layer maps middles and radii of intervals (see `sensitivity.py`); in the backward pass the
gradients in both are carried back together. Shapes: W walkers, P parameters, N samples, d inputs, K outputs, B samples
of a block; arrays are [units, B], the samples contiguous. Middles and radii have the rows of the inputs first, then
those of each layer.
"""

from typing import NamedTuple

import numpy as np

from landscape.numerics.compilation import entry, reordered
from landscape.numerics.elementary import exp, log
from landscape.numerics.vectors import copy, copy_rows
from landscape.problems.kernels.activations import activate
from landscape.problems.kernels.layers import combine, correlate, count_units, sum_samples

Array = np.ndarray


class Intervals(NamedTuple):
    """Intervals of units, or gradients in their middles and radii."""

    middle: Array
    radius: Array


class Ends(NamedTuple):
    """Upper and lower ends of intervals, or slopes there."""

    upper: Array
    lower: Array


class Weights(NamedTuple):
    """Parameters [P] and their smoothed absolute values, or gradients in both."""

    point: Array
    absolute: Array


class Measure(NamedTuple):
    """Half-width `epsilon` of the boxes of inputs, `width` below which absolute values and logarithms are smoothed, and
    `log_volume`: true for the log volume, false for the mean width.
    """

    epsilon: float
    width: float
    log_volume: bool


@reordered
def _activate_ends(kind: int, middle: Array, radius: Array, ends: Ends, slopes: Ends) -> None:
    """Turns an interval into its image under the activation, with the slopes at its ends."""
    upper, lower = ends
    for i in range(len(middle)):
        for j in range(middle.shape[1]):
            upper[i, j], lower[i, j] = middle[i, j] + radius[i, j], middle[i, j] - radius[i, j]
    activate(kind, upper, slopes.upper)
    activate(kind, lower, slopes.lower)
    for i in range(len(middle)):
        for j in range(middle.shape[1]):
            middle[i, j], radius[i, j] = 0.5 * (upper[i, j] + lower[i, j]), 0.5 * (upper[i, j] - lower[i, j])


@reordered
def _forward(
    weights: Weights, sizes: Array, kind: int, zeros: Array, boxes: Intervals, ends: Ends, slopes: Ends
) -> None:
    """Computes the intervals of all layers from those of the inputs, except for the middles of the outputs."""
    (point, absolute), (middle, radius) = weights, boxes
    place, unit = 0, sizes[0]
    for layer in range(len(sizes) - 1):
        n_in, n_out = sizes[layer], sizes[layer + 1]
        bias, below, own = place + n_out * n_in, slice(unit - n_in, unit), slice(unit, unit + n_out)
        combine(absolute[place:bias], False, zeros[:n_out], radius[below], radius[own])
        if layer < len(sizes) - 2:
            combine(point[place:bias], False, point[bias : bias + n_out], middle[below], middle[own])
            room = Ends(ends.upper[:n_out], ends.lower[:n_out])
            _activate_ends(kind, middle[own], radius[own], room, Ends(slopes.upper[own], slopes.lower[own]))
        place, unit = bias + n_out, unit + n_out


@reordered
def _measured(measure: Measure, radius: Array, filled: int, room: Array, delta: Array) -> float:
    """Sum over the first `filled` samples of the measure of boxes with radii [K, B]; writes its gradient into delta."""
    total, outputs, width = 0.0, len(radius), measure.width
    delta[:] = 0.0
    room[:] = 0.0
    for k in range(outputs):
        for j in range(filled):
            room[j] += log(2.0 * radius[k, j] + width)
            delta[k, j] = 2.0 / (2.0 * radius[k, j] + width)
    if measure.log_volume:
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
def _through_ends(slopes: Ends, middle: Array, radius: Array) -> None:
    """Turns gradients in the middles and radii after an activation into those in the middles and radii before it."""
    for i in range(len(middle)):
        for j in range(middle.shape[1]):
            upper = 0.5 * (middle[i, j] + radius[i, j]) * slopes.upper[i, j]
            lower = 0.5 * (middle[i, j] - radius[i, j]) * slopes.lower[i, j]
            middle[i, j], radius[i, j] = upper + lower, upper - lower


@reordered
def _backward(
    weights: Weights,
    sizes: Array,
    zeros: Array,
    boxes: Intervals,
    slopes: Ends,
    deltas: Intervals,
    gradients: Weights,
) -> None:
    """Adds to the gradients in the weights and in their absolute values; deltas [2, units, B] hold the gradients in the
    radii of the outputs in one half and have room for those of the next layer in the other.
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
        correlate(radii, radius[below], gradients.absolute[place:bias].reshape(n_out, n_in))
        next_middles[:] = 0.0
        if layer < last:
            sum_samples(middles, gradients.point[bias : bias + n_out])
            correlate(middles, middle[below], gradients.point[place:bias].reshape(n_out, n_in))
        if layer:
            combine(absolute[place:bias], True, zeros[:n_in], radii, next_radii)
            if layer < last:
                combine(point[place:bias], True, zeros[:n_in], middles, next_middles)
            _through_ends(Ends(slopes.upper[below], slopes.lower[below]), next_middles, next_radii)


@entry
@reordered
def sensitivities(
    theta: Array,
    sizes: Array,
    kind: int,
    inputs: Array,
    columns: int,
    settings: tuple[float, float, bool],
    value: Array,
    gradient: Array,
) -> None:
    """Writes values [W] and gradients [W, P] at theta [W, P] on inputs [d, N], `columns` of which are computed at a
    time. The network has layers of these `sizes` int64[layers + 1] and this `kind` of activation; `settings` is a plain
    `Measure`.
    """
    measure = Measure(*settings)
    (units, widest), samples, last = count_units(sizes), inputs.shape[1], len(sizes) - 2
    boxes = Intervals(np.zeros((units, columns)), np.zeros((units, columns)))
    slopes = Ends(np.zeros((units, columns)), np.zeros((units, columns)))
    ends = Ends(np.zeros((widest, columns)), np.zeros((widest, columns)))
    deltas = Intervals(np.zeros((2, widest, columns)), np.zeros((2, widest, columns)))
    zeros, room = np.zeros(widest), np.zeros(columns)
    weights = Weights(np.zeros(theta.shape[1]), np.zeros(theta.shape[1]))
    gradients = Weights(np.zeros(theta.shape[1]), np.zeros(theta.shape[1]))
    point, absolute = weights
    for walker in range(len(theta)):
        total = 0.0
        copy(theta[walker], point)
        gradients.point[:], gradients.absolute[:] = 0.0, 0.0
        for p in range(len(point)):
            absolute[p] = np.sqrt(point[p] * point[p] + measure.width * measure.width)
        for first in range(0, samples, columns):
            filled = min(columns, samples - first)
            copy_rows(inputs[:, first : first + filled], boxes.middle[: sizes[0], :filled])
            for i in range(sizes[0]):
                boxes.radius[i] = measure.epsilon
            _forward(weights, sizes, kind, zeros, boxes, ends, slopes)
            outputs = boxes.radius[units - sizes[-1] :]
            total += _measured(measure, outputs, filled, room, deltas.radius[last % 2, : sizes[-1]])
            _backward(weights, sizes, zeros, boxes, slopes, deltas, gradients)
        value[walker] = total / samples
        for p in range(len(point)):
            gradient[walker, p] = (gradients.point[p] + gradients.absolute[p] * point[p] / absolute[p]) / samples
