"""Products of matrices: against torch, derivatives against differences, and independent of the other matrices."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torch.func import jacrev, vmap

from landscape.numerics.products import product, shifted_product

SIZES = st.integers(1, 40)


def random(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def matrices(rows: int, columns: int, form: str, seed: int) -> Tensor:
    """Seven matrices with the memory layout of views of networks."""
    if form == "plain":
        return random(7, rows, columns, seed=seed)
    if form == "turned":
        return random(7, columns, rows, seed=seed).mT
    if form == "shared":
        return random(rows, columns, seed=seed).expand(7, -1, -1)
    if form == "shared and turned":
        return random(columns, rows, seed=seed).mT.expand(7, -1, -1)
    parts = random(7, 3 + rows * columns + 2, seed=seed)[:, 3 : 3 + rows * columns]
    if form == "part of a row":
        return parts.view(7, rows, columns)
    return parts.view(7, columns, rows).mT


FORMS = st.sampled_from(["plain", "turned", "shared", "shared and turned", "part of a row", "part of a row, turned"])


@given(SIZES, SIZES, SIZES, FORMS, FORMS)
def test_products_are_those_of_torch(a: int, b: int, c: int, form_of_left: str, form_of_right: str) -> None:
    left, right = matrices(a, b, form_of_left, 1), matrices(b, c, form_of_right, 2)
    torch.testing.assert_close(product(left, right), left @ right, rtol=1e-13, atol=1e-13)
    shift = random(7, a)
    torch.testing.assert_close(
        shifted_product(left, right, shift), torch.baddbmm(shift[:, :, None], left, right), rtol=1e-13, atol=1e-13
    )


@pytest.mark.bits
@given(SIZES, SIZES, st.integers(1, 200), FORMS, FORMS, st.integers(0, 5))
def test_a_product_is_the_same_in_any_company(
    a: int, b: int, c: int, form_of_left: str, form_of_right: str, first: int
) -> None:
    left, right = matrices(a, b, form_of_left, 1), matrices(b, c, form_of_right, 2)
    together = product(left, right)
    for some in (slice(first, first + 1), slice(first, first + 2), slice(first, 7)):
        assert torch.equal(product(left[some], right[some]), together[some])


def test_derivatives_are_those_of_differences() -> None:
    left, right = random(3, 2, 4).requires_grad_(), random(3, 4, 5, seed=1).requires_grad_()
    torch.autograd.gradcheck(product, (left, right))
    torch.autograd.gradgradcheck(product, (left, right))


def test_torch_func_differentiates_and_vectorises_them() -> None:
    left, right = random(3, 2, 4), random(3, 4, 5, seed=1)
    found = jacrev(lambda x: product(x, right).sin())(left)
    torch.testing.assert_close(found, jacrev(lambda x: torch.bmm(x, right).sin())(left))
    many = random(6, 3, 2, 4, seed=2)
    torch.testing.assert_close(vmap(lambda x: product(x, right))(many), many @ right)
    torch.testing.assert_close(
        vmap(product, in_dims=(None, 1))(left, random(3, 6, 4, 5)), left @ random(3, 6, 4, 5).movedim(1, 0)
    )


def test_an_empty_batch_stays_empty() -> None:
    assert product(random(0, 2, 3), random(0, 3, 4)).shape == (0, 2, 4)


def test_batches_of_different_sizes_are_refused() -> None:
    for left, right in ((1, 3), (3, 1)):
        with pytest.raises(ValueError, match="as many matrices"):
            product(random(left, 2, 3), random(right, 3, 4))


def test_matrices_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="found other shapes"):
        product(random(2, 2, 3), random(2, 4, 4))
