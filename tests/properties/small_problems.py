"""Small problems and a plain numpy network, written independently of the package, for the tests of properties."""

from collections.abc import Callable
from functools import cache
from itertools import pairwise

import numpy as np
import scipy.special
import torch
from scipy.optimize import minimize
from sklearn.datasets import load_iris

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


@cache
def iris_minimum() -> tuple[Problem, Array]:
    """The lowest minimum of iris 4-10-3 tanh at l2 = 1e-3, energy 0.08600617530996, found by eleven of twelve quenches
    from N(0, 1); quenched here by scipy on a numpy energy."""
    inputs, labels = load_iris(return_X_y=True)
    inputs = (inputs - inputs.mean(0)) / inputs.std(0)
    start = np.random.default_rng(0).normal(size=83)
    options = {"maxcor": 40, "maxiter": 3000, "maxfun": 5000, "ftol": 0.0, "gtol": 1e-9}
    found = minimize(_iris_energy, start, args=(inputs, labels), jac=True, method="L-BFGS-B", options=options)
    assert abs(found.fun - 0.08600617530996) < 1e-10
    module = torch.nn.Sequential(torch.nn.Linear(4, 10), torch.nn.Tanh(), torch.nn.Linear(10, 3))
    return Problem.from_module(module, inputs, labels, l2=1e-3), found.x


@cache
def iris_minimum_of(activation: str, hidden: tuple[int, ...]) -> tuple[Problem, Array]:
    """A minimum of a network on iris at l2 = 1e-3 by scipy's L-BFGS, converged as far as the activation lets it."""
    problem = Problem(dataset="iris", hidden=list(hidden), activation=activation, l2=1e-3)

    def energy(theta: Array) -> tuple[float, Array]:
        value, gradient = problem.energy_and_gradient(torch.tensor(theta)[None])
        return value.item(), gradient[0].numpy()

    start = np.random.default_rng(0).normal(size=problem.n_parameters)
    found = minimize(energy, start, jac=True, method="L-BFGS-B", options={"maxiter": 1000, "ftol": 0.0, "gtol": 1e-7})
    return problem, found.x


def _iris_energy(theta: Array, inputs: Array, labels: Array) -> tuple[float, Array]:
    (w1, b1), (w2, b2) = unpack(theta, [4, 10, 3])
    hidden = np.tanh(inputs @ w1.T + b1)
    logits = hidden @ w2.T + b2
    log_p = logits - scipy.special.logsumexp(logits, axis=1, keepdims=True)
    rows = np.arange(len(labels))
    delta = np.exp(log_p)
    delta[rows, labels] -= 1.0
    delta /= len(labels)
    back = delta @ w2 * (1.0 - hidden**2)
    gradient = np.concatenate([(back.T @ inputs).ravel(), back.sum(0), (delta.T @ hidden).ravel(), delta.sum(0)])
    return -log_p[rows, labels].mean() + 1e-3 * theta @ theta, gradient + 2e-3 * theta
