"""Which stationary points are one: equal energies and, modulo the symmetry, equal places.

An `Index` keeps the energies of known points sorted. A new one is compared only with those within the energy
tolerance; it is the same as the oldest of these whose aligned distance is within the distance tolerance. What was added
last is sorted in a short list of its own, which is merged into the long one when it has grown in proportion to it: so
a look-up costs O(log M), and an addition little more. Shapes: M known points, P parameters.
"""

from bisect import bisect_left, bisect_right, insort

import numpy as np

from landscape.config.tables import IdentityConfig
from landscape.objective import Symmetry

MERGE_AT_LEAST = 1000  # recent points
MERGE_FRACTION = 1 / 256  # of all: more of them and adding one moves too much of their list, fewer and merges cost more


class Index:
    """Known points in the order in which they were added."""

    def __init__(self, symmetry: Symmetry, identity: IdentityConfig) -> None:
        self.symmetry = symmetry
        self.identity = identity
        self._energy = np.empty(0)  # sorted, of all but the recent points
        self._number = np.empty(0, dtype=np.int64)  # of the point of each energy
        self._recent: list[tuple[float, int]] = []  # sorted
        self._table = np.empty((0, 0))  # places of the leading points
        self._later: list[np.ndarray] = []  # places of the others

    def __len__(self) -> int:
        return len(self._table) + len(self._later)

    def find(self, energy: float, theta: np.ndarray) -> int:
        """Number of the known point that theta [P] is, or -1."""
        return next((number for number in self._near(energy) if self._is_at(number, theta)), -1)

    def add(self, energy: float, theta: np.ndarray) -> int:
        """Number of a new point theta [P]."""
        number = len(self)
        insort(self._recent, (energy, number))
        self._later.append(theta)
        if len(self._recent) > max(MERGE_AT_LEAST, MERGE_FRACTION * number):
            self._merge()
        return number

    def find_or_add(self, energy: float, theta: np.ndarray) -> int:
        """Number of theta [P], known or new; new if it equals the length of the index before the call."""
        number = self.find(energy, theta)
        return self.add(energy, theta) if number < 0 else number

    def fill(self, energy: np.ndarray, theta: np.ndarray) -> None:
        """Take over points energy [M], theta [M, P] that are known to be distinct, in place of all there are."""
        self._number = np.argsort(energy, kind="stable")
        self._energy = energy[self._number]
        self._recent = []
        self.settle(theta)

    def settle(self, theta: np.ndarray) -> None:
        """Look up the places of all points in theta [M, P], which holds them, and let go of those that were added."""
        self._table, self._later = theta, []

    def _near(self, energy: float) -> list[int]:
        """Points within the energy tolerance, in the order in which they were added."""
        low, high = energy - self.identity.energy_tolerance, energy + self.identity.energy_tolerance
        old = slice(np.searchsorted(self._energy, low, "left"), np.searchsorted(self._energy, high, "right"))
        new = slice(bisect_left(self._recent, (low, -1)), bisect_right(self._recent, (high, len(self))))
        return sorted([*self._number[old].tolist(), *(number for _, number in self._recent[new])])

    def _is_at(self, number: int, theta: np.ndarray) -> bool:
        """Whether a known point is a copy of theta [P]; without alignment if it is so near already."""
        place = self._table[number] if number < len(self._table) else self._later[number - len(self._table)]
        tolerance = self.identity.distance_tolerance
        if np.linalg.norm(theta - place) <= tolerance:
            return True
        return bool(self.symmetry.distance(theta[None], place[None])[0] <= tolerance)

    def _merge(self) -> None:
        """Sort the recent points into the others; of equal energies the recent ones come last."""
        energy, number = (np.array(column) for column in zip(*self._recent, strict=True))
        place = np.searchsorted(self._energy, energy, "right")
        self._energy, self._number = np.insert(self._energy, place, energy), np.insert(self._number, place, number)
        self._recent = []
