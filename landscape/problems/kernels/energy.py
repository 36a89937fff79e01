"""The arithmetic of `compiled.py`: energy and gradient of networks, one walker after the other.

An energy is computed in float64 or, for walkers still on their way, in float32, by the same functions for arrays of
either type. Samples are computed in blocks whose values stay in the cache from the forward to the backward pass. A
block is padded with zeros to a multiple of the vector length; losses and gradients of the padding are multiplied by
zero. With few samples these loops are too short: see `energy_in_lanes.py`.

Shapes: W walkers, P parameters, N samples, d inputs, K outputs, B samples of a block, including padding; arrays are
[units, B], the samples contiguous.
"""

import numpy as np

from landscape.numerics.compilation import entry, reordered
from landscape.numerics.vectors import copy, copy_rows
from landscape.problems.kernels.arguments import Blocks, EnergyData, Layers, Plain, Room, energy_data
from landscape.problems.kernels.layers import combine, correlate, count_units, forward, multiply, sum_samples
from landscape.problems.kernels.losses import summed_loss
from landscape.problems.kernels.windows import scatter

Array = np.ndarray


@reordered
def _backward(
    point: Array,
    network: Layers,
    inputs: Array,
    value: Array,
    slope: Array,
    delta: Array,
    zeros: Array,
    gradient: Array,
) -> None:
    """Adds the gradient of a block to gradient [P]; delta [2, rows, B] holds the gradient in the outputs in one half
    and has room for that of the next step in the other.
    """
    sizes, weights = network.sizes, network.weights
    place, unit, source = len(point), len(value), len(network.sources)
    for step in range(len(sizes) - 2, -1, -1):
        n_out, n_in = weights[step]
        unit -= sizes[step + 1]
        rows = value[unit - sizes[step] : unit] if step else inputs
        above, below = delta[step % 2, : sizes[step + 1]], delta[(step + 1) % 2, : sizes[step]]
        if n_out == 0:
            end, source = source, source - len(above) * n_in
            scatter(network.sources[source:end].reshape(len(above), n_in), above, below)
        else:
            bias = place - n_out
            place = bias - n_out * n_in
            columns = above.reshape(n_out, -1)
            sum_samples(columns, gradient[bias : bias + n_out])
            correlate(columns, rows.reshape(n_in, -1), gradient[place:bias].reshape(n_out, n_in))
            if step:
                combine(point[place:bias], True, zeros[:n_in], columns, below.reshape(n_in, -1))
        if step and weights[step - 1, 0]:
            multiply(below, slope[unit - sizes[step] : unit])


@reordered
def _energy_at(point: Array, gradient: Array, data: EnergyData) -> float:
    network, samples, room = data.network, data.samples, data.room
    last, outputs, loss = len(network.sizes) - 2, network.sizes[-1], 0.0
    place, total = room.point, room.gradient
    copy(point, place)
    total[:] = 0.0
    for block in range(len(samples.inputs)):
        forward(place, network, samples.inputs[block], room.value, room.slope)
        z = room.delta[last % 2, :outputs]
        copy_rows(room.value[-outputs:], z)
        loss += summed_loss(network.loss, z, samples.encoded[block], samples.real[block], room.top, room.total)
        _backward(place, network, samples.inputs[block], room.value, room.slope, room.delta, room.zeros, total)
    squares = 0.0
    for p in range(len(point)):
        squares += point[p] * point[p]
        gradient[p] = total[p] / samples.n_samples + 2.0 * data.l2 * point[p]
    energy: float = (
        loss / samples.n_samples + data.l2 * squares
    )  # not finite if the point is not, even where l2 is zero
    return energy


def energies(theta: Array, energy: Array, gradient: Array, data: Plain) -> None:
    """Writes energies [W] and gradients [W, P] of theta [W, P] for a network of any size.

    `data` is a plain `EnergyData` with a workspace of `room_for_blocks`, one for each thread. Numbers have the type of
    its arrays.
    """
    named = energy_data(data)
    for walker in range(len(theta)):
        energy[walker] = _energy_at(theta[walker], gradient[walker], named)


def room_for_blocks(sizes: Array, parameters: int, columns: int, real: type) -> Room:
    """Workspace of `energies` for blocks of `columns` samples."""
    units, widest = int(sizes[1:].sum()), int(sizes.max())
    shapes = (units, columns), (units, columns), (2, widest, columns), widest, columns, columns, parameters, parameters
    return Room(*(np.zeros(shape, real) for shape in shapes))


@entry
@reordered
def traces(theta: Array, network: Plain, samples: Plain, value: Array, slope: Array, gradient: Array) -> None:
    """Writes the rows of all steps before the last layer and the slopes of their activations, each [W, N / B, rows, B],
    and the gradients of the losses in the outputs [W, N / B, K, B], at theta [W, P]. `network` is a plain `Layers`,
    `samples` are plain `Blocks`.
    """
    named = Layers(*network)
    sizes = named.sizes
    inputs, encoded, real, _ = Blocks(*samples)
    columns, above = inputs.shape[2], count_units(sizes)[0] - sizes[0]
    values, slopes = np.zeros((above, columns)), np.zeros((above, columns))
    top, sums = np.empty(columns), np.empty(columns)
    for walker in range(len(theta)):
        for block in range(len(inputs)):
            forward(theta[walker], named, inputs[block], values, slopes)
            outputs = values[above - sizes[-1] :]
            summed_loss(named.loss, outputs, encoded[block], real[block], top, sums)
            copy_rows(values, value[walker, block])
            copy_rows(slopes, slope[walker, block])
            copy_rows(outputs, gradient[walker, block])
