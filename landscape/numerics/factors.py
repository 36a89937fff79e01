"""Factors of symmetric matrices of any signature: solutions, inertia, determinants and the lowest eigenpairs.

A = P L D L' P' with L unit lower triangular and D of blocks 1 x 1 and 2 x 2 (Bunch and Kaufman 1977, LAPACK's `sytrf`).
A has as many negative eigenvalues as D (Sylvester's law of inertia), and each 2 x 2 block has one of them. So one
factorisation, at a tenth of the cost of eigenvalues or less, tells an index exactly. The eigenvalues next to zero
come from Lanczos' method on the inverse, where they are the outermost.

Shapes: W walkers, P parameters.
"""

from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from landscape.numerics.compilation import reordered
from landscape.numerics.vectors import dot

Array = np.ndarray

BLOCK = 2  # vectors that Lanczos' method starts from: a double eigenvalue is found twice
FIRST_TEST = 12  # vectors after which convergence is looked at first
MOST_VECTORS = 42  # with one shift: more take longer than the factors of a better one
SHIFTS = 4
NEARNESS = 1e-2  # of a shift to the eigenvalue above it, relative
TOLERANCE = 1e-10  # of eigenvalues, relative
ATTEMPTS = 8


class Factors(NamedTuple):
    """L and D in one lower triangle, by columns, with LAPACK's record of interchanges."""

    lower: Float[Tensor, "W P P"]
    pivots: Int[Tensor, "W P"]


class LowestPairs(NamedTuple):
    """The two lowest eigenvalues in ascending order, the eigenvector of the first, and whether they are converged."""

    values: Float[Tensor, "W 2"]
    vector: Float[Tensor, "W P"]
    converged: Bool[Tensor, " W"]


def factorise(matrices: Float[Tensor, "W P P"]) -> Factors:
    """The factors of symmetric matrices [W, P, P]; of singular ones too, which have a zero in D."""
    lower, pivots, _ = torch.linalg.ldl_factor_ex(matrices)
    return Factors(lower, pivots)


def solve(factors: Factors, vectors: Float[Tensor, "W P"]) -> Float[Tensor, "W P"]:
    """Solutions x [W, P] of A x = vectors [W, P]; not finite where A is singular."""
    solution: Tensor = torch.linalg.ldl_solve(factors.lower, factors.pivots, vectors[:, :, None])[:, :, 0]
    return solution


def inertia(factors: Factors) -> tuple[Int[Tensor, " W"], Float[Tensor, " W"]]:
    """Numbers [W] of negative eigenvalues, and logarithms [W] of the absolute values of the determinants."""
    diagonal = factors.lower.diagonal(dim1=1, dim2=2)
    paired = factors.pivots < 0
    first = (paired & (paired.cumsum(1) % 2 == 1))[:, :-1]
    beside = factors.lower.diagonal(offset=-1, dim1=1, dim2=2)
    blocks = torch.where(first, diagonal[:, :-1] * diagonal[:, 1:] - beside.square(), 1.0)
    single = torch.where(paired, 1.0, diagonal)
    return (single < 0).sum(1) + first.sum(1), single.abs().log().sum(1) + blocks.abs().log().sum(1)


def lowest_pairs(
    matrices: Float[Tensor, "W P P"], factors: Factors, start: Float[Tensor, "W P"] | None = None
) -> LowestPairs:
    """The two lowest eigenvalues of matrices [W, P, P] on a CPU; those with several negative ones are not converged.

    Each comes from a shift near which it is found fast: zero first, then what lies just below the second one. `start`
    [W, P] are approximations of eigenvectors of the lowest ones.
    """
    walkers, parameters = factors.pivots.shape
    vectors = matrices.new_zeros(walkers, BLOCK, parameters)
    if start is not None:
        vectors[:, 0] = start
    values, shift = matrices.new_full((walkers, 2), torch.nan), matrices.new_zeros(walkers)
    errors = torch.full_like(values, torch.inf)
    unfinished = torch.arange(walkers)
    for _ in range(SHIFTS):
        found = values[unfinished], vectors[unfinished], errors[unfinished]
        below = inertia(factors)[0].numpy()
        columns = factors.lower.mT.contiguous().numpy()
        _outermost(columns, factors.pivots.numpy(), below, shift.numpy(), *(part.numpy() for part in found))
        values[unfinished], vectors[unfinished], errors[unfinished] = found
        left = ((found[2] > TOLERANCE * found[0].abs()).any(1) & found[2].isfinite().all(1)).nonzero()[:, 0]
        if not len(left):
            break
        unfinished = unfinished[left]
        shift = _better_shift(values[unfinished], errors[unfinished])
        factors = factorise(matrices[unfinished] - torch.diag_embed(shift[:, None].expand(-1, parameters)))
    return LowestPairs(values, vectors[:, 0], (errors <= TOLERANCE * values.abs()).all(1))


