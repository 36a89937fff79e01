"""Estimates of the curvature of a minimum by Hessian-vector products alone, for more than DENSE_LIMIT parameters.

- The trace is estimated by Hutch++, the log-determinant and the effective dimension by stochastic Lanczos quadrature,
  each with its standard error as NAME_standard_error.
- The extreme eigenvalues are found by Lanczos, each with the norm of its residual H v - lambda v, for a unit vector v,
  as NAME_residual. Some eigenvalue lies within this norm of the value, and the true extreme is no less extreme than the
  value. The residual is not a standard error, since nothing is random.

A function that counts eigenvalues above the curvature threshold has a step there, and so has a sum of their logarithms;
without L2 many eigenvalues lie near that step. No quadrature resolves it: the numbers of positive eigenvalues are not
estimated, nor, without L2, is the log-determinant of the Hessian.

Shapes: M minima, P parameters.
"""

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from landscape.numerics.spectra import LANCZOS_VECTORS, lanczos
from landscape.numerics.stochastic import Estimate, hutch_plus_plus, lanczos_quadrature, random_signs
from landscape.numerics.streams import stream
from landscape.problems.problem import Problem
from landscape.properties.curvature.sharpness import canonical
from landscape.properties.curvature.spectral_functions import (
    effective_parts,
    logarithms,
    task_effective_parts,
    task_logarithms,
)
from landscape.properties.group import Named

TRACE_PROBES = 20  # in the sketch of Hutch++, and as many outside the sketch
QUADRATURE_PROBES = 10
QUADRATURE_VECTORS = 60
VECTORS = 3 * max(LANCZOS_VECTORS, QUADRATURE_PROBES * QUADRATURE_VECTORS)
"""Vectors [P] that the estimates of one minimum hold at a time."""
STREAM = 2


class Method(NamedTuple):
    """A method of estimating a property, and the ending and meaning of the property for its error."""

    words: str
    ending: str
    error: str


HUTCH = Method(f"Hutch++ with {3 * TRACE_PROBES} Hessian-vector products", "standard_error", "standard error of the")
QUADRATURE = HUTCH._replace(words=f"{QUADRATURE_PROBES} quadratures of {QUADRATURE_VECTORS} Lanczos vectors")
LANCZOS = Method(
    f"{LANCZOS_VECTORS} Lanczos vectors",
    "residual",
    "norm of H v - lambda v, within which an eigenvalue lies, of the",
)


def estimated_curvature(problem: Problem, theta: Float[Tensor, "M P"], seed: int = 0) -> Named:
    """Named curvatures [M] of theta for a smooth activation, with their standard errors and residuals."""
    theta = canonical(problem, theta)
    return _trace(problem, theta, seed) | _functions(problem, theta, seed) | _extremes(problem, theta)


def _trace(problem: Problem, theta: Float[Tensor, "M P"], seed: int) -> Named:
    generator = stream(seed, STREAM, 0)
    sketch, probes = (random_signs(generator, TRACE_PROBES, theta) for _ in range(2))
    found = hutch_plus_plus(problem, theta, sketch, probes)
    task = found._replace(value=found.value - 2.0 * problem.l2 * problem.n_parameters)
    return _named("hessian_trace", found) | _named("task_hessian_trace", task)


def _functions(problem: Problem, theta: Float[Tensor, "M P"], seed: int) -> Named:
    probes = random_signs(stream(seed, STREAM, 1), QUADRATURE_PROBES, theta)
    quadrature = lanczos_quadrature(problem, theta, probes, QUADRATURE_VECTORS)
    l2, threshold = problem.l2, problem.curvature_threshold
    functions = {
        "hessian_effective_dimension": lambda values: effective_parts(values, l2),
        "task_hessian_effective_dimension": lambda values: task_effective_parts(values, l2),
        "task_hessian_log_determinant": lambda values: task_logarithms(values, l2),
    }
    if l2:
        functions["hessian_log_determinant"] = lambda values: logarithms(values, threshold)
    found: Named = {}
    for name, function in functions.items():
        found |= _named(name, quadrature.trace(function))
    return found


def _extremes(problem: Problem, theta: Float[Tensor, "M P"]) -> Named:
    spectrum = lanczos(problem, theta, LANCZOS_VECTORS)
    found: Named = {}
    for name, place in (("smallest", 0), ("largest", -1)):
        value, vector = spectrum.values[:, place], spectrum.vectors[:, :, place]
        difference = problem.hessian_vector_product(theta, vector) - value[:, None] * vector
        for prefix, shift in (("hessian", 0.0), ("task_hessian", 2.0 * problem.l2)):
            found |= {
                f"{prefix}_{name}": value - shift,
                f"{prefix}_{name}_residual": torch.linalg.vector_norm(difference, dim=1),
            }
    return found


def _named(name: str, estimate: Estimate) -> Named:
    return {name: estimate.value, f"{name}_{HUTCH.ending}": estimate.standard_error}
