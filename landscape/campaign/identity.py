"""Which stationary points are one: equal energies and, modulo the symmetry, equal places.

An `Index` keeps the energies of known points sorted. A new one is compared only with those within the energy
tolerance; it is the same as the oldest of these whose aligned distance is within the distance tolerance. What was added
last is sorted in a short list of its own, which is merged into the long one when it has grown in proportion to it: so
a look-up costs O(log M), and an addition little more. Shapes: M known points, P parameters.
"""

from bisect import bisect_left, bisect_right, insort
from dataclasses import dataclass
from typing import Self

import numpy as np
import torch

from landscape.campaign.context import Context
from landscape.config.tables import IdentityConfig
from landscape.database.records import Minima
from landscape.objective import Symmetry
from landscape.optimize.newton import StationaryPoints

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


@dataclass(frozen=True, kw_only=True)
class Places:
    """Committed minima: rows, energies and parameters."""

    row: np.ndarray  # int64[M]
    energy: np.ndarray  # [M]
    parameters: np.ndarray  # [M, P]

    @classmethod
    def of(cls, minima: Minima, row: np.ndarray) -> Self:
        """The minima in rows `row` [M] of a table."""
        return cls(row=row, energy=minima.energy[row], parameters=minima.parameters[row])


@dataclass(frozen=True, kw_only=True)
class Finds:
    """Distinct minima of one task."""

    row: np.ndarray  # int64[M]: row of the database, -1 for those in `unknown`
    hits: np.ndarray  # int64[M]
    unknown: Minima  # [U], in order

    @classmethod
    def of(cls, minima: Minima) -> Self:
        """Minima none of which is known."""
        return cls(row=np.full(len(minima), -1), hits=minima.hits, unknown=minima)

    def without(self, known: Index) -> Self:
        """The same finds; of those that are known the row says it all."""
        minima, row = self.unknown, self.row.copy()
        pairs = zip(minima.energy.tolist(), minima.parameters, strict=True)
        found = np.array([known.find(energy, theta) for energy, theta in pairs], dtype=np.int64)
        row[row < 0] = found
        return type(self)(row=row, hits=self.hits, unknown=minima.take(found < 0))


def distinct_minima(
    context: Context, points: StationaryPoints, places: Places | None = None
) -> tuple[Finds, np.ndarray]:
    """Distinct canonical minima [M]: those of `places`, then others of points [F] in order of first appearance.

    Returns them and int64[F]: which of them each point is.
    """
    symmetry = context.objective.symmetry
    theta = symmetry.canonical(points.theta.cpu().numpy())
    energy = points.energy.cpu().numpy()
    index = Index(symmetry, context.settings.identity)
    if places is not None:
        index.fill(places.energy, places.parameters)
    known = len(index)
    numbers = np.array([index.find_or_add(value, point) for value, point in zip(energy, theta, strict=True)], np.int64)
    appeared, place = np.unique(numbers, return_index=True)
    first = place[appeared >= known]
    hits = np.bincount(numbers, minlength=len(index)).astype(np.int64)
    rows = torch.tensor(first)
    kept = theta[first]
    unknown = Minima(
        parameters=kept,
        energy=energy[first],
        rms_gradient=points.rms_gradient.cpu()[rows].numpy(),
        lowest_eigenvalue=points.values[:, 0].cpu()[rows].numpy(),
        log_determinant=points.log_determinant.cpu()[rows].numpy(),
        log_orbit_size=symmetry.log_orbit_size(kept),
        hits=hits[known:],
    )
    row = np.full(len(index), -1)
    if places is not None:
        row[:known] = places.row
    return Finds(row=row, hits=hits, unknown=unknown), numbers
