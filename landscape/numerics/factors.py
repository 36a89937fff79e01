"""Factors of symmetric matrices of any signature: solutions, inertia, determinants and the lowest eigenpairs.

A = P L D L' P' with L unit lower triangular and D of blocks 1 x 1 and 2 x 2 (Bunch and Kaufman 1977, LAPACK's `sytrf`).
A has as many negative eigenvalues as D (Sylvester's law of inertia), and each 2 x 2 block has exactly one. So one
factorisation, at a tenth of the cost of eigenvalues or less, gives the index exactly. The eigenvalues nearest to zero
come from the Lanczos method applied to the inverse, whose extreme eigenvalues they determine.

Shapes: W walkers, P parameters.
"""

from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from landscape.numerics import lapack
from landscape.numerics.compilation import entry, reordered
from landscape.numerics.vectors import copy, dot

Array = np.ndarray

BLOCK = 2  # start vectors of the Lanczos method: two, so that a double eigenvalue is found twice
FIRST_TEST = 12  # vectors before the first test of convergence
MOST_VECTORS = 42  # for one shift: more would take longer than a factorisation with a better shift
SHIFTS = 4
NEARNESS = 1e-2  # relative distance of a shift from the eigenvalue above it
TOLERANCE = 1e-10  # relative error of eigenvalues
ATTEMPTS = 8
LANCZOS_FROM = 400  # parameters from which `by_lanczos` is faster than `by_reduction`


class Factors(NamedTuple):
    """L and D by columns of the lower triangle, with LAPACK's record of interchanges."""

    columns: Float[Tensor, "W P P"]
    pivots: Int[Tensor, "W P"]


class LowestPairs(NamedTuple):
    """The two lowest eigenvalues in ascending order, the eigenvector of the lowest, and true where both converged."""

    values: Float[Tensor, "W 2"]
    vector: Float[Tensor, "W P"]
    converged: Bool[Tensor, " W"]


def factorise(matrices: Float[Tensor, "W P P"]) -> Factors:
    """The factors of finite symmetric matrices [W, P, P] on a CPU; D of a singular matrix contains a zero."""
    columns = matrices.clone(memory_format=torch.contiguous_format)
    pivots = torch.empty(columns.shape[:2], dtype=torch.int32)
    _factorise_each(columns.numpy(), pivots.numpy())
    return Factors(columns, pivots)


def solve(factors: Factors, vectors: Float[Tensor, "W P"]) -> Float[Tensor, "W P"]:
    """Solutions x [W, P] of A x = vectors [W, P]; not finite where A is singular."""
    solution = vectors.clone(memory_format=torch.contiguous_format)
    _solve_each(factors.columns.numpy(), factors.pivots.numpy(), solution.numpy())
    return solution


def inertia(factors: Factors) -> tuple[Int[Tensor, " W"], Float[Tensor, " W"]]:
    """Numbers [W] of negative eigenvalues, and logarithms [W] of the absolute values of the determinants."""
    walkers = len(factors.pivots)
    negative, log_determinant = torch.zeros(walkers, dtype=torch.int64), factors.columns.new_zeros(walkers)
    _add_up_each(factors.columns.numpy(), factors.pivots.numpy(), negative.numpy(), log_determinant.numpy())
    return negative, log_determinant


def lowest_pairs(matrices: Float[Tensor, "W P P"], factors: Factors) -> LowestPairs:
    """The two lowest eigenvalues of symmetric matrices [W, P, P] on a CPU, P >= 2, by the faster method."""
    way = by_reduction if matrices.shape[1] < LANCZOS_FROM else by_lanczos
    return way(matrices, factors)


def by_reduction(matrices: Float[Tensor, "W P P"], _: Factors) -> LowestPairs:
    """The two lowest eigenvalues by reduction to tridiagonal form."""
    walkers, parameters = matrices.shape[:2]
    values, vectors = matrices.new_empty(walkers, 2), matrices.new_empty(walkers, 2, parameters)
    found = np.zeros(walkers, dtype=np.bool_)
    room = matrices.clone(memory_format=torch.contiguous_format)
    _reduce_each(room.numpy(), values.numpy(), vectors.numpy(), found)
    return LowestPairs(values, vectors[:, 0], torch.from_numpy(found))


