"""Functions of eigenvalues of the Hessian whose sums are properties of a minimum."""

import torch
from jaxtyping import Float
from torch import Tensor

SCALE_WITHOUT_L2 = 1e-3


def logarithms(eigenvalues: Float[Tensor, "*shape"], threshold: float) -> Float[Tensor, "*shape"]:
    """Logarithms of the eigenvalues above the threshold, zero for the others."""
    return torch.where(eigenvalues > threshold, eigenvalues, 1.0).log()


def effective_parts(eigenvalues: Float[Tensor, "*shape"], l2: float) -> Float[Tensor, "*shape"]:
    """lambda / (lambda + z) of each eigenvalue, whose sum is the effective dimension (MacKay 1992, "Bayesian
    interpolation"; Maddox et al. 2020, arXiv 2003.02139). z is 2 * l2, the curvature of the L2 part, or 1e-3 without
    one. Negative eigenvalues count as zero.
    """
    positive = eigenvalues.clamp(min=0.0)
    return positive / (positive + (2.0 * l2 or SCALE_WITHOUT_L2))
