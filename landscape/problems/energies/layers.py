"""Networks and samples in the form that compiled code takes.

Shapes: N samples, d inputs, K outputs, R rows, L positions of a window, B samples of a block.
"""

import math
from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from landscape.problems.kernels.activations import KINDS
from landscape.problems.kernels.arguments import Blocks, Layers
from landscape.problems.kernels.losses import LOSS_KINDS
from landscape.problems.networks.layered import LayeredNetwork
from landscape.problems.networks.layers import Convolution, Layer, Window
from landscape.problems.networks.losses import Loss
from landscape.problems.networks.module import Network

Array = np.ndarray

# Inputs, values and slopes of a block: loops are fastest if these fit into the first cache, BLAS calls if blocks are
# few and large.
BLOCK_BYTES = 96 * 2**10
FEWEST_COLUMNS = 64  # fewest samples in a block of a dense network
FEWEST_BESIDE_WINDOWS = 128  # the same with convolutions: with fewer, loops along gathered rows would be short
VECTOR = 16  # samples that a loop takes at a time


def compiled_network(network: Network, device: torch.device) -> LayeredNetwork | None:
    """The network if compiled code computes it: on a CPU, if its layers are known and have biases, and its activation
    has a compiled form; else None.
    """
    layered = network.layered if device.type == "cpu" else None
    compiled = layered is not None and layered.biased and layered.activation.name in KINDS
    return layered if compiled else None


def compiled_layers(network: Network, loss: Loss, device: torch.device) -> Layers | None:
    """The network and the loss in the form that compiled code takes; None unless compiled code computes both.

    The columns that enter the first layer are gathered once, in advance: they take the place of the inputs.
    """
    layered = compiled_network(network, device)
    if layered is None or loss.name not in LOSS_KINDS:
        return None
    first, *others = layered.layers
    sizes, weights = [first.n_in * _positions(first), first.n_units], [(first.n_out, first.n_in)]
    tables: list[Array] = []
    for layer in others:
        for table in _sources(layer):
            sizes.append(len(table))
            weights.append((0, table.shape[1]))
            tables.append(table.ravel())
        sizes.append(layer.n_units)
        weights.append((layer.n_out, layer.n_in))
    sources = np.concatenate([np.empty(0, np.int64), *tables])
    kinds = KINDS[layered.activation.name], LOSS_KINDS[loss.name]
    return Layers(np.array(sizes), np.array(weights), sources, *kinds)


def _positions(layer: Layer) -> int:
    """Number of columns of a sample in a layer."""
    return layer.n_units // layer.n_out


def _sources(layer: Layer) -> Iterator[Array]:
    """The tables of sources of the rows that enter a layer, see `kernels.windows`: for pooling, then for patches."""
    if layer.pool is not None:
        taps = _seen(layer.pool).reshape(layer.pool.image[0], -1, math.prod(layer.pool.places))
        yield taps.swapaxes(1, 2).reshape(-1, taps.shape[1])
    if isinstance(layer, Convolution):
        yield _seen(layer.window).reshape(-1, 1)


def _seen(window: Window) -> Array:
    """Indices [C * kernel, L] of the pixels under a window at its places; -1 for the zeros around the image."""
    pixels = torch.arange(1.0, math.prod(window.image) + 1.0, dtype=torch.float64)[:, None]
    return window.patches(pixels).numpy().astype(np.int64) - 1


def in_blocks(network: LayeredNetwork, sizes: Array, inputs: Tensor, encoded: Tensor) -> Blocks:
    """The columns that enter the first layer for inputs [N, d], and encoded targets [K, N], in blocks; `sizes` are the
    numbers of rows of a network, which limit the length of a block.
    """
    first = network.layers[0]
    rows = first.enter(inputs.mT).reshape(-1, len(inputs)).numpy()
    columns = sample_columns(sizes, len(inputs), FEWEST_COLUMNS if network.dense else FEWEST_BESIDE_WINDOWS)
    real = _blocks(np.ones((1, len(inputs))), columns)[:, 0]
    return Blocks(_blocks(rows, columns), _blocks(encoded.numpy(), columns), real, len(inputs))


def sample_columns(sizes: Array, samples: int, fewest: int = FEWEST_COLUMNS) -> int:
    """Number of samples in a block, of `samples` in all, for a network with `sizes` rows.

    The number is a multiple of the vector length, chosen so that the last block is about as full as the others.
    """
    fitting = BLOCK_BYTES // (8 * int(sizes[0] + 2 * sizes[1:].sum()))
    blocks = math.ceil(samples / max(fitting - fitting % VECTOR, fewest))
    return math.ceil(samples / (blocks * VECTOR)) * VECTOR


def _blocks(rows: Array, columns: int) -> Array:
    """Rows [R, N] as [N / B, R, B], the last block padded with zeros."""
    count = math.ceil(rows.shape[1] / columns)
    padded = np.zeros((len(rows), count * columns))
    padded[:, : rows.shape[1]] = rows
    return np.ascontiguousarray(padded.reshape(len(rows), count, columns).swapaxes(0, 1))
