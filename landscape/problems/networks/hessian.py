"""Exact Hessians of networks of layers (Bishop 1992, "Exact calculation of the Hessian matrix for the MLP").

With g the loss gradient carried back to each pre-activation z and C the Hessian of the loss in the outputs,

    H = J'CJ  +  sum over hidden units of (dE/da f''(z)) grad z grad z'  +  (weight, earlier layer) cross terms.

J, the Jacobian of a layer's pre-activations in all parameters up to that layer, is built forward. `layered_hessian` is
written so, for layers of any kind. `dense_hessian` treats the first layer of dense ones apart: its grad z touches only
the unit's own row, so its Jacobian is never stored and its curvature is block-diagonal. One hidden layer then costs one
product J'CJ and little else.

Shapes: W walkers, N samples, K outputs, P parameters; J is [W, units, N, P up to here]. A convolution has L * N columns
where a dense layer has N.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from landscape.problems.networks.layers import Layer
from landscape.problems.networks.losses import Loss
from landscape.problems.networks.trace import Trace


def layered_hessian(layers: Sequence[Layer], trace: Trace, loss: Loss, encoded: Tensor) -> Tensor:
    """Hessian [W, P, P] of the sum of the losses for the forward pass `trace` and encoded targets [K, N]."""
    starts, last = _parameter_starts(trace), len(layers) - 1
    gradients, deltas = _backward(layers, trace, loss.value_and_gradient(trace.outputs, encoded)[1])
    hessian = trace.outputs.new_zeros(len(trace.outputs), starts[-1], starts[-1])
    entering = _without_parameters(trace)
    for index in range(len(layers)):
        _add_cross_terms(hessian, _cross_terms(deltas[index], entering), starts[index])
        jacobian = _jacobian(trace, index, entering, starts)
        if index < last:
            _add_outer(hessian, jacobian, gradients[index] * _curvature(trace, index))
            jacobian *= trace.slopes[index][..., None]
            rows = jacobian.view(len(jacobian), layers[index].n_units, encoded.shape[1] * starts[index + 1])
            entering = layers[index + 1].enter(rows).view(*trace.post[index + 1].shape, starts[index + 1])
    _add_outer(hessian, loss.scale_jacobian(trace.outputs, jacobian))
    return hessian


def dense_hessian(layers: Sequence[Layer], trace: Trace, loss: Loss, encoded: Tensor) -> Tensor:
    """Hessian [W, P, P] of the mean loss for the forward pass `trace` and encoded targets [K, N]."""
    starts, last, n_samples = _parameter_starts(trace), len(layers) - 1, encoded.shape[1]
    gradients, deltas = _backward(layers, trace, loss.value_and_gradient(trace.outputs, encoded)[1] / n_samples)
    hessian = trace.outputs.new_zeros(len(trace.outputs), starts[-1], starts[-1])
    if last == 0:
        jacobian = _jacobian(trace, 0, _without_parameters(trace), starts)
    else:
        _add_first_layer(hessian, trace, gradients[0] * _curvature(trace, 0))
        _add_cross_terms(hessian, _first_cross_terms(trace, deltas[1]), starts[1])
        jacobian = _second_jacobian(trace, starts)
    for index in range(1, last):
        _add_outer(hessian, jacobian, gradients[index] * _curvature(trace, index))
        entering = jacobian * trace.slopes[index][..., None]
        _add_cross_terms(hessian, _cross_terms(deltas[index + 1], entering), starts[index + 1])
        jacobian = _jacobian(trace, index + 1, entering, starts)
    _add_outer(hessian, loss.scale_jacobian(trace.outputs, jacobian.mul_(n_samples**-0.5)))
    return hessian


def _parameter_starts(trace: Trace) -> list[int]:
    """Where the parameters of each layer start, and where the last ones end."""
    starts = [0]
    for weight, _ in trace.weights:
        starts.append(starts[-1] + weight.shape[1] * (weight.shape[2] + 1))
    return starts


def _backward(layers: Sequence[Layer], trace: Trace, delta: Tensor) -> tuple[list[Tensor], list[Tensor]]:
    """Gradients of the loss in the activations of each hidden layer and in z of every layer, each [W, units, N]."""
    deltas, gradients = [delta], []
    for index in range(len(layers) - 1, 0, -1):
        gradients.append(layers[index].leave(trace.weights[index][0].mT @ deltas[-1]).view_as(trace.pre[index - 1]))
        deltas.append(gradients[-1] * trace.slopes[index - 1])
    return gradients[::-1], deltas[::-1]


def _curvature(trace: Trace, index: int) -> Tensor:
    """Second derivatives [W, units, N] of the activation in a hidden layer."""
    return trace.activation.curvature(trace.pre[index], trace.values[index])


def _without_parameters(trace: Trace) -> Tensor:
    """Jacobian [W, in, N, 0] of the inputs, which depend on no parameter."""
    return trace.outputs.new_zeros(*trace.post[0].shape, 0)


def _jacobian(trace: Trace, index: int, entering: Tensor, starts: list[int]) -> Tensor:
    """Jacobian of the layer's z from that of what enters the layer, [W, in, N, P before]."""
    weight, z = trace.weights[index][0], trace.pre[index]
    jacobian = z.new_zeros(*z.shape, starts[index + 1])
    jacobian[..., : starts[index]] = (weight @ entering.flatten(2)).view(*z.shape, starts[index])
    _write_own_weights(jacobian, trace.post[index], starts[index])
    return jacobian


