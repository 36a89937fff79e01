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
    pseudo-random one.
    """
    if objective.n_parameters <= DENSE_LIMIT:
        values, vectors = torch.linalg.eigh(objective.hessian(theta))
        return Spectrum(values=values, vectors=vectors, exact=True)
    return lanczos(objective, theta, LANCZOS_VECTORS, start)


def lanczos(objective: Objective, theta: Tensor, n_vectors: int, start: Tensor | None = None) -> Spectrum:
    """Ritz values and vectors from a Krylov space of at most `n_vectors`, fully reorthogonalised (Parlett 1980)."""
    n_vectors = min(n_vectors, theta.shape[1])
    first = _fixed_direction(theta) if start is None else start
    basis = [first / first.norm(dim=1, keepdim=True).clamp_min(1e-300)]
    products: list[Tensor] = []
    for _ in range(n_vectors):
        products.append(objective.hessian_vector_product(theta, basis[-1].contiguous()))
        stacked = torch.stack(basis, 2)
        residual = products[-1]
        for _ in range(2):
            residual = residual - torch.bmm(stacked, torch.bmm(stacked.mT, residual[:, :, None]))[:, :, 0]
        basis.append(residual / residual.norm(dim=1, keepdim=True).clamp_min(1e-300))
    space = torch.stack(basis[:-1], 2)
    projected = torch.bmm(space.mT, torch.stack(products, 2))
    values, coefficients = torch.linalg.eigh(0.5 * (projected + projected.mT))
    return Spectrum(values=values, vectors=torch.bmm(space, coefficients), exact=False)


def _fixed_direction(theta: Tensor) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    direction = torch.randn(theta.shape[1], generator=generator, dtype=theta.dtype)
    return direction.to(theta.device).expand_as(theta)
