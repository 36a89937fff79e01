"""Hessian spectra: exact ones while the Hessian is small, Lanczos beyond; and what is asked of points without them.

`DENSE_LIMIT` is the number of parameters up to which every index is tested with the true Hessian. `Curvature` has the
index, the determinant and the two lowest eigenvalues of a point, by factors of its Hessian where these are cheaper than
all eigenvalues. Shapes: W walkers, P parameters, M Lanczos vectors, E eigenvalues.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, fields

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from landscape.numerics.batching import map_row_pairs
from landscape.numerics.factors import Factors, factorise, inertia, lowest_pairs
from landscape.objective import Objective

DENSE_LIMIT = 2000
LANCZOS_VECTORS = 120
# In one call: the batched eigensolver of CUDA has been seen to fail beyond 32768.
MOST_MATRICES = 16384
# Parameters from which factors are cheaper than eigenvalues on a CPU: see tests/benchmarks/following.py.
FACTORS_FROM = 30
BOUNDARY = 1e-6  # eigenvalues that are so near to a threshold, relative to it, are left to the eigensolver


def index_test(objective: Objective) -> str:
    """Words for the way in which `spectrum` finds the index of stationary points of this objective."""
    if not objective.smooth:
        return "none: the energy has kinks and no Hessian"
    if objective.n_parameters <= DENSE_LIMIT:
        return "exact Hessian"
    return f"{LANCZOS_VECTORS} Lanczos vectors"


@dataclass(frozen=True, kw_only=True)
class Spectrum:
    """Eigenvalues [W, E] in ascending order and eigenvectors [W, P, E]; E = P if `exact`, else Ritz values."""

    values: Float[Tensor, "W E"]
    vectors: Float[Tensor, "W P E"]
    exact: bool

    def index(self, threshold: float) -> Int[Tensor, " W"]:
        """Number of eigenvalues [W] below -threshold."""
        return (self.values < -threshold).sum(1)

    def log_determinant(self, threshold: float) -> Float[Tensor, " W"]:
        """Sum [W] of the logarithms of the eigenvalues above threshold; nan where the spectrum is not whole."""
        if not self.exact:
            return torch.full_like(self.values[:, 0], torch.nan)
        positive = torch.where(self.values > threshold, self.values, 1.0)
        return positive.log().sum(1)


@dataclass(frozen=True, kw_only=True)
class Curvature:
    """What decides what a stationary point is: index [W], the sum [W] of the logarithms of the eigenvalues above the
    threshold, the lowest eigenvalues in ascending order, E = 2 unless P = 1, and the eigenvector [W, P] of the first.
    """

    index: Int[Tensor, " W"]
    log_determinant: Float[Tensor, " W"]
    values: Float[Tensor, "W E"]
    direction: Float[Tensor, "W P"]


def curvature(hessian: Float[Tensor, "W P P"], threshold: float, factors: Factors | None = None) -> Curvature:
    """The curvature of Hessians [W, P, P], whose factors may be at hand, those of zeros where one is not finite; the
    index counts eigenvalues below -threshold.

    Inertia and determinant come from the factors, where no eigenvalue is within the threshold of zero and at most one
    is negative. Every other matrix goes to the eigensolver, so that both ways have the same verdict.
    """
    if hessian.device.type != "cpu" or hessian.shape[1] < FACTORS_FROM:
        return _of_eigenpairs(hessian, threshold)
    finite, cleaned = without_nan(hessian)
    factors = factorise(cleaned) if factors is None else factors
    below, log_determinant = inertia(factors)
    lowest = lowest_pairs(cleaned, factors)
    edge = threshold * (1.0 + BOUNDARY)
    first_positive = lowest.values.gather(1, below.clamp_max(1)[:, None])[:, 0]
    clear = finite & lowest.converged & (first_positive > edge) & ((below == 0) | (lowest.values[:, 0] < -edge))
    negative = torch.where(below == 1, lowest.values[:, 0].abs().log(), 0.0)
    found = Curvature(
        index=below,
        log_determinant=log_determinant - negative,
        values=lowest.values,
        direction=lowest.vector,
    )
    doubtful = (~clear).nonzero()[:, 0]
    if len(doubtful):
        whole = _of_eigenpairs(hessian[doubtful], threshold)
        for field in fields(Curvature):
            getattr(found, field.name)[doubtful] = getattr(whole, field.name)
    return found


def _of_eigenpairs(hessian: Float[Tensor, "W P P"], threshold: float) -> Curvature:
    values, vectors = _eigenpairs(hessian)
    return curvature_of(Spectrum(values=values, vectors=vectors, exact=True), threshold)


def curvature_of(found: Spectrum, threshold: float) -> Curvature:
    """The curvature that a spectrum tells."""
    return Curvature(
        index=found.index(threshold),
        log_determinant=found.log_determinant(threshold),
        values=found.values[:, :2],
        direction=found.vectors[:, :, 0],
    )


def spectrum(objective: Objective, theta: Float[Tensor, "W P"], *starts: Float[Tensor, "W P"]) -> Spectrum:
    """Spectrum at theta [W, P]: whole while P <= DENSE_LIMIT, else Ritz values of the Krylov space of `starts`, as
    for `lanczos`. Where a Hessian is not finite the eigenvalues are nan.
    """
    if objective.n_parameters <= DENSE_LIMIT:
        values, vectors = _eigenpairs(objective.hessian(theta))
        return Spectrum(values=values, vectors=vectors, exact=True)
    return lanczos(objective, theta, LANCZOS_VECTORS, *starts)


def lanczos(
    objective: Objective, theta: Float[Tensor, "W P"], n_vectors: int, *starts: Float[Tensor, "W P"]
) -> Spectrum:
    """Ritz values and vectors at theta [W, P] by products with the Hessian, see `krylov`; without starts, from a fixed
    pseudo-random direction.
    """
    return krylov(
        lambda direction: objective.hessian_vector_product(theta, direction),
        n_vectors,
        *(starts or [torch.zeros_like(theta)]),
    )


def krylov(
    product: Callable[[Float[Tensor, "W P"]], Float[Tensor, "W P"]], n_vectors: int, *starts: Float[Tensor, "W P"]
) -> Spectrum:
    """Ritz values and vectors of a `product` with symmetric matrices, from a block Krylov space of `n_vectors`, or P if
    less, fully reorthogonalised (Parlett 1980); where a product is not finite the values are nan.

    The `starts` [W, P] are directions that the space must contain, such as the gradient. Where the space is exhausted
    before, because the starts have no part in the other eigenvectors, or are zero, it goes on from a pseudo-random
    direction: the basis stays orthonormal, so no Ritz value is spurious.
    """
    walkers, parameters = starts[0].shape
    size = min(n_vectors, parameters)
    space = starts[0].new_empty(walkers, size, parameters)
    products = torch.empty_like(space)
    following = deque(starts)
    for number in range(size):
        direction = _next_direction(space[:, :number], following.popleft(), number)
        space[:, number] = direction
        products[:, number] = product(direction)
        following.append(products[:, number])
    projected = torch.bmm(space, products.mT)
    values, coefficients = _eigenpairs(0.5 * (projected + projected.mT))
    return Spectrum(values=values, vectors=torch.bmm(space.mT, coefficients), exact=False)


def difference_products(
    objective: Objective, theta: Float[Tensor, "W P"], gradient: Float[Tensor, "W P"], displacement: float
) -> Callable[[Float[Tensor, "W P"]], Float[Tensor, "W P"]]:
    """Products of the Hessians at theta [W, P], where the gradients are known, with unit vectors [W, P]: differences of
    gradients over a displacement.
    """

    def product(direction: Float[Tensor, "W P"]) -> Float[Tensor, "W P"]:
        moved = objective.energy_and_gradient(theta + displacement * direction)[1]
        return (moved - gradient) / displacement

    return product


def without_nan(matrices: Float[Tensor, "W E E"]) -> tuple[Bool[Tensor, " W"], Float[Tensor, "W E E"]]:
    """Whether each matrix is finite, and the matrices with zeros in place of those that are not: LAPACK fails on some
    with nan, returns finite numbers for others, and from some does not return.
    """
    finite = matrices.sum((1, 2)).isfinite()
    return finite, torch.where(finite[:, None, None], matrices, 0.0)


def _eigenpairs(matrices: Float[Tensor, "W E E"]) -> tuple[Float[Tensor, "W E"], Float[Tensor, "W E E"]]:
    """Eigenvalues [W, E] and eigenvectors [W, E, E] of symmetric matrices [W, E, E]."""
    finite, cleaned = without_nan(matrices)
    values, vectors = map_row_pairs(torch.linalg.eigh, MOST_MATRICES, cleaned)
    return torch.where(finite[:, None], values, torch.nan), vectors


def _next_direction(
    space: Float[Tensor, "W M P"], candidate: Float[Tensor, "W P"], number: int
) -> Float[Tensor, "W P"]:
    """Unit vectors [W, P] normal to the rows of space [W, M, P], from candidate [W, P] or, where that lies within, at
    random.
    """
    residual = _normal_part(space, candidate)
    exhausted = residual.norm(dim=1) <= 1e-10 * candidate.norm(dim=1)
    # Elsewhere than on a CPU the test would wait for the device.
    if exhausted.device.type != "cpu" or exhausted.any():
        fresh = _normal_part(space, _fixed_direction(candidate, number))
        residual = torch.where(exhausted[:, None], fresh, residual)
    length: Tensor = residual.norm(dim=1, keepdim=True)
    return residual / length


def _normal_part(space: Float[Tensor, "W M P"], vector: Float[Tensor, "W P"]) -> Float[Tensor, "W P"]:
    """The part of vector [W, P] normal to the rows of space [W, M, P]; twice is enough (Parlett 1980)."""
    for _ in range(2):
        vector = vector - torch.bmm(torch.bmm(vector[:, None], space.mT), space)[:, 0]
    return vector


def _fixed_direction(like: Float[Tensor, "W P"], number: int) -> Float[Tensor, "W P"]:
    generator = torch.Generator().manual_seed(number)
    direction = torch.randn(like.shape[1], generator=generator, dtype=like.dtype)
    return direction.to(like.device).expand(like.shape)
