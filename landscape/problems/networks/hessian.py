"""Exact Hessians of dense networks (Bishop 1992, "Exact calculation of the Hessian matrix for the MLP").

With g the loss gradient carried back to each pre-activation z and C the Hessian of the loss in the outputs,

    H = J'CJ  +  sum over hidden units of (dE/da f''(z)) grad z grad z'  +  (weight, earlier layer) cross terms.

J, the Jacobian of a layer's pre-activations in all parameters up to that layer, is built forward. The
first layer is told apart, because there grad z touches only the unit's own row: its Jacobian is never
stored, its curvature is block-diagonal. One hidden layer then costs one product J'CJ and little else.

Shapes: W walkers, N samples, K outputs, P parameters; J is [W, units, N, P up to here].
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from landscape.problems.activations import Activation
from landscape.problems.networks.layers import Layer
from landscape.problems.networks.losses import Loss
from landscape.problems.networks.trace import Trace


def dense_hessian(trace: Trace, activation: Activation, loss: Loss, encoded: Tensor) -> Tensor:
    """Hessian [W, P, P] of the mean loss for the forward pass `trace` and encoded targets [K, N]."""
    n_samples = encoded.shape[1]
    post_gradients, deltas = _backward(trace, loss.value_and_gradient(trace.outputs, encoded)[1] / n_samples)
    starts = parameter_starts(trace)
    walkers = len(trace.outputs)
    hessian = trace.outputs.new_zeros(walkers, starts[-1], starts[-1])
    jacobian = _first_jacobian(trace)
    for layer in range(len(trace.weights)):
        last = layer == len(trace.weights) - 1
        if layer:
            _add_cross_terms(hessian, trace, layer, deltas[layer], jacobian, starts)
            jacobian = _next_jacobian(trace, layer, jacobian, starts)
        if last:
            add_outer(hessian, loss.scale_jacobian(trace.outputs, jacobian.mul_(n_samples**-0.5)))
        else:
            weight = post_gradients[layer] * activation.curvature(trace.pre[layer], trace.values[layer])
            if layer:
                add_outer(hessian, jacobian, weight)
            else:
                _add_first_layer(hessian, trace, weight)
            if layer:
                jacobian = jacobian * trace.slopes[layer][..., None]
    return hessian


def parameter_starts(trace: Trace) -> list[int]:
    """Where the parameters of each layer start, and where the last ones end."""
    starts = [0]
    for weight, _ in trace.weights:
        starts.append(starts[-1] + weight.shape[1] * (weight.shape[2] + 1))
    return starts


def _backward(trace: Trace, delta: Tensor) -> tuple[list[Tensor], list[Tensor]]:
    """dE/da of each hidden layer and dE/dz of every layer, each [W, units, N]."""
    deltas, post_gradients = [delta], []
    for layer in range(len(trace.weights) - 1, 0, -1):
        post_gradients.append(trace.weights[layer][0].mT @ deltas[-1])
        deltas.append(post_gradients[-1] * trace.slopes[layer - 1])
    return post_gradients[::-1], deltas[::-1]


def _first_jacobian(trace: Trace) -> Tensor:
    """Jacobian of a network without hidden layers; unused (empty) where there is one."""
    if len(trace.weights) > 1:
        return trace.outputs.new_empty(0)
    walkers, units, samples = trace.pre[0].shape
    jacobian = trace.outputs.new_zeros(walkers, units, samples, trace.weights[0][0][0].numel() + units)
    write_own_weights(jacobian, trace.post[0], 0)
    return jacobian


def write_own_weights(jacobian: Tensor, post: Tensor, start: int) -> None:
    """Derivative of each unit's z in its own weights (the activations before it) and its bias (one)."""
    units, fan_in = jacobian.shape[1], post.shape[1]
    for unit in range(units):
        first = start + unit * fan_in
        jacobian[:, unit, :, first : first + fan_in] = post.mT
        jacobian[:, unit, :, start + units * fan_in + unit] = 1.0


def _next_jacobian(trace: Trace, layer: int, post_jacobian: Tensor, starts: list[int]) -> Tensor:
    """Jacobian of layer's z; `post_jacobian` is that of the activations before it (unused for layer 1)."""
    weight = trace.weights[layer][0]
    walkers, units, samples = trace.pre[layer].shape
    jacobian = weight.new_zeros(walkers, units, samples, starts[layer + 1])
    earlier = starts[layer]
    if layer == 1:
        inputs, slope = trace.post[0], trace.slopes[0]
        hidden, features = slope.shape[1], inputs.shape[1]
        own = (weight[:, :, :, None] * slope[:, None]).mT
        torch.mul(
            own[..., None],
            inputs.mT[:, None, :, None, :],
            out=jacobian[..., : hidden * features].view(*jacobian.shape[:3], hidden, features),
        )
        jacobian[..., hidden * features : earlier] = own
    else:
        flat = weight @ post_jacobian.flatten(2)
        jacobian[..., :earlier] = flat.view(walkers, units, samples, earlier)
    write_own_weights(jacobian, trace.post[layer], earlier)
    return jacobian


