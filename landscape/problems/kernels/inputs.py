"""The arithmetic of `inputs.py`: losses of dense networks and gradients in the inputs, one walker after the other.

Shapes: W walkers, P parameters, N samples, d inputs, K outputs, B samples taken at a time.
"""

import numpy as np

from landscape.numerics.compilation import entry, reordered
from landscape.numerics.vectors import copy, copy_rows
from landscape.problems.kernels.arguments import Layers, Plain
from landscape.problems.kernels.layers import combine, count_units, forward, multiply
from landscape.problems.kernels.losses import each_loss, largest_over

Array = np.ndarray


@reordered
def _to_inputs(point: Array, sizes: Array, slope: Array, delta: Array, zeros: Array) -> None:
    """Carries the gradients in the outputs, in delta[layers % 2, :K], back to those in the inputs, delta[0, :d]."""
    place, unit = len(point), len(slope)
    for layer in range(len(sizes) - 1, 0, -1):
        n_in, n_out = sizes[layer - 1], sizes[layer]
        place -= n_out * (n_in + 1)
        above, below = delta[layer % 2, :n_out], delta[(layer - 1) % 2, :n_in]
        combine(point[place : place + n_out * n_in], True, zeros[:n_in], above, below)
        if layer > 1:
            unit -= n_in
            multiply(below, slope[unit : unit + n_in])


@entry
@reordered
def input_gradients(
    theta: Array,
    network: Plain,
    samples: tuple[Array, Array],
    columns: int,
    loss: Array,
    right: Array,
    gradient: Array,
) -> None:
    """Writes the losses [W, N] of samples, 1 into right [W, N] where the largest output is that of the true class, else
    0, and the gradients [W, d, N] of the losses in the inputs.

    `network` is a plain `Layers`, all dense. `samples` are inputs [W, d, N], separate ones for each walker, and encoded
    targets [K, N]; `columns` of them are computed at a time.
    """
    named = Layers(*network)
    sizes = named.sizes
    point, encoded = samples
    (units, widest), outputs = count_units(sizes), sizes[-1]
    hidden = units - sizes[0] - outputs
    below, target = np.zeros((sizes[0], columns)), np.zeros((outputs, columns))
    value, slope = np.zeros((hidden + outputs, columns)), np.zeros((hidden, columns))
    delta, zeros = np.zeros((2, widest, columns)), np.zeros(widest)
    top, total, lost, hit = np.empty(columns), np.empty(columns), np.empty(columns), np.empty(columns)
    for first in range(0, point.shape[2], columns):
        last = min(first + columns, point.shape[2])
        filled = last - first
        copy_rows(encoded[:, first:last], target[:, :filled])
        for walker in range(len(theta)):
            copy_rows(point[walker, :, first:last], below[:, :filled])
            forward(theta[walker], named, below, value, slope)
            z = delta[(len(sizes) - 1) % 2, :outputs]
            copy_rows(value[hidden:], z)
            largest_over(z, target, top, hit)
            each_loss(named.loss, z, target, top, total, lost)
            _to_inputs(theta[walker], sizes, slope, delta, zeros)
            copy(lost, loss[walker, first:last])
            copy(hit, right[walker, first:last])
            copy_rows(delta[0], gradient[walker, :, first:last])
