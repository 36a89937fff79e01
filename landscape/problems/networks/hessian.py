"""Exact Hessians of networks of layers (Bishop 1992, "Exact calculation of the Hessian matrix for the MLP").

With g the loss gradient carried back to each pre-activation z and C the Hessian of the loss in the outputs,

    H = J'CJ  +  sum over hidden units of (dE/da f''(z)) grad z grad z'  +  (weight, earlier layer) cross terms.

J, the Jacobian of a layer's pre-activations in all parameters up to that layer, is built forward. The first and the
last layer are special. In the first, z depends only on the weights of a unit's own row or channel: only these
derivatives are kept, and the curvature is block-diagonal. In the last, the derivative of z in its own weights is the
vector that enters the layer, the same for all outputs: this part of J'CJ is made of sums of C and CJ times this vector.

Shapes: W walkers, N samples, K outputs, P parameters; J is [W, units, N, P up to here]. A convolution has L * N columns
where a dense layer has N. D counts the numbers that a unit's weights multiply, and the one that its bias multiplies.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from landscape.problems.networks.layers import Layer
from landscape.problems.networks.losses import Loss
from landscape.problems.networks.trace import Trace


def layered_hessian(layers: Sequence[Layer], trace: Trace, loss: Loss, encoded: Tensor) -> Tensor:
    """Hessian [W, P, P] of the sum of the losses for the forward pass `trace` and encoded targets [K, N]."""
    starts, last, samples = _parameter_starts(trace), len(layers) - 1, encoded.shape[1]
    gradients, deltas = _backward(layers, trace, loss.value_and_gradient(trace.outputs, encoded)[1])
    hessian = trace.outputs.new_zeros(len(trace.outputs), starts[-1], starts[-1])
    jacobian = trace.outputs.new_zeros(*trace.outputs.shape, 0)
    if last > 0:
        _add_first_layer(hessian, trace, gradients[0] * _curvature(trace, 0))
        own = _entering(layers[1], trace.slopes[0][..., None] * _with_one(trace.post[0]).mT[:, None], samples)
        _add_cross_terms(hessian, _own_cross_terms(layers[0], deltas[1], own), starts[1])
        jacobian = _second_jacobian(layers[0], trace.weights[1][0], own)
    for index in range(1, last):
        jacobian = _with_own_weights(jacobian, trace.post[index])
        _add_outer(hessian, jacobian, gradients[index] * _curvature(trace, index))
        entering = _entering(layers[index + 1], jacobian.mul_(trace.slopes[index][..., None]), samples)
        _add_cross_terms(hessian, _cross_terms(deltas[index + 1], entering), starts[index + 1])
        propagated = trace.weights[index + 1][0] @ entering.flatten(2)
        jacobian = propagated.view(*trace.pre[index + 1].shape, starts[index + 1])
    _add_last_layer(hessian, trace, loss, jacobian)
    return _of_parameters(layers, hessian)


def _blocks(layer: Layer) -> tuple[tuple[int, bool], ...]:
    """Sizes of the weight and of the bias, and whether the layer has them."""
    return (layer.n_out * layer.n_in, True), (layer.n_out, layer.bias)


def _of_parameters(layers: Sequence[Layer], hessian: Tensor) -> Tensor:
    """The Hessian [W, P, P] without the rows and columns of biases that layers do not have."""
    if all(layer.bias for layer in layers):
        return hessian
    there = [torch.full((n,), kept) for layer in layers for n, kept in _blocks(layer)]
    kept = torch.cat(there).nonzero()[:, 0].to(hessian.device)
    return hessian[:, kept[:, None], kept]


def _parameter_starts(trace: Trace) -> list[int]:
    """Index of the first parameter of each layer, and the number of all parameters."""
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


def _with_one(rows: Tensor) -> Tensor:
    """The rows that enter a layer with a row of ones for the biases below them, [W, D, N]."""
    return torch.cat([rows, torch.ones_like(rows[:, :1])], 1)


def _in_order(derivatives: Tensor) -> Tensor:
    """Derivatives [..., out, D] in the weights and biases of a layer, as [..., out * D] in network order."""
    return torch.cat([derivatives[..., :-1].flatten(-2), derivatives[..., -1]], -1)


def _entering(layer: Layer, jacobian: Tensor, samples: int) -> Tensor:
    """Jacobian [W, in, N, Q] of the columns that enter a layer, from that of the values below it, [W, units, N, Q]."""
    walkers, derivatives = len(jacobian), jacobian.shape[-1]
    rows = jacobian.reshape(walkers, layer.n_below, samples * derivatives)
    columns = samples * layer.n_units // layer.n_out
    return layer.enter(rows).reshape(walkers, layer.n_in, columns, derivatives)


def _second_jacobian(first: Layer, weight: Tensor, own: Tensor) -> Tensor:
    """Jacobian [W, out, N, P of the first layer] of the second layer's z, from the Jacobian `own` [W, in, N, D] of the
    rows that enter the layer, each in the weights of its own unit or channel.
    """
    weights = torch.unflatten(weight, 2, (first.n_out, -1)).transpose(1, 2)
    by_channel = weights @ torch.unflatten(own, 1, (first.n_out, -1)).flatten(3)
    return _in_order(torch.unflatten(by_channel, 3, own.shape[2:]).movedim(1, 3))


def _with_own_weights(jacobian: Tensor, post: Tensor) -> Tensor:
    """The Jacobian [W, out, N, P before] of a layer's z, extended by derivatives in the layer's weights and biases."""
    units, values = jacobian.shape[1], _with_one(post).mT
    own = values.new_zeros(*jacobian.shape[:3], units, values.shape[2])
    for unit in range(units):
        own[:, unit, :, unit] = values
    return torch.cat([jacobian, _in_order(own)], -1)


def _add_outer(hessian: Tensor, jacobian: Tensor, weight: Tensor | None = None) -> None:
    """Adds the sum over units and samples of weight * J J' to the leading block of the Hessian [W, P, P]."""
    size = jacobian.shape[-1]
    rows = jacobian.flatten(1, 2)
    left = rows if weight is None else (jacobian * weight[..., None]).flatten(1, 2)
    hessian[:, :size, :size] += left.mT @ rows


