"""Starting points of searches. Shapes: P parameters."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from jaxtyping import Float


class Starts(Protocol):
    """Draws starting points."""

    def draw(self, random: np.random.Generator, n_parameters: int) -> Float[np.ndarray, " P"]:
        """One point."""


@dataclass(frozen=True)
class GaussianStarts:
    """Normal around zero at one of several scales.

    Basins differ in size by orders of magnitude, and some, such as that of zero itself, are found from small
    starts only.
    """

    scales: tuple[float, ...]

    def draw(self, random: np.random.Generator, n_parameters: int) -> Float[np.ndarray, " P"]:
        """One point."""
        return float(random.choice(self.scales)) * random.standard_normal(n_parameters)


@dataclass(frozen=True)
class BoxStarts:
    """Uniform in a box, the same for every parameter or one pair a parameter."""

    low: Float[np.ndarray, " P"] | float
    high: Float[np.ndarray, " P"] | float

    def draw(self, random: np.random.Generator, n_parameters: int) -> Float[np.ndarray, " P"]:
        """One point."""
        return random.uniform(self.low, self.high, n_parameters)
