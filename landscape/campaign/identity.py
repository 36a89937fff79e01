"""Identity of stationary points: two are one if their energies and, modulo the symmetry, their parameters agree.

A `PointIndex` keeps the energies of its points sorted. A further point is compared only with the points within the
energy tolerance, and is the same as the oldest of them whose aligned distance is within the distance tolerance. Recent
additions have a short sorted list of their own, which is merged into the long one once it exceeds a fraction of it: a
look-up costs O(log M), an addition little more. Shapes: M points, P parameters.
"""

from bisect import bisect_left, bisect_right, insort
from dataclasses import dataclass
from typing import Protocol, Self, runtime_checkable

import numpy as np
import torch

from landscape.campaign.context import Context
from landscape.config.tables import IdentityConfig
from landscape.database.records import Minima, TransitionStates
from landscape.objective import Symmetry
from landscape.optimize.newton import StationaryPoints

MERGE_AT_LEAST = 1000  # recent points before a merge
MERGE_FRACTION = 1 / 256  # of all points: a larger one makes additions slow, a smaller one makes merges frequent


class PointIndex:
    """Distinct points in the order in which they were added."""

    def __init__(self, symmetry: Symmetry, identity: IdentityConfig) -> None:
        self.symmetry = symmetry
        self.identity = identity
        self._energy = np.empty(0)  # sorted energies of all but the recent points
        self._number = np.empty(0, dtype=np.int64)  # number of the point with each of these energies
        self._recent: list[tuple[float, int]] = []  # sorted (energy, number) pairs
        self._table = np.empty((0, 0))  # parameters of the leading points
        self._later: list[np.ndarray] = []  # parameters of the others

    def __len__(self) -> int:
        return len(self._table) + len(self._later)

    def find(self, energy: float, theta: np.ndarray) -> int:
        """Number of the point of the index that equals theta [P], or -1."""
        return next((number for number in self._near(energy) if self._is_at(number, theta)), -1)

    def add(self, energy: float, theta: np.ndarray) -> int:
        """Add a new point theta [P]; returns its number."""
        number = len(self)
        insort(self._recent, (energy, number))
        self._later.append(theta)
        if len(self._recent) > max(MERGE_AT_LEAST, MERGE_FRACTION * number):
            self._merge()
        return number

    def find_or_add(self, energy: float, theta: np.ndarray) -> int:
        """Number of theta [P]; a new point is added, and its number is the length of the index before that."""
        number = self.find(energy, theta)
        return self.add(energy, theta) if number < 0 else number

    def fill(self, energy: np.ndarray, theta: np.ndarray) -> None:
        """Replace all points by distinct points of energy [M] and parameters theta [M, P]."""
        self._number = np.argsort(energy, kind="stable")
        self._energy = energy[self._number]
        self._recent = []
        self.settle(theta)

    def settle(self, theta: np.ndarray) -> None:
        """Take the parameters of all points from a table theta [M, P], and drop the copies of those that were added."""
        self._table, self._later = theta, []

    def _near(self, energy: float) -> list[int]:
        """Numbers of the points within the energy tolerance, in the order in which they were added."""
        low, high = energy - self.identity.energy_tolerance, energy + self.identity.energy_tolerance
        old = slice(np.searchsorted(self._energy, low, "left"), np.searchsorted(self._energy, high, "right"))
        new = slice(bisect_left(self._recent, (low, -1)), bisect_right(self._recent, (high, len(self))))
        return sorted([*self._number[old].tolist(), *(number for _, number in self._recent[new])])

    def _is_at(self, number: int, theta: np.ndarray) -> bool:
        """True if a point of the index is a copy of theta [P]; alignment is skipped if they are near without it."""
        reference = self._table[number] if number < len(self._table) else self._later[number - len(self._table)]
        tolerance = self.identity.distance_tolerance
        if np.linalg.norm(theta - reference) <= tolerance:
            return True
        return bool(self.symmetry.distance(theta[None], reference[None])[0] <= tolerance)

    def _merge(self) -> None:
        """Merge the recent points into the others; at equal energies recent points come last."""
        energy, number = (np.array(column) for column in zip(*self._recent, strict=True))
        place = np.searchsorted(self._energy, energy, "right")
        self._energy, self._number = np.insert(self._energy, place, energy), np.insert(self._number, place, number)
        self._recent = []


