"""The energies on which minimisers and searches are tested, in one table, with their starting points."""

from collections.abc import Callable
from functools import cache

import numpy as np
import torch
from torch import Tensor

from landscape.objective import Objective
from landscape.problems.problem import Problem
from landscape.problems.surfaces.adapter import as_objective
from landscape.problems.surfaces.analytic import LennardJones, MuellerBrown, SixHumpCamel


class NumpyCamel:
    """The six-hump camel as a user would write it."""

    n_parameters = 2

    def energy_and_gradient(self, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        energy, gradient = SixHumpCamel().energy_and_gradient(torch.from_numpy(theta))
        return energy.numpy(), gradient.numpy()


def network() -> Objective:
    """XOR with three tanh units: 13 parameters."""
    return Problem(dataset="xor", standardise=False, hidden=[3], l2=1e-2)


OBJECTIVES: dict[str, Callable[[], Objective]] = {
    "mueller_brown": MuellerBrown,
    "camel": SixHumpCamel,
    "cluster": lambda: LennardJones(5),
    "network": network,
    "adapted": lambda: as_objective(NumpyCamel()),
}

# Five corners of a cube, so that no two atoms of a start sit on each other.
CORNERS = 1.1 * np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 1]]).ravel()

# Lowest and highest value of each parameter of a start.
Bound = np.ndarray | tuple[float, ...] | float
BOXES: dict[str, tuple[Bound, Bound]] = {
    "mueller_brown": ((-1.5, -0.5), (1.2, 2.0)),
    "camel": ((-2.0, -1.1), (2.0, 1.1)),
    "cluster": (CORNERS - 0.15, CORNERS + 0.15),
    "network": (-2.0, 2.0),
    "adapted": ((-2.0, -1.1), (2.0, 1.1)),
}


@cache
def objective(name: str) -> Objective:
    """The objective of this name, made once."""
    return OBJECTIVES[name]()


def starts(name: str, walkers: int, seed: int = 0) -> Tensor:
    """Points [W, P] uniform in the box of an objective."""
    random = np.random.default_rng(seed)
    return torch.tensor(random.uniform(*BOXES[name], (walkers, objective(name).n_parameters)))
