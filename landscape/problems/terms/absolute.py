"""The absolute value, smoothed at zero, and the L1 term.

sqrt(x^2 + width^2) is at least |x| and at most |x| + width, and has all derivatives. The L1 term (the lasso of
Tibshirani 1996; with l2 > 0 the elastic net of Zou and Hastie 2005) is the sum of sqrt(theta^2 + width^2) - width,
about theta^2 / (2 width) near zero: parameters that do not matter approach zero but do not reach it. Shapes: W walkers,
P parameters.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from landscape.problems.terms.term import TermSamples


def smooth_absolute(x: Tensor, width: float) -> Tensor:
    """sqrt(x^2 + width^2), elementwise."""
    return (x * x + width * width).sqrt()


@dataclass(frozen=True)
class L1Term:
    """Sum over the parameters, biases included, of sqrt(theta^2 + width^2) - width, in closed form."""

    width: float
    kinks = ""
    keeps_gauge = False

    def value(self, theta: Tensor, _: TermSamples) -> Tensor:
        """Values [W], without loss of digits for theta near zero."""
        return (theta.square() / (smooth_absolute(theta, self.width) + self.width)).sum(1)

    def value_and_gradient(self, theta: Tensor, samples: TermSamples) -> tuple[Tensor, Tensor]:
        """Values [W] and gradients [W, P]."""
        return self.value(theta, samples), theta / smooth_absolute(theta, self.width)

    def hessian_vector_product(self, theta: Tensor, vector: Tensor, _: TermSamples) -> Tensor:
        """Hessians times vector [W, P], as [W, P]."""
        return self._curvature(theta) * vector

    def hessian(self, theta: Tensor, _: TermSamples) -> Tensor:
        """Hessians [W, P, P]."""
        return torch.diag_embed(self._curvature(theta))

    def doubles_per_walker(self, _: TermSamples) -> int:
        """One: the term needs little memory beside the samples of a chunk of walkers."""
        return 1

    def _curvature(self, theta: Tensor) -> Tensor:
        return self.width**2 / smooth_absolute(theta, self.width) ** 3
