"""The loss of samples as a function of their inputs, which attacks raise.

The compiled form for dense networks on a CPU is several times faster than batched tensors, which are the reference and
compute all other cases. Shapes: W walkers, P parameters, N samples, d inputs, K outputs. Points are [W, d, N], separate
ones for each walker, the samples contiguous; encoded targets are [K, N].
"""

from typing import NamedTuple, Protocol

import torch
from torch import Tensor

from landscape.problems.energies.layers import compiled_layers, sample_columns
from landscape.problems.kernels.inputs import input_gradients
from landscape.problems.networks.losses import Loss
from landscape.problems.networks.module import Network

CPU = torch.device("cpu")


class Slope(NamedTuple):
    """Losses [W, N]; bool[W, N], true where the first largest output is the one with the largest target; and the
    gradients [W, d, N] of the losses in the inputs.
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

    @staticmethod
    def admits(_network: Network, _loss: Loss, _device: torch.device) -> bool:
        """True: this form takes every network."""
        return True

    def __call__(self, theta: Tensor, point: Tensor, encoded: Tensor) -> Slope:
        outputs, pull_back = self._network.vjp(theta, point.mT)
        loss, delta = self._loss.value_and_gradient(outputs.mT, encoded)
        right = outputs.mT.max(1).indices == encoded.max(0).indices
        return Slope(loss, right, pull_back(delta.mT).mT.contiguous())


class CompiledInputs:
    """`LossOfInputs` of a dense network on a CPU."""

    def __init__(self, network: Network, loss: Loss) -> None:
        layers = compiled_layers(network, loss, CPU)
        assert layers is not None  # noqa: S101 - others are not admitted
        self._layers = layers

    @staticmethod
    def admits(network: Network, loss: Loss, device: torch.device) -> bool:
        """True if the network is dense, activation and loss have compiled forms, and the device is a CPU."""
        return network.dense is not None and compiled_layers(network, loss, device) is not None

    def __call__(self, theta: Tensor, point: Tensor, encoded: Tensor) -> Slope:
        rows = point.contiguous()
        gradient = torch.empty_like(rows)
        loss, right = (rows.new_empty(len(rows), rows.shape[2]) for _ in range(2))
        input_gradients(
            theta.contiguous().numpy(),
            tuple(self._layers),
            (rows.numpy(), encoded.numpy()),
            sample_columns(self._layers.sizes, rows.shape[2]),
            loss.numpy(),
            right.numpy(),
            gradient.numpy(),
        )
        return Slope(loss, right > 0.0, gradient)


FORMS = (CompiledInputs, BatchedInputs)
"""All forms, the fastest first; the last one takes every network."""


def loss_of_inputs(network: Network, loss: Loss, device: torch.device) -> LossOfInputs:
    """The fastest form for a network on a device."""
    form: type[CompiledInputs | BatchedInputs] = next(form for form in FORMS if form.admits(network, loss, device))
    return form(network, loss)
