"""The energy taken apart: loss on the samples, L2 term, and how well the network does unattacked.

Energy = clean_loss + l2_loss. Every function returns one number a sample, which `measure` averages, or one
number a minimum.

Shapes: M minima, P parameters, N samples, K outputs.
"""

import torch
from torch import Tensor

from landscape.problems.problem import Problem
from landscape.properties.attacks.networks import Networks
from landscape.properties.draws import Samples


def norms(problem: Problem, theta: Tensor) -> dict[str, Tensor]:
    """Squared norm and L2 part of the energy, [M], of theta [M, P]."""
    squared_norm = theta.square().sum(1)
    return {"squared_norm": squared_norm, "l2_loss": problem.l2 * squared_norm}


def sample_losses(problem: Problem, theta: Tensor, samples: Samples, names: tuple[str, str]) -> dict[str, Tensor]:
    """Loss and, for classification, accuracy [M, N] of theta [M, P] on the samples, under the two names."""
    clean = Networks(problem, theta, samples).clean
    found = {names[0]: clean.loss}
    if problem.is_classification:
        found[names[1]] = clean.survived.to(torch.float64)
    return found
