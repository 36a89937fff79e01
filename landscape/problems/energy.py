"""The energy of a network on samples, in the fastest form available, and the terms added to it.

    E(theta) = mean loss + l2 * sum(theta^2) + sum over terms of weight * value(theta)

The README of this folder lists the forms and the reasons for them. Shapes: W walkers, P parameters, N samples, d
inputs, K outputs; float64.
"""

from functools import partial

from torch import Tensor

from landscape.numerics import cuda_graphs
from landscape.objective import Kernel, Recorder
from landscape.problems.energies.batched import BatchedEnergy
from landscape.problems.energies.compiled import CompiledEnergy
from landscape.problems.energies.form import Definition, EnergyForm
from landscape.problems.energies.fused import FusedEnergy
from landscape.problems.terms.added import AddedTerms
from landscape.problems.terms.term import TermSamples, WeightedTerm

FORMS: tuple[type[EnergyForm], ...] = (CompiledEnergy, FusedEnergy, BatchedEnergy)
"""All forms of an energy, the fastest first; the last one computes every energy."""


def fastest_form(definition: Definition) -> EnergyForm:
    """The energy in the first form that admits it."""
    return next(form for form in FORMS if form.admits(definition))(definition)


class NetworkEnergy:
    """The energy and its derivatives, continuous or not.

    Attributes: `batched`, the reference without terms; `fastest`, the form that computes energies and gradients without
    terms; `cheap_hessian`, true if a quench is faster with Hessians; `recorder`, for known layers without terms on a
    GPU (see `landscape.optimize.recording`), else None.
    """

    def __init__(self, definition: Definition, terms: tuple[WeightedTerm, ...]) -> None:
        self.batched = BatchedEnergy(definition)
        self.fastest = fastest_form(definition)
        self._hessian = self.fastest.hessian or self.batched.hessian
        self._added = AddedTerms(terms, TermSamples(definition.inputs, definition.encoded)) if terms else None
        self.cheap_hessian = self.fastest.cheap_hessian and not terms
        device = definition.inputs.device
        recordable = definition.network.layered is not None and device.type == "cuda" and not terms
        self.recorder: Recorder | None = partial(cuda_graphs.record, device) if recordable else None

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
        """The energy for compiled code, on a CPU; None if there is no such form."""
        return self.fastest.kernel() if self._added is None else None

    def hessian(self, theta: Tensor) -> Tensor:
        """Hessians [W, P, P] of theta [W, P]; raises `PropertyError` for a term with kinks."""
        hessian = self._hessian(theta)
        return hessian if self._added is None else hessian + self._added.hessian(theta)

    def hessian_vector_product(self, theta: Tensor, vector: Tensor) -> Tensor:
        """Hessians at theta [W, P] times vector [W, P]; raises `PropertyError` for a term with kinks."""
        product = self.batched.hessian_vector_product(theta, vector)
        return product if self._added is None else product + self._added.hessian_vector_product(theta, vector)
