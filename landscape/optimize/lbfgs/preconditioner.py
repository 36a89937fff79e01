"""Cholesky factors of Hessians shifted until they are positive definite, from which L-BFGS histories start.

Shapes: R of W walkers, P parameters.
"""

import numpy as np

from landscape.numerics.compilation import entry, reordered
from landscape.numerics.lapack import tridiagonal_eigenvalues
from landscape.numerics.vectors import dot

Array = np.ndarray

SHIFTS = 60  # attempts at a positive definite matrix
LANCZOS_STEPS = 12


@entry
@reordered
def shifted_factors(rows: Array, hessian: Array, factor: Array) -> Array:
    """Writes the lower factors of the Hessians [R, P, P], each with the first of growing shifts that makes it positive
    definite, into the given rows [R] of factor [W, P, P]. Returns bool[R], true where there is a factor: everywhere
    unless a Hessian is not finite.
    """
    found = np.zeros(len(rows), dtype=np.bool_)
    for r in range(len(rows)):
        found[r] = _factorise_shifted(hessian[r], factor[rows[r]])
    return found


@reordered
def _factorise_shifted(hessian: Array, out: Array) -> bool:
    if not np.isfinite(dot(hessian.ravel(), hessian.ravel())):
        return False
    shift = max(0.0, -3.0 * _lowest_eigenvalue(hessian))
    for _ in range(SHIFTS):
        pivot = _factorise(hessian, shift, out)
        if pivot == 0.0:
            return True
        shift = max(4.0 * shift, -2.0 * pivot, 1e-12)
    return False


@reordered
def _factorise(hessian: Array, shift: float, out: Array) -> float:
    """Writes the Cholesky factor L [P, P] of hessian + shift and returns 0, or returns a pivot that is not positive."""
    for i in range(len(out)):
        row = out[i]
        for j in range(i):
            row[j] = (hessian[i, j] - dot(row[:j], out[j, :j])) / out[j, j]
        pivot: float = hessian[i, i] + shift - dot(row[:i], row[:i])
        if not pivot > 0.0:
            return pivot
        row[i] = np.sqrt(pivot)
    return 0.0


@reordered
def solve(factor: Array, x: Array) -> None:
    """Overwrites x [P] with the solution of L L' y = x for a lower factor L [P, P]."""
    for i in range(len(x)):
        x[i] = (x[i] - dot(factor[i, :i], x[:i])) / factor[i, i]
    for i in range(len(x) - 1, -1, -1):
        x[i] /= factor[i, i]
        row = factor[i]
        for p in range(i):
            x[p] -= x[i] * row[p]


@reordered
def _lowest_eigenvalue(matrix: Array) -> float:
    """Lowest Ritz value of a short Lanczos sequence, whose start is the same for every matrix."""
    size = len(matrix)
    steps = min(LANCZOS_STEPS, size)
    vectors, diagonal, beside = np.zeros((steps + 1, size)), np.zeros(steps), np.zeros(steps)
    for p in range(size):
        vectors[0, p] = np.cos(1.0 + p * p)
    _scale(1.0 / np.sqrt(dot(vectors[0], vectors[0])), vectors[0])
    for k in range(steps):
        image = vectors[k + 1]
        for p in range(size):
            image[p] = dot(matrix[p], vectors[k])
        diagonal[k] = dot(image, vectors[k])
        for earlier in range(k + 1):
            _add(-dot(image, vectors[earlier]), vectors[earlier], image)
        length = np.sqrt(dot(image, image))
        if k + 1 == steps or not length > 1e-12:
            tridiagonal_eigenvalues(diagonal[: k + 1], beside)
            return float(diagonal[0])
        beside[k] = length
        _scale(1.0 / length, image)
    return 0.0


@reordered
def _add(factor: float, a: Array, out: Array) -> None:
    for p in range(len(a)):
        out[p] += factor * a[p]


@reordered
def _scale(factor: float, out: Array) -> None:
    for p in range(len(out)):
        out[p] *= factor
