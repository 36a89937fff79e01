"""Energy and gradient of dense networks on a CPU, compiled.

Several times faster than the batched tensors of `network.py`, which are the reference and the way on every other
device. A walker is computed by the same instructions whatever its neighbours are: its result does not depend on the
batch, to the last bit. Shapes: W walkers, P parameters, N samples, d inputs, K outputs, B samples of a block.
"""

import math

import numpy as np
import torch
from torch import Tensor

from landscape.problems import kernels
from landscape.problems.losses import Loss
from landscape.problems.network import DenseNetwork

Array = np.ndarray

BLOCK_BYTES = 96 * 2**10  # inputs, values and slopes of a block
FEWEST_COLUMNS = 64
# Those that exponentials make; the error function of gelu is vectorised by torch alone.
KINDS = {
    "tanh": kernels.TANH,
    "sigmoid": kernels.SIGMOID,
    "softplus": kernels.SOFTPLUS,
    "silu": kernels.SILU,
    "relu": kernels.RELU,
}


class CompiledEnergy:
    """Mean loss + l2 * sum(theta^2) of a dense network on the CPU."""

    def __init__(self, network: DenseNetwork, inputs: Tensor, loss: Loss, encoded: Tensor, l2: float) -> None:
        """Inputs are [N, d], encoded targets [K, N]."""
        sizes = np.array([network.n_inputs, *(layer.n_out for layer in network.layers)])
        columns = _columns(sizes, len(inputs))
        self._network = sizes, KINDS[network.activation.name], loss.name == "cross_entropy"
        self._data = _blocks(inputs.numpy().T, columns), _blocks(encoded.numpy(), columns), len(inputs)
        self._l2 = l2

    def __call__(self, theta: Tensor) -> tuple[Tensor, Tensor]:
        """Energies [W] and gradients [W, P] of theta [W, P]."""
        points = theta.detach().contiguous()
        energy, gradient = points.new_empty(len(points)), torch.empty_like(points)
        kernels.energies(points.numpy(), self._network, self._data, self._l2, energy.numpy(), gradient.numpy())
        return energy, gradient


def compiled_energy(network: object, inputs: Tensor, loss: Loss, encoded: Tensor, l2: float) -> CompiledEnergy | None:
    """The compiled energy where it is the faster way: of dense networks on a CPU; elsewhere None."""
    if isinstance(network, DenseNetwork) and network.activation.name in KINDS and inputs.device.type == "cpu":
        return CompiledEnergy(network, inputs, loss, encoded, l2)
    return None


def _columns(sizes: Array, samples: int) -> int:
    fitting = BLOCK_BYTES // (8 * int(sizes[0] + 2 * sizes[1:].sum()))
    return min(max(8 * (fitting // 8), FEWEST_COLUMNS), samples)


def _blocks(rows: Array, columns: int) -> Array:
    """Rows [R, N] as [N / B, R, B], the last block filled up with zeros."""
    count = math.ceil(rows.shape[1] / columns)
    padded = np.zeros((len(rows), count * columns))
    padded[:, : rows.shape[1]] = rows
    return np.ascontiguousarray(padded.reshape(len(rows), count, columns).swapaxes(0, 1))
