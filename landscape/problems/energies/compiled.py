"""Energy and gradient of layers on a CPU, compiled: several times faster than batched tensors.

Many samples are computed in blocks, one walker after the other; with few samples, walkers are computed side by side. A
walker is computed by the same instructions whatever its neighbours are, so its result does not depend on the batch, to
the last bit. Shapes: W walkers, P parameters, N samples, d inputs, K outputs.
"""

import threading

import numpy as np
import torch
from torch import Tensor

from landscape.numerics.compilation import is_compiled
from landscape.numerics.pointers import call, function_of
from landscape.objective import Function, Kernel
from landscape.problems.energies.form import Definition
from landscape.problems.energies.hessians import CompiledHessian, compiled_bend
from landscape.problems.energies.layers import compiled_layers, in_blocks
from landscape.problems.kernels.arguments import EnergyData
from landscape.problems.kernels.energy import energies, room_for_blocks
from landscape.problems.kernels.energy_in_lanes import energies_by_lanes, energies_in_lanes, room_for_lanes

ROUGH_FROM = 10000  # multiplications of a forward pass from which float32 pays
# A dense network with at most this many samples and parameters is computed for several walkers side by side, and its
# quenches use no Hessians. On iris this is 5.7 times as fast with 8 samples (4-4-3), 1.5 times with 64 (4-4-3 or
# 4-10-3), and slower with 150. With 8 samples and 547 parameters it is 3 times as fast; beyond, histories leave the
# cache.
LANES_SAMPLES = 64
LANES_PARAMETERS = 512
# Most parameters with which a quench is faster with Hessians than without, see tests/benchmarks/growth.py. Where
# energies are computed for walkers side by side, they are too cheap for Hessians to pay.
CHEAP_HESSIAN_PARAMETERS = 170


class CompiledEnergy:
    """Mean loss + l2 * sum(theta^2) of a network of layers on the CPU.

    Attributes: `hessian`, for one hidden layer, else None; `in_lanes`, true if walkers are computed side by side.
    """

    def __init__(self, definition: Definition) -> None:
        network, inputs, loss, encoded, l2 = definition
        layers = compiled_layers(network, loss, inputs.device)
        assert layers is not None and network.layered is not None  # noqa: S101, PT018 - others are not admitted
        self._network = layers
        self._samples = in_blocks(network.layered, layers.sizes, inputs, encoded)
        self._l2 = float(l2)
        self._n_parameters = network.n_parameters
        few = len(inputs) <= LANES_SAMPLES and network.n_parameters <= LANES_PARAMETERS
        self.in_lanes = few and network.dense is not None
        self._multiplications = sum(layer.n_units * layer.n_in for layer in network.layered.layers) * len(inputs)
        self._kernels: dict[int, Kernel] = {}
        bend = compiled_bend(definition)
        self.hessian = None if bend is None else CompiledHessian(network.layered, layers, self._samples, bend, self._l2)

    @staticmethod
    def admits(definition: Definition) -> bool:
        """True if layers, activation and loss have compiled forms and the inputs are on a CPU."""
        return compiled_layers(definition.network, definition.loss, definition.inputs.device) is not None

    @property
    def cheap_hessian(self) -> bool:
        """True if a quench is faster with Hessians than without."""
        return self.hessian is not None and not self.in_lanes and self._n_parameters <= CHEAP_HESSIAN_PARAMETERS

    def kernel(self) -> Kernel:
        """The energy for compiled code, with a workspace for the calling thread."""
        thread = threading.get_ident()
        if thread not in self._kernels:
            self._kernels[thread] = self._by_lanes() if self.in_lanes else self._one_by_one()
        return self._kernels[thread]

    def energy(self, theta: Tensor) -> Tensor:
        """Energies [W] of theta [W, P]."""
        return self.energy_and_gradient(theta)[0]

    def energy_and_gradient(self, theta: Tensor) -> tuple[Tensor, Tensor]:
        """Energies [W] and gradients [W, P] of theta [W, P]."""
        points = theta.detach().contiguous()
        energy, gradient = points.new_empty(len(points)), torch.empty_like(points)
        call(self.kernel().function, points.numpy(), energy.numpy(), gradient.numpy())
        return energy, gradient

    def _one_by_one(self) -> Kernel:
        rough = self._function(np.float32) if self._multiplications >= ROUGH_FROM else None
        return Kernel(self._function(np.float64), rough=rough)

    def _function(self, real: type) -> Function:
        """The energy in numbers of type `real`."""
        samples = self._samples.in_numbers_of(real)
        room = room_for_blocks(self._network.sizes, self._n_parameters, samples.inputs.shape[2], real)
        data = EnergyData(self._network, samples, self._l2, room).plain()
        return function_of(energies, data)

    def _by_lanes(self) -> Kernel:
        room = room_for_lanes(self._network.sizes, self._n_parameters)
        data = EnergyData(self._network, self._samples, self._l2, room).plain()
        return Kernel(function_of(energies_by_lanes, data), lanes=function_of(energies_in_lanes, data))


def compiled_before() -> bool:
    """True if numba's cache on this machine has compiled energies; compiling missing ones takes up to a minute."""
    return is_compiled(energies) or is_compiled(energies_by_lanes)
