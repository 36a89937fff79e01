"""Small problems and a plain numpy network, written independently of the package, for the tests of properties."""

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import scipy.special
import torch

from landscape.problems.problem import Problem
from tests.problems.reference import stack

Array = np.ndarray

FUNCTIONS: dict[str, Callable[[Array], Array]] = {
    "tanh": np.tanh,
    "sigmoid": scipy.special.expit,
    "softplus": lambda z: np.logaddexp(z, 0.0),
    "gelu": lambda z: z * scipy.special.ndtr(z),
    "silu": lambda z: z * scipy.special.expit(z),
    "relu": lambda z: np.maximum(z, 0.0),
    "identity": lambda z: z,
}


def small_problem(activation: str, hidden: list[int], *, l2: float = 1e-2, loss: str = "cross_entropy") -> Problem:
    """Twelve random samples with three features in three classes, or two targets for the mean squared error."""
    rng = np.random.default_rng(7)
    inputs = rng.normal(size=(12, 3))
    targets = np.arange(12) % 3 if loss == "cross_entropy" else rng.normal(size=(12, 2))
    n_outputs = 3 if loss == "cross_entropy" else 2
    return Problem.from_module(stack([3, *hidden, n_outputs], activation), inputs, targets, l2=l2, loss=loss)


def unpack(theta: Array, sizes: list[int]) -> list[tuple[Array, Array]]:
    """Weights and biases of one network, in network order."""
    layers, start = [], 0
    for n_in, n_out in pairwise(sizes):
        middle, stop = start + n_in * n_out, start + n_out * (n_in + 1)
        layers.append((theta[start:middle].reshape(n_out, n_in), theta[middle:stop]))
        start = stop
    return layers


def numpy_logits(theta: Array, sizes: list[int], activation: str, inputs: Array) -> Array:
    """Outputs [N, K] of one network, layer by layer."""
    values = inputs
    *hidden, last = unpack(theta, sizes)
    for weight, bias in hidden:
        values = FUNCTIONS[activation](values @ weight.T + bias)
    logits: Array = values @ last[0].T + last[1]
    return logits


def torch_loss(problem: Problem, logits: torch.Tensor) -> torch.Tensor:
    """Losses [M, N] of logits [M, N, K], by torch.nn and differentiable."""
    if problem.loss == "mse":
        return (logits - problem.targets).square().mean(2)
    targets = problem.targets.expand(logits.shape[:2])
    return torch.nn.functional.cross_entropy(logits.mT, targets, reduction="none")
