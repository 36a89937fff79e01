"""The minima and transition states found between the two ends of a chain, as a graph, and the bands to try next.

The next bands are the missing steps of the shortest way from one end to the other (Carr, Trygubenko and Wales 2005). A
step between connected minima has weight zero, a step without a band so far the square of its aligned distance; a step
whose band was tried is closed. When every way is closed, each pair may be tried once more, with more images.

Shapes: N points, T transition states, P parameters.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from jaxtyping import Float, Int
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from landscape.graph.depth import components
from landscape.objective import Symmetry

RETRY_IMAGES = 1.5
FIRST, LAST = 0, 1  # rows of the ends among the minima of a chain

Step = tuple[int, int]


@dataclass(frozen=True, kw_only=True)
class Effort:
    """Limits on bands: at most `attempts` for each chain and `tries` for each pair.

    The number of images of a band grows with the distance between its ends.

    Two points are the same if their energies agree within `energy_tolerance` and their aligned distance is within
    `distance_tolerance`.
    """

    attempts: int = 40
    tries: int = 3
    image_density: float = 3.0
    min_images: int = 10
    max_images: int = 50
    energy_tolerance: float = 1e-9
    distance_tolerance: float = 1e-4


class Points:
    """Distinct points, with the aligned distances between them."""

    def __init__(self, symmetry: Symmetry, effort: Effort, n_parameters: int) -> None:
        self.symmetry, self.effort = symmetry, effort
        self.theta: Float[np.ndarray, "N P"] = np.empty((0, n_parameters))
        self.energy: Float[np.ndarray, " N"] = np.empty(0)
        self.distance: Float[np.ndarray, "N N"] = np.empty((0, 0))

    def __len__(self) -> int:
        return len(self.energy)

    def find_or_add(self, theta: Float[np.ndarray, " P"], energy: float) -> int:
        """The row of a point, which is appended if it is new."""
        distance = self.symmetry.distance(self.theta, np.broadcast_to(theta, self.theta.shape))
        same = (distance <= self.effort.distance_tolerance) & (
            np.abs(self.energy - energy) <= self.effort.energy_tolerance
        )
        if same.any():
            return int(np.argmax(same))
        self.theta = np.concatenate([self.theta, theta[None]])
        self.energy = np.append(self.energy, energy)
        self.distance = np.block([[self.distance, distance[:, None]], [distance, np.zeros(1)]])
        return len(self) - 1


class ChainGraph:
    """The minima and transition states found between two minima, `ends` [2, P] of `energy` [2]."""

    def __init__(
        self, symmetry: Symmetry, effort: Effort, ends: Float[np.ndarray, "2 P"], energy: Float[np.ndarray, " 2"]
    ) -> None:
        self.effort = effort
        self.minima, self.states = (Points(symmetry, effort, ends.shape[1]) for _ in range(2))
        for end, height in zip(ends, energy.tolist(), strict=True):
            self.minima.find_or_add(end, height)
        self.sides: Int[np.ndarray, "T 2"] = np.empty((0, 2), dtype=np.int64)
        self.attempts = 0
        self._tries: dict[Step, int] = {}
        self._level = 1

    @property
    def joined(self) -> bool:
        """True if the ends are connected."""
        label = components(len(self.minima), self.sides)
        return len(label) == 1 or bool(label[FIRST] == label[LAST])

    @property
    def highest(self) -> tuple[float, int]:
        """The energy at which the ends are connected, and the row of the transition state with this energy.

        The energy of the minimum and -1 if both ends are the same minimum; nan and -1 if they are not connected.
        """
        if len(self.minima) == 1:
            return float(self.minima.energy[FIRST]), -1
        order = np.argsort(self.states.energy, kind="stable")
        for count, row in enumerate(order.tolist(), 1):
            label = components(len(self.minima), self.sides[order[:count]])
            if label[FIRST] == label[LAST]:
                return float(self.states.energy[row]), row
        return float("nan"), -1

    def next_steps(self) -> list[Step]:
        """The missing steps of the shortest way; none if the ends are connected or the effort is used up."""
        while self.attempts < self.effort.attempts and self._level <= self.effort.tries and not self.joined:
            if steps := self._lacking():
                return steps[: self.effort.attempts - self.attempts]
            self._level += 1
        return []

    def band(self, step: Step) -> tuple[Float[np.ndarray, " P"], Float[np.ndarray, " P"], int]:
        """The aligned ends of the band of a step and its number of images, larger at each retry; counts an attempt."""
        first, last = self.minima.theta[list(step)]
        density, least, most = self.effort.image_density, self.effort.min_images, self.effort.max_images
        tries = self._tries.get(step, 0)
        images = round(float(np.clip(density * self.minima.distance[step], least, most)) * RETRY_IMAGES**tries)
        self._tries[step] = tries + 1
        self.attempts += 1
        return first, self.minima.symmetry.align(last[None], first[None])[0], images

    def add(self, theta: Float[np.ndarray, "3 P"], energy: Float[np.ndarray, " 3"]) -> None:
        """Adds a transition state and the minima on its two sides, unless it is known or not above both minima."""
        size, heights = len(self.states), energy.tolist()
        if max(heights[1:]) >= heights[0] or self.states.find_or_add(theta[0], heights[0]) < size:
            return
        rows = [self.minima.find_or_add(side, height) for side, height in zip(theta[1:], heights[1:], strict=True)]
        self.sides = np.concatenate([self.sides, np.array([rows])])

    def _lacking(self) -> list[Step]:
        """The steps of the shortest way that are not connected yet; none if all ways are closed."""
        label = components(len(self.minima), self.sides)
        connected = label[:, None] == label
        closed = np.zeros_like(connected)
        for (i, j), count in self._tries.items():
            closed[i, j] = closed[j, i] = count >= self._level
        edges = np.nonzero(connected | ~closed)
        weight = np.where(connected, 0.0, self.minima.distance**2)[edges]
        ways = csr_array((weight, edges), shape=connected.shape)  # in a sparse graph a stored zero is an edge
        previous = dijkstra(ways, directed=False, indices=FIRST, return_predecessors=True)[1]
        way = [LAST]
        while way[-1] != FIRST and previous[way[-1]] >= 0:
            way.append(int(previous[way[-1]]))
        steps = pairwise(way) if way[-1] == FIRST else ()
        return [(min(step), max(step)) for step in steps if not connected[step]]
