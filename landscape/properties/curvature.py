"""Curvature of a minimum from the spectrum of its exact Hessian, with the part of the L2 term told apart.

The L2 term l2 * sum(theta^2) adds exactly 2*l2 to every eigenvalue, so what the data contribute is each
eigenvalue less 2*l2 and the trace less 2*l2*P. Of energies with kinks (ReLU) the Hessian says nothing about the
curvature a minimum has, and measuring it is refused. Beyond DENSE_LIMIT parameters `curvature_estimates` takes over.

Shapes: M minima, P parameters.
"""

import torch
from torch import Tensor

from landscape.errors import PropertyError
from landscape.problems.problem import Problem

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
