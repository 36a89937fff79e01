"""Interval bounds (IBP) on what a network can answer inside a box of inputs.

A box goes through the layers as lower and upper ends (Gowal et al. 2018, arXiv 1810.12715). A dense layer
maps the middle with its weights and the radius with their absolute values; an activation maps the ends,
or its interior minimum where the box contains it. Certification folds the difference to the true class
into the last layer, which is tighter than subtracting bounds of single outputs.

Sound in floating point too: each step widens its result by an upper bound on its own rounding error, for a
sum of n products n + 4 machine epsilons (each two roundoffs) times the sum of magnitudes, for an activation
8 machine epsilons times max(1, |argument|). About 1e-14 relative: nothing next to the widths of interest.

Shapes: M minima, N samples, d inputs, K outputs. The half-width is [d], one number a feature.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from landscape.errors import PropertyError
from landscape.problems.activations import Activation
from landscape.problems.network import DenseNetwork
from landscape.problems.problem import Problem

MACHINE_EPSILON = torch.finfo(torch.float64).eps


class Box(NamedTuple):
    """Ends of intervals, of one shape."""

    lower: Tensor
    upper: Tensor

    @property
    def middle(self) -> Tensor:
        """Centres of the intervals."""
        return 0.5 * (self.lower + self.upper)

    @property
    def radius(self) -> Tensor:
        """Half-widths of the intervals."""
        return 0.5 * (self.upper - self.lower)


def require_dense(problem: Problem) -> DenseNetwork:
    """The network of the problem. Raises PropertyError if it is a torch module that is no dense network."""
    if isinstance(problem.network, DenseNetwork):
        return problem.network
    raise PropertyError(
        "bounds need a network of dense layers with one activation, found another torch module: leave the group "
        "'sensitivity' out, or build the module from Linear layers and one activation"
    )


def input_box(inputs: Tensor, half_width: Tensor) -> Box:
    """Box around inputs [..., N, d] with half-width [d]."""
    return Box(inputs - half_width, inputs + half_width)


def affine_image(box: Box, weight: Tensor, bias: Tensor) -> Box:
    """Image [M, N, out] of a box [M or 1, N, in] under weight [M, out, in] and bias [M, out]."""
    middle, radius, magnitude = box.middle, box.radius, weight.abs().mT
    centre = middle @ weight.mT + bias[:, None]
    largest = (middle.abs() + radius) @ magnitude + bias.abs()[:, None]
    spread = radius @ magnitude + _sum_rounding(weight.shape[2]) * largest
    return Box(centre - spread, centre + spread)


def activation_image(box: Box, activation: Activation) -> Box:
    """Image of a box under an activation that is monotone or has one interior minimum."""
    at_lower, at_upper = activation.value(box.lower), activation.value(box.upper)
    lower, upper = at_lower, at_upper
    if activation.minimum is not None:
        lowest = torch.full_like(box.lower, activation.minimum).clamp(box.lower, box.upper)
        lower, upper = activation.value(lowest), torch.maximum(at_lower, at_upper)
    slack = 8 * MACHINE_EPSILON * torch.maximum(box.lower.abs(), box.upper.abs()).clamp(min=1.0)
    return Box(lower - slack, upper + slack)


def last_hidden_box(network: DenseNetwork, theta: Tensor, inputs: Tensor, half_width: Tensor) -> Box:
    """What enters the last layer, [M, N, units], for theta [M, P] and inputs [N, d] (without a hidden layer: the
    input box [1, N, d]).
    """
    box = input_box(inputs[None], half_width)
    for weight, bias in network.unpack(theta)[:-1]:
        box = activation_image(affine_image(box, weight, bias), network.activation)
    return box


def logit_box(network: DenseNetwork, theta: Tensor, inputs: Tensor, half_width: Tensor) -> Box:
    """Bounds [M, N, K] on the outputs before the softmax, for theta [M, P], inputs [N, d], half-width [d]."""
    weight, bias = network.unpack(theta)[-1]
    return affine_image(last_hidden_box(network, theta, inputs, half_width), weight, bias)


def log_odds_box(logits: Box) -> Box:
    """Bounds [..., K] on log(p_k / (1 - p_k)) = z_k - logsumexp over j != k of z_j, from bounds on the logits."""
    rest_lower, rest_upper = _rest(logits.lower), _rest(logits.upper)
    magnitude = 1.0 + rest_lower.abs() + rest_upper.abs() + logits.lower.abs() + logits.upper.abs()
    slack = _sum_rounding(logits.lower.shape[-1]) * magnitude
    return Box(logits.lower - rest_upper - slack, logits.upper - rest_lower + slack)


def softmax_box(logits: Box) -> Box:
    """Bounds [..., K] on the softmax outputs, from bounds on the logits; within [0, 1]."""
    odds, slack = log_odds_box(logits), 8 * MACHINE_EPSILON
    lower, upper = torch.sigmoid(odds.lower) - slack, torch.sigmoid(odds.upper) + slack
    return Box(lower.clamp(min=0.0), upper.clamp(max=1.0))


def margin_lower_bound(
    network: DenseNetwork, theta: Tensor, inputs: Tensor, targets: Tensor, half_width: Tensor
) -> Tensor:
    """Lower bounds [M, N, K] on z_y - z_j for the true classes y = targets [N]; plus infinity at j = y."""
    box = last_hidden_box(network, theta, inputs, half_width)
    weight, bias = network.unpack(theta)[-1]
    middle, radius = box.middle, box.radius
    centre = _differences(middle @ weight.mT + bias[:, None], targets)
    spread = _pair_spread(radius, weight, targets)
    largest = (middle.abs() + radius) @ weight.abs().mT + bias.abs()[:, None]
    both = largest + _of_true_class(largest, targets)
    bound = centre - spread - _sum_rounding(weight.shape[2] + 2) * both
    return bound.scatter(2, targets.expand(bound.shape[:2])[..., None], torch.inf)


def certified(network: DenseNetwork, theta: Tensor, inputs: Tensor, targets: Tensor, half_width: Tensor) -> Tensor:
    """Whether [M, N] every input of the box provably gets the true class: all margins are positive."""
    return (margin_lower_bound(network, theta, inputs, targets, half_width) > 0.0).all(2)


def _sum_rounding(n_terms: int) -> float:
    return (n_terms + 4) * MACHINE_EPSILON


def _rest(ends: Tensor) -> Tensor:
    """Logsumexp over all other classes, [..., K]."""
    n_classes = ends.shape[-1]
    own = torch.eye(n_classes, dtype=torch.bool, device=ends.device)
    return ends[..., None, :].expand(*ends.shape, n_classes).masked_fill(own, -torch.inf).logsumexp(-1)


def _of_true_class(values: Tensor, targets: Tensor) -> Tensor:
    """Entries [M, N, 1] of values [M, N, K] at the true classes [N]."""
    return values.gather(2, targets.expand(values.shape[:2])[..., None])


def _differences(values: Tensor, targets: Tensor) -> Tensor:
    return _of_true_class(values, targets) - values


def _pair_spread(radius: Tensor, weight: Tensor, targets: Tensor) -> Tensor:
    """radius [M, N, h] times |w_y - w_j| [M, h] for the true class y of each sample: [M, N, K]."""
    difference = (weight[:, :, None] - weight[:, None]).abs()  # [M, K, K, h]
    pairs = torch.unflatten(radius @ difference.flatten(1, 2).mT, 2, difference.shape[1:3])  # [M, N, K, K]
    index = targets.view(1, -1, 1, 1).expand(len(weight), -1, 1, weight.shape[1])
    return pairs.gather(2, index).squeeze(2)
