"""Exact Hessians of networks with convolutions: the formula of `hessian.py`, of layers whose weights meet many columns.

With J the Jacobian of a layer's pre-activations z in all parameters up to it and E that of the columns that enter it,
z = weight E theta, so that J is weight E beside the columns themselves, and

    H = J'CJ of the outputs + sum over hidden z of (dE/da f''(z)) grad z grad z' + (weight, E) cross terms.

Shapes: W walkers, N samples, L positions, K outputs, P parameters; J is [W, out, L * N, P up to here].
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from landscape.problems.hessian import add_outer, parameter_starts, write_own_weights
from landscape.problems.layers import Layer
from landscape.problems.losses import Loss
from landscape.problems.trace import Trace


def layered_hessian(layers: Sequence[Layer], trace: Trace, loss: Loss, encoded: Tensor) -> Tensor:
    """Hessian [W, P, P] of the sum of the losses for the forward pass `trace` and encoded targets [K, N]."""
    starts = parameter_starts(trace)
    gradients, deltas = _backward(layers, trace, loss.value_and_gradient(trace.outputs, encoded)[1])
    hessian = trace.outputs.new_zeros(len(trace.outputs), starts[-1], starts[-1])
    entering = trace.outputs.new_zeros(*trace.post[0].shape, 0)
    for index, z in enumerate(trace.pre):
        _add_cross_terms(hessian, deltas[index], entering, starts[index])
        jacobian = _jacobian(trace, index, entering, starts)
        if index == len(layers) - 1:
            add_outer(hessian, loss.scale_jacobian(trace.outputs, jacobian))
            break
        add_outer(hessian, jacobian, gradients[index] * trace.activation.curvature(z, trace.values[index]))
        jacobian *= trace.slopes[index][..., None]
        rows = jacobian.view(len(z), layers[index].n_units, encoded.shape[1] * starts[index + 1])
        entering = layers[index + 1].enter(rows).view(*trace.post[index + 1].shape, starts[index + 1])
    return hessian


def _backward(layers: Sequence[Layer], trace: Trace, delta: Tensor) -> tuple[list[Tensor], list[Tensor]]:
    """Gradients of the loss in the activations of each hidden layer and in z of every layer."""
    deltas, gradients = [delta], []
    for index in range(len(layers) - 1, 0, -1):
        gradients.append(layers[index].leave(trace.weights[index][0].mT @ deltas[-1]).view_as(trace.pre[index - 1]))
        deltas.append(gradients[-1] * trace.slopes[index - 1])
    return gradients[::-1], deltas[::-1]


def _jacobian(trace: Trace, index: int, entering: Tensor, starts: list[int]) -> Tensor:
    """Jacobian of the layer's z from that of its columns, [W, in, L * N, P before]."""
    weight, z = trace.weights[index][0], trace.pre[index]
    jacobian = z.new_zeros(*z.shape, starts[index + 1])
    jacobian[..., : starts[index]] = (weight @ entering.flatten(2)).view(*z.shape, starts[index])
    write_own_weights(jacobian, trace.post[index], starts[index])
    return jacobian


def _add_cross_terms(hessian: Tensor, delta: Tensor, entering: Tensor, start: int) -> None:
    """Mixed derivatives of the layer's weights with all earlier parameters."""
    mixed = torch.einsum("won,winp->woip", delta, entering).flatten(1, 2)
    rows = slice(start, start + mixed.shape[1])
    hessian[:, rows, :start] += mixed
    hessian[:, :start, rows] += mixed.mT
