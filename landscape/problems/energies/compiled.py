"""Energy, gradient and Hessian of dense networks on a CPU, compiled.

Several times faster than the batched tensors of `network.py`, which are the reference and the way on every other
device. Of many samples blocks are taken, one walker after the other; with few, walkers are computed side by side. A
walker is computed by the same instructions whatever its neighbours are: its result does not depend on the batch, to the
last bit. Shapes: W walkers, P parameters, N samples, d inputs, K outputs, B samples of a block.
"""

import math
import threading

import numpy as np
import torch
from torch import Tensor

from landscape.numerics.compilation import is_compiled
from landscape.numerics.pointers import call, function_of
from landscape.objective import Function, Kernel
from landscape.problems.kernels import activations as kinds
from landscape.problems.kernels.energy import energies, traces, workspace
from landscape.problems.kernels.energy_in_lanes import energies_by_lanes, energies_in_lanes, workspace_in_lanes
from landscape.problems.kernels.hessian import hessians
from landscape.problems.networks.layered import DenseNetwork
from landscape.problems.networks.losses import Loss

Array = np.ndarray

# Inputs, values and slopes of a block: loops want them in the first cache, calls of the BLAS few and large.
BLOCK_BYTES, BLAS_BLOCK_BYTES = 96 * 2**10, 448 * 2**10
FEWEST_COLUMNS = 64
ROUGH_FROM = 10000  # multiplications of a forward pass from which float32 pays
VECTOR = 16  # samples that a loop takes at a time
# A network with no more samples and parameters than these is computed for several walkers side by side, and quenches do
# without Hessians. That is 5.7 times as fast with 8 samples of iris, 4-4-3, and 1.5 times with 64, 4-4-3 or 4-10-3;
# with 150 it is slower. With 8 samples and 547 parameters it is 3 times as fast; then histories leave the cache.
LANES_SAMPLES = 64
LANES_PARAMETERS = 512
LARGEST_PRODUCTS = 2**24  # numbers in the products of the inputs that a Hessian needs
TRACES = 8  # walkers whose values are kept at a time
# Those that exponentials make; the error function of gelu is vectorised by torch alone.
KINDS = {
    "tanh": kinds.TANH,
    "sigmoid": kinds.SIGMOID,
    "softplus": kinds.SOFTPLUS,
    "silu": kinds.SILU,
    "relu": kinds.RELU,
}
# The second derivative in terms of value a and slope s, where they determine it: s (c0 + c1 a + c2 s).
CURVATURES = {"tanh": (0.0, -2.0, 0.0), "sigmoid": (1.0, -2.0, 0.0), "softplus": (1.0, 0.0, -1.0)}


class CompiledEnergy:
    """Mean loss + l2 * sum(theta^2) of a dense network on the CPU."""

    def __init__(self, network: DenseNetwork, inputs: Tensor, loss: Loss, encoded: Tensor, l2: float) -> None:
        """Inputs are [N, d], encoded targets [K, N]. Raises `KeyError` for an activation that is not in `KINDS`."""
        sizes = np.array([network.n_inputs, *(layer.n_out for layer in network.layers)])
        columns = sample_columns(sizes, len(inputs))
        self.network = sizes, KINDS[network.activation.name], loss.name == "cross_entropy"
        real = _blocks(np.ones((1, len(inputs))), columns)[:, 0]
        self.samples = _blocks(inputs.numpy().T, columns), _blocks(encoded.numpy(), columns), real, len(inputs)
        self.l2 = float(l2)
        self.n_parameters = network.n_parameters
        self.in_lanes = len(inputs) <= LANES_SAMPLES and network.n_parameters <= LANES_PARAMETERS
        self.multiplications = int((sizes[1:] * sizes[:-1]).sum()) * len(inputs)
        self._kernels: dict[int, Kernel] = {}

    def kernel(self) -> Kernel:
        """The energy for compiled code, with the workspace of this thread."""
        thread = threading.get_ident()
        if thread not in self._kernels:
            self._kernels[thread] = self._in_lanes() if self.in_lanes else self._one_by_one()
        return self._kernels[thread]

    def _one_by_one(self) -> Kernel:
        rough = self._function(np.float32) if self.multiplications >= ROUGH_FROM else None
        return Kernel(self._function(np.float64), rough=rough)

    def _function(self, real: type) -> Function:
        """The energy in numbers of type `real`."""
        *arrays, samples = self.samples
        room = workspace(self.network[0], self.n_parameters, arrays[0].shape[2], real)
        data = self.network, (*(array.astype(real, copy=False) for array in arrays), samples), self.l2, room
        return function_of(energies, data)

    def _in_lanes(self) -> Kernel:
        data = self.network, self.samples, self.l2, workspace_in_lanes(self.network[0], self.n_parameters)
        return Kernel(function_of(energies_by_lanes, data), lanes=function_of(energies_in_lanes, data))

    def energy(self, theta: Tensor) -> Tensor:
        """Energies [W] of theta [W, P]."""
        return self.energy_and_gradient(theta)[0]

    def energy_and_gradient(self, theta: Tensor) -> tuple[Tensor, Tensor]:
        """Energies [W] and gradients [W, P] of theta [W, P]."""
        points = theta.detach().contiguous()
        energy, gradient = points.new_empty(len(points)), torch.empty_like(points)
        call(self.kernel().function, points.numpy(), energy.numpy(), gradient.numpy())
        return energy, gradient


