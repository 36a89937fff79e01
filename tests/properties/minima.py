"""Minima of a few problems for the tests of attacks, each quenched from one start by scipy's L-BFGS-B."""

from functools import cache

import numpy as np
import torch
from scipy.optimize import minimize

from landscape.config.tables import MeasureConfig
from landscape.problems.problem import Problem
from landscape.properties.attacks.networks import Networks
from landscape.properties.draws import with_draws

HIDDEN = {"iris": [10], "wine": [6], "digits": [12]}
SUBSET = {"digits": 150}


@cache
def some_minimum(dataset: str) -> tuple[Problem, torch.Tensor]:
    """The problem, and theta [1, P] of a minimum of it at l2 = 1e-3."""
    problem = Problem(dataset=dataset, hidden=HIDDEN[dataset], subset=SUBSET.get(dataset, 0), l2=1e-3)

    def energy(theta: np.ndarray) -> tuple[float, np.ndarray]:
        value, gradient = problem.energy_and_gradient(torch.tensor(theta[None]))
        return value.item(), gradient[0].numpy()

    start = np.random.default_rng(0).normal(size=problem.n_parameters)
    options = {"maxcor": 40, "maxiter": 3000, "maxfun": 5000, "ftol": 0.0, "gtol": 1e-7}
    return problem, torch.tensor(minimize(energy, start, jac=True, method="L-BFGS-B", options=options).x[None])


def networks_of(
    problem: Problem, theta: torch.Tensor, settings: MeasureConfig | None = None, bounds: tuple[float, ...] = ()
) -> Networks:
    """The networks theta [M, P] on all samples of the problem, with the random numbers of the settings."""
    samples = with_draws(problem.inputs, problem.targets, settings or MeasureConfig())
    return Networks(problem, theta, samples, bounds)