def add_outer(hessian: Tensor, jacobian: Tensor, weight: Tensor | None = None) -> None:
    """Adds the sum over units and samples of weight * J J' to the leading block of the Hessian [W, P, P]."""
    size = jacobian.shape[-1]
    rows = jacobian.flatten(1, 2)
    left = rows if weight is None else (jacobian * weight[..., None]).flatten(1, 2)
    hessian[:, :size, :size] += left.mT @ rows


def _add_first_layer(hessian: Tensor, trace: Trace, weight: Tensor) -> None:
    """Block-diagonal curvature of the first layer; weight [W, H, N]."""
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


def _add_cross_terms(
    hessian: Tensor, trace: Trace, layer: int, delta: Tensor, post_jacobian: Tensor, starts: list[int]
) -> None:
    """Mixed derivatives of layer's weights with all earlier parameters."""
    start, earlier = starts[layer], starts[layer]
    units, fan_in = delta.shape[1], trace.post[layer].shape[1]
    rows = slice(start, start + units * fan_in)
    if layer > 1:
        mixed = torch.einsum("win,wjnp->wijp", delta, post_jacobian).flatten(1, 2)
    else:
        mixed = _first_cross_terms(trace, delta)
    hessian[:, rows, :earlier] += mixed
    hessian[:, :earlier, rows] += mixed.mT


def _first_cross_terms(trace: Trace, delta: Tensor) -> Tensor:
    """[W, K*H, P of the first layer]: weight (k, j) meets only the row and bias of hidden unit j."""
    inputs, slope = trace.post[0], trace.slopes[0]
    hidden, features, outputs = slope.shape[1], inputs.shape[1], delta.shape[1]
    weighted = delta[:, :, None] * slope[:, None]
    with_row = weighted @ inputs.mT[:, None]
    mixed = delta.new_zeros(len(delta), outputs, hidden, hidden * (features + 1))
    for unit in range(hidden):
        mixed[:, :, unit, unit * features : (unit + 1) * features] = with_row[:, :, unit]
        mixed[:, :, unit, hidden * features + unit] = weighted[:, :, unit].sum(-1)
    return mixed.flatten(1, 2)


def layered_hessian(layers: Sequence[Layer], trace: Trace, loss: Loss, encoded: Tensor) -> Tensor:
    """Hessian [W, P, P] of the sum of the losses for the forward pass `trace` and encoded targets [K, N]."""
    starts = parameter_starts(trace)
    gradients, deltas = _layered_backward(layers, trace, loss.value_and_gradient(trace.outputs, encoded)[1])
    hessian = trace.outputs.new_zeros(len(trace.outputs), starts[-1], starts[-1])
    entering = trace.outputs.new_zeros(*trace.post[0].shape, 0)
    for index, z in enumerate(trace.pre):
        _add_layered_cross_terms(hessian, deltas[index], entering, starts[index])
        jacobian = _layered_jacobian(trace, index, entering, starts)
        if index == len(layers) - 1:
            add_outer(hessian, loss.scale_jacobian(trace.outputs, jacobian))
            break
        add_outer(hessian, jacobian, gradients[index] * trace.activation.curvature(z, trace.values[index]))
        jacobian *= trace.slopes[index][..., None]
        rows = jacobian.view(len(z), layers[index].n_units, encoded.shape[1] * starts[index + 1])
        entering = layers[index + 1].enter(rows).view(*trace.post[index + 1].shape, starts[index + 1])
    return hessian


def _layered_backward(layers: Sequence[Layer], trace: Trace, delta: Tensor) -> tuple[list[Tensor], list[Tensor]]:
    """Gradients of the loss in the activations of each hidden layer and in z of every layer."""
    deltas, gradients = [delta], []
    for index in range(len(layers) - 1, 0, -1):
        gradients.append(layers[index].leave(trace.weights[index][0].mT @ deltas[-1]).view_as(trace.pre[index - 1]))
        deltas.append(gradients[-1] * trace.slopes[index - 1])
    return gradients[::-1], deltas[::-1]


def _layered_jacobian(trace: Trace, index: int, entering: Tensor, starts: list[int]) -> Tensor:
    """Jacobian of the layer's z from that of its columns, [W, in, L * N, P before]."""
    weight, z = trace.weights[index][0], trace.pre[index]
    jacobian = z.new_zeros(*z.shape, starts[index + 1])
    jacobian[..., : starts[index]] = (weight @ entering.flatten(2)).view(*z.shape, starts[index])
    write_own_weights(jacobian, trace.post[index], starts[index])
    return jacobian


def _add_layered_cross_terms(hessian: Tensor, delta: Tensor, entering: Tensor, start: int) -> None:
    """Mixed derivatives of the layer's weights with all earlier parameters."""
    mixed = torch.einsum("won,winp->woip", delta, entering).flatten(1, 2)
    rows = slice(start, start + mixed.shape[1])
    hessian[:, rows, :start] += mixed
    hessian[:, :start, rows] += mixed.mT
