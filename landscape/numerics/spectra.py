"""Hessian spectra: exact ones while the Hessian is small, Lanczos beyond.

`DENSE_LIMIT` is the number of parameters up to which every index is tested with the true Hessian.
Shapes: W walkers, P parameters, M Lanczos vectors.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from landscape.objective import Objective

DENSE_LIMIT = 2000
LANCZOS_VECTORS = 120


def index_test(objective: Objective) -> str:
    """How `spectrum` finds the index of this objective's stationary points, for the record."""
    if not objective.smooth:
        return "none: the energy has kinks and no Hessian"
    if objective.n_parameters <= DENSE_LIMIT:
        return "exact Hessian"
    return f"{LANCZOS_VECTORS} Lanczos vectors"


@dataclass(frozen=True, kw_only=True)
class Spectrum:
    """Eigenvalues [W, E] in ascending order and eigenvectors [W, P, E]; E = P if `exact`, else Ritz values."""

    values: Tensor
    vectors: Tensor
    exact: bool

    def index(self, threshold: float) -> Tensor:
        """Number of eigenvalues [W] below -threshold."""
        return (self.values < -threshold).sum(1)

    def log_determinant(self, threshold: float) -> Tensor:
        """Sum [W] of the logarithms of the eigenvalues above threshold; nan where the spectrum is not whole."""
        if not self.exact:
            return torch.full_like(self.values[:, 0], torch.nan)
        positive = torch.where(self.values > threshold, self.values, 1.0)
        return positive.log().sum(1)


def spectrum(objective: Objective, theta: Tensor, start: Tensor | None = None) -> Spectrum:
    """Spectrum at theta [W, P]: whole while P <= DENSE_LIMIT, else Ritz values of the Krylov space of `start`.

    `start` [W, P] is a direction the space must contain, such as the gradient; without it a fixed
    pseudo-random one. Where a Hessian is not finite the eigenvalues are nan.
    """
    if objective.n_parameters <= DENSE_LIMIT:
        hessian = objective.hessian(theta)
        finite = hessian.isfinite().all(2).all(1)
        # LAPACK fails on some matrices with nan and returns finite numbers for others.
        values, vectors = torch.linalg.eigh(torch.where(finite[:, None, None], hessian, 0.0))
        return Spectrum(values=torch.where(finite[:, None], values, torch.nan), vectors=vectors, exact=True)
    return lanczos(objective, theta, LANCZOS_VECTORS, start)


def lanczos(objective: Objective, theta: Tensor, n_vectors: int, start: Tensor | None = None) -> Spectrum:
    """Ritz values and vectors from a Krylov space of `n_vectors`, or P if less, fully reorthogonalised (Parlett 1980).

    Where the space is exhausted before, because the start has no part in the other eigenvectors, or is zero, it
    goes on from a pseudo-random direction: the basis stays orthonormal, so no Ritz value is spurious.
    """
    space = theta.new_empty(*theta.shape, 0)
    products: list[Tensor] = []
    following = torch.zeros_like(theta) if start is None else start
    for number in range(min(n_vectors, theta.shape[1])):
        following = _next_direction(space, following, number)
        space = torch.cat([space, following[:, :, None]], 2)
        following = objective.hessian_vector_product(theta, following)
        products.append(following)
    projected = torch.bmm(space.mT, torch.stack(products, 2))
    values, coefficients = torch.linalg.eigh(0.5 * (projected + projected.mT))
    return Spectrum(values=values, vectors=torch.bmm(space, coefficients), exact=False)


def _next_direction(space: Tensor, candidate: Tensor, number: int) -> Tensor:
    """Unit vectors [W, P] normal to space [W, P, M], from candidate [W, P] or, where that lies within, at random."""
    residual = _normal_part(space, candidate)
    exhausted = residual.norm(dim=1) <= 1e-10 * candidate.norm(dim=1)
    # Elsewhere than on a CPU the test would wait for the device.
    if exhausted.device.type != "cpu" or exhausted.any():
        fresh = _normal_part(space, _fixed_direction(candidate, number))
        residual = torch.where(exhausted[:, None], fresh, residual)
    length: Tensor = residual.norm(dim=1, keepdim=True)
    return residual / length


def _normal_part(space: Tensor, vector: Tensor) -> Tensor:
    """What of vector [W, P] is normal to space [W, P, M]; twice is enough (Parlett 1980)."""
    for _ in range(2):
        vector = vector - torch.bmm(space, torch.bmm(space.mT, vector[:, :, None]))[:, :, 0]
    return vector


def _fixed_direction(like: Tensor, number: int) -> Tensor:
    generator = torch.Generator().manual_seed(number)
    direction = torch.randn(like.shape[1], generator=generator, dtype=like.dtype)
    return direction.to(like.device).expand(like.shape)