def _second_jacobian(trace: Trace, starts: list[int]) -> Tensor:
    """Jacobian of the second dense layer's z: that of the first layer, each unit in its own row only, is not needed."""
    weight, inputs, slope = trace.weights[1][0], trace.post[0], trace.slopes[0]
    jacobian = weight.new_zeros(*trace.pre[1].shape, starts[2])
    hidden, features = slope.shape[1], inputs.shape[1]
    own = (weight[:, :, :, None] * slope[:, None]).mT
    torch.mul(
        own[..., None],
        inputs.mT[:, None, :, None, :],
        out=jacobian[..., : hidden * features].view(*jacobian.shape[:3], hidden, features),
    )
    jacobian[..., hidden * features : starts[1]] = own
    _write_own_weights(jacobian, trace.post[1], starts[1])
    return jacobian


def _write_own_weights(jacobian: Tensor, post: Tensor, start: int) -> None:
    """Derivative of each unit's z in its own weights (the activations before it) and its bias (one)."""
    units, fan_in = jacobian.shape[1], post.shape[1]
    for unit in range(units):
        first = start + unit * fan_in
        jacobian[:, unit, :, first : first + fan_in] = post.mT
        jacobian[:, unit, :, start + units * fan_in + unit] = 1.0


def _add_outer(hessian: Tensor, jacobian: Tensor, weight: Tensor | None = None) -> None:
    """Adds the sum over units and samples of weight * J J' to the leading block of the Hessian [W, P, P]."""
    size = jacobian.shape[-1]
    rows = jacobian.flatten(1, 2)
    left = rows if weight is None else (jacobian * weight[..., None]).flatten(1, 2)
    hessian[:, :size, :size] += left.mT @ rows


def _add_first_layer(hessian: Tensor, trace: Trace, weight: Tensor) -> None:
    """Block-diagonal curvature of the first dense layer; weight [W, H, N]."""
    inputs = trace.post[0]
    units, features = weight.shape[1], inputs.shape[1]
    augmented = torch.cat([inputs, torch.ones_like(inputs[:, :1])], 1)
    blocks = (weight[:, :, None] * augmented[:, None]) @ augmented.mT[:, None]
    for unit in range(units):
        weights = slice(unit * features, (unit + 1) * features)
        bias = units * features + unit
        hessian[:, weights, weights] += blocks[:, unit, :-1, :-1]
        hessian[:, weights, bias] += blocks[:, unit, :-1, -1]
        hessian[:, bias, weights] += blocks[:, unit, -1, :-1]
        hessian[:, bias, bias] += blocks[:, unit, -1, -1]


def _add_cross_terms(hessian: Tensor, mixed: Tensor, start: int) -> None:
    """Adds mixed derivatives [W, R, P before] of a layer's R weights, the first at `start`, with all before."""
    rows = slice(start, start + mixed.shape[1])
    hessian[:, rows, :start] += mixed
    hessian[:, :start, rows] += mixed.mT


def _cross_terms(delta: Tensor, entering: Tensor) -> Tensor:
    """Mixed derivatives [W, out * in, P before] from the Jacobian [W, in, N, P before] of what enters the layer."""
    return torch.einsum("won,winp->woip", delta, entering).flatten(1, 2)


def _first_cross_terms(trace: Trace, delta: Tensor) -> Tensor:
    """The same [W, K*H, P of the first layer] for the second dense layer: weight (k, j) meets only the row and the bias
    of hidden unit j.
    """
    inputs, slope = trace.post[0], trace.slopes[0]
    hidden, features, outputs = slope.shape[1], inputs.shape[1], delta.shape[1]
    weighted = delta[:, :, None] * slope[:, None]
    with_row = weighted @ inputs.mT[:, None]
    mixed = delta.new_zeros(len(delta), outputs, hidden, hidden * (features + 1))
    for unit in range(hidden):
        mixed[:, :, unit, unit * features : (unit + 1) * features] = with_row[:, :, unit]
        mixed[:, :, unit, hidden * features + unit] = weighted[:, :, unit].sum(-1)
    return mixed.flatten(1, 2)
