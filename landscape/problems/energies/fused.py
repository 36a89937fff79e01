"""Energy and gradient of small networks on a GPU by one kernel, which keeps all intermediate values in registers.

Batched tensors write and read the values of all hidden units for all samples a dozen times. They are the reference and
compute all energies that this kernel does not cover. Shapes: W walkers, P parameters, N samples, d inputs, K outputs;
float64.
"""

import warnings

import torch
from torch import Tensor

from landscape.errors import LandscapeWarning
from landscape.problems.activations import TANH
from landscape.problems.energies.batched import BatchedEnergy
from landscape.problems.energies.form import Definition

MOST_PARAMETERS = 128  # of a walker: with more, they and as many sums do not stay near the registers of a thread
THREADS = 32
# Walkers that fill a GPU with programs of eight walkers; fewer get a program each, with more threads per walker.
MANY_WALKERS = 4096


class FusedEnergy:
    """Mean loss + l2 * sum(theta^2) of a dense network with one hidden layer of tanh units and cross-entropy."""

    hessian = None
    cheap_hessian = False

    def __init__(self, definition: Definition) -> None:
        """Raises `ImportError` if Triton is not installed."""
        from landscape.problems.kernels import triton_energy  # noqa: PLC0415 - Triton comes with CUDA builds of torch only

        self._kernel = triton_energy.energies_and_gradients
        network, inputs, _, encoded, l2 = definition
        assert network.dense is not None  # noqa: S101 - others are not admitted
        self._sizes = network.dense.sizes
        self._data = inputs.mT.contiguous(), encoded.contiguous()
        self._constants = torch.tensor([1.0 / len(inputs), l2], dtype=torch.float64, device=inputs.device)

    @staticmethod
    def admits(definition: Definition) -> bool:
        """True if the network is small, the inputs are on a GPU and the kernel works there: it is tried once and
        compared with the batched energy.
        """
        return covered(definition) and definition.inputs.device.type == "cuda" and _works(definition)

    def kernel(self) -> None:
        """None: compiled code runs on a CPU."""

    def energy(self, theta: Tensor) -> Tensor:
        """Energies [W] of theta [W, P]."""
        return self.energy_and_gradient(theta)[0]

    def energy_and_gradient(self, theta: Tensor) -> tuple[Tensor, Tensor]:
        """Energies [W] and gradients [W, P] of theta [W, P]."""
        theta = theta.contiguous()
        walkers, samples = len(theta), self._data[0].shape[1]
        energy, gradient = theta.new_empty(walkers), torch.empty_like(theta)
        tile = 8 if walkers >= MANY_WALKERS else 1
        if not walkers:
            return energy, gradient
        with torch.cuda.device_of(theta):  # type: ignore[no-untyped-call]
            self._kernel[(-(-walkers // tile),)](
                *(theta, *self._data, self._constants, energy, gradient),
                *(walkers, samples, *self._sizes, tile, THREADS // tile),
                num_warps=1,
            )
        return energy, gradient


def covered(definition: Definition) -> bool:
    """True if the kernel covers this kind of network and loss, and the network is small enough."""
    network = definition.network.dense
    return (
        network is not None
        and len(network.layers) == 2
        and network.biased
        and network.n_parameters <= MOST_PARAMETERS
        and network.activation == TANH
        and definition.loss.name == "cross_entropy"
    )


def _works(definition: Definition) -> bool:
    """True if the kernel gives the energies of batched tensors; a kernel that fails or differs causes a warning."""
    try:
        error = _largest_error(FusedEnergy(definition), BatchedEnergy(definition), definition)
        trouble = "" if error < 1e-11 else f"a difference of {error:.1e}"
    except Exception as raised:  # noqa: BLE001 - whatever Triton, its compilers or the driver raise
        trouble = f"{type(raised).__name__}: {str(raised).partition(chr(10))[0]}"
    if trouble:
        warnings.warn(
            f"expected that Triton's kernel gives the energies on {definition.inputs.device}, found {trouble}: they "
            "are computed by batched operations, several times slower; Triton needs a C compiler",
            LandscapeWarning,
            stacklevel=2,
        )
    return not trouble


def _largest_error(fused: FusedEnergy, reference: BatchedEnergy, definition: Definition) -> float:
    """Largest error of energies and gradients at points between -2 and 2, for few walkers and for many."""
    errors, parameters, device = [], definition.network.n_parameters, definition.inputs.device
    for walkers in (3, MANY_WALKERS + 3):
        numbers = torch.arange(walkers * parameters, dtype=torch.float64, device=device)
        theta = 2.0 * numbers.sin().view(walkers, parameters)
        pairs = zip(fused.energy_and_gradient(theta), reference.energy_and_gradient(theta), strict=True)
        errors += [(found - expected).abs().max().item() for found, expected in pairs]
    return max(errors)
