"""Cholesky factors of Hessians that are shifted until they are positive definite: what an L-BFGS history starts from.

Numba's cache notices changes of this file only, so the kernels use nothing from other modules. Shapes: R of W walkers,
P parameters.
"""

import numpy as np
from numba import njit

Array = np.ndarray

SHIFTS = 60  # attempts at a positive definite matrix
LANCZOS_STEPS = 12

_compiled = njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"})


@_compiled
def shifted_factors(rows: Array, hessian: Array, factor: Array) -> Array:
    """Writes the lower factors of the Hessians [R, P, P], each plus the first of growing shifts that makes it positive
    definite, into the given rows [R] of factor [W, P, P]; returns bool[R]: whether there is one, as there is unless a
    Hessian is not finite.
    """
    found = np.zeros(len(rows), dtype=np.bool_)
    for r in range(len(rows)):
        found[r] = _factorise_shifted(hessian[r], factor[rows[r]])
    return found


@_compiled
def _factorise_shifted(hessian: Array, out: Array) -> bool:
    if not np.isfinite(_dot(hessian.ravel(), hessian.ravel())):
        return False
    shift = max(0.0, -3.0 * _lowest_eigenvalue(hessian))
    for _ in range(SHIFTS):
        pivot = _factorise(hessian, shift, out)
        if pivot == 0.0:
            return True
        shift = max(4.0 * shift, -2.0 * pivot, 1e-12)
    return False


@_compiled
def _factorise(hessian: Array, shift: float, out: Array) -> float:
    """Writes the Cholesky factor L [P, P] of hessian + shift and returns 0, or the pivot that is in the way of one."""
    for i in range(len(out)):
        row = out[i]
        for j in range(i):
            row[j] = (hessian[i, j] - _dot(row[:j], out[j, :j])) / out[j, j]
        pivot = hessian[i, i] + shift - _dot(row[:i], row[:i])
        if not pivot > 0.0:
            return pivot
        row[i] = np.sqrt(pivot)
    return 0.0


@_compiled
def _lowest_eigenvalue(matrix: Array) -> float:
    """Lowest Ritz value of a short Lanczos sequence, whose start is the same for every matrix."""
    size = len(matrix)
    steps = min(LANCZOS_STEPS, size)
    vectors, ritz = np.zeros((steps + 1, size)), np.zeros((steps, steps))
    for p in range(size):
        vectors[0, p] = np.cos(1.0 + p * p)
    _scale(1.0 / np.sqrt(_dot(vectors[0], vectors[0])), vectors[0])
    for k in range(steps):
        image = vectors[k + 1]
        for p in range(size):
            image[p] = _dot(matrix[p], vectors[k])
        ritz[k, k] = _dot(image, vectors[k])
        for earlier in range(k + 1):
            _add(-_dot(image, vectors[earlier]), vectors[earlier], image)
        length = np.sqrt(_dot(image, image))
        if k + 1 == steps or not length > 1e-12:
            return np.linalg.eigvalsh(ritz[: k + 1, : k + 1])[0]
        ritz[k, k + 1] = ritz[k + 1, k] = length
        _scale(1.0 / length, image)
    return 0.0


@_compiled
def _dot(a: Array, b: Array) -> float:
    result = 0.0
    for p in range(len(a)):
        result += a[p] * b[p]
    return result


@_compiled
def _add(factor: float, a: Array, out: Array) -> None:
    for p in range(len(a)):
        out[p] += factor * a[p]


@_compiled
def _scale(factor: float, out: Array) -> None:
    for p in range(len(out)):
        out[p] *= factor