class CompiledHessian:
    """The Hessian of a compiled energy of one hidden layer."""

    def __init__(self, energy: CompiledEnergy, activation: str) -> None:
        """Raises `KeyError` for an activation that is not in `CURVATURES`."""
        self._energy = energy
        self._curvature = CURVATURES[activation]
        inputs, _, real, _ = energy.samples
        self._inputs = np.concatenate([inputs, real[:, None]], axis=1)
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
        (sizes, _, cross_entropy), (inputs, encoded, _, samples) = self._energy.network, self._energy.samples
        n_in, hidden, classes = map(int, sizes)
        value, slope, gradient = (
            np.zeros((len(points), len(inputs), units, inputs.shape[2])) for units in (hidden, hidden, classes)
        )
        traces(points, self._energy.network, self._energy.samples, value, slope, gradient)
        first = hidden * (n_in + 1)
        hessians(
            np.ascontiguousarray(points[:, first : first + classes * hidden]).reshape(-1, classes, hidden),
            (self._inputs, self._products, samples),
            (value, slope, gradient),
            self._curvature,
            encoded if cross_entropy else encoded[:, :0].copy(),
            self._energy.l2,
            out,
        )


def compiled_energy(network: object, inputs: Tensor, loss: Loss, encoded: Tensor, l2: float) -> CompiledEnergy | None:
    """The compiled energy where it is the faster way: of dense networks on a CPU; elsewhere None."""
    if isinstance(network, DenseNetwork) and network.activation.name in KINDS and inputs.device.type == "cpu":
        return CompiledEnergy(network, inputs, loss, encoded, l2)
    return None


def compiled_hessian(network: object, energy: CompiledEnergy | None) -> CompiledHessian | None:
    """The Hessian of a compiled energy where there is one: of a single hidden layer, if its tables are not large."""
    if energy is None or not isinstance(network, DenseNetwork) or network.activation.name not in CURVATURES:
        return None
    if len(network.layers) != 2:
        return None
    features, samples = network.n_inputs + 1, energy.samples[3]
    if features * (features + 1) // 2 * samples > LARGEST_PRODUCTS:
        return None
    return CompiledHessian(energy, network.activation.name)


def sample_columns(sizes: Array, samples: int) -> int:
    """Samples of a block, of `samples` in all, for a network of these layer sizes: a multiple of the vector length."""
    fitting = BLOCK_BYTES // (8 * int(sizes[0] + 2 * sizes[1:].sum()))
    return min(max(_whole(fitting), FEWEST_COLUMNS), _whole(samples + VECTOR - 1))


def compiled_before() -> bool:
    """Whether numba's cache on this machine has compiled energies already; what it lacks takes half a minute."""
    return is_compiled(energies) or is_compiled(energies_by_lanes)


def _whole(samples: int) -> int:
    return samples - samples % VECTOR


def _blocks(rows: Array, columns: int) -> Array:
    """Rows [R, N] as [N / B, R, B], the last block filled up with zeros."""
    count = math.ceil(rows.shape[1] / columns)
    padded = np.zeros((len(rows), count * columns))
    padded[:, : rows.shape[1]] = rows
    return np.ascontiguousarray(padded.reshape(len(rows), count, columns).swapaxes(0, 1))
