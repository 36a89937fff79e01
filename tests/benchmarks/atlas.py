"""The known part of a landscape: stationary points that passed the judge, and their connections."""

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from tests.benchmarks.judge import FINISHED, Judge

REPORTED_RMS = 1e-6  # largest RMS gradient of points handed in; Newton steps finish them


class Atlas:
    """Distinct minima and transition states. Shapes: F points handed in, T steps, P parameters."""

    def __init__(self, judge: Judge) -> None:
        self.judge = judge
        self.minima: list[np.ndarray] = []
        self.transition_states: list[np.ndarray] = []
        self.edges: list[tuple[int, int]] = []

    def add_minima(self, points: np.ndarray) -> None:
        """Add points [F, P]; points that are not minima are ignored."""
        for point in points:
            self._row(point, self.minima, 0)

    def add_steps(self, steps: np.ndarray) -> None:
        """Add steps [T, 3, P]: minimum, transition state, minimum. A step with a point of the wrong index connects
        nothing.
        """
        for first, saddle, last in steps:
            rows = [self._row(first, self.minima, 0), self._row(last, self.minima, 0)]
            known = self._row(saddle, self.transition_states, 1)
            if known is not None and rows[0] is not None and rows[1] is not None:
                self.edges.append((rows[0], rows[1]))

    @property
    def connected(self) -> bool:
        """True if every minimum can be reached from every other one."""
        size = len(self.minima)
        rows, columns = np.array(self.edges, dtype=int).reshape(-1, 2).T
        graph = coo_array((np.ones(len(rows)), (rows, columns)), shape=(size, size))
        return size > 0 and connected_components(graph, directed=False)[0] == 1

    def reaches(self, goal: "Atlas") -> bool:
        """True if the minima are connected, and as many minima and transition states are known as in `goal`."""
        enough = len(self.minima) >= len(goal.minima) and len(self.transition_states) >= len(goal.transition_states)
        return enough and self.connected

    def __str__(self) -> str:
        joined = "connected" if self.connected else "not connected"
        return f"{len(self.minima)} minima, {joined}, {len(self.transition_states)} transition states"

    def _row(self, point: np.ndarray, known: list[np.ndarray], index: int) -> int | None:
        """The row of a point [P] in `known`, to which new points are added; None if the point has another index."""
        for end in self.judge.finished([point], index, REPORTED_RMS):
            for row, other in enumerate(known):
                gap = abs(self.judge.network.energy(end) - self.judge.network.energy(other))
                if gap <= FINISHED.energy and self.judge.units.distance(end, other) <= FINISHED.distance:
                    return row
            known.append(end)
            return len(known) - 1
        return None