def by_lanczos(matrices: Float[Tensor, "W P P"], factors: Factors) -> LowestPairs:
    """The two lowest eigenvalues by the Lanczos method on the inverse; not converged where several are negative.

    Eigenvalues near a shift are found fast: the first shift is zero, later ones lie just below the second eigenvalue.
    """
    walkers, parameters = factors.pivots.shape
    vectors = matrices.new_zeros(walkers, BLOCK, parameters)
    values, shift = matrices.new_full((walkers, 2), torch.nan), matrices.new_zeros(walkers)
    errors = torch.full_like(values, torch.inf)
    unfinished = torch.arange(walkers)
    for _ in range(SHIFTS):
        found = values[unfinished], vectors[unfinished], errors[unfinished]
        below = inertia(factors)[0].numpy()
        _outermost(
            factors.columns.numpy(), factors.pivots.numpy(), below, shift.numpy(), *(part.numpy() for part in found)
        )
        values[unfinished], vectors[unfinished], errors[unfinished] = found
        left = ((found[2] > TOLERANCE * found[0].abs()).any(1) & found[2].isfinite().all(1)).nonzero()[:, 0]
        if not len(left):
            break
        unfinished = unfinished[left]
        shift = _better_shift(values[unfinished], errors[unfinished])
        factors = factorise(matrices[unfinished] - torch.diag_embed(shift[:, None].expand(-1, parameters)))
    return LowestPairs(values, vectors[:, 0], (errors <= TOLERANCE * values.abs()).all(1))


def _better_shift(values: Float[Tensor, "W 2"], errors: Float[Tensor, "W 2"]) -> Float[Tensor, " W"]:
    """Shifts [W] below the second eigenvalue, and below the first one too where the two are nearly equal."""
    below = values - torch.maximum(2.0 * errors, NEARNESS * values.abs())
    return torch.where(below[:, 1] > values[:, 0] + errors[:, 0], below[:, 1], below[:, 0])


@entry
@reordered
def _factorise_each(columns: Array, pivots: Array) -> None:
    for w in range(len(columns)):
        lapack.factorise(columns[w], pivots[w])


@entry
@reordered
def _reduce_each(matrices: Array, values: Array, vectors: Array, found: Array) -> None:
    for w in range(len(matrices)):
        found[w] = lapack.lowest_eigenpairs(matrices[w], values[w], vectors[w])


@entry
@reordered
def _solve_each(columns: Array, pivots: Array, x: Array) -> None:
    for w in range(len(columns)):
        _substitute(columns[w], pivots[w], x[w])


@entry
@reordered
def _add_up_each(columns: Array, pivots: Array, negative: Array, log_determinant: Array) -> None:
    """Adds the numbers [W] of negative eigenvalues and the logarithms [W] of |det D| to the two output arrays."""
    for w in range(len(columns)):
        k = 0
        while k < columns.shape[1]:
            value = columns[w, k, k]
            if pivots[w, k] > 0:
                negative[w] += value < 0.0
                k += 1
            else:
                value = value * columns[w, k + 1, k + 1] - columns[w, k, k + 1] ** 2
                negative[w] += 1
                k += 2
            log_determinant[w] += np.log(abs(value))


@entry
@reordered
def _outermost(
    columns: Array, pivots: Array, below: Array, shift: Array, values: Array, vectors: Array, errors: Array
) -> None:
    """Writes the two lowest eigenvalues [W, 2], vectors [W, 2, P] and errors [W, 2] from the factors of the shifted
    matrices, where at most one eigenvalue is `below` the shift [W]; elsewhere errors are infinite.
    """
    for w in range(len(columns)):
        errors[w] = np.inf
        if below[w] <= 1:
            _lanczos(columns[w], pivots[w], below[w], shift[w], values[w], vectors[w], errors[w])


@reordered
def _lanczos(
    columns: Array, pivots: Array, below: int, shift: float, values: Array, vectors: Array, errors: Array
) -> None:
    """Band Lanczos with full reorthogonalisation on the inverse, starting from vectors [2, P]."""
    size = vectors.shape[1]
    most = min(MOST_VECTORS, size)
    space, products, projected = np.empty((most, size)), np.empty((most, size)), np.zeros((most, most))
    test = FIRST_TEST
    for m in range(most):
        copy(vectors[m] if m < BLOCK else products[m - BLOCK], space[m])
        _orthonormalise(space, m)
        copy(space[m], products[m])
        _substitute(columns, pivots, products[m])
        for i in range(m + 1):
            projected[i, m] = projected[m, i] = dot(space[i], products[m])
        if not np.isfinite(dot(products[m], products[m])):
            return
        if m + 1 == test or m + 1 == most:
            done = _take_ritz_pairs(
                space[: m + 1], products[: m + 1], projected[: m + 1, : m + 1], below, shift, values, vectors, errors
            )
            if done:
                return
            test += test // 2


