"""Curvature of a minimum from the spectrum of its exact Hessian, with the part of the L2 term told apart.

The L2 term l2 * sum(theta^2) adds exactly 2*l2 to every eigenvalue, so what the data contribute is each
eigenvalue less 2*l2 and the trace less 2*l2*P. Of energies with kinks (ReLU) the Hessian says nothing about the
curvature a minimum has, and measuring it is refused.

Beyond DENSE_LIMIT parameters Hessian-vector products alone give estimates:

- the trace by Hutch++, the log-determinant and the effective dimension by stochastic Lanczos quadrature, each with its
  standard error as NAME_standard_error;
- the extreme eigenvalues by Lanczos, each with the norm of its residual, H v - lambda v of its unit vector, as
  NAME_residual: an eigenvalue lies as near as that, and the true extreme is no less extreme than what stands there.
  That is no standard error, since nothing is random.

Logarithms and effective parts of eigenvalues less 2 * l2 have a step or a kink where many of these lie, at zero, and no
quadrature gets over it: there is no estimate of the task log-determinant, the task effective dimension, the numbers of
positive eigenvalues and, without L2, the log-determinant.

Shapes: M minima, P parameters.
"""

import torch
from torch import Tensor

from landscape.errors import PropertyError
from landscape.numerics.spectra import LANCZOS_VECTORS, lanczos
from landscape.numerics.stochastic import Estimate, hutch_plus_plus, lanczos_quadrature, random_signs
from landscape.numerics.streams import stream
from landscape.problems.problem import Problem
from landscape.properties.curvature.sharpness import canonical

SCALE_WITHOUT_L2 = 1e-3


def curvature(problem: Problem, theta: Tensor) -> dict[str, Tensor]:
    """Named curvatures [M] of theta [M, P]. Raises PropertyError for an energy with kinks."""
    require_smooth(problem)
    return spectrum_summary(torch.linalg.eigvalsh(problem.hessian(theta)), problem.l2, problem.curvature_threshold)


def require_smooth(problem: Problem) -> None:
    """Raise PropertyError unless the Hessian of the energy is continuous."""
    if not problem.smooth:
        raise PropertyError(
            f"curvature needs a smooth energy, found {problem.kinks}, which the Hessian does not see: leave the group "
            "'curvature' out, or use a smooth activation such as softplus or gelu and no adversarial_weight"
        )


def spectrum_summary(eigenvalues: Tensor, l2: float, threshold: float) -> dict[str, Tensor]:
    """Named curvatures [M] from eigenvalues [M, P] in ascending order.

    The log-determinant runs over the eigenvalues above `threshold`, whose number stands beside it: all P
    where l2 > 0; without L2 the zero directions of the softmax are left out.
    """
    found: dict[str, Tensor] = {}
    for prefix, values in (("hessian", eigenvalues), ("task_hessian", eigenvalues - 2.0 * l2)):
        found |= {
            f"{prefix}_trace": values.sum(1),
            f"{prefix}_largest": values[:, -1],
            f"{prefix}_smallest": values[:, 0],
            f"{prefix}_log_determinant": logarithms(values, threshold).sum(1),
            f"{prefix}_positive_eigenvalues": (values > threshold).sum(1).to(torch.float64),
            f"{prefix}_effective_dimension": effective_parts(values, l2).sum(1),
        }
    return found


def logarithms(eigenvalues: Tensor, threshold: float) -> Tensor:
    """Logarithms of the eigenvalues above the threshold, zero for the others."""
    return torch.where(eigenvalues > threshold, eigenvalues, 1.0).log()


def effective_parts(eigenvalues: Tensor, l2: float) -> Tensor:
    """lambda / (lambda + z) of each eigenvalue, whose sum is the effective dimension (MacKay 1992, "Bayesian
    interpolation"; Maddox et al. 2020, arXiv 2003.02139). z is 2 * l2, the curvature of the L2 part, or 1e-3 without
    one. Negative eigenvalues count as zero.
    """
    positive = eigenvalues.clamp(min=0.0)
    return positive / (positive + (2.0 * l2 or SCALE_WITHOUT_L2))


TRACE_PROBES = 20  # in the sketch of Hutch++, and again beside it
QUADRATURE_PROBES = 10
QUADRATURE_VECTORS = 60
STREAM = 2


def estimated_curvature(problem: Problem, theta: Tensor, seed: int = 0) -> dict[str, Tensor]:
    """Named curvatures [M] of theta [M, P] for a smooth activation, with their standard errors and residuals."""
    theta = canonical(problem, theta)
    return _trace(problem, theta, seed) | _functions(problem, theta, seed) | _extremes(problem, theta)


def doubles_per_minimum(problem: Problem) -> int:
    """Float64 numbers that the estimates of one minimum hold at a time."""
    return 3 * max(LANCZOS_VECTORS, QUADRATURE_PROBES * QUADRATURE_VECTORS) * problem.n_parameters


def _trace(problem: Problem, theta: Tensor, seed: int) -> dict[str, Tensor]:
    generator = stream(seed, STREAM, 0)
    sketch, probes = (random_signs(generator, TRACE_PROBES, theta) for _ in range(2))
    found = hutch_plus_plus(problem, theta, sketch, probes)
    task = found._replace(value=found.value - 2.0 * problem.l2 * problem.n_parameters)
    return _named("hessian_trace", found) | _named("task_hessian_trace", task)


def _functions(problem: Problem, theta: Tensor, seed: int) -> dict[str, Tensor]:
    probes = random_signs(stream(seed, STREAM, 1), QUADRATURE_PROBES, theta)
    quadrature = lanczos_quadrature(problem, theta, probes, QUADRATURE_VECTORS)
    dimension = quadrature.trace(lambda values: effective_parts(values, problem.l2))
    found = _named("hessian_effective_dimension", dimension)
    if problem.l2:
        determinant = quadrature.trace(lambda values: logarithms(values, problem.curvature_threshold))
        found |= _named("hessian_log_determinant", determinant)
    return found


def _extremes(problem: Problem, theta: Tensor) -> dict[str, Tensor]:
    spectrum = lanczos(problem, theta, LANCZOS_VECTORS)
    found: dict[str, Tensor] = {}
    for name, place in (("smallest", 0), ("largest", -1)):
        value, vector = spectrum.values[:, place], spectrum.vectors[:, :, place]
        difference = problem.hessian_vector_product(theta, vector) - value[:, None] * vector
        for prefix, shift in (("hessian", 0.0), ("task_hessian", 2.0 * problem.l2)):
            found |= {
                f"{prefix}_{name}": value - shift,
                f"{prefix}_{name}_residual": torch.linalg.vector_norm(difference, dim=1),
            }
    return found


def _named(name: str, estimate: Estimate) -> dict[str, Tensor]:
    return {name: estimate.value, f"{name}_standard_error": estimate.standard_error}
