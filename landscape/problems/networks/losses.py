"""Losses of one sample as functions of the network's outputs, with the curvatures that exact Hessians need.

W walkers, K outputs, N samples. Outputs are [W, K, N], with contiguous samples, because every
elementwise pass runs along the samples. Targets are encoded once as [K, N]. Both losses are convex in the
outputs, so their Hessian C has a square root; `scale_jacobian` turns J [W, K, N, P] into B J with
B'B = C, and the Gauss-Newton matrix is one product of the result with itself.
"""

from typing import Protocol

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from landscape.errors import DataError
from landscape.messages import listed


class Loss(Protocol):
    """A convex loss per sample; `needs_labels` is true if targets must be classes."""

    name: str
    needs_labels: bool

    def encode(self, targets: Tensor, n_outputs: int) -> Tensor:
        """Targets int64[N] or float64[N, K] as float64 [K, N]."""

    def value_and_gradient(self, outputs: Tensor, encoded: Tensor) -> tuple[Tensor, Tensor]:
        """Losses [W, N] and their gradients [W, K, N] with respect to outputs [W, K, N]."""

    def differentiable(self, outputs: Tensor, encoded: Tensor) -> Tensor:
        """Losses [N] of outputs [K, N], in operations that torch.func can differentiate."""

    def curvature_product(self, outputs: Tensor, tangent: Tensor) -> Tensor:
        """Hessians of the losses times tangent [W, K, N], as [W, K, N]."""

    def scale_jacobian(self, outputs: Tensor, jacobian: Tensor) -> Tensor:
        """B J as [W, K, N, P] for J [W, K, N, P], where B'B is the Hessian in the outputs; J is overwritten."""


def _one_hot(targets: Tensor, n_outputs: int) -> Tensor:
    return functional.one_hot(targets, n_outputs).to(torch.float64).mT.contiguous()


class CrossEntropy:
    """Softmax cross-entropy of integer labels."""

    name = "cross_entropy"
    needs_labels = True

    def encode(self, targets: Tensor, n_outputs: int) -> Tensor:
        return _one_hot(targets, n_outputs)

    def value_and_gradient(self, outputs: Tensor, encoded: Tensor) -> tuple[Tensor, Tensor]:
        shifted = outputs - outputs.amax(1, keepdim=True)
        true_class = (shifted * encoded).sum(1)
        probability = shifted.exp_()
        total = probability.sum(1, keepdim=True)
        probability /= total
        return total.squeeze(1).log() - true_class, probability.sub_(encoded)

    def differentiable(self, outputs: Tensor, encoded: Tensor) -> Tensor:
        return -(outputs.log_softmax(0) * encoded).sum(0)

    def curvature_product(self, outputs: Tensor, tangent: Tensor) -> Tensor:
        probability = outputs.softmax(1)
        weighted = probability * tangent
        return weighted - probability * weighted.sum(1, keepdim=True)

    def scale_jacobian(self, outputs: Tensor, jacobian: Tensor) -> Tensor:
        probability = outputs.softmax(1)[..., None]
        mean = (probability * jacobian).sum(1, keepdim=True)
        return jacobian.sub_(mean).mul_(probability.sqrt())


def smoothed(encoded: Tensor, share: float) -> Tensor:
    """One-hot targets [K, N] with the given share spread evenly over all classes: label smoothing (Szegedy et al. 2016,
    arXiv 1512.00567, section 7). A share of 0 returns the targets unchanged.
    """
    return encoded if not share else (1.0 - share) * encoded + share / len(encoded)


class MeanSquaredError:
    """Squared error averaged over the outputs, as torch.nn.MSELoss; integer labels become one-hot targets."""

    name = "mse"
    needs_labels = False

    def encode(self, targets: Tensor, n_outputs: int) -> Tensor:
        if targets.dtype == torch.int64:
            return _one_hot(targets, n_outputs)
        return targets.to(torch.float64).mT.contiguous()

    def value_and_gradient(self, outputs: Tensor, encoded: Tensor) -> tuple[Tensor, Tensor]:
        residual = outputs - encoded
        return residual.square().mean(1), residual * (2.0 / outputs.shape[1])

    def differentiable(self, outputs: Tensor, encoded: Tensor) -> Tensor:
        return (outputs - encoded).square().mean(0)

    def curvature_product(self, outputs: Tensor, tangent: Tensor) -> Tensor:
        return tangent * (2.0 / outputs.shape[1])

    def scale_jacobian(self, outputs: Tensor, jacobian: Tensor) -> Tensor:
        return jacobian.mul_((2.0 / outputs.shape[1]) ** 0.5)


LOSSES: dict[str, Loss] = {loss.name: loss for loss in (CrossEntropy(), MeanSquaredError())}
"""All losses by name; `landscape.config.fields.LossName` lists the names for run files."""


def check_targets(targets: np.ndarray, loss: str) -> None:
    """Raises `DataError` if the loss of this name needs class labels and the targets are values."""
    if LOSSES[loss].needs_labels and targets.dtype.kind == "f":
        others = [f'"{name}"' for name, other in LOSSES.items() if not other.needs_labels]
        found, advice = _kind_of_values(targets)
        raise DataError(
            f"expected whole-number class labels 0..K-1 for the loss {loss}, one a sample, found {found}; {advice}, or "
            f"use loss = {listed(others, 'or')} for a regression"
        )


def _kind_of_values(targets: np.ndarray) -> tuple[str, str]:
    """The kind of targets float64[N, K] that are no labels, and the way to labels."""
    if targets.shape[1] > 1 and (np.sort(targets)[:, :-1] == 0.0).all() and (targets.max(axis=1) == 1.0).all():
        return f"one-hot targets in {targets.shape[1]} columns", "write the number of the class, targets.argmax(1)"
    if targets.shape[1] > 1:
        return f"{targets.shape[1]} values a sample", "write one label"
    if (targets == np.round(targets)).all():
        return (
            "floating-point targets, or whole numbers in a column [N, 1]",
            "write labels without a decimal point, in an array of shape [N] and an integer type",
        )
    return "floating-point targets", "write labels without a decimal point"
