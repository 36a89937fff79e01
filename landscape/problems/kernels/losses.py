"""The losses for compiled code, chosen by their kind.

Each loss is one row of a table at the end: its sum over a block of samples, its value for each sample, its value for
one sample of several walkers, and its curvature. All but the last also give gradients in the outputs. The first two
differ only in the order of additions: one accumulator for all samples is faster than one for each, and rounds
differently.

Shapes: K outputs, H hidden units, B samples of a block, including padding; `real` [B] is 1 for samples and 0 for the
padding.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from landscape.numerics.compilation import exact, reordered
from landscape.numerics.elementary import exp, log
from landscape.numerics.vectors import copy, load, spread, store
from landscape.problems.kernels.choice import choice

Array = np.ndarray
Number = Any  # a vector of `landscape.numerics.vectors`


@exact
def _exp_over(row: Array) -> None:
    for j in range(len(row)):
        row[j] = exp(row[j])


@reordered
def _sum_of_logs(row: Array, real: Array) -> float:
    result = 0.0
    for j in range(len(row)):
        result += real[j] * log(np.float64(row[j]))
    return result


@reordered
def _to_gradient(z: Array, scale: Array, encoded: Array) -> None:
    """Turns exponentials z [K, B] into gradients in the outputs; scale [B] is one over their sums."""
    for k in range(len(z)):
        row, target = z[k], encoded[k]
        for j in range(len(row)):
            row[j] = row[j] * scale[j] - target[j]


@reordered
def _cross_entropy_sum(z: Array, encoded: Array, real: Array, top: Array, total: Array) -> float:
    classes = len(z)
    copy(z[0], top)
    total[:] = 0.0
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
    _to_gradient(z, total, encoded)
    return loss


@reordered
def _cross_entropy_each(z: Array, encoded: Array, top: Array, total: Array, loss: Array) -> None:
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
        loss[j] += log(total[j])
        total[j] = 1.0 / total[j]
    _to_gradient(z, total, encoded)


@exact
def _cross_entropy_in_lanes(z: Array, first: int, target: Array, block: int, column: int, delta: Array) -> Number:
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


@reordered
def _cross_entropy_curvature(
    weights: Array, slope: Array, gradient: Array, encoded: Array, _real: Array, flow: Array, root: Array, inner: Array
) -> None:
    """C = diag(p) - p p', where p is the gradient plus the targets."""
    classes, hidden = weights.shape
    p = gradient + encoded
    mean, root_p = np.empty(slope.shape[1]), np.sqrt(p)
    for h in range(hidden):
        mean[:] = 0.0
        for k in range(classes):
            for j in range(slope.shape[1]):
                mean[j] += p[k, j] * weights[k, h]
        for k in range(classes):
            row = k * hidden + h
            for j in range(slope.shape[1]):
                root[row, j] = root_p[k, j] * (weights[k, h] - mean[j]) * slope[h, j]
                flow[row, j] = root_p[k, j] * root[row, j]
    row = 0
    for k in range(classes):
        for l in range(k, classes):  # noqa: E741 - the index of the formula
            for j in range(slope.shape[1]):
                inner[row, j] = p[k, j] * ((1.0 if k == l else 0.0) - p[l, j])
            row += 1


@reordered
def _squared_error_sum(z: Array, target: Array, real: Array, _top: Array, _total: Array) -> float:
    loss, share = 0.0, 1.0 / len(z)
    for k in range(len(z)):
        row, wanted = z[k], target[k]
        for j in range(len(row)):
            residual = real[j] * (row[j] - wanted[j])
            loss += residual * residual
            row[j] = 2.0 * share * residual
    return share * loss


@reordered
def _squared_error_each(z: Array, target: Array, _top: Array, _total: Array, loss: Array) -> None:
    share = 1.0 / len(z)
    loss[:] = 0.0
    for k in range(len(z)):
        row, wanted = z[k], target[k]
        for j in range(len(row)):
            residual = row[j] - wanted[j]
            loss[j] += share * residual * residual
            row[j] = 2.0 * share * residual


