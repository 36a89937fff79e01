"""The arithmetic of `energy.py` for dense networks on few samples: `LANES` walkers side by side, sample by sample.

A vector has one number of each walker, and functions of numbers take vectors too.

Shapes: W walkers, P parameters, N samples, K outputs, B samples of a block; arrays of lanes are [..., LANES].
"""

import numpy as np

from landscape.numerics.compilation import exact
from landscape.numerics.vectors import LANES, aligned, copy, load, spread, store
from landscape.problems.kernels.activations import activated
from landscape.problems.kernels.arguments import EnergyData, Plain, Room, energy_data
from landscape.problems.kernels.losses import loss_in_lanes

Array = np.ndarray


@exact
def _forward_in_lanes(theta: Array, sizes: Array, kind: int, value: Array, slope: Array) -> int:
    """Writes the values of all units into value, behind the inputs that it holds, and the slopes of activations into
    slope, both [units, LANES]; returns the first row of the outputs.
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
                z, rise = activated(kind, z)
                store(slope, unit + o, rise)
            store(value, unit + o, z)
        place, below = bias + n_out, unit
    return below


@exact
def _backward_in_lanes(theta: Array, sizes: Array, value: Array, slope: Array, delta: Array, gradient: Array) -> None:
    """Adds the gradient of a sample to gradient [P, LANES]; delta [units, LANES] holds the gradient in the outputs."""
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


@exact
def _energies_in_lanes(theta: Array, energy: Array, gradient: Array, data: EnergyData) -> None:
    (sizes, _, _, kind, kind_of_loss), (inputs, encoded, _, n_samples) = data.network, data.samples
    value, slope, delta = data.room.value, data.room.slope, data.room.delta[0]
    loss, squares, share = spread(0.0), spread(0.0), 1.0 / n_samples
    for p in range(len(theta)):
        store(gradient, p, 0.0)
    for sample in range(n_samples):
        block, column = divmod(sample, inputs.shape[2])
        for i in range(sizes[0]):
            store(value, i, inputs[block, i, column])
        first = _forward_in_lanes(theta, sizes, kind, value, slope)
        loss += loss_in_lanes(kind_of_loss, value, first, encoded, block, column, delta)
        _backward_in_lanes(theta, sizes, value, slope, delta, gradient)
    for p in range(len(theta)):
        x = load(theta, p)
        squares += x * x
        store(gradient, p, load(gradient, p) * share + x * (2.0 * data.l2))
    store(energy, 0, loss * share + squares * data.l2)


def energies_in_lanes(theta: Array, energy: Array, gradient: Array, data: Plain) -> None:
    """Writes energies [LANES] and gradients [P, LANES] of theta [P, LANES]. `data` is a plain `EnergyData` with a
    workspace of `room_for_lanes`, one for each thread.
    """
    _energies_in_lanes(theta, energy, gradient, energy_data(data))


def energies_by_lanes(theta: Array, energy: Array, gradient: Array, data: Plain) -> None:
    """`energies` computed in lanes: the shapes are those of `energies`, the data those of `energies_in_lanes`."""
    named = energy_data(data)
    room, sums = named.room.delta, named.room.total
    point, slope = room[1, : theta.shape[1]], room[2, : theta.shape[1]]
    for first in range(0, len(theta), LANES):
        walkers = min(LANES, len(theta) - first)
        for lane in range(LANES):
            copy(theta[first + min(lane, walkers - 1)], point[:, lane])
        _energies_in_lanes(point, sums, slope, named)
        for lane in range(walkers):
            energy[first + lane] = sums[lane]
            copy(slope[:, lane], gradient[first + lane])


def room_for_lanes(sizes: Array, parameters: int) -> Room:
    """Workspace of `energies_in_lanes`; inputs count as units. One array of sums [LANES] takes the place of all arrays
    that lanes do not need: so the type is that of `room_for_blocks`, and a search is compiled once for both.
    """
    units, sums = int(sizes.sum()), aligned()
    room = aligned(3, max(units, parameters))
    return Room(aligned(units), aligned(units), room, zeros=sums, top=sums, total=sums, point=sums, gradient=sums)
