"""The protocol of terms that are added to the mean loss, and derivatives of terms by torch.func.

    E(theta) = mean loss + l2 * sum(theta^2) + sum over terms of weight * value(theta)

A term is a frozen record of its settings and of the network, and a function of parameters and samples, so that it can
be computed for a minibatch, and `dataclasses.replace(term, epsilon=0.1)` is the same term with another radius.
Every term is invariant under the symmetries of its network. Shapes: W walkers, P parameters, N samples, d inputs,
K outputs; float64.
"""

from abc import ABC, abstractmethod
from typing import NamedTuple, Protocol

import torch
from torch import Tensor
from torch.func import vjp, vmap

from landscape.numerics.batching import rows_per_chunk


class TermSamples(NamedTuple):
    """Inputs [N, d] and encoded targets [K, N]."""

    inputs: Tensor
    encoded: Tensor


class Term(Protocol):
    """A function of theta [W, P] and samples. `kinks` names the part without two derivatives everywhere, apart from the
    kinks of the network; empty if there is none. `keeps_gauge` is true if the value stays the same when one vector is
    added to the weights of all outputs, as for the softmax.
    """

    @property
    def kinks(self) -> str: ...

    @property
    def keeps_gauge(self) -> bool: ...

    def value(self, theta: Tensor, samples: TermSamples, /) -> Tensor:
        """Values [W]."""

    def value_and_gradient(self, theta: Tensor, samples: TermSamples, /) -> tuple[Tensor, Tensor]:
        """Values [W] and gradients [W, P]."""

    def hessian_vector_product(self, theta: Tensor, vector: Tensor, samples: TermSamples, /) -> Tensor:
        """Hessians times vector [W, P], as [W, P]; raises `PropertyError` where there are kinks."""

    def hessian(self, theta: Tensor, samples: TermSamples, /) -> Tensor:
        """Hessians [W, P, P]; raises `PropertyError` where there are kinks."""

    def doubles_per_walker(self, samples: TermSamples, /) -> int:
        """Number of float64 values that `value_and_gradient` touches for each walker."""


class WeightedTerm(NamedTuple):
    """A term and its weight in the energy."""

    weight: float
    term: Term


class DifferentiableTerm(ABC):
    """A term given by `value` alone, with derivatives by torch.func, all in reverse mode.

    The value of a walker does not depend on other walkers, so one backward pass of the sum serves all walkers.
    """

    kinks = ""
    keeps_gauge = False

    @abstractmethod
    def value(self, theta: Tensor, samples: TermSamples) -> Tensor:
        """Values [W]."""

    @abstractmethod
    def doubles_per_walker(self, samples: TermSamples) -> int:
        """Number of float64 values that `value_and_gradient` touches for each walker."""

    def value_and_gradient(self, theta: Tensor, samples: TermSamples) -> tuple[Tensor, Tensor]:
        """Values [W] and gradients [W, P]."""
        return self._differentiated(theta, samples)

    def _differentiated(self, theta: Tensor, samples: TermSamples) -> tuple[Tensor, Tensor]:
        value, pull_back = vjp(lambda point: self.value(point, samples), theta)[:2]
        return value, pull_back(torch.ones_like(value))[0]

    def hessian_vector_product(self, theta: Tensor, vector: Tensor, samples: TermSamples) -> Tensor:
        """Hessians times vector [W, P], as [W, P]."""
        product: Tensor = vjp(lambda point: self._differentiated(point, samples)[1], theta)[1](vector)[0]
        return product

    def hessian(self, theta: Tensor, samples: TermSamples) -> Tensor:
        """Hessians [W, P, P]."""
        walkers, parameters = theta.shape
        pull_back = vjp(lambda point: self._differentiated(point, samples)[1], theta)[1]
        directions = torch.eye(parameters).to(theta).unsqueeze(1).expand(-1, walkers, -1)
        at_a_time = rows_per_chunk(max(1, walkers) * self.doubles_per_walker(samples), theta.device)
        columns: Tensor = vmap(lambda direction: pull_back(direction)[0], chunk_size=at_a_time)(directions)
        return columns.swapaxes(0, 1).contiguous()
