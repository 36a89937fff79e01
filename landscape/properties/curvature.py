"""Curvature of a minimum from the spectrum of its exact Hessian, with the part of the L2 term told apart.

The L2 term l2 * sum(theta^2) adds exactly 2*l2 to every eigenvalue, so what the data contribute is each
eigenvalue less 2*l2 and the trace less 2*l2*P. Of networks with kinks (ReLU) the Hessian says nothing about the
curvature a minimum has, and measuring it is refused.

Shapes: M minima, P parameters.
"""

import torch
from torch import Tensor

from landscape.errors import PropertyError
from landscape.numerics.spectra import DENSE_LIMIT
from landscape.problems.problem import Problem


def curvature(problem: Problem, theta: Tensor) -> dict[str, Tensor]:
    """Named curvatures [M] of theta [M, P]. Raises PropertyError for a non-smooth activation."""
    require_smooth(problem)
    return spectrum_summary(torch.linalg.eigvalsh(problem.hessian(theta)), problem.l2, problem.curvature_threshold)


def require_smooth(problem: Problem) -> None:
    """Raise PropertyError unless the Hessian of the energy is continuous and small enough to be diagonalised."""
    if not problem.smooth:
        raise PropertyError(
            "curvature needs a smooth activation, found one with kinks (relu), which the Hessian does not see: "
            "leave the group 'curvature' out, or use a smooth activation such as softplus or gelu"
        )
    if problem.n_parameters > DENSE_LIMIT:
        raise PropertyError(
            f"curvature needs the whole Hessian, for at most {DENSE_LIMIT} parameters, found {problem.n_parameters}: "
            "leave the group 'curvature' out"
        )


def spectrum_summary(eigenvalues: Tensor, l2: float, threshold: float) -> dict[str, Tensor]:
    """Named curvatures [M] from eigenvalues [M, P] in ascending order.

    The log-determinant runs over the eigenvalues above `threshold`, whose number stands beside it: all P
    where l2 > 0; without L2 the zero directions of the softmax are left out.
    """
    trace, smallest, largest = eigenvalues.sum(1), eigenvalues[:, 0], eigenvalues[:, -1]
    counted = eigenvalues > threshold
    logarithms = torch.where(counted, eigenvalues, 1.0).log()
    return {
        "hessian_trace": trace,
        "hessian_largest": largest,
        "hessian_smallest": smallest,
        "hessian_log_determinant": logarithms.sum(1),
        "hessian_positive_eigenvalues": counted.sum(1).to(torch.float64),
        "task_hessian_trace": trace - 2.0 * l2 * eigenvalues.shape[1],
        "task_hessian_largest": largest - 2.0 * l2,
        "task_hessian_smallest": smallest - 2.0 * l2,
    }
