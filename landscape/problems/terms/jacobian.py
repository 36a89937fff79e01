"""Jacobian regularisation: the mean over samples of the squared Frobenius norm of d logits / d inputs.

Hoffman, Roberts and Yaida 2019, arXiv 1908.02729, equation 4, exactly and not by random projections, which an energy
with minima cannot do with. Shapes: W walkers, P parameters, N samples, d inputs, K outputs.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from landscape.problems.networks.module import Network
from landscape.problems.terms.term import DifferentiableTerm, TermSamples


@dataclass(frozen=True, eq=False)
class JacobianTerm(DifferentiableTerm):
    """mean over x of sum_ki (d z_k / d x_i)^2, of any network: one way back from each output."""

    network: Network

    def value(self, theta: Tensor, samples: TermSamples) -> Tensor:
        """Values [W]."""
        return self.squares(theta, samples.inputs.expand(len(theta), -1, -1)).mean(1)

    def squares(self, theta: Tensor, points: Tensor) -> Tensor:
        """The sum over k and i [W, N] at points [W, N, d]."""
        outputs, pull_back = self.network.vjp(theta, points)
        units = torch.eye(self.network.n_outputs).to(outputs)
        return torch.stack([pull_back(unit.expand_as(outputs)).square().sum(2) for unit in units]).sum(0)

    def doubles_per_walker(self, samples: TermSamples) -> int:
        """Those of a gradient, for each output once more."""
        touched = self.network.doubles_per_walker_and_sample
        return (self.network.n_outputs + 1) * touched * len(samples.inputs)
