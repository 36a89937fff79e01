"""Routines of BLAS and LAPACK in compiled code, compared with numpy."""

import subprocess
import sys
from itertools import product

import numpy as np
import pytest
from numba import njit
from numba.core.errors import TypingError

from landscape.numerics.lapack import add_product, tridiagonal_eigenvalues, write_product

Array = np.ndarray

SHAPES = [(1, 1, 1), (1, 5, 4), (3, 1, 2), (4, 5, 1), (17, 64, 33), (2, 0, 3), (0, 2, 3), (2, 3, 0)]
TOLERANCES = {"float64": 1e-13, "float32": 1e-5}


@njit  # type: ignore[untyped-decorator] # numba has no types
def written(left: Array, right: Array, out: Array) -> None:
    write_product(left, right, out)


@njit  # type: ignore[untyped-decorator] # numba has no types
def added(left: Array, right: Array, out: Array) -> None:
    add_product(left, right, out)


@pytest.mark.parametrize("kind", TOLERANCES)
@pytest.mark.parametrize("turned", list(product([False, True], repeat=2)))
@pytest.mark.parametrize("shape", SHAPES)
def test_products_are_those_of_numpy(kind: str, turned: tuple[bool, bool], shape: tuple[int, int, int]) -> None:
    rows, inner, columns = shape
    left, right = matrix((rows, inner), kind, turned[0]), matrix((inner, columns), kind, turned[1])
    before = matrix((rows, columns), kind)
    result, summed = np.full_like(before, np.nan), before.copy()
    written(left, right, result)
    added(left, right, summed)
    np.testing.assert_allclose(result, left @ right, atol=10 * TOLERANCES[kind])
    np.testing.assert_allclose(summed, before + left @ right, atol=10 * TOLERANCES[kind])


def matrix(shape: tuple[int, int], kind: str, turned: bool = False) -> Array:
    """Fixed random numbers, contiguous or the transpose of what is contiguous."""
    drawn: Array = np.random.default_rng(shape).normal(size=shape[::-1] if turned else shape).astype(kind)
    return drawn.T if turned else drawn


@pytest.mark.parametrize("shapes", [((2, 3), (4, 5), (2, 5)), ((2, 3), (3, 5), (1, 5)), ((2, 3), (3, 5), (2, 6))])
def test_shapes_that_do_not_fit_are_refused(shapes: tuple[tuple[int, int], ...]) -> None:
    for of in (written, added):
        with pytest.raises(ValueError, match="found other shapes"):
            of(*map(np.ones, shapes))


@pytest.mark.parametrize(
    "arrays",
    [
        (np.ones((4, 4))[:, :2], np.ones((2, 3)), np.empty((4, 3))),
        (np.ones((4, 2)), np.ones((2, 3)), np.empty((3, 4)).T),
        (np.ones((4, 2)), np.ones((2, 3), np.float32), np.empty((4, 3))),
        (np.ones((4, 2)), np.ones((2, 3)), np.empty((4, 3), np.float32)),
        (np.ones((4, 2), int), np.ones((2, 3), int), np.empty((4, 3), int)),
    ],
)
def test_other_layouts_and_types_are_refused(arrays: tuple[Array, Array, Array]) -> None:
    with pytest.raises(TypingError):
        written(*arrays)


def test_code_from_the_cache_finds_the_routines_of_another_process() -> None:
    program = """
import torch
from landscape.numerics.compilation import compile_seconds
from landscape.numerics.products import product
print(product(torch.eye(3)[None].double(), torch.full((1, 3, 3), 2.0).double()).sum().item(), compile_seconds() < 0.1)
"""
    command = [sys.executable, "-c", program]
    first, second = (subprocess.run(command, capture_output=True, check=True, text=True).stdout for _ in range(2))
    assert first.split()[0] == "18.0"
    assert second.split() == ["18.0", "True"]


@pytest.mark.parametrize("size", [1, 2, 9])
def test_eigenvalues_of_a_tridiagonal_matrix_are_those_of_numpy(size: int) -> None:
    draw = np.random.default_rng(size)
    diagonal, beside = draw.normal(size=size), draw.normal(size=size - 1)
    truth = np.linalg.eigvalsh(np.diag(diagonal) + np.diag(beside, 1) + np.diag(beside, -1))
    njit(tridiagonal_eigenvalues)(diagonal, beside)
    np.testing.assert_allclose(diagonal, truth, atol=1e-14)