def _add_first_layer(hessian: Tensor, trace: Trace, weight: Tensor) -> None:
    """Adds the block-diagonal curvature of the first layer; `weight` is [W, H, N]."""
    inputs = trace.post[0]
    units, features = weight.shape[1], inputs.shape[1]
    augmented = _with_one(inputs)
    blocks = (weight[:, :, None] * augmented[:, None]) @ augmented.mT[:, None]
    for unit in range(units):
        weights = slice(unit * features, (unit + 1) * features)
        bias = units * features + unit
        hessian[:, weights, weights] += blocks[:, unit, :-1, :-1]
        hessian[:, weights, bias] += blocks[:, unit, :-1, -1]
        hessian[:, bias, weights] += blocks[:, unit, -1, :-1]
        hessian[:, bias, bias] += blocks[:, unit, -1, -1]


def _add_cross_terms(hessian: Tensor, mixed: Tensor, start: int) -> None:
    """Adds mixed derivatives [W, R, P before] of a layer's R weights, from `start` on, with all parameters before."""
    rows = slice(start, start + mixed.shape[1])
    hessian[:, rows, :start] += mixed
    hessian[:, :start, rows] += mixed.mT


def _cross_terms(delta: Tensor, entering: Tensor) -> Tensor:
    """Mixed derivatives [W, out * in, P before] from the Jacobian [W, in, N, P before] of the columns of a layer."""
    return torch.einsum("won,winp->woip", delta, entering).flatten(1, 2)


def _own_cross_terms(first: Layer, delta: Tensor, own: Tensor) -> Tensor:
    """Mixed derivatives [W, out * in, P of the first layer] for the second layer, from the Jacobian `own` [W, in, N, D]
    of the rows that enter it, each in the weights of its own unit or channel.
    """
    terms = torch.unflatten(delta[:, None] @ own, 1, (first.n_out, -1))
    mixed = terms.new_zeros(*terms.shape[:-1], first.n_out, terms.shape[-1])
    for unit in range(first.n_out):
        mixed[:, unit, :, :, unit] = terms[:, unit]
    return _in_order(mixed).flatten(1, 2).transpose(1, 2).flatten(1, 2)


def _add_last_layer(hessian: Tensor, trace: Trace, loss: Loss, jacobian: Tensor) -> None:
    """Adds J'CJ; `jacobian` [W, K, N, P before] is that of the outputs in all parameters but the last layer's."""
    walkers, outputs, samples, before = jacobian.shape
    identity = torch.eye(outputs, dtype=jacobian.dtype, device=jacobian.device)[:, None]
    root = loss.scale_jacobian(trace.outputs, torch.cat([jacobian, identity.expand(walkers, -1, samples, -1)], -1))
    _add_outer(hessian, root[..., :before])
    of_sample = root.transpose(1, 2)
    flow = of_sample[..., before:].mT @ of_sample
    values = _with_one(trace.post[-1])
    mixed = torch.unflatten(values @ flow[..., :before].flatten(2), 2, (outputs, before))
    _add_cross_terms(hessian, _in_order(mixed.transpose(1, 3)).mT, before)
    curved = flow[..., before:].permute(0, 2, 3, 1)[:, :, :, None] * values[:, None, None]
    corner = (curved.flatten(1, 3) @ values.mT).view(walkers, outputs, outputs, *[values.shape[1]] * 2)
    hessian[:, before:, before:] += _in_order(_in_order(corner.transpose(2, 3)).movedim(3, 1))