def _better_shift(values: Float[Tensor, "W 2"], errors: Float[Tensor, "W 2"]) -> Float[Tensor, " W"]:
    """Shifts [W] below the second eigenvalue, and below the first one too where they are nearly equal."""
    below = values - torch.maximum(2.0 * errors, NEARNESS * values.abs())
    return torch.where(below[:, 1] > values[:, 0] + errors[:, 0], below[:, 1], below[:, 0])


@reordered
def _outermost(
    columns: Array, pivots: Array, below: Array, shift: Array, values: Array, vectors: Array, errors: Array
) -> None:
    """Writes the two lowest eigenvalues [W, 2], vectors [W, 2, P] and errors [W, 2] of matrices of which at most one
    eigenvalue is `below` the shift [W], by the factors of the shifted ones; infinite errors for others.
    """
    for w in range(len(columns)):
        errors[w] = np.inf
        if below[w] <= 1:
            _lanczos(columns[w], pivots[w], below[w], shift[w], values[w], vectors[w], errors[w])


@reordered
def _lanczos(
    columns: Array, pivots: Array, below: int, shift: float, values: Array, vectors: Array, errors: Array
) -> None:
    """Band Lanczos with full reorthogonalisation on the inverse, from vectors [2, P]."""
    size = vectors.shape[1]
    most = min(MOST_VECTORS, size)
    space, products, projected = np.empty((most, size)), np.empty((most, size)), np.zeros((most, most))
    test = FIRST_TEST
    for m in range(most):
        space[m] = vectors[m] if m < BLOCK else products[m - BLOCK]
        _orthonormalise(space, m)
        products[m] = space[m]
        substitute(columns, pivots, products[m])
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
    """Writes the two lowest eigenvalues by the outermost Ritz values, with errors and vectors; whether they converged."""
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
    """A bound of the error of a Ritz value by its residual and its distance from the next one (Parlett 1980)."""
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
    """Makes row m of the space a unit vector normal to those before, from a fixed one if nothing of it is left."""
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
def substitute(columns: Array, pivots: Array, x: Array) -> None:
    """Overwrites x [P] with the solution of A y = x, by the factors of one matrix: `columns` of the lower triangle."""
    size = len(x)
    k = 0
    while k < size:
        if pivots[k] > 0:
            _exchange(x, k, pivots[k] - 1)
            for p in range(k + 1, size):
                x[p] -= columns[k, p] * x[k]
            x[k] /= columns[k, k]
            k += 1
        else:
            _exchange(x, k + 1, -pivots[k] - 1)
            for p in range(k + 2, size):
                x[p] -= columns[k, p] * x[k] + columns[k + 1, p] * x[k + 1]
            beside = columns[k, k + 1]
            one, other = columns[k, k] / beside, columns[k + 1, k + 1] / beside
            scale = (one * other - 1.0) * beside
            x[k], x[k + 1] = (other * x[k] - x[k + 1]) / scale, (one * x[k + 1] - x[k]) / scale
            k += 2
    k = size - 1
    while k >= 0:
        x[k] -= dot(columns[k, k + 1 :], x[k + 1 :])
        if pivots[k] > 0:
            _exchange(x, k, pivots[k] - 1)
            k -= 1
        else:
            x[k - 1] -= dot(columns[k - 1, k + 1 :], x[k + 1 :])
            _exchange(x, k, -pivots[k] - 1)
            k -= 2


@reordered
def _exchange(x: Array, one: int, other: int) -> None:
    x[one], x[other] = x[other], x[one]