@exact
def _squared_error_in_lanes(z: Array, first: int, target: Array, block: int, column: int, delta: Array) -> Number:
    loss, share = spread(0.0), 1.0 / target.shape[1]
    for k in range(target.shape[1]):
        residual = load(z, first + k) - target[block, k, column]
        loss += share * residual * residual
        store(delta, first + k, 2.0 * share * residual)
    return loss


@exact
def _squared_error_curvature(
    weights: Array, slope: Array, _gradient: Array, _encoded: Array, real: Array, flow: Array, root: Array, inner: Array
) -> None:
    """C, the Hessian in the outputs, is 2 / K times the identity."""
    classes, hidden = weights.shape
    curvature = 2.0 / classes
    for k in range(classes):
        for h in range(hidden):
            row, scaled = k * hidden + h, np.sqrt(curvature) * weights[k, h]
            twice = np.sqrt(curvature) * scaled
            for j in range(slope.shape[1]):
                root[row, j] = scaled * slope[h, j]
                flow[row, j] = twice * slope[h, j]
    row = 0
    for k in range(classes):
        for l in range(k, classes):  # noqa: E741 - the index of the formula
            for j in range(len(real)):
                inner[row, j] = curvature * real[j] if k == l else 0.0
            row += 1


class CompiledLoss(NamedTuple):
    """The forms of a loss for compiled code, described at the functions below that choose among losses."""

    summed: Callable[[Array, Array, Array, Array, Array], float]
    each: Callable[[Array, Array, Array, Array, Array], None]
    in_lanes: Callable[[Array, int, Array, int, int, Array], Number]
    curvature: Callable[[Array, Array, Array, Array, Array, Array, Array, Array], None]


_COMPILED = {
    "cross_entropy": CompiledLoss(
        _cross_entropy_sum, _cross_entropy_each, _cross_entropy_in_lanes, _cross_entropy_curvature
    ),
    "mse": CompiledLoss(_squared_error_sum, _squared_error_each, _squared_error_in_lanes, _squared_error_curvature),
}
LOSS_KINDS = {name: kind for kind, name in enumerate(_COMPILED)}
"""The kinds of the losses that have compiled forms, by name."""

summed_loss = choice([loss.summed for loss in _COMPILED.values()])
"""Function of (kind, z, encoded, real, top, total): the sum of the losses of outputs z [K, B] against encoded targets
[K, B]. Gradients in the outputs take the place of z; top [B] and total [B] are workspace.
"""
each_loss = choice([loss.each for loss in _COMPILED.values()])
"""Function of (kind, z, encoded, top, total, loss), which writes the losses of outputs z [K, B] into loss [B]; top [B]
has the largest outputs. Gradients in the outputs take the place of z; total [B] is workspace.
"""
loss_in_lanes = choice([loss.in_lanes for loss in _COMPILED.values()])
"""Function of (kind, z, first, target, block, column, delta): the vector of losses of the outputs, which are the rows
of z [units, LANES] from `first` on, against a column of a block of targets [N / B, K, B]. Gradients are written into
the same rows of delta.
"""
loss_curvature = choice([loss.curvature for loss in _COMPILED.values()])
"""Function of (kind, weights, slope, gradient, encoded, real, flow, root, inner), which writes C W s into flow and
R W s with R'R = C into root, both [K H, B], and C itself into inner [K (K + 1) / 2, B]. C is the Hessian of the loss in
the outputs, W the weights [K, H] of the last layer, s the slope [H, B] of the hidden units.
"""


@exact
def largest_over(z: Array, encoded: Array, top: Array, right: Array) -> None:
    """Writes the largest of the outputs z [K, B] into top [B], and into right [B] 1 where the first largest output is
    that of the true class, else 0; encoded [K, B] are the one-hot targets.
    """
    copy(z[0], top)
    copy(encoded[0], right)
    for k in range(1, len(z)):
        row, target = z[k], encoded[k]
        for j in range(len(row)):
            right[j] = target[j] if row[j] > top[j] else right[j]
            top[j] = max(top[j], row[j])