@reordered
def _take_ritz_pairs(
    space: Array,
    products: Array,
    projected: Array,
    below: int,
    shift: float,
    values: Array,
    vectors: Array,
    errors: Array,
) -> bool:
    """Writes the two lowest eigenvalues, vectors and errors, given by extreme Ritz pairs; true if both converged."""
    last = len(space) - 1
    ritz, coefficients = np.linalg.eigh(projected)
    places, beside = ((0, last), (1, last - 1)) if below == 1 else ((last, last - 1), (last - 1, max(0, last - 2)))
    for e in range(2):
        y, value = np.ascontiguousarray(coefficients[:, places[e]]), ritz[places[e]]
        values[e] = shift + 1.0 / value
        whole = len(space) == space.shape[1]
        errors[e] = 0.0 if whole else _error(space, products, y, value, ritz[beside[e]]) / value**2
        vectors[e] = 0.0
        for i in range(len(space)):
            for p in range(space.shape[1]):
                vectors[e, p] += y[i] * space[i, p]
    return bool(errors[0] <= TOLERANCE * abs(values[0]) and errors[1] <= TOLERANCE * abs(values[1]))


@reordered
def _error(space: Array, products: Array, coefficients: Array, value: float, beside: float) -> float:
    """Bound on the error of a Ritz value, from its residual and its distance to the next Ritz value (Parlett 1980)."""
    residual = _residual(space, products, coefficients, value)
    gap = abs(value - beside)
    return min(residual, residual * residual / gap) if gap > 0.0 else residual


@reordered
def _residual(space: Array, products: Array, coefficients: Array, value: float) -> float:
    """The length of A y - value y for y = coefficients' space."""
    squared = 0.0
    for p in range(space.shape[1]):
        part = 0.0
        for i in range(len(coefficients)):
            part += coefficients[i] * (products[i, p] - value * space[i, p])
        squared += part * part
    return float(np.sqrt(squared))


@reordered
def _orthonormalise(space: Array, m: int) -> None:
    """Makes row m of the space a unit vector normal to all earlier rows, from a fixed vector if nothing is left."""
    row = space[m]
    for attempt in range(ATTEMPTS):
        before = np.sqrt(dot(row, row))
        for _ in range(2):
            for i in range(m):
                share = dot(space[i], row)
                for p in range(len(row)):
                    row[p] -= share * space[i, p]
        length = np.sqrt(dot(row, row))
        if length > 1e-10 * before:
            for p in range(len(row)):
                row[p] /= length
            return
        for p in range(len(row)):
            row[p] = np.cos(1.0 + m + ATTEMPTS * attempt + p * p)


@reordered
def _substitute(columns: Array, pivots: Array, x: Array) -> None:
    """Overwrites x [P] with the solution y of A y = x, from the factors of A: `columns` of the lower triangle."""
    size = len(x)
    k = 0
    while k < size:
        row = abs(pivots[k]) - 1
        if pivots[k] > 0:
            x[k], x[row] = x[row], x[k]
            for p in range(k + 1, size):
                x[p] -= columns[k, p] * x[k]
            x[k] /= columns[k, k]
            k += 1
        else:
            x[k + 1], x[row] = x[row], x[k + 1]
            for p in range(k + 2, size):
                x[p] -= columns[k, p] * x[k] + columns[k + 1, p] * x[k + 1]
            beside = columns[k, k + 1]
            one, other = columns[k, k] / beside, columns[k + 1, k + 1] / beside
            scale = (one * other - 1.0) * beside
            x[k], x[k + 1] = (other * x[k] - x[k + 1]) / scale, (one * x[k + 1] - x[k]) / scale
            k += 2
    k = size - 1
    while k >= 0:
        row = abs(pivots[k]) - 1
        x[k] -= dot(columns[k, k + 1 :], x[k + 1 :])
        if pivots[k] > 0:
            x[k], x[row] = x[row], x[k]
            k -= 1
        else:
            x[k - 1] -= dot(columns[k - 1, k + 1 :], x[k + 1 :])
            x[k], x[row] = x[row], x[k]
            k -= 2
