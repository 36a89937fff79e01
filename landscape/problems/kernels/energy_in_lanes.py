"""As `energy.py`, for few samples: `LANES` walkers side by side, sample by sample.

A vector has a number of each of them, and functions of it are those of numbers.

Shapes: W walkers, P parameters, N samples, K outputs, B samples of a block; arrays of lanes are [..., LANES].
"""

from typing import Any

import numpy as np

from landscape.numerics.compilation import exact
from landscape.numerics.elementary import exp, log
from landscape.numerics.vectors import LANES, aligned, load, spread, store
from landscape.problems.kernels.activations import activated

Array = np.ndarray
Data = tuple[Any, ...]
Number = Any  # a float or a vector


@exact
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
                z, rise = activated(kind, z)
                store(slope, unit + o, rise)
            store(value, unit + o, z)
        place, below = bias + n_out, unit
    return below


@exact
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
        exponential = exp(below)
        store(delta, first + k, exponential)
        total += exponential
    share = 1.0 / total
    for k in range(classes):
        store(delta, first + k, load(delta, first + k) * share - target[block, k, column])
    return loss + log(total)


@exact
def _squared_error_in_lanes(z: Array, first: int, target: Array, block: int, column: int, delta: Array) -> Number:
    loss, share = spread(0.0), 1.0 / target.shape[1]
    for k in range(target.shape[1]):
        residual = load(z, first + k) - target[block, k, column]
        loss += share * residual * residual
        store(delta, first + k, 2.0 * share * residual)
    return loss


@exact
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


@exact
def _energies_in_lanes(theta: Array, energy: Array, gradient: Array, data: Data) -> None:
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


def energies_in_lanes(theta: Array, energy: Array, gradient: Array, data: Data) -> None:
    """Writes energies [LANES] and gradients [P, LANES] of theta [P, LANES]; with the data of `energies`, but the
    workspace of `workspace_in_lanes`.
    """
    _energies_in_lanes(theta, energy, gradient, data)


def energies_by_lanes(theta: Array, energy: Array, gradient: Array, data: Data) -> None:
    """As `energies`, and with its shapes, but with the data of `energies_in_lanes`."""
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


def workspace_in_lanes(sizes: Array, parameters: int) -> tuple[Any, ...]:
    """Room for `energies_in_lanes`, of the type of `workspace`; inputs are units too."""
    units, sums = int(sizes.sum()), aligned()
    return aligned(units), aligned(units), aligned(3, max(units, parameters)), sums, sums, sums, (sums, sums)
