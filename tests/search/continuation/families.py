"""Families on the plane whose singular points are known in closed form."""

import numpy as np
import torch
from torch import Tensor

from landscape.objective import Symmetry
from landscape.problems.networks.symmetry import NoSymmetry
from landscape.search.continuation.arcs import End
from landscape.search.continuation.curve import Curve
from landscape.search.continuation.diagram import Diagram, follow
from landscape.search.continuation.family import Interval


class Mirror:
    """The reflection x -> -x."""

    def canonical(self, theta: np.ndarray) -> np.ndarray:
        return self.align(theta, np.ones_like(theta))

    def align(self, theta: np.ndarray, reference: np.ndarray) -> np.ndarray:
        turned: np.ndarray = theta * np.where(theta[:, :1] * reference[:, :1] < 0.0, [[-1.0, 1.0]], [[1.0, 1.0]])
        return turned

    def distance(self, theta: np.ndarray, reference: np.ndarray) -> np.ndarray:
        found: np.ndarray = np.linalg.norm(self.align(theta, reference) - reference, axis=1)
        return found

    def log_orbit_size(self, theta: np.ndarray) -> np.ndarray:
        return np.where(np.abs(theta[:, 0]) > 1e-7, np.log(2.0), 0.0)


class Plane:
    """E = V(x; parameter) + y^2; a subclass has V, its slope in x and its further derivatives."""

    n_parameters = 2
    energy_unit = 1.0
    device = torch.device("cpu")

    def __init__(self, symmetry: Symmetry | None = None) -> None:
        self.symmetry: Symmetry = symmetry or NoSymmetry()

    def v(self, x: Tensor, value: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """V, dV/dx, d2V/dx2 and d2V/dx dvalue."""
        raise NotImplementedError

    def energy_and_gradient(self, theta: Tensor, value: Tensor) -> tuple[Tensor, Tensor]:
        x, y = theta.T
        v, slope, _, _ = self.v(x, value)
        return v + y.square(), torch.stack([slope, 2.0 * y], 1)

    def hessian(self, theta: Tensor, value: Tensor) -> Tensor:
        curvature = self.v(theta[:, 0], value)[2]
        return torch.diag_embed(torch.stack([curvature, torch.full_like(curvature, 2.0)], 1))

    def slope(self, theta: Tensor, value: Tensor) -> Tensor:
        mixed = self.v(theta[:, 0], value)[3]
        return torch.stack([mixed, torch.zeros_like(mixed)], 1)


class CuspOverA(Plane):
    """The cusp catastrophe x^4/4 - a x^2/2 - b x over a, at a fixed b."""

    def __init__(self, b: float = 0.0, symmetry: Symmetry | None = None) -> None:
        super().__init__(symmetry)
        self.b = b

    def v(self, x: Tensor, value: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        energy = x**4 / 4 - value * x**2 / 2 - self.b * x
        return energy, x**3 - value * x - self.b, 3 * x**2 - value, -x


class CuspOverB(Plane):
    """The cusp catastrophe over b, at a = 1: folds at b = +-2 / (3 sqrt 3), where x = -+1 / sqrt 3."""

    def v(self, x: Tensor, value: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        return x**4 / 4 - x**2 / 2 - value * x, x**3 - x - value, 3 * x**2 - 1.0, -torch.ones_like(x)


class Crossing(Plane):
    """x^3/3 - a x^2/2 over a: the points x = 0 and x = a cross at a = 0 and exchange their roles."""

    def v(self, x: Tensor, value: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        return x**3 / 3 - value * x**2 / 2, x**2 - value * x, 2 * x - value, -x


def points(*x: float) -> Tensor:
    return torch.tensor([[one, 0.0] for one in x], dtype=torch.float64)


def over(family: Plane, start: float, end: float) -> Curve:
    return Curve(family, Interval(start=start, end=end, logarithmic=False))


def followed(family: Plane, start: float, end: float, *first: float, last: tuple[float, ...] = ()) -> Diagram:
    """The diagram from points x at the first end, and at the last if there are any."""
    return follow(over(family, start, end), points(*first), points(*last) if last else None)


def ends(diagram: Diagram) -> list[set[End]]:
    """The two ends of each arc."""
    return [{arc.begin, arc.end} for arc in diagram.arcs]
