"""Hessian spectra, exact for small Hessians and by Lanczos for larger ones; curvature of points from Hessian factors.

`DENSE_LIMIT` is the number of parameters up to which every index is tested with the true Hessian. `Curvature` has the
index, the determinant and the two lowest eigenvalues of a point, from factors of its Hessian where factors are cheaper
than all eigenvalues. Shapes: W walkers, P parameters, M Lanczos vectors, E eigenvalues.
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
# Matrices in one call: the batched eigensolver of CUDA has been seen to fail beyond 32768.
MOST_MATRICES = 16384
# Parameters from which factors are cheaper than eigenvalues on a CPU: see tests/benchmarks/following.py.
FACTORS_FROM = 30
BOUNDARY = 1e-6  # relative distance from a threshold within which eigenvalues are left to the eigensolver


def index_test(objective: Objective) -> str:
    """Description of the method by which `spectrum` finds the index of stationary points of this objective."""
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
        """Number [W] of eigenvalues below -threshold."""
        return (self.values < -threshold).sum(1)

    def log_determinant(self, threshold: float) -> Float[Tensor, " W"]:
        """Sum [W] of the logarithms of the eigenvalues above threshold; nan if the spectrum is not exact."""
        if not self.exact:
            return torch.full_like(self.values[:, 0], torch.nan)
        positive = torch.where(self.values > threshold, self.values, 1.0)
        return positive.log().sum(1)


@dataclass(frozen=True, kw_only=True)
class Curvature:
    """Data that classify stationary points: index [W], sum [W] of the logarithms of the eigenvalues above a threshold,
    lowest eigenvalues [W, E] in ascending order, E = 2 unless P = 1, and eigenvector [W, P] of the lowest.
    """

    index: Int[Tensor, " W"]
    log_determinant: Float[Tensor, " W"]
    values: Float[Tensor, "W E"]
    direction: Float[Tensor, "W P"]


def curvature(hessian: Float[Tensor, "W P P"], threshold: float, factors: Factors | None = None) -> Curvature:
    """The curvature of Hessians [W, P, P]; the index counts eigenvalues below -threshold.

    `factors`, if known, are those of the Hessians, with zeros in place of a Hessian that is not finite. Inertia and
    determinant come from the factors where no eigenvalue is within the threshold of zero and at most one is negative.
    Every other matrix goes to the eigensolver, so that both ways give the same verdict.
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
    """The curvature computed from a spectrum."""
    return Curvature(
        index=found.index(threshold),
        log_determinant=found.log_determinant(threshold),
        values=found.values[:, :2],
        direction=found.vectors[:, :, 0],
    )


def spectrum(objective: Objective, theta: Float[Tensor, "W P"], *starts: Float[Tensor, "W P"]) -> Spectrum:
    """Spectrum at theta [W, P]: exact for P <= DENSE_LIMIT, else the Ritz values of `lanczos` from `starts`.

    Eigenvalues are nan where a Hessian is not finite.
    """
    if objective.n_parameters <= DENSE_LIMIT:
        values, vectors = _eigenpairs(objective.hessian(theta))
        return Spectrum(values=values, vectors=vectors, exact=True)
    return lanczos(objective, theta, LANCZOS_VECTORS, *starts)


def lanczos(
    objective: Objective, theta: Float[Tensor, "W P"], n_vectors: int, *starts: Float[Tensor, "W P"]
) -> Spectrum:
    """Ritz values and vectors at theta [W, P] from products with the Hessian, see `krylov`. Without `starts` the space
    is built from a fixed pseudo-random direction.
    """
    return krylov(
        lambda direction: objective.hessian_vector_product(theta, direction),
        n_vectors,
        *(starts or [torch.zeros_like(theta)]),
    )


def krylov(
    product: Callable[[Float[Tensor, "W P"]], Float[Tensor, "W P"]], n_vectors: int, *starts: Float[Tensor, "W P"]
) -> Spectrum:
    """Ritz values and vectors of symmetric matrices from products with them, in a fully reorthogonalised block Krylov
    space of min(`n_vectors`, P) vectors (Parlett 1980). Values are nan where a product is not finite.

    The `starts` [W, P] are directions that the space must contain, such as the gradient. If the space is exhausted
    early, because the starts are zero or have no component along the other eigenvectors, it is continued from a
    pseudo-random direction: the basis stays orthonormal, so no Ritz value is spurious.
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
    """A function for products of the Hessians at theta [W, P] with unit vectors [W, P], by differences over a
    `displacement` from the known `gradient` [W, P] at theta.
    """

    def product(direction: Float[Tensor, "W P"]) -> Float[Tensor, "W P"]:
        moved = objective.energy_and_gradient(theta + displacement * direction)[1]
        return (moved - gradient) / displacement

    return product


def without_nan(matrices: Float[Tensor, "W E E"]) -> tuple[Bool[Tensor, " W"], Float[Tensor, "W E E"]]:
    """True [W] where a matrix is finite, and the matrices with zeros in place of the others: with nan, LAPACK may fail,
    return finite numbers or never return.
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
    """Unit vectors [W, P] normal to the rows of space [W, M, P], from candidate [W, P], or pseudo-random where the
    candidate lies in the space.
    """
    residual = _normal_part(space, candidate)
    exhausted = residual.norm(dim=1) <= 1e-10 * candidate.norm(dim=1)
    # On a device other than a CPU, `any` would wait for the device.
    if exhausted.device.type != "cpu" or exhausted.any():
        fresh = _normal_part(space, _fixed_direction(candidate, number))
        residual = torch.where(exhausted[:, None], fresh, residual)
    length: Tensor = residual.norm(dim=1, keepdim=True)
    return residual / length


def _normal_part(space: Float[Tensor, "W M P"], vector: Float[Tensor, "W P"]) -> Float[Tensor, "W P"]:
    """The part of vector [W, P] normal to the rows of space [W, M, P]; two projections are enough (Parlett 1980)."""
    for _ in range(2):
        vector = vector - torch.bmm(torch.bmm(vector[:, None], space.mT), space)[:, 0]
    return vector


def _fixed_direction(like: Float[Tensor, "W P"], number: int) -> Float[Tensor, "W P"]:
    generator = torch.Generator().manual_seed(number)
    direction = torch.randn(like.shape[1], generator=generator, dtype=like.dtype)
    return direction.to(like.device).expand(like.shape)
