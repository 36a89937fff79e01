"""Verification of results, by codes that share nothing with either side: a numpy network and its own symmetry.

A point counts if it is stationary and of the right index: its RMS gradient is small as handed in, Newton steps stay
near and end at rounding, and there the Hessian has the right number of eigenvalues below -1e-3 * 2 * l2. Two points are
one if their energies and their aligned places agree. Shapes: F points handed in, P parameters.
"""

from bisect import bisect_left, insort
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from tests.benchmarks.landscapes import LANDSCAPES, RMS
from tests.benchmarks.units import Units
from tests.problems.reference import NumpyNetwork

NEWTON_STEPS = 10
ROUNDING = 1e-11  # RMS gradient after Newton steps
NEAR = 0.5  # largest distance that Newton steps may lead


@dataclass(frozen=True)
class Tolerance:
    """Largest differences of energies and of aligned places at which two points are one."""

    energy: float
    distance: float


UNFINISHED, FINISHED = Tolerance(1e-7, 1e-2), Tolerance(1e-9, 1e-4)


class Judge:
    """Verifies points on one landscape."""

    def __init__(self, landscape: str, l2: float) -> None:
        self.threshold = -2e-3 * l2
        self.network = NumpyNetwork(*LANDSCAPES[landscape].samples(), LANDSCAPES[landscape].hidden, l2)
        self.units = Units(*self.network.sizes)

    def rms(self, theta: np.ndarray) -> float:
        """RMS gradient at theta [P]."""
        return float(np.sqrt(np.mean(self.network.gradient(theta) ** 2)))

    def index(self, theta: np.ndarray) -> int:
        """Negative eigenvalues of the Hessian at theta [P]."""
        return int((np.linalg.eigvalsh(self.network.hessian(theta)) < self.threshold).sum())

    def finished(self, points: Iterable[np.ndarray], index: int, rms: float = RMS) -> list[np.ndarray]:
        """Stationary points of this index, where Newton steps from points [P] with at most this RMS gradient end."""
        ends = (self._newton(point) for point in points if self.rms(point) <= rms)
        return [end for end in ends if end is not None and self.index(end) == index]

    def distinct(self, points: np.ndarray, hits: list[int], within: Tolerance) -> tuple[np.ndarray, list[int]]:
        """Distinct points among points [F, P], the first of equal ones, lowest energy first, and the sums of their
        hits.
        """
        known: list[tuple[float, int]] = []
        total: dict[int, int] = {}
        for row, point in enumerate(points):
            energy = self.network.energy(point)
            same = self._find(points, known, energy, point, within)
            if same is None:
                insort(known, (energy, row))
            total[row if same is None else same] = total.get(row if same is None else same, 0) + hits[row]
        rows = [row for _, row in known]
        return points[rows], [total[row] for row in rows]

    def minima(self, points: np.ndarray, hits: list[int]) -> tuple[np.ndarray, list[int]]:
        """The distinct minima near points [F, P], finished by Newton steps, lowest first, and their hits."""
        good = [row for row, point in enumerate(points) if self.rms(point) <= RMS]
        near, hits = self.distinct(points[good], [hits[row] for row in good], UNFINISHED)
        kept = [(end, count) for point, count in zip(near, hits, strict=True) for end in self.finished([point], 0)]
        ends = np.array([end for end, _ in kept]).reshape(-1, points.shape[1])
        return self.distinct(ends, [count for _, count in kept], FINISHED)

    def _find(
        self, points: np.ndarray, known: list[tuple[float, int]], energy: float, point: np.ndarray, within: Tolerance
    ) -> int | None:
        for other, row in known[bisect_left(known, (energy - within.energy, -1)) :]:
            if other > energy + within.energy:
                return None
            if self.units.distance(point, points[row]) <= within.distance:
                return row
        return None

    def _newton(self, theta: np.ndarray) -> np.ndarray | None:
        """The stationary point near theta [P], or None."""
        end = theta
        for _ in range(NEWTON_STEPS):
            if self.rms(end) <= ROUNDING:
                return end if np.linalg.norm(end - theta) <= NEAR else None
            end = end - np.linalg.solve(self.network.hessian(end), self.network.gradient(end))
        return None
