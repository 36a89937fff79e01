"""Minima that tests measure, and their problems.

The parameters are stored in `minima.npz`, so that the tests measure the same points on every processor: in a fresh
quench, rounding decides which minimum is reached. `python -m tests.properties.minima` quenches them again, each by
scipy's L-BFGS-B from the first start with a minimum whose outputs all vary, and writes that file.
"""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import scipy.special
import torch
from scipy.optimize import minimize
from sklearn.datasets import load_iris

from landscape.config.tables import MeasureConfig
from landscape.problems.problem import Problem
from landscape.properties.attacks.networks import Networks
from landscape.properties.draws import with_draws
from tests.properties.small_problems import unpack

Array = np.ndarray

FILE = Path(__file__).with_name("minima.npz")
ATTACKED = {"iris": [10], "wine": [6], "digits": [12]}
ARCHITECTURES = ((4,), (5, 3), (4, 3, 4))
ACTIVATIONS = ("tanh", "sigmoid", "softplus", "gelu", "silu", "relu", "identity")
VARYING = 1e-2  # least standard deviation of an output over the samples


@cache
def stored(dataset: str, activation: str, hidden: tuple[int, ...]) -> tuple[Problem, Array]:
    """A problem at l2 = 1e-3, and theta [P] of one of its minima; with kinks, of the end of the quench."""
    with np.load(FILE) as parameters:
        return _problem(dataset, activation, hidden), parameters[_name(dataset, activation, hidden)]


def iris_minimum() -> tuple[Problem, Array]:
    """The lowest minimum of iris 4-10-3 tanh at l2 = 1e-3, energy 0.08600617530996, found by eleven of twelve quenches
    from N(0, 1). The problem is made of a torch module; the quenched energy used numpy alone.
    """
    inputs, labels = _iris()
    module = torch.nn.Sequential(torch.nn.Linear(4, 10), torch.nn.Tanh(), torch.nn.Linear(10, 3))
    return Problem.from_module(module, inputs, labels, l2=1e-3), stored("iris", "tanh", (10,))[1]


def iris_minimum_of(activation: str, hidden: tuple[int, ...]) -> tuple[Problem, Array]:
    """A minimum of a network on iris."""
    return stored("iris", activation, hidden)


def some_minimum(dataset: str) -> tuple[Problem, torch.Tensor]:
    """The problem of a data set, and theta [1, P] of one of its minima."""
    problem, theta = stored(dataset, "tanh", tuple(ATTACKED[dataset]))
    return problem, torch.tensor(theta[None])


def networks_of(
    problem: Problem, theta: torch.Tensor, settings: MeasureConfig | None = None, bounds: tuple[float, ...] = ()
) -> Networks:
    """The networks theta [M, P] on all samples of the problem, with the random numbers of the settings."""
    samples = with_draws(problem.inputs, problem.targets, settings or MeasureConfig())
    return Networks(problem, theta, samples, bounds)


def _problem(dataset: str, activation: str, hidden: tuple[int, ...]) -> Problem:
    subset = 150 if dataset == "digits" else 0
    return Problem(dataset=dataset, hidden=list(hidden), activation=activation, subset=subset, l2=1e-3)


def _iris() -> tuple[Array, Array]:
    inputs, labels = load_iris(return_X_y=True)
    return (inputs - inputs.mean(0)) / inputs.std(0), labels


def _numpy_energy(theta: Array) -> tuple[float, Array]:
    """Energy and gradient of iris 4-10-3 tanh at l2 = 1e-3, without the package."""
    inputs, labels = _iris()
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


def _name(dataset: str, activation: str, hidden: tuple[int, ...]) -> str:
    return "-".join([dataset, activation, *map(str, hidden)])


def _quenched(problem: Problem, energy: Callable[[Array], tuple[float, Array]] | None = None) -> Array:
    def of_problem(theta: Array) -> tuple[float, Array]:
        value, gradient = problem.energy_and_gradient(torch.tensor(theta[None]))
        return value.item(), gradient[0].numpy()

    options = {"maxcor": 40, "maxiter": 3000, "maxfun": 5000, "ftol": 0.0, "gtol": 1e-9}
    seed = 0
    while True:
        start = np.random.default_rng(seed).normal(size=problem.n_parameters)
        theta: Array = minimize(energy or of_problem, start, jac=True, method="L-BFGS-B", options=options).x
        outputs = problem.network.outputs(torch.tensor(theta[None]), problem.inputs)[0]
        if (outputs.std(0) > VARYING).all():
            return theta
        seed += 1


if __name__ == "__main__":
    CASES = [
        *(("iris", activation, hidden) for activation in ACTIVATIONS for hidden in ARCHITECTURES),
        *((dataset, "tanh", tuple(hidden)) for dataset, hidden in ATTACKED.items()),
    ]
    PARAMETERS: dict[str, Any] = {_name(*case): _quenched(_problem(*case)) for case in CASES}
    LOWEST = "iris", "tanh", (10,)
    PARAMETERS[_name(*LOWEST)] = _quenched(_problem(*LOWEST), _numpy_energy)
    np.savez(FILE, **PARAMETERS)
