"""Layout of a disconnectivity tree: the places of its nodes and the lines between them, as is usual in the field.

From a merge at (x, h) the line of each branch slants down to the place of the branch and goes straight down from there.
The slanted part falls by a drop that is the same all over the picture, but not below the energy of the branch.
`landscape.graph.branch_packing` finds the places. The branches of a merge are ordered

- by energy: the branch with the lowest minimum is the trunk, the others follow outwards, lowest first;
- by size: the branch with most minima is the trunk, the others follow outwards, largest first (ties by energy);
- by value: from left to right by the mean value of the minima of a branch, unknown values last.

Components of a forest are ordered in the same way. No two lines cross: a line that would cross the branches between its
two ends is less steep. It then follows the tangent from the merge to the upper hull of these branches.

Shapes: L leaves, N nodes.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from landscape.errors import PropertyError
from landscape.graph.branch_packing import packed_places
from landscape.graph.tree import DisconnectivityTree

Order = Literal["energy", "size", "value"]
DROP = 0.045  # part of the range of energies over which lines slant, unless the tree has energy levels
GAP = 0.01  # part of the range of energies that stays free below the end of a branch above others
_NEAR = 1e-9

Point = tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class Layout:
    """Places of the nodes of one tree, and the line from each node to the merge above it."""

    x: np.ndarray  # float64[N]; upright lines at one energy are at least 1 apart, or 0.5 beside a twig (`TWIG`)
    lines: np.ndarray  # float64[N, 3, 2]: the node, the point where its line bends, the merge; NaN at the top of a tree


def layout(
    tree: DisconnectivityTree, order: Order = "energy", values: np.ndarray | None = None, *, gap: float = GAP
) -> Layout:
    """Place the nodes of a tree; `values` [L], one for each leaf, are needed to order by value.

    `gap` is the part of the range of energies that stays free below each leaf, for a label for instance.

    Raises PropertyError for an unknown order, or where values are missing or of another length.
    """
    ranks = _keys(tree, order, values)
    if not tree.n_leaves:
        return Layout(x=np.empty(0), lines=np.empty((0, 3, 2)))
    drop = _drop(tree)
    x = packed_places(tree, ranks, drop, gap, balanced=order != "value")
    nodes = np.stack([x, tree.height], axis=1)
    knees = np.stack([x, _knees(tree, x, drop)], axis=1)
    lines = np.stack([nodes, knees, nodes[tree.parent]], axis=1)
    lines[tree.parent < 0] = np.nan
    return Layout(x=x, lines=lines)


def shared_values(tree: DisconnectivityTree, values: np.ndarray) -> np.ndarray:
    """The value [N] that all minima below a node have in common; NaN where the values [L] differ or one is NaN."""
    inner = len(tree.parent) - tree.n_leaves
    least = np.concatenate([values, np.full(inner, np.inf)])
    most = np.concatenate([values, np.full(inner, -np.inf)])
    for node, parent in enumerate(tree.parent.tolist()):
        if parent >= 0:
            least[parent] = np.minimum(least[parent], least[node])
            most[parent] = np.maximum(most[parent], most[node])
    return np.where(least == most, least, np.nan)


def _drop(tree: DisconnectivityTree) -> float:
    """Energy over which lines slant: the least distance between energy levels, or `DROP` without levels."""
    if len(tree.levels):
        return float(np.diff(tree.levels, prepend=tree.height.min()).min())
    return DROP * float(np.ptp(tree.height))


def _knees(tree: DisconnectivityTree, x: np.ndarray, drop: float) -> np.ndarray:
    """Energies [N] at which the lines of the nodes begin to slant."""
    height, places = tree.height.tolist(), x.tolist()
    knee = list(height)
    hulls: dict[int, list[Point]] = {leaf: [(places[leaf], height[leaf])] for leaf in range(tree.n_leaves)}
    for node, below in enumerate(tree.children()):
        if not below:
            continue
        drawn = [point for branch in below for point in hulls.pop(branch)]
        origin = places[node], height[node]
        ends = [(places[branch], max(height[branch], height[node] - drop)) for branch in below]
        for branch, energy in zip(below, _clear_of(drawn, origin, ends), strict=True):
            knee[branch] = energy
        hulls[node] = _upper_hull([*drawn, *((places[branch], knee[branch]) for branch in below), origin])
    return np.array(knee)


def _clear_of(drawn: Sequence[Point], origin: Point, ends: Sequence[Point]) -> Iterator[float]:
    """Energies, one for each of `ends`, at which the steepest possible line from `origin` reaches the place of the end.

    On its way the line passes neither below this end nor below other ends or drawn points.
    """
    x, height = origin
    for place, energy in ends:
        length = abs(place - x)
        side = 1.0 if place > x else -1.0
        between = [
            (height - y) / distance
            for at, y in (*drawn, *ends)
            if _NEAR < (distance := side * (at - x)) < length + _NEAR
        ]
        yield height - length * min(between) if length > _NEAR else energy


def _upper_hull(points: Iterable[Point]) -> list[Point]:
    """Corners, from left to right, of the upper half of the convex hull."""
    hull: list[Point] = []
    for x, y in sorted(points):
        while len(hull) > 1 and _is_below(hull[-1], hull[-2], (x, y)):
            hull.pop()
        hull.append((x, y))
    return hull


def _is_below(point: Point, left: Point, right: Point) -> bool:
    """True if a point is on or below the line through two others."""
    return (point[0] - left[0]) * (right[1] - left[1]) >= (point[1] - left[1]) * (right[0] - left[0])


def _keys(tree: DisconnectivityTree, order: str, values: np.ndarray | None) -> list[tuple[float, float, int]]:
    """Sort keys of the nodes: the quantity of the order, then the energy of the lowest minimum, then the index."""
    energy = tree.height[tree.lowest]
    if order == "energy":
        wanted = np.zeros(len(energy))
    elif order == "size":
        wanted = -tree.size.astype(np.float64)
    elif order == "value":
        wanted = _branch_means(tree, values)
    else:
        raise PropertyError(f"Expected order energy, size or value, found {order!r}: choose one of them.")
    return list(zip(wanted.tolist(), energy.tolist(), range(len(energy)), strict=True))


def _branch_means(tree: DisconnectivityTree, values: np.ndarray | None) -> np.ndarray:
    """Mean [N] of the known values of the leaves of each branch; infinity where no value is known."""
    if values is None or np.shape(values) != (tree.n_leaves,):
        found = "none" if values is None else f"an array of shape {list(np.shape(values))}"
        raise PropertyError(f"Expected {tree.n_leaves} values to order the leaves by, found {found}: pass one a leaf.")
    total = np.zeros(len(tree.parent))
    count = np.zeros(len(tree.parent))
    count[: tree.n_leaves] = np.isfinite(values)
    total[: tree.n_leaves] = np.where(np.isfinite(values), values, 0.0)
    for node, parent in enumerate(tree.parent.tolist()):
        if parent >= 0:
            total[parent] += total[node]
            count[parent] += count[node]
    return np.where(count > 0, total / np.maximum(count, 1.0), np.inf)
