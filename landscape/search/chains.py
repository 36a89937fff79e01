"""Chains of transition states between two minima, by way of minima that are met on the way.

A band between two distant minima seldom leads to a transition state between these two: its maxima belong to states that
join others. So all minima and transition states that were met are kept as a graph. The next bands are those that the
shortest way from one end to the other still lacks (Carr, Trygubenko and Wales 2005): a step weighs nothing between
minima that are connected, the square of its aligned distance where no band was tried yet, and is closed where one was.
Where every way is closed, each pair may be tried once more, with more images. It ends when the two are connected or the
attempts are used up.

Each chain has its own graph, so chains do not affect each other; the bands of all of them are relaxed together.

Two upper bounds of the barrier need no transition state: the highest energy on the straight line between the
aligned ends, and that on the first band.

Shapes: K chains, M minima, T transition states, S bands, I images, P parameters.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

import numpy as np
import torch
from jaxtyping import Float, Int
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra
from torch import Tensor

from landscape.graph.depth import components
from landscape.objective import Objective, Symmetry
from landscape.optimize.driver import join, take_rows
from landscape.optimize.newton import StationaryPoints
from landscape.search.bands import BandSettings, Candidates, candidates, path_maximum, relax, straight_bands
from landscape.search.eigenvector_following import EigenvectorFollowing
from landscape.search.transition_states import SearchSettings, refine

RETRY_IMAGES = 1.5
ZOOMS = 3  # bands within the last step to an end, each within the last
FIRST, LAST = 0, 1  # the ends among the minima of a chain


@dataclass(frozen=True, kw_only=True)
class ChainSettings:
    """Settings of chains: at most `attempts` bands for each, of `image_density` images per unit length.

    Two minima are one if their energies agree within `energy_tolerance` and their aligned distance is within
    `distance_tolerance`.
    """

    search: SearchSettings = field(
        default_factory=lambda: SearchSettings(
            band=BandSettings(rms=1e-6, cycles=12, calls=60), following=EigenvectorFollowing(max_steps=60)
        )
    )
    attempts: int = 40
    tries: int = 3
    image_density: float = 3.0
    min_images: int = 10
    max_images: int = 50
    energy_tolerance: float = 1e-9
    distance_tolerance: float = 1e-4


@dataclass(frozen=True, kw_only=True)
class Chain:
    """The graph that was met between two minima, which are rows `FIRST` and `LAST` of `minima`.

    `straight` and `band` are the highest energies on the straight line between the aligned ends and on the first band,
    `highest` is that of the highest transition state on the lowest way through the graph, nan where there is none.
    """

    joined: bool
    straight: float
    band: float
    highest: float
    attempts: int
    minima: StationaryPoints  # [M]
    transition_states: StationaryPoints  # [T]
    sides: Int[np.ndarray, "T 2"]  # rows of minima


def chains(
    objective: Objective, first: StationaryPoints, last: StationaryPoints, settings: ChainSettings
) -> list[Chain]:
    """A chain for each of K pairs of minima first [K] and last [K]."""
    graphs = [
        _Graph(objective.symmetry, settings, take_rows(first, slice(row, row + 1)), take_rows(last, slice(row, row + 1)))
        for row in range(len(first))
    ]
    while wanted := [(graph, step) for graph in graphs for step in graph.next_steps()]:
        _search(objective, wanted, settings)
    return [graph.chain() for graph in graphs]


def _search(objective: Objective, wanted: Sequence[tuple["_Graph", "Step"]], settings: ChainSettings) -> None:
    """Relax one band for each step that is wanted, and add what its maxima lead to, to the graph that wants it."""
    steps = [graph.ends(*step) for graph, step in wanted]
    images = np.array([graph.images(*step) for graph, step in wanted])
    thetas, tangents, owners = [], [], list[int]()
    for count in np.unique(images):
        rows = np.flatnonzero(images == count)
        ends = [torch.tensor(np.stack([steps[row][end] for row in rows]), device=objective.device) for end in (0, 1)]
        straight = straight_bands(*ends, int(count))
        bands = relax(objective, straight, settings.search.band)
        heights = path_maximum(objective, straight), path_maximum(objective, bands)
        for row, *bounds in zip(rows, *(height.tolist() for height in heights), strict=True):
            wanted[row][0].tried(wanted[row][1], *bounds)
        for guesses in _guesses(objective, bands, settings):
            thetas.append(guesses.theta)
            tangents.append(guesses.tangent)
            owners.extend(int(rows[band]) for band in guesses.band)
    order = np.argsort(owners, kind="stable")
    found = refine(
        objective, torch.cat(thetas)[order], torch.cat(tangents)[order], [owners[row] for row in order], settings.search
    )
    for row, owner in enumerate(found.search.tolist()):
        one = slice(row, row + 1)
        wanted[owner][0].add(take_rows(found.points, one), [take_rows(side, one) for side in found.sides])


def _guesses(objective: Objective, bands: Float[Tensor, "B I P"], settings: ChainSettings) -> Iterator[Candidates]:
    """The maxima of bands, and those that are hidden between an end and its neighbour.

    An end is a minimum: where its neighbour is lower there is a maximum between them. It is looked for on a band of its
    own between these two, and so on.
    """
    yield candidates(objective, bands)
    first, last = bands[:, :2], bands[:, -2:].flip(1)
    near, owner = torch.cat([first, last]), torch.arange(len(bands)).repeat(2)
    for _ in range(ZOOMS):
        energy = objective.energy(near.flatten(0, 1)).view(near.shape[:2])
        hidden = (energy[:, 1] < energy[:, 0]).nonzero()[:, 0]
        if not len(hidden):
            return
        near, owner = near[hidden], owner[hidden.cpu()]
        parts = relax(objective, straight_bands(near[:, 0], near[:, 1], settings.min_images), settings.search.band)
        found = candidates(objective, parts)
        yield replace(found, band=[int(owner[part]) for part in found.band])
        near = parts[:, :2]


Step = tuple[int, int]


class _Graph:
    """The minima and transition states that were met between two minima."""

    def __init__(
        self, symmetry: Symmetry, settings: ChainSettings, first: StationaryPoints, last: StationaryPoints
    ) -> None:
        self.symmetry, self.settings = symmetry, settings
        self.minima: list[StationaryPoints] = []
        self.states: list[StationaryPoints] = []
        self.sides: list[Step] = []
        self.tries: dict[Step, int] = {}
        self.level, self.attempts = 1, 0
        self.straight = self.band = float("nan")
        self._distance = np.zeros((0, 0))
        self._row(first), self._row(last)

    def next_steps(self) -> list[Step]:
        """The steps that the shortest way still lacks; none where the ends are connected or the effort is used up."""
        while self.attempts < self.settings.attempts and self.level <= self.settings.tries and not self._joined():
            if steps := self._lacking():
                return steps[: self.settings.attempts - self.attempts]
            self.level += 1
        return []

    def _lacking(self) -> list[Step]:
        """The steps of the shortest way between components that are connected already."""
        label = self._components()
        connected = label[:, None] == label
        closed = np.zeros_like(connected)
        for (i, j), count in self.tries.items():
            closed[i, j] = closed[j, i] = count >= self.level
        i, j = np.nonzero(connected | ~closed)
        weight = np.where(connected, 0.0, self._distance**2)[i, j]
        ways = csr_array((weight, (i, j)), shape=connected.shape)  # of a sparse graph, a stored zero is an edge
        previous = dijkstra(ways, directed=False, indices=FIRST, return_predecessors=True)[1]
        way = [LAST]
        while way[-1] != FIRST:
            if previous[way[-1]] < 0:
                return []
            way.append(int(previous[way[-1]]))
        return [(min(pair), max(pair)) for pair in pairwise(way) if label[pair[0]] != label[pair[1]]]

    def ends(self, i: int, j: int) -> tuple[np.ndarray, np.ndarray]:
        """The ends [P] of the band of a step, aligned."""
        first, last = (self.minima[row].theta.cpu().numpy() for row in (i, j))
        return first[0], self.symmetry.align(last, first)[0]

    def images(self, i: int, j: int) -> int:
        """The number of images of the band of a step: in proportion to its length, and more at each retry."""
        settings = self.settings
        images = np.clip(settings.image_density * self._distance[i, j], settings.min_images, settings.max_images)
        return round(images * RETRY_IMAGES ** self.tries.get((i, j), 0))

    def tried(self, step: Step, straight: float, band: float) -> None:
        """Counts an attempt, whose bounds count if it was between the ends."""
        self.attempts += 1
        self.tries[step] = self.tries.get(step, 0) + 1
        if step == (FIRST, LAST):
            self.straight = min(straight, self.straight) if self.tries[step] > 1 else straight
            self.band = min(band, self.band) if self.tries[step] > 1 else band

    def add(self, state: StationaryPoints, sides: Sequence[StationaryPoints]) -> None:
        """Adds a transition state with the minima on its two sides, unless it is known or no higher than these."""
        if any(float(side.energy) >= float(state.energy) for side in sides):
            return
        if any(self._same(state, other) for other in self.states):
            return
        self.states.append(state)
        self.sides.append((self._row(sides[0]), self._row(sides[1])))

    def chain(self) -> Chain:
        """The result."""
        return Chain(
            joined=self._joined(),
            straight=self.straight,
            band=self.band,
            highest=self._highest(),
            attempts=self.attempts,
            minima=join(self.minima),
            transition_states=join(self.states) if self.states else take_rows(self.minima[0], slice(0)),
            sides=self._pairs(),
        )

    def _highest(self) -> float:
        """The energy at which the ends are connected, transition states in rising order."""
        energy = np.array([float(state.energy) for state in self.states])
        for count, row in enumerate(order := np.argsort(energy, kind="stable")):
            label = components(len(self.minima), self._pairs()[order[: count + 1]])
            if label[FIRST] == label[LAST]:
                return float(energy[row])
        return float("nan")

    def _joined(self) -> bool:
        label = self._components()
        return bool(label[FIRST] == label[LAST])

    def _components(self) -> np.ndarray:
        return components(len(self.minima), self._pairs())

    def _pairs(self) -> np.ndarray:
        return np.array(self.sides, dtype=np.int64).reshape(-1, 2)

    def _row(self, minimum: StationaryPoints) -> int:
        """The row of a minimum, which is added if it is new."""
        for row, other in enumerate(self.minima):
            if self._same(minimum, other):
                return row
        size = len(self.minima)
        distance = np.zeros((size + 1, size + 1))
        distance[:size, :size] = self._distance
        theta = minimum.theta.cpu().numpy()
        for row, other in enumerate(self.minima):
            distance[row, size] = distance[size, row] = self.symmetry.distance(other.theta.cpu().numpy(), theta)[0]
        self._distance = distance
        self.minima.append(minimum)
        return size

    def _same(self, point: StationaryPoints, other: StationaryPoints) -> bool:
        if abs(float(point.energy) - float(other.energy)) > self.settings.energy_tolerance:
            return False
        distance = self.symmetry.distance(point.theta.cpu().numpy(), other.theta.cpu().numpy())[0]
        return bool(distance <= self.settings.distance_tolerance)
