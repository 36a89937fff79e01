"""The sum of weighted terms of an energy, and their keys in a run file.

Shapes: W walkers, P parameters, N samples, d inputs, K outputs; float64.
"""

from collections.abc import Iterator

import torch
from torch import Tensor

from landscape.config.tables import ProblemConfig
from landscape.errors import ConfigError
from landscape.numerics.batching import map_row_pairs, map_rows, rows_per_chunk
from landscape.problems.activations import MONOTONE
from landscape.problems.energies.inputs import loss_of_inputs
from landscape.problems.networks.losses import Loss
from landscape.problems.networks.module import Network
from landscape.problems.terms.absolute import L1Term
from landscape.problems.terms.adversarial import AdversarialTerm
from landscape.problems.terms.jacobian import JacobianTerm
from landscape.problems.terms.sensitivity import SensitivityTerm
from landscape.problems.terms.term import TermSamples, WeightedTerm

NO_BOXES = (
    "[problem] sensitivity_weight: expected a network of layers with a monotone activation "
    f"({', '.join(MONOTONE)}), found {{}}: change it, or set sensitivity_weight to 0 and jacobian_weight instead"
)


class AddedTerms:
    """The sum of weighted terms on some samples, computed in chunks of walkers."""

    def __init__(self, terms: tuple[WeightedTerm, ...], samples: TermSamples) -> None:
        """`terms` has at least one term."""
        self._terms, self._samples = terms, samples
        doubles = max(term.doubles_per_walker(samples) for _, term in terms)
        self._rows = rows_per_chunk(doubles, samples.inputs.device)
        self._doubles = doubles

    def energy(self, theta: Tensor) -> Tensor:
        """Energies [W] of theta [W, P]."""
        return map_rows(self._energy, self._rows, theta)

    def energy_and_gradient(self, theta: Tensor) -> tuple[Tensor, Tensor]:
        """Energies [W] and gradients [W, P] of theta [W, P]."""
        return map_row_pairs(self._energy_and_gradient, self._rows, theta)

    def hessian(self, theta: Tensor) -> Tensor:
        """Hessians [W, P, P] of theta [W, P]; raises `PropertyError` for a term with kinks."""
        rows = rows_per_chunk(self._doubles * theta.shape[1], theta.device)
        return map_rows(self._hessian, rows, theta)

    def hessian_vector_product(self, theta: Tensor, vector: Tensor) -> Tensor:
        """Hessians at theta [W, P] times vector [W, P]; raises `PropertyError` for a term with kinks."""
        return map_rows(self._product, max(1, self._rows // 3), theta, vector)

    def _energy(self, theta: Tensor) -> Tensor:
        return torch.stack([weight * term.value(theta, self._samples) for weight, term in self._terms]).sum(0)

    def _energy_and_gradient(self, theta: Tensor) -> tuple[Tensor, Tensor]:
        energy, gradient = theta.new_zeros(len(theta)), torch.zeros_like(theta)
        for weight, term in self._terms:
            value, slope = term.value_and_gradient(theta, self._samples)
            energy.add_(value, alpha=weight)
            gradient.add_(slope, alpha=weight)
        return energy, gradient

    def _hessian(self, theta: Tensor) -> Tensor:
        return torch.stack([weight * term.hessian(theta, self._samples) for weight, term in self._terms]).sum(0)

    def _product(self, theta: Tensor, vector: Tensor) -> Tensor:
        products = [weight * term.hessian_vector_product(theta, vector, self._samples) for weight, term in self._terms]
        return torch.stack(products).sum(0)


def terms_of(config: ProblemConfig, network: Network, loss: Loss, device: torch.device) -> tuple[WeightedTerm, ...]:
    """The terms with weight > 0 of a [problem] table; raises `ConfigError` for one that the network does not admit."""
    return tuple(weighted for weighted in _terms(config, network, loss, device) if weighted.weight)


def _terms(config: ProblemConfig, network: Network, loss: Loss, device: torch.device) -> Iterator[WeightedTerm]:
    yield WeightedTerm(config.l1, L1Term(config.l1_width))
    if config.sensitivity_weight:
        yield WeightedTerm(config.sensitivity_weight, _sensitivity(config, network))
    attacked = loss_of_inputs(network, loss, device)
    adversarial = AdversarialTerm(network, loss, attacked, config.adversarial_epsilon, config.adversarial_steps)
    yield WeightedTerm(config.adversarial_weight, adversarial)
    yield WeightedTerm(config.jacobian_weight, JacobianTerm(network))


def _sensitivity(config: ProblemConfig, network: Network) -> SensitivityTerm:
    layered = network.layered
    if layered is None:
        raise ConfigError(NO_BOXES.format("another network"))
    if not layered.activation.monotone:
        raise ConfigError(NO_BOXES.format(f'"{layered.activation.name}"'))
    log_volume = config.sensitivity_measure == "log_volume"
    return SensitivityTerm(layered, config.sensitivity_epsilon, config.sensitivity_width, log_volume=log_volume)
