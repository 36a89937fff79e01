"""Dense networks and samples as compiled code takes them.

Shapes: N samples, d inputs, K outputs, R rows, B samples of a block.
"""

import math

import numpy as np
import torch
from torch import Tensor

from landscape.problems.kernels.activations import KINDS
from landscape.problems.kernels.arguments import Blocks, DenseLayers
from landscape.problems.kernels.losses import LOSS_KINDS
from landscape.problems.networks.layered import DenseNetwork
from landscape.problems.networks.losses import Loss
from landscape.problems.networks.module import Network

Array = np.ndarray

# Inputs, values and slopes of a block: loops want them in the first cache, calls of the BLAS few and large.
BLOCK_BYTES = 96 * 2**10
FEWEST_COLUMNS = 64
VECTOR = 16  # samples that a loop takes at a time


def compiled_network(network: Network, device: torch.device) -> DenseNetwork | None:
    """The network where compiled code computes it, else None: on a CPU, one of dense layers whose activation has a
    compiled form.
    """
    dense = network.dense if device.type == "cpu" else None
    return dense if dense is not None and dense.activation.name in KINDS else None


def compiled_layers(network: Network, loss: Loss, device: torch.device) -> DenseLayers | None:
    """The network and the loss where compiled code computes both, as it takes them; else None."""
    dense = compiled_network(network, device)
    if dense is None or loss.name not in LOSS_KINDS:
        return None
    return DenseLayers(np.array(dense.sizes), KINDS[dense.activation.name], LOSS_KINDS[loss.name])


def in_blocks(sizes: Array, inputs: Tensor, encoded: Tensor) -> Blocks:
    """Inputs [N, d] and encoded targets [K, N] in blocks that fit a network of these layer sizes."""
    columns = sample_columns(sizes, len(inputs))
    real = _blocks(np.ones((1, len(inputs))), columns)[:, 0]
    return Blocks(_blocks(inputs.numpy().T, columns), _blocks(encoded.numpy(), columns), real, len(inputs))


def sample_columns(sizes: Array, samples: int) -> int:
    """Samples of a block, of `samples` in all, for a network of these layer sizes: a multiple of the vector length."""
    fitting = BLOCK_BYTES // (8 * int(sizes[0] + 2 * sizes[1:].sum()))
    return min(max(_whole(fitting), FEWEST_COLUMNS), _whole(samples + VECTOR - 1))


def _whole(samples: int) -> int:
    return samples - samples % VECTOR


def _blocks(rows: Array, columns: int) -> Array:
    """Rows [R, N] as [N / B, R, B], the last block filled up with zeros."""
    count = math.ceil(rows.shape[1] / columns)
    padded = np.zeros((len(rows), count * columns))
    padded[:, : rows.shape[1]] = rows
    return np.ascontiguousarray(padded.reshape(len(rows), count, columns).swapaxes(0, 1))
