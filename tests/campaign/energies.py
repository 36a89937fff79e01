"""Energies that a user might bring, in numpy, with all their stationary points from other code.

The stationary points of a separable energy are products of those of its one-dimensional part, which `brentq` finds
between changes of sign of the derivative: minima are products of minima, transition states products of minima and one
maximum.
"""

from collections.abc import Callable
from functools import partial
from itertools import product
from typing import Any, NamedTuple

import numpy as np
from scipy.optimize import brentq, root

Function = Callable[[np.ndarray], np.ndarray]


class Separable:
    """The sum of one function of each parameter."""

    def __init__(self, part: Function, slope: Function, n_parameters: int, factor: float = 1.0) -> None:
        self.n_parameters, self.part, self.slope, self.factor = n_parameters, part, slope, factor

    def energy_and_gradient(self, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Energies [W] and gradients [W, P]."""
        return self.factor * self.part(theta).sum(1), self.factor * self.slope(theta)


schwefel = partial(
    Separable,
    lambda x: 418.9828872724339 - x * np.sin(np.sqrt(np.abs(x))),
    lambda x: -np.sin(np.sqrt(np.abs(x))) - 0.5 * np.sqrt(np.abs(x)) * np.cos(np.sqrt(np.abs(x))),
    2,
)
rastrigin = partial(
    Separable,
    lambda x: 10.0 + x**2 - 10.0 * np.cos(2.0 * np.pi * x),
    lambda x: 2.0 * x + 20.0 * np.pi * np.sin(2.0 * np.pi * x),
    2,
)
styblinski_tang = partial(
    Separable, lambda x: 0.5 * (x**4 - 16.0 * x**2 + 5.0 * x), lambda x: 0.5 * (4.0 * x**3 - 32.0 * x + 5.0), 3
)


class Himmelblau:
    """Four minima and four transition states in the plane."""

    n_parameters = 2

    def __init__(self, factor: float = 1.0) -> None:
        self.factor = factor

    def energy_and_gradient(self, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Energies [W] and gradients [W, 2]."""
        x, y = theta.T
        a, b = x**2 + y - 11.0, x + y**2 - 7.0
        gradient = np.stack([4.0 * x * a + 2.0 * b, 2.0 * a + 4.0 * y * b], axis=1)
        return self.factor * (a**2 + b**2), self.factor * gradient


class Energy:
    """An energy of theta[W, P], from a function that returns energy and gradient."""

    def __init__(self, function: Callable[[np.ndarray], Any], n_parameters: int = 2, **attributes: object) -> None:
        self.energy_and_gradient, self.n_parameters = function, n_parameters
        self.__dict__.update(attributes)


class Truth(NamedTuple):
    """Minima [M, P], and transition states [T, P] with the minima [T, 2, P] on their two sides."""

    minima: np.ndarray
    states: np.ndarray
    sides: np.ndarray


def stationary(slope: Function, low: float, high: float) -> tuple[list[float], list[float]]:
    """Minima of a function of one parameter in an interval, and the maxima between them."""
    grid = np.linspace(low, high, 100_001) + 1e-9
    values = slope(grid)
    rising, falling = ((sign * values[:-1] < 0.0) & (sign * values[1:] > 0.0) for sign in (1.0, -1.0))
    minima, maxima = (
        [brentq(lambda x: float(slope(np.array(x))), *grid[row : row + 2]) for row in np.flatnonzero(places)]
        for places in (rising, falling)
    )
    return minima, [x for x in maxima if minima[0] < x < minima[-1]]


def separable_truth(energy: Separable, low: float, high: float) -> Truth:
    """All minima in a box, and all transition states with both sides in the box."""
    minima, maxima = stationary(energy.slope, low, high)
    states, sides = [], []
    for place in range(energy.n_parameters):
        for others in product(minima, repeat=energy.n_parameters - 1):
            for number, maximum in enumerate(maxima):
                at = [(*others[:place], x, *others[place:]) for x in (maximum, minima[number], minima[number + 1])]
                states.append(at[0])
                sides.append(at[1:])
    every = np.array(list(product(minima, repeat=energy.n_parameters)))
    return Truth(every, np.array(states), np.array(sides))


def planar_points(energy: Any, low: float, high: float) -> dict[int, np.ndarray]:  # noqa: ANN401 - whatever has energy_and_gradient
    """Stationary points in a square by their index: roots of the gradient, found from starts on a grid."""
    found: list[np.ndarray] = []

    def gradient(x: np.ndarray) -> np.ndarray:
        return np.asarray(energy.energy_and_gradient(x[None])[1][0])

    for start in product(np.linspace(low, high, 15), repeat=2):
        end = root(gradient, start, tol=1e-13)
        if end.success and not any(np.linalg.norm(end.x - one) < 1e-5 for one in found):
            found.append(end.x)
    step = 1e-5 * np.eye(2)
    index = [int((np.linalg.eigvalsh([gradient(x + s) - gradient(x - s) for s in step]) < 0.0).sum()) for x in found]
    return {wanted: np.array([x for x, one in zip(found, index, strict=True) if one == wanted]) for wanted in range(3)}
