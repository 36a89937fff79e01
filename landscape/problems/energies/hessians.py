"""The Hessian of a compiled energy of one hidden layer, dense or a convolution, on a CPU.

Shapes: W walkers, P parameters, N samples, K outputs, B samples of a block.
"""

import numpy as np
import torch
from torch import Tensor

from landscape.problems.activations import Bend
from landscape.problems.energies.form import Definition
from landscape.problems.kernels.arguments import Blocks, Layers
from landscape.problems.kernels.energy import traces
from landscape.problems.kernels.hessian import hessians
from landscape.problems.kernels.hessian_of_windows import Windows, hessians_of_windows
from landscape.problems.networks.layered import LayeredNetwork
from landscape.problems.networks.layers import Convolution, Dense

Array = np.ndarray

LARGEST_PRODUCTS = 2**24  # most numbers in the products of inputs that a Hessian needs
TRACES = 8  # walkers whose hidden values, slopes and loss gradients are kept at a time


class CompiledHessian:
    """Function that gives the Hessians [W, P, P] of theta [W, P]."""

    def __init__(self, network: LayeredNetwork, layers: Layers, samples: Blocks, bend: Bend, l2: float) -> None:
        """The layers and samples are those of the compiled energy, the bend is that of the activation."""
        self._network, self._layers, self._samples, self._bend, self._l2 = network, layers, samples, bend, l2
        first = network.layers[0]
        columns = samples.inputs.reshape(len(samples.inputs), first.n_in, -1)
        ones = np.tile(samples.real, first.n_units // first.n_out)[:, None]
        self._inputs = np.concatenate([columns, ones], axis=1)
        rows, others = np.triu_indices(self._inputs.shape[1])
        self._products = np.ascontiguousarray(self._inputs[:, rows] * self._inputs[:, others])

    def __call__(self, theta: Tensor) -> Tensor:
        """Hessians [W, P, P] of theta [W, P]."""
        points = theta.detach().contiguous().numpy()
        out = np.empty((*points.shape, points.shape[1]))
        for first in range(0, len(points), TRACES):
            chunk = slice(first, first + TRACES)
            self._write(points[chunk], out[chunk])
        return torch.from_numpy(out)

    def _write(self, points: Array, out: Array) -> None:
        samples, (first, second), loss = self._samples, self._network.layers, self._layers.loss
        hidden = int(self._layers.sizes[1:-1].sum())
        blocks, _, columns = samples.inputs.shape
        value, slope = (np.zeros((len(points), blocks, hidden, columns)) for _ in range(2))
        gradient = np.zeros((len(points), blocks, second.n_out, columns))
        traces(points, tuple(self._layers), tuple(samples), value, slope, gradient)
        matrices = points[:, first.n_parameters : -second.n_out].reshape(-1, second.n_out, second.n_in)
        weights = np.ascontiguousarray(matrices)
        if isinstance(first, Convolution):
            targets, numbers = (samples.encoded, samples.real), (first.n_out, samples.n_samples, loss)
            windows = Windows(self._inputs, self._products, *targets, self._means(), *numbers)
            hessians_of_windows(weights, tuple(windows), (value, slope, gradient), self._bend, self._l2, out)
        else:
            data = self._inputs, self._products, samples.n_samples
            hessians(weights, data, (value, slope, gradient), self._bend, (loss, samples.encoded), self._l2, out)

    def _means(self) -> Array:
        """Hidden rows int64[rows, number] of which each row that enters the second layer is the mean."""
        sources, rows = self._layers.sources, self._network.layers[1].n_in
        return (sources if len(sources) else np.arange(rows)).reshape(rows, -1)


def compiled_bend(definition: Definition) -> Bend | None:
    """The bend of the activation if the Hessian of a compiled energy is compiled too; else None.

    It is compiled for one hidden layer, dense or a convolution, below a dense layer. A dense hidden layer must not be
    pooled, and the products of the inputs must not be too many.
    """
    network = definition.network.layered
    if network is None or len(network.layers) != 2:
        return None
    first, second = network.layers
    products = (first.n_in + 1) * (first.n_in + 2) // 2 * (first.n_units // first.n_out) * len(definition.inputs)
    pooled = isinstance(first, Dense) and second.pool is not None
    small = isinstance(second, Dense) and not pooled and products <= LARGEST_PRODUCTS
    return network.activation.bend if small else None
