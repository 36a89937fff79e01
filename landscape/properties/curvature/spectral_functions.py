"""Functions of eigenvalues of the Hessian whose sums are properties of a minimum.

An eigenvalue lambda is that of the whole energy. The data contribute mu = lambda - 2 * l2, which may be negative; mu is
compared with a scale z: 2 * l2, the curvature of the L2 part, or 1e-3 without L2. With l2 > 0 the sum mu + z is lambda,
which is positive at a minimum.
"""

import torch
from jaxtyping import Float
from torch import Tensor

SCALE_WITHOUT_L2 = 1e-3


def logarithms(eigenvalues: Float[Tensor, "*shape"], threshold: float) -> Float[Tensor, "*shape"]:
    """Logarithms of the eigenvalues above the threshold, zero for the others."""
    return torch.where(eigenvalues > threshold, eigenvalues, 1.0).log()


def effective_parts(eigenvalues: Float[Tensor, "*shape"], l2: float) -> Float[Tensor, "*shape"]:
    """lambda / (lambda + z) of each eigenvalue, whose sum is the effective dimension (Maddox et al. 2020, arXiv
    2003.02139). Negative eigenvalues count as zero.
    """
    positive = eigenvalues.clamp(min=0.0)
    return positive / (positive + scale(l2))


def task_logarithms(eigenvalues: Float[Tensor, "*shape"], l2: float) -> Float[Tensor, "*shape"]:
    """log(1 + mu / z) of each eigenvalue, with mu the part that the data contribute and z the scale; nan if mu + z is
    not positive.

    The sum is twice the information on the parameters that the data give, in nats, in the Gaussian approximation of the
    posterior (MacKay 1992, "Bayesian interpolation").
    """
    return (eigenvalues / scale(l2)).log() if l2 else (eigenvalues / scale(l2)).log1p()


def task_effective_parts(eigenvalues: Float[Tensor, "*shape"], l2: float) -> Float[Tensor, "*shape"]:
    """mu / (mu + z) of each eigenvalue, whose sum is the number of well-determined parameters (MacKay 1992); nan if mu
    + z is not positive.
    """
    whole = eigenvalues if l2 else eigenvalues + scale(l2)
    return torch.where(whole > 0.0, 1.0 - scale(l2) / whole, torch.nan)


def scale(l2: float) -> float:
    """The scale z with which the curvature of the data is compared."""
    return 2.0 * l2 or SCALE_WITHOUT_L2
