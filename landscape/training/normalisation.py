"""Batch normalisation of hidden units in training, folded into weights and biases.

The pre-activations z of a unit become gain (z - mean) / sqrt(variance + 1e-5) + shift. The mean and the variance are
taken over the minibatch, and in a convolution over its positions as well (Ioffe and Szegedy 2015, arXiv 1502.03167). A
normalised unit equals an ordinary unit with other weights and bias, so a network that is normalised by some samples is
an ordinary network: `folded` gives its parameters, differentiable by autograd. At the end of training the network is
normalised by all samples that it was trained on.

Shapes: W networks, P parameters, G gains and shifts, B samples of each, d inputs; a convolution has L positions.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from landscape.numerics.products import product
from landscape.problems.networks.layered import LayeredNetwork

LEAST_VARIANCE = 1e-5


class Normalisation(NamedTuple):
    """Batch normalisation of all hidden layers of a network."""

    network: LayeredNetwork

    @property
    def _units(self) -> list[int]:
        return [layer.n_out for layer in self.network.layers[:-1]]

    def start(self, theta: Tensor) -> Tensor:
        """Parameters theta [W, P] followed by gains of one and shifts of zero, [W, P + G]."""
        units = sum(self._units)
        return torch.cat([theta, theta.new_ones(len(theta), units), theta.new_zeros(len(theta), units)], 1)

    def folded(self, point: Tensor, inputs: Tensor, weights: Tensor) -> Tensor:
        """Parameters [W, P] of the network at point [W, P + G], normalised by inputs [W, B, d] of weights [B] that sum
        to one.
        """
        network, units = self.network, self._units
        theta, gains, shifts = torch.split(point, [network.n_parameters, sum(units), sum(units)], 1)
        blocks = network.unpack(theta)
        entering = network.layers[0].enter(inputs.mT)
        parts: list[Tensor] = []
        split = zip(torch.split(gains, units, 1), torch.split(shifts, units, 1), strict=True)
        for index, (gain, shift) in enumerate(split):
            weight, _ = blocks[index]
            z = product(weight, entering)
            positions = z.shape[2] // len(weights)
            share = weights.repeat(positions) / positions
            mean = (z * share).sum(2)
            variance = ((z - mean[..., None]).square() * share).sum(2)
            scale = gain / (variance + LEAST_VARIANCE).sqrt()
            offset = shift - scale * mean  # the bias itself has no effect
            parts += [(scale[..., None] * weight).flatten(1), offset]
            values = network.activation.value(scale[..., None] * z + offset[..., None])
            entering = network.entering(index + 1, values)
        return torch.cat([*parts, *(part.flatten(1) for part in blocks[-1])], 1)
