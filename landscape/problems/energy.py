"""The energy of a network on samples, by the fastest code that there is for it here, and the terms added to it.

    E(theta) = mean loss + l2 * sum(theta^2) + sum over terms of weight * value(theta)

Shapes: W walkers, P parameters, N samples, d inputs, K outputs; float64.
"""

from functools import partial

from torch import Tensor

from landscape.numerics import cuda_graphs
from landscape.objective import Kernel, Recorder
from landscape.problems.energies.batched import BatchedEnergy
from landscape.problems.energies.compiled import CompiledEnergy, compiled_energy, compiled_hessian
from landscape.problems.energies.fused import FusedEnergy, fused_energy
from landscape.problems.networks.layered import LayeredNetwork
from landscape.problems.networks.losses import Loss
from landscape.problems.networks.module import Network
from landscape.problems.terms.added import AddedTerms
from landscape.problems.terms.term import TermSamples, WeightedTerm

# Up to which a quench is faster with Hessians than without, see tests/benchmarks/growth.py; never where energies are
# computed for walkers side by side, which are too cheap.
CHEAP_HESSIAN_PARAMETERS = 170


class NetworkEnergy:
    """The energy and its derivatives, whether they are continuous or not.

    Attributes: `batched`, the reference without terms; `fastest`, what computes energies and gradients without terms;
    `cheap_hessian`, whether a quench is faster with Hessians; `recorder`, for known layers without terms on a GPU (see
    `landscape.optimize.recording`), else None.
    """

    def __init__(
        self, network: Network, inputs: Tensor, loss: Loss, encoded: Tensor, l2: float, terms: tuple[WeightedTerm, ...]
    ) -> None:
        """Inputs are [N, d], encoded targets [K, N]."""
        self.batched = BatchedEnergy(network, inputs, loss, encoded, l2)
        compiled = compiled_energy(network, inputs, loss, encoded, l2)
        fused = fused_energy(network, inputs, loss, encoded, l2, self.batched)
        self.fastest: BatchedEnergy | CompiledEnergy | FusedEnergy = compiled or fused or self.batched
        hessian = compiled_hessian(network, compiled)
        self._hessian = hessian or self.batched.hessian
        self._added = AddedTerms(terms, TermSamples(inputs, encoded)) if terms else None
        cheap = hessian is not None and not (compiled is not None and compiled.in_lanes) and not terms
        self.cheap_hessian = cheap and network.n_parameters <= CHEAP_HESSIAN_PARAMETERS
        recordable = isinstance(network, LayeredNetwork) and inputs.device.type == "cuda" and not terms
        self.recorder: Recorder | None = partial(cuda_graphs.record, inputs.device) if recordable else None

    def energy(self, theta: Tensor) -> Tensor:
        """Energies [W] of theta [W, P]."""
        energy = self.fastest.energy(theta)
        return energy if self._added is None else energy + self._added.energy(theta)

    def energy_and_gradient(self, theta: Tensor) -> tuple[Tensor, Tensor]:
        """Energies [W] and gradients [W, P] of theta [W, P]."""
        energy, gradient = self.fastest.energy_and_gradient(theta)
        if self._added is None:
            return energy, gradient
        added, slope = self._added.energy_and_gradient(theta)
        return energy + added, gradient + slope

    def kernel(self) -> Kernel | None:
        """The energy for compiled code, on a CPU; None where there is no such code."""
        return self.fastest.kernel() if isinstance(self.fastest, CompiledEnergy) and self._added is None else None

    def hessian(self, theta: Tensor) -> Tensor:
        """Hessians [W, P, P] of theta [W, P]; raises `PropertyError` for a term with kinks."""
        hessian = self._hessian(theta)
        return hessian if self._added is None else hessian + self._added.hessian(theta)

    def hessian_vector_product(self, theta: Tensor, vector: Tensor) -> Tensor:
        """Hessians at theta [W, P] times vector [W, P]; raises `PropertyError` for a term with kinks."""
        product = self.batched.hessian_vector_product(theta, vector)
        return product if self._added is None else product + self._added.hessian_vector_product(theta, vector)
