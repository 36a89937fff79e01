"""Where searches start. Shapes: P parameters, M minima, U units of a group, F components of a unit."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

EXCHANGE_NOISE = 0.05  # standard deviation in each parameter


class Starts(Protocol):
    """Draws starting points."""

    def draw(self, random: np.random.Generator, n_parameters: int) -> np.ndarray:
        """One point [P]."""


@dataclass(frozen=True)
class GaussianStarts:
    """Normal around zero at one of several scales.

    Basins differ in size by orders of magnitude, and some, such as that of zero itself, are found from small
    starts only.
    """

    scales: tuple[float, ...]

    def draw(self, random: np.random.Generator, n_parameters: int) -> np.ndarray:
        """One point [P]."""
        return float(random.choice(self.scales)) * random.standard_normal(n_parameters)


@dataclass(frozen=True)
class BoxStarts:
    """Uniform in a box, the same for every parameter or one pair a parameter."""

    low: np.ndarray | float
    high: np.ndarray | float

    def draw(self, random: np.random.Generator, n_parameters: int) -> np.ndarray:
        """One point [P]."""
        return random.uniform(self.low, self.high, n_parameters)


@dataclass(frozen=True)
class ExchangeStarts:
    """A known minimum, one of whose units is exchanged for a unit of another or the same one: the cut-and-splice of
    clusters (Deaven and Ho, Phys. Rev. Lett. 75, 288, 1995) for parts of which a point has several alike.

    All units but one of such a point are those of a minimum. Units of a group may stand for each other: the hidden
    units of a layer, the atoms of a cluster.
    """

    minima: np.ndarray  # [M, P]
    units: tuple[np.ndarray, ...]  # int64[U, F] for each group: the places of the components of its units

    def draw(self, random: np.random.Generator, n_parameters: int) -> np.ndarray:
        """One point [P]; a little noise, so that it does not stay in a symmetric subspace."""
        receiver, donor = self.minima[random.integers(len(self.minima), size=2)]
        group = self.units[random.integers(len(self.units))]
        old, new = group[random.integers(len(group), size=2)]
        point: np.ndarray = receiver + EXCHANGE_NOISE * random.standard_normal(n_parameters)
        point[old] += donor[new] - receiver[old]
        return point
