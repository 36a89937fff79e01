"""The loss of samples as a function of their inputs, which attacks raise.

Compiled for dense networks on a CPU, several times faster than the batched tensors, which are the reference and the
way everywhere else. Shapes: W walkers, P parameters, N samples, d inputs, K outputs. Points are [W, d, N], of each
walker its own, the samples contiguous; encoded targets are [K, N].
"""

from typing import NamedTuple, Protocol

import numpy as np
import torch
from torch import Tensor

from landscape.problems.energies.compiled import sample_columns
from landscape.problems.kernels.activations import KINDS
from landscape.problems.kernels.inputs import input_gradients
from landscape.problems.networks.layered import DenseNetwork
from landscape.problems.networks.losses import Loss
from landscape.problems.networks.module import Network


class Slope(NamedTuple):
    """Losses [W, N], whether the first largest output is the one with the largest target [W, N], bool, and the
    gradients of the losses in the inputs, [W, d, N].
    """

    loss: Tensor
    right: Tensor
    gradient: Tensor


class LossOfInputs(Protocol):
    """A function of theta [W, P], points [W, d, N] and encoded targets [K, N]."""

    def __call__(self, theta: Tensor, point: Tensor, encoded: Tensor) -> Slope: ...


class BatchedInputs:
    """`LossOfInputs` of any network on any device."""

    def __init__(self, network: Network, loss: Loss) -> None:
        self._network, self._loss = network, loss

    def __call__(self, theta: Tensor, point: Tensor, encoded: Tensor) -> Slope:
        outputs, pull_back = self._network.vjp(theta, point.mT)
        loss, delta = self._loss.value_and_gradient(outputs.mT, encoded)
        right = outputs.mT.max(1).indices == encoded.max(0).indices
        return Slope(loss, right, pull_back(delta.mT).mT.contiguous())


class CompiledInputs:
    """`LossOfInputs` of a dense network on a CPU."""

    def __init__(self, network: DenseNetwork, loss: Loss) -> None:
        """Raises `KeyError` for an activation that is not in `KINDS`."""
        sizes = np.array([network.n_inputs, *(layer.n_out for layer in network.layers)])
        self._network = sizes, KINDS[network.activation.name], loss.name == "cross_entropy"

    def __call__(self, theta: Tensor, point: Tensor, encoded: Tensor) -> Slope:
        rows = point.contiguous()
        gradient = torch.empty_like(rows)
        loss, right = (rows.new_empty(len(rows), rows.shape[2]) for _ in range(2))
        input_gradients(
            theta.contiguous().numpy(),
            self._network,
            (rows.numpy(), encoded.numpy()),
            sample_columns(self._network[0], rows.shape[2]),
            loss.numpy(),
            right.numpy(),
            gradient.numpy(),
        )
        return Slope(loss, right > 0.0, gradient)


def loss_of_inputs(network: Network, loss: Loss, device: torch.device) -> LossOfInputs:
    """The faster way for a network on a device."""
    if isinstance(network, DenseNetwork) and network.activation.name in KINDS and device.type == "cpu":
        return CompiledInputs(network, loss)
    return BatchedInputs(network, loss)
