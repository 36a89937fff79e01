"""Products of batches of matrices whose rounding does not depend on the batch.

A BLAS chooses its code by the shape and the layout of a product, and for a batch by the number of matrices and their
places in memory. On a CPU each matrix is therefore multiplied by a separate call, which knows the shape and the layout
of this matrix alone: the product of one walker is then the same, to the last bit, in any batch, whatever the values of
MKL_CBWR and ATEN_CPU_CAPABILITY. A call takes less than a tenth of a microsecond. On other devices
torch computes the products.

Shapes: W walkers; matrices are [A, B] and [B, C].
"""

from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from landscape.numerics.compilation import entry, exact
from landscape.numerics.lapack import write_product

Array = np.ndarray


def product(left: Float[Tensor, "W A B"], right: Float[Tensor, "W B C"]) -> Float[Tensor, "W A C"]:
    """Products of the left and the right matrices, which autograd and torch.func can differentiate.

    Raises ValueError for batches or matrices that do not fit (on a CPU; RuntimeError elsewhere).
    """
    if left.device.type != "cpu":
        return torch.bmm(left, right)
    if _is_wrapped(left) or _is_wrapped(right):
        transformed: Tensor = _Transformed.apply(left, right)  # type: ignore[no-untyped-call] # torch has no type for it
        return transformed
    if torch.is_grad_enabled() and (left.requires_grad or right.requires_grad):
        differentiated: Tensor = _Differentiated.apply(left, right)  # type: ignore[no-untyped-call] # untyped too
        return differentiated
    return _product(left, right)


def shifted_product(
    left: Float[Tensor, "W A B"], right: Float[Tensor, "W B C"], shift: Float[Tensor, "W A"]
) -> Float[Tensor, "W A C"]:
    """`product` plus shift [W, A] in every column."""
    return product(left, right) + shift[:, :, None]


def _is_wrapped(tensor: Tensor) -> bool:
    """True if torch.func transforms computations with the tensor."""
    found: bool = torch._C._functorch.is_functorch_wrapped_tensor(tensor)  # noqa: SLF001 - torch has no public test
    return found


class _Differentiated(torch.autograd.Function):
    """The product for autograd; a call is four times faster than one of the form that torch.func needs."""

    @staticmethod
    def forward(ctx: Any, left: Tensor, right: Tensor) -> Tensor:  # noqa: ANN401 - torch has no type for it
        ctx.save_for_backward(left, right)
        return _product(left, right)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, Tensor | None]:  # noqa: ANN401 - untyped
        (left, right), (of_left, of_right) = ctx.saved_tensors, ctx.needs_input_grad
        return product(gradient, right.mT) if of_left else None, product(left.mT, gradient) if of_right else None


class _Transformed(torch.autograd.Function):
    """The product of matrices in the form that torch.func needs."""

    @staticmethod
    def forward(left: Tensor, right: Tensor) -> Tensor:
        return _product(left, right)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor, Tensor], output: Tensor) -> None:  # noqa: ANN401, ARG004 - torch's
        ctx.save_for_backward(*inputs)

    backward = _Differentiated.backward

    @staticmethod
    def vmap(
        info: Any,  # noqa: ANN401 - torch has no type for it
        in_dims: tuple[int | None, int | None],
        left: Tensor,
        right: Tensor,
    ) -> tuple[Tensor, int]:
        whole = [
            tensor.expand(info.batch_size, *tensor.shape) if axis is None else tensor.movedim(axis, 0)
            for tensor, axis in zip((left, right), in_dims, strict=True)
        ]
        found = product(*(tensor.flatten(0, 1) for tensor in whole))
        return torch.unflatten(found, 0, whole[0].shape[:2]), 0


def _product(left: Float[Tensor, "W A B"], right: Float[Tensor, "W B C"]) -> Float[Tensor, "W A C"]:
    if len(left) != len(right):
        raise ValueError(f"expected as many matrices on either side, found {len(left)} and {len(right)}")
    out = left.new_empty(left.shape[0], left.shape[1], right.shape[2])
    _multiply(*_rows(left), *_rows(right), out.numpy())
    return out


def _rows(matrices: Tensor) -> tuple[Array, bool]:
    """Contiguous matrices [W, A, B], only one if all are the same, and true if they are transposed to [W, B, A].

    The strides of one matrix decide whether it is transposed, never the number of matrices.
    """
    _, rows, columns = matrices.shape
    turned = rows > 1 and columns > 1 and matrices.stride(1) == 1 and matrices.stride(2) != 1
    matrices = (matrices.mT if turned else matrices).detach()
    if len(matrices) > 1 and matrices.stride(0) == 0:
        matrices = matrices[:1]
    return matrices.contiguous().numpy(), turned


@entry
@exact
def _multiply(left: Array, left_turned: bool, right: Array, right_turned: bool, out: Array) -> None:
    """Writes the products into out [W, A, C]; turned matrices are given transposed, a single one serves all walkers."""
    for w in range(len(out)):
        a, b = left[w if len(left) > 1 else 0], right[w if len(right) > 1 else 0]
        if left_turned and right_turned:
            write_product(a.T, b.T, out[w])
        elif left_turned:
            write_product(a.T, b, out[w])
        elif right_turned:
            write_product(a, b.T, out[w])
        else:
            write_product(a, b, out[w])
