"""Which stationary points are one: equal energies and, modulo the symmetry, equal places.

An `Index` keeps known points sorted by energy. A new one is compared only with those within the energy
tolerance; it is the same as the first of these whose aligned distance is within the distance tolerance.
Shapes: P parameters.
"""

from bisect import bisect_left, insort

import numpy as np

from landscape.config import IdentityConfig
from landscape.objective import Symmetry


class Index:
    """Known points in the order in which they were added."""

    def __init__(self, symmetry: Symmetry, identity: IdentityConfig) -> None:
        self.symmetry = symmetry
        self.identity = identity
        self._sorted: list[tuple[float, int]] = []
        self._points: list[np.ndarray] = []

    def __len__(self) -> int:
        return len(self._points)

    def find(self, energy: float, theta: np.ndarray) -> int:
        """Number of the known point that theta [P] is, or -1."""
        tolerance = self.identity.energy_tolerance
        place = bisect_left(self._sorted, (energy - tolerance, -1))
        while place < len(self._sorted) and self._sorted[place][0] <= energy + tolerance:
            number = self._sorted[place][1]
            distance = self.symmetry.distance(theta[None], self._points[number][None])[0]
            if distance <= self.identity.distance_tolerance:
                return number
            place += 1
        return -1

    def add(self, energy: float, theta: np.ndarray) -> int:
        """Number of a new point theta [P]."""
        insort(self._sorted, (energy, len(self._points)))
        self._points.append(theta)
        return len(self._points) - 1

    def find_or_add(self, energy: float, theta: np.ndarray) -> int:
        """Number of theta [P], known or new; new if it equals the length of the index before the call."""
        number = self.find(energy, theta)
        return self.add(energy, theta) if number < 0 else number

    def add_all(self, energy: np.ndarray, theta: np.ndarray) -> None:
        """Adds points energy [M], theta [M, P] that are known to be distinct."""
        for value, point in zip(energy.tolist(), theta, strict=True):
            self.add(value, point)