@dataclass(frozen=True, kw_only=True)
class PointRows:
    """Some rows of the committed points: row numbers, energies and parameters."""

    row: np.ndarray  # int64[M]
    energy: np.ndarray  # [M]
    parameters: np.ndarray  # [M, P]

    @classmethod
    def of(cls, points: Minima | TransitionStates, row: np.ndarray) -> Self:
        """The rows int64[M] of a table of points."""
        return cls(row=row, energy=points.energy[row], parameters=points.parameters[row])


@dataclass(frozen=True, kw_only=True)
class DistinctMinima:
    """Distinct minima of one task: committed ones by their rows, the others with all columns."""

    row: np.ndarray  # int64[M]: row of the database, -1 for those in `unknown`
    hits: np.ndarray  # int64[M]
    unknown: Minima  # [U], in order

    @classmethod
    def of(cls, minima: Minima) -> Self:
        """Distinct minima whose rows, if any, are unknown."""
        return cls(row=np.full(len(minima), -1), hits=minima.hits, unknown=minima)

    def without(self, committed: PointIndex) -> Self:
        """The same minima; those in the index `committed` are reduced to their rows."""
        minima, row = self.unknown, self.row.copy()
        pairs = zip(minima.energy.tolist(), minima.parameters, strict=True)
        found = np.array([committed.find(energy, theta) for energy, theta in pairs], dtype=np.int64)
        row[row < 0] = found
        return type(self)(row=row, hits=self.hits, unknown=minima.take(found < 0))


@runtime_checkable
class Reducible(Protocol):
    """A result of a task in which minima can be replaced by their rows, once they are committed."""

    def without(self, committed: PointIndex) -> Self:
        """The same result; minima in the index `committed` are reduced to their rows."""


def distinct_minima(
    context: Context, points: StationaryPoints, committed: PointRows | None = None
) -> tuple[DistinctMinima, np.ndarray]:
    """Distinct canonical minima [M]: the `committed` ones, then new ones among points [F] in order of first appearance.

    Returns the minima, and for each point the number int64[F] of its minimum.
    """
    symmetry = context.objective.symmetry
    theta = symmetry.canonical(points.theta.cpu().numpy())
    energy = points.energy.cpu().numpy()
    index = PointIndex(symmetry, context.identity)
    if committed is not None:
        index.fill(committed.energy, committed.parameters)
    before = len(index)
    numbers = np.array([index.find_or_add(value, point) for value, point in zip(energy, theta, strict=True)], np.int64)
    appeared, place = np.unique(numbers, return_index=True)
    first = place[appeared >= before]
    hits = np.bincount(numbers, minlength=len(index)).astype(np.int64)
    row = np.full(len(index), -1)
    if committed is not None:
        row[:before] = committed.row
    unknown = _minima(context, points, theta, first, hits[before:])
    return DistinctMinima(row=row, hits=hits, unknown=unknown), numbers


def _minima(
    context: Context, points: StationaryPoints, theta: np.ndarray, rows: np.ndarray, hits: np.ndarray
) -> Minima:
    """The table of the minima at places `rows` int64[U] among points [F].

    `theta` [F, P] are the canonical parameters of all points; `hits` int64[U] are those of the minima.
    """
    here = torch.tensor(rows)
    return Minima(
        parameters=theta[rows],
        energy=points.energy.cpu()[here].numpy(),
        rms_gradient=points.rms_gradient.cpu()[here].numpy(),
        lowest_eigenvalue=points.values[:, 0].cpu()[here].numpy(),
        log_determinant=points.log_determinant.cpu()[here].numpy(),
        log_orbit_size=context.objective.symmetry.log_orbit_size(theta[rows]),
        hits=hits,
    )
