"""Energies with a real parameter, the families whose stationary points are followed.

`Family` is the protocol. `L2Family` is an energy whose parameter is the weight l2 of an L2 penalty; all its derivatives
are exact. `FamilyOfObjectives` takes any function from a value to an objective, and the derivative of the gradient by
the parameter is a central difference. `Interval` has the two ends of the parameter and the coordinate s in which curves
are followed: the parameter itself, or its natural logarithm.

Shapes: W points, P parameters of the energy; float64.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

import torch
from jaxtyping import Float
from torch import Tensor

from landscape.objective import Objective, Symmetry

# The error of a central difference is the sum of its truncation, in proportion to the square, and of rounding.
DIFFERENCE = 1e-5
MOST_OBJECTIVES = 64  # kept for further calls at the same values


class Family(Protocol):
    """A twice differentiable energy of theta [W, P] at values [W] of a real parameter, one value for each point.

    All values share the `symmetry`. Tolerances of gradients are relative to `energy_unit`.
    """

    n_parameters: int
    symmetry: Symmetry
    energy_unit: float
    device: torch.device

    def energy_and_gradient(
        self, theta: Float[Tensor, "W P"], value: Float[Tensor, " W"]
    ) -> tuple[Float[Tensor, " W"], Float[Tensor, "W P"]]:
        """Energies [W] and their gradients [W, P] in theta."""

    def hessian(self, theta: Float[Tensor, "W P"], value: Float[Tensor, " W"]) -> Float[Tensor, "W P P"]:
        """Hessians [W, P, P] in theta."""

    def slope(self, theta: Float[Tensor, "W P"], value: Float[Tensor, " W"]) -> Float[Tensor, "W P"]:
        """Derivatives [W, P] of the gradients by the parameter."""


@dataclass(frozen=True, kw_only=True)
class Interval:
    """The range of a parameter from its value `start` to `end`; `logarithmic` if s is the logarithm of the value."""

    start: float
    end: float
    logarithmic: bool

    @property
    def ends(self) -> tuple[float, float]:
        """The coordinates s of start and end."""
        return (math.log(self.start), math.log(self.end)) if self.logarithmic else (self.start, self.end)

    @property
    def direction(self) -> float:
        """The sign of the change of s from start to end."""
        return math.copysign(1.0, self.ends[1] - self.ends[0])

    def value(self, s: Float[Tensor, " W"]) -> Float[Tensor, " W"]:
        """Values [W] of the parameter at s [W]."""
        return s.exp() if self.logarithmic else s

    def scale(self, s: Float[Tensor, " W"]) -> Float[Tensor, " W"]:
        """Derivatives [W] of the value by s at s [W]."""
        return s.exp() if self.logarithmic else torch.ones_like(s)


class L2Family:
    """E(theta; l2) = E(theta; l2_0) + (l2 - l2_0) sum(theta^2), around an objective whose penalty has the weight l2_0.

    `objective` is the one at `l2`, best that of the range with the smallest unit of the energy.
    """

    def __init__(self, objective: Objective, l2: float) -> None:
        self.n_parameters = objective.n_parameters
        self.symmetry = objective.symmetry
        self.energy_unit = objective.energy_unit
        self.device = objective.device
        self._objective, self._l2 = objective, l2

    def energy_and_gradient(
        self, theta: Float[Tensor, "W P"], value: Float[Tensor, " W"]
    ) -> tuple[Float[Tensor, " W"], Float[Tensor, "W P"]]:
        """Energies [W] and their gradients [W, P] in theta."""
        energy, gradient = self._objective.energy_and_gradient(theta)
        more = value - self._l2
        return energy + more * theta.square().sum(1), gradient + 2.0 * more[:, None] * theta

    def hessian(self, theta: Float[Tensor, "W P"], value: Float[Tensor, " W"]) -> Float[Tensor, "W P P"]:
        """Hessians [W, P, P] in theta."""
        more = torch.diag_embed((2.0 * (value - self._l2))[:, None].expand_as(theta))
        return self._objective.hessian(theta) + more

    def slope(self, theta: Float[Tensor, "W P"], value: Float[Tensor, " W"]) -> Float[Tensor, "W P"]:
        """Derivatives [W, P] of the gradients by l2."""
        del value
        return 2.0 * theta


class FamilyOfObjectives:
    """The energies `make(value)`; every value of a batch has an objective of its own.

    The derivative by the parameter is a central difference whose step is `DIFFERENCE` times the value, or times
    `length` for values that are smaller.
    """

    def __init__(self, make: Callable[[float], Objective], at: float, length: float = 0.0) -> None:
        self._at = lru_cache(MOST_OBJECTIVES)(make)
        self._length = length
        example = self._at(at)
        self.n_parameters = example.n_parameters
        self.symmetry = example.symmetry
        self.energy_unit = example.energy_unit
        self.device = example.device

    def energy_and_gradient(
        self, theta: Float[Tensor, "W P"], value: Float[Tensor, " W"]
    ) -> tuple[Float[Tensor, " W"], Float[Tensor, "W P"]]:
        """Energies [W] and their gradients [W, P] in theta."""
        found = [self._at(one).energy_and_gradient(row[None]) for one, row in zip(value.tolist(), theta, strict=True)]
        if not found:
            return theta.new_empty(0), theta
        return torch.cat([energy for energy, _ in found]), torch.cat([gradient for _, gradient in found])

    def hessian(self, theta: Float[Tensor, "W P"], value: Float[Tensor, " W"]) -> Float[Tensor, "W P P"]:
        """Hessians [W, P, P] in theta."""
        found = [self._at(one).hessian(row[None]) for one, row in zip(value.tolist(), theta, strict=True)]
        return torch.cat(found) if found else theta.new_empty(0, self.n_parameters, self.n_parameters)

    def slope(self, theta: Float[Tensor, "W P"], value: Float[Tensor, " W"]) -> Float[Tensor, "W P"]:
        """Derivatives [W, P] of the gradients by the parameter."""
        step = DIFFERENCE * value.abs().clamp_min(self._length)
        above = self.energy_and_gradient(theta, value + step)[1]
        below = self.energy_and_gradient(theta, value - step)[1]
        return (above - below) / (2.0 * step)[:, None]
