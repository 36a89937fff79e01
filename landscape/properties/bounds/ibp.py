"""Interval bounds (IBP) on the outputs of a network inside a box of inputs.

A box goes through the layers as lower and upper ends (Gowal et al. 2018, arXiv 1810.12715). A dense layer or a
convolution maps the middle with its weights and the radius with their absolute values; an activation maps the ends, and
its interior minimum if that lies in the box. Certification folds the difference to the true class into the last layer,
which is tighter than subtracting bounds of single outputs. Bounds are sound in floating point too: see `boxes.py` and
`linear_maps.py`.

Shapes: M minima, N samples, d inputs, K outputs. The half-width is [d], one number a feature, or [M, N, d].
"""

import torch
from jaxtyping import Float, Int
from torch import Tensor

from landscape.problems.activations import Activation
from landscape.problems.networks.layered import LayeredNetwork
from landscape.properties.bounds.boxes import Box, activation_image
from landscape.properties.bounds.linear_maps import LinearMap, linear_maps


def input_box(inputs: Float[Tensor, "N d"], half_width: Float[Tensor, "... d"]) -> Box:
    """Box [M or 1, d, N] around the inputs, samples last."""
    centre, radius = inputs.mT[None], half_width.expand(*half_width.shape[:-2], *inputs.shape).mT
    return Box(centre - radius, centre + radius)


def logit_box(
    network: LayeredNetwork,
    theta: Float[Tensor, "M P"],
    inputs: Float[Tensor, "N d"],
    half_width: Float[Tensor, "... d"],
) -> Box:
    """Bounds [M, N, K] on the outputs before the softmax."""
    hidden, last = linear_maps(network, theta)
    return last.image(_last_hidden_box(hidden, network.activation, input_box(inputs, half_width))).transposed


def margin_lower_bound(
    network: LayeredNetwork,
    theta: Float[Tensor, "M P"],
    inputs: Float[Tensor, "N d"],
    targets: Int[Tensor, " N"],
    half_width: Float[Tensor, "... d"],
) -> Float[Tensor, "M N K"]:
    """Lower bounds on z_y - z_j for the true classes y; plus infinity at j = y."""
    hidden, last = linear_maps(network, theta)
    box = _last_hidden_box(hidden, network.activation, input_box(inputs, half_width))
    return without_own(last.differences(targets, box).least(box).mT, targets)


def without_own(margins: Float[Tensor, "M N K"], targets: Int[Tensor, " N"]) -> Float[Tensor, "M N K"]:
    """Margins with plus infinity at the true classes."""
    return margins.scatter(2, targets.expand(margins.shape[:2])[..., None], torch.inf)


def _last_hidden_box(hidden: list[LinearMap], activation: Activation, box: Box) -> Box:
    """Bounds [M or 1, units, N] on the input of the last layer."""
    for layer in hidden:
        box = activation_image(layer.image(box), activation)
    return box
