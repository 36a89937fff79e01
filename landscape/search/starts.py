"""Starting points of searches. Shapes: P parameters."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from jaxtyping import Float


class Starts(Protocol):
    """A distribution of starting points."""

    def draw(self, random: np.random.Generator, n_parameters: int) -> Float[np.ndarray, " P"]:
        """One point."""


@dataclass(frozen=True)
class GaussianStarts:
    """Normal distributions around zero, with a scale drawn from several.

    Basins differ in size by orders of magnitude, and some, such as the basin of zero itself, are found from small
    starts only.
    """

    scales: tuple[float, ...]

    def draw(self, random: np.random.Generator, n_parameters: int) -> Float[np.ndarray, " P"]:
        """One point."""
        return float(random.choice(self.scales)) * random.standard_normal(n_parameters)


@dataclass(frozen=True)
class BoxStarts:
    """The uniform distribution in a box, with the same ends for all parameters or two ends per parameter."""

    low: Float[np.ndarray, " P"] | float
    high: Float[np.ndarray, " P"] | float

    def draw(self, random: np.random.Generator, n_parameters: int) -> Float[np.ndarray, " P"]:
        """One point."""
        return random.uniform(self.low, self.high, n_parameters)
