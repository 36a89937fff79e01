"""Losses of a block of samples and their gradients in the outputs, for compiled code: their sums, and one by one.

Shapes: K outputs, B samples of a block.
"""

import numpy as np

from landscape.numerics.compilation import exact, reordered
from landscape.numerics.elementary import exp, log

Array = np.ndarray


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
def _cross_entropy_over(z: Array, encoded: Array, real: Array, top: Array, total: Array) -> float:
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
    _to_gradient(z, total, encoded)
    return loss


@reordered
def _squared_error_over(z: Array, target: Array, real: Array) -> float:
    loss, share = 0.0, 1.0 / len(z)
    for k in range(len(z)):
        row, wanted = z[k], target[k]
        for j in range(len(row)):
            residual = real[j] * (row[j] - wanted[j])
            loss += residual * residual
            row[j] = 2.0 * share * residual
    return share * loss


@reordered
def loss_over(cross_entropy: bool, z: Array, target: Array, real: Array, top: Array, total: Array) -> float:
    """Sum of the losses, cross-entropies or squared errors averaged over the outputs, of outputs z against encoded
    targets, both [K, B]; z becomes its gradient. `real` [B] is one for samples and zero for the filling; top and total
    [B] are room to work in.
    """
    if cross_entropy:
        return _cross_entropy_over(z, target, real, top, total)
    return _squared_error_over(z, target, real)


@exact
def largest_over(z: Array, encoded: Array, top: Array, right: Array) -> None:
    """Writes the largest of the outputs z [K, B] into top [B] and whether the first such is the true class into
    right [B]; encoded [K, B] are the one-hot targets.
    """
    top[:], right[:] = z[0], encoded[0]
    for k in range(1, len(z)):
        row, target = z[k], encoded[k]
        for j in range(len(row)):
            right[j] = target[j] if row[j] > top[j] else right[j]
            top[j] = max(top[j], row[j])


@reordered
def cross_entropies_over(z: Array, encoded: Array, top: Array, total: Array, loss: Array) -> None:
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
        loss[j] += log(total[j])
        total[j] = 1.0 / total[j]
    _to_gradient(z, total, encoded)


@reordered
def squared_errors_over(z: Array, target: Array, loss: Array) -> None:
    """As above, for squared errors averaged over the outputs."""
    share = 1.0 / len(z)
    loss[:] = 0.0
    for k in range(len(z)):
        row, wanted = z[k], target[k]
        for j in range(len(row)):
            residual = row[j] - wanted[j]
            loss[j] += share * residual * residual
            row[j] = 2.0 * share * residual
