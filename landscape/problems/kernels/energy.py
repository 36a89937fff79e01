"""The arithmetic of `compiled.py`: energy and gradient of dense networks, one walker after the other.

An energy is computed in float64 or, for walkers that are on their way only, in float32: by the same functions, of
arrays of either. The samples are taken in blocks whose values stay in the cache from the forward to the backward pass.
A block is filled up to a multiple of the vector length with zeros, whose losses and gradients are multiplied away.
With few samples these loops are too short: see `energy_in_lanes.py`.

Shapes: W walkers, P parameters, N samples, d inputs, K outputs, B samples of a block, with the filling; arrays are
[units, B], the samples contiguous.
"""

from typing import Any

import numpy as np

from landscape.numerics.compilation import reordered
from landscape.problems.kernels.layers import combine, correlate, forward, multiply, sum_samples
from landscape.problems.kernels.losses import loss_over

Array = np.ndarray
Data = tuple[Any, ...]


@reordered
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
        sum_samples(above, gradient[bias : bias + n_out])
        values = value[unit - n_in : unit] if layer else inputs
        correlate(above, values, gradient[place:bias].reshape(n_out, n_in))
        if layer:
            combine(point[place:bias].reshape(n_out, n_in).T, zeros[:n_in], above, below)
            multiply(below, slope[unit - n_in : unit])


@reordered
def _energy_at(point: Array, gradient: Array, data: Data) -> float:
    (sizes, kind, cross_entropy), (inputs, encoded, real, samples), l2, workspace = data
    value, slope, delta, zeros, top, sums, (place, total) = workspace
    last, loss = len(sizes) - 2, 0.0
    place[:], total[:] = point, 0.0
    for block in range(len(inputs)):
        forward(place, sizes, kind, inputs[block], value, slope)
        outputs = delta[last % 2, : sizes[-1]]
        outputs[:] = value[-sizes[-1] :]
        loss += loss_over(cross_entropy, outputs, encoded[block], real[block], top, sums)
        _backward(place, sizes, inputs[block], value, slope, delta, zeros, total)
    squares = 0.0
    for p in range(len(point)):
        squares += point[p] * point[p]
        gradient[p] = total[p] / samples + 2.0 * l2 * point[p]
    energy: float = loss / samples + l2 * squares  # no number if the point has none, even where l2 is zero
    return energy


def energies(theta: Array, energy: Array, gradient: Array, data: Data) -> None:
    """Writes energies [W] and gradients [W, P] of theta [W, P], a network of any size; computes with numbers of the
    type that the data have.

    The data are the network, the samples, the L2 weight and the workspace. The network is its sizes
    int64[layers + 1], its kind of activation and whether the loss is the cross-entropy; the samples are inputs
    [N / B, d, B], encoded targets [N / B, K, B] and ones [N / B, B], all filled up with zeros, and N; the workspace is
    that of `workspace`, for one thread.
    """
    for walker in range(len(theta)):
        energy[walker] = _energy_at(theta[walker], gradient[walker], data)


def workspace(sizes: Array, parameters: int, columns: int, real: type) -> tuple[Any, ...]:
    """Room for `energies` with blocks of so many samples."""
    units, widest = int(sizes[1:].sum()), int(sizes.max())
    shapes = (units, columns), (units, columns), (2, widest, columns), widest, columns, columns
    return *(np.zeros(shape, real) for shape in shapes), (np.zeros(parameters, real), np.zeros(parameters, real))


@reordered
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
            forward(theta[walker], sizes, kind, inputs[block], values, slopes)
            outputs = values[hidden:]
            loss_over(cross_entropy, outputs, encoded[block], real[block], top, sums)
            value[walker, block] = values[:hidden]
            slope[walker, block] = slopes[:hidden]
            gradient[walker, block] = outputs
