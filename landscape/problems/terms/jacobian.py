"""Jacobian regularisation: the mean over samples of the squared Frobenius norm of d logits / d inputs.

Hoffman, Roberts and Yaida 2019, arXiv 1908.02729, equation 4, computed exactly: random projections would give an energy
without definite minima. Shapes: W walkers, P parameters, N samples, d inputs, K outputs.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from landscape.problems.networks.module import Network
from landscape.problems.terms.term import DifferentiableTerm, TermSamples


@dataclass(frozen=True, eq=False)
class JacobianTerm(DifferentiableTerm):
    """Mean over x of sum_ki (d z_k / d x_i)^2, for any network, by one backward pass from each output."""

    network: Network

    def value(self, theta: Tensor, samples: TermSamples) -> Tensor:
        """Values [W]."""
        return self.squares(theta, samples.inputs.expand(len(theta), -1, -1)).mean(1)

    def squares(self, theta: Tensor, points: Tensor) -> Tensor:
        """The sums [W, N] over k and i at points [W, N, d]."""
        outputs, pull_back = self.network.vjp(theta, points)
        units = torch.eye(self.network.n_outputs).to(outputs)
        return torch.stack([pull_back(unit.expand_as(outputs)).square().sum(2) for unit in units]).sum(0)

    def doubles_per_walker(self, samples: TermSamples) -> int:
        """Number of float64 values touched for each walker: one call of the network, and one more for each output."""
        touched = self.network.doubles_per_walker_and_sample
        return (self.network.n_outputs + 1) * touched * len(samples.inputs)
