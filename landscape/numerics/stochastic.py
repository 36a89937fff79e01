"""Traces, with standard errors, of functions of a Hessian that is known only by its products with vectors.

- The trace itself by Hutch++ (Meyer, Musco, Musco and Woodruff 2021, arXiv 2010.09649): exact within the span of the
  products with a sketch, estimated from probes in the orthogonal complement of this span.
- tr f(H) by stochastic Lanczos quadrature (Ubaru, Chen and Saad 2017, doi 10.1137/16M1104974): Lanczos from a probe
  gives the nodes and weights of a quadrature for the probe's part of the trace, exact for polynomials of degree up to
  2 E - 1.

Probes are vectors of random signs. Each gives one estimate, and the standard error is that of the mean of the
estimates: it does not include the error of a quadrature with too few Lanczos vectors. All walkers have the same probes,
so that the estimate of a walker does not depend on its neighbours.

Shapes: W walkers, P parameters, V probes, E Lanczos vectors.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from landscape.numerics.spectra import lanczos
from landscape.objective import Objective


class Estimate(NamedTuple):
    """Means [W] of independent estimates and the standard errors [W] of these means."""

    value: Float[Tensor, " W"]
    standard_error: Float[Tensor, " W"]

    @classmethod
    def of(cls, exact: Float[Tensor, " W"], samples: Float[Tensor, "W V"]) -> "Estimate":
        """The sum of an exact part [W] and the mean of independent samples [W, V] of the rest, V >= 2."""
        return cls(exact + samples.mean(1), samples.std(1) / samples.shape[1] ** 0.5)


class Quadrature(NamedTuple):
    """Nodes [W, V, E] and weights [W, V, E] of the Gauss quadratures of V probes; the weights of each add up to P."""

    nodes: Float[Tensor, "W V E"]
    weights: Float[Tensor, "W V E"]

    def trace(self, function: Callable[[Float[Tensor, "W V E"]], Float[Tensor, "W V E"]]) -> Estimate:
        """Trace of a function of the Hessian, given as an elementwise function of eigenvalues."""
        samples = (self.weights * function(self.nodes)).sum(2)
        return Estimate.of(torch.zeros_like(samples[:, 0]), samples)


def random_signs(generator: np.random.Generator, count: int, like: Float[Tensor, "W P"]) -> Float[Tensor, "V P"]:
    """Probes [count, P] of random signs for walkers like [W, P]."""
    signs = generator.choice([-1.0, 1.0], size=(count, like.shape[1]))
    return torch.tensor(signs, dtype=like.dtype, device=like.device)


def hutch_plus_plus(
    objective: Objective, theta: Float[Tensor, "W P"], sketch: Float[Tensor, "V P"], probes: Float[Tensor, "V P"]
) -> Estimate:
    """Trace of the Hessians at theta [W, P] from a sketch and from probes, each [V, P], independent of each other."""
    basis = torch.linalg.qr(_products(objective, theta, sketch.expand(len(theta), -1, -1)).mT).Q.mT
    exact = (basis * _products(objective, theta, basis)).sum((1, 2))
    normal = probes - probes @ basis.mT @ basis
    return Estimate.of(exact, (normal * _products(objective, theta, normal)).sum(2))


def lanczos_quadrature(
    objective: Objective, theta: Float[Tensor, "W P"], probes: Float[Tensor, "V P"], n_vectors: int
) -> Quadrature:
    """Quadratures at theta [W, P] from min(`n_vectors`, P) Lanczos vectors of each of the probes [V, P]."""
    starts = probes.repeat(len(theta), 1)
    found = lanczos(objective, theta.repeat_interleave(len(probes), 0), n_vectors, starts)
    weights = torch.bmm(found.vectors.mT, starts[:, :, None]).square()
    shape = len(theta), len(probes), found.values.shape[1]
    return Quadrature(found.values.view(shape), weights.view(shape))


def _products(
    objective: Objective, theta: Float[Tensor, "W P"], vectors: Float[Tensor, "W V P"]
) -> Float[Tensor, "W V P"]:
    """Hessians at theta [W, P] times vectors [W, V, P], as [W, V, P]."""
    repeated = theta.repeat_interleave(vectors.shape[1], 0)
    return objective.hessian_vector_product(repeated, vectors.flatten(0, 1)).view_as(vectors)
