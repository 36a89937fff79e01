"""Where the nodes of a disconnectivity tree stand from left to right.

Leaves take the places 0, 1, 2, ... so that every branch owns an unbroken interval and no two lines cross. A merge
stands over the middle of its interval, or right over its trunk where that is near the middle, so that a trunk from
which single minima branch off to either side stays straight. Within a merge the branches are ordered

- by energy: the one with the lowest minimum is the trunk, the others go outwards from it, lowest first;
- by size: the same with the branch of most minima as trunk (ties by energy);
- by value: from left to right by the mean value of a branch's minima, unknown values last.

Outwards means to the lighter side, the one with fewer minima so far around the trunk, which keeps the trunk in the
middle also where merges are binary. Components of a forest are arranged by the same rule.

Shapes: L leaves, N nodes.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from landscape.errors import PropertyError
from landscape.properties.tree import DisconnectivityTree

Order = Literal["energy", "size", "value"]
_STRAIGHT = 0.1  # of its interval: how far from the middle a merge may stand to be right over its trunk


@dataclass(frozen=True, kw_only=True)
class Layout:
    """Places of the nodes of one tree."""

    x: np.ndarray  # float64[N]; the leaves stand at 0 ... L-1
    leaves: np.ndarray  # int64[L] from left to right


def layout(tree: DisconnectivityTree, order: Order = "energy", values: np.ndarray | None = None) -> Layout:
    """Place the nodes of a tree; `values` [L], one for each leaf, are needed to order by value.

    Raises PropertyError for an unknown order, or where values are missing or of another length.
    """
    key = _keys(tree, order, values)
    branches = _arranged(tree, key, balanced=order != "value")
    leaves = _leaves_left_to_right(branches, tree.n_leaves)
    x = _middles(tree, leaves)
    if order != "value":
        for node in range(tree.n_leaves, len(x)):
            trunk = min(branches[node], key=key.__getitem__)
            if abs(x[trunk] - x[node]) <= _STRAIGHT * tree.size[node]:
                x[node] = x[trunk]
    return Layout(x=x, leaves=leaves)


def branch_corners(tree: DisconnectivityTree, places: Layout) -> np.ndarray:
    """Corners [N, 3, 2] (place, energy) of the line from each node to the merge above it; NaN at the top of a tree.

    The line rises straight over its node and goes across at the height of the merge; with levels it leaves the upright
    one level below the merge and goes across slanted.
    """
    parent = tree.parent
    high = np.where(parent >= 0, tree.height[parent], np.nan)
    knee = high
    if len(tree.levels):
        below = np.concatenate([[tree.height.min()], tree.levels])
        knee = np.maximum(tree.height, high - np.diff(below).min())
    x_above = np.where(parent >= 0, places.x[parent], np.nan)
    corners = [(places.x, tree.height), (places.x, knee), (x_above, high)]
    lines: np.ndarray = np.moveaxis(np.array(corners), 2, 0)
    lines[parent < 0] = np.nan
    return lines


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


def _middles(tree: DisconnectivityTree, leaves: np.ndarray) -> np.ndarray:
    """Middle [N] of the interval of leaves below each node."""
    first = np.full(len(tree.parent), np.inf)
    first[leaves] = np.arange(len(leaves), dtype=np.float64)
    last = np.where(np.isfinite(first), first, -np.inf)
    for node, parent in enumerate(tree.parent.tolist()):
        if parent >= 0:
            first[parent] = min(first[parent], first[node])
            last[parent] = max(last[parent], last[node])
    return np.asarray((first + last) / 2.0)


def _keys(tree: DisconnectivityTree, order: str, values: np.ndarray | None) -> list[tuple[float, float, int]]:
    """Sort keys of the nodes: what is asked for, then the energy of the lowest minimum, then the index."""
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
    """Mean value [N] of the known leaves of each branch; infinity where none is known."""
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


def _arranged(tree: DisconnectivityTree, key: list[tuple[float, float, int]], *, balanced: bool) -> list[list[int]]:
    """Branches of every node from left to right; one more entry at the end for the components."""
    branches = [*tree.children(), tree.roots.tolist()]
    size = tree.size.tolist()
    beside = [(0, 0)] * len(branches)  # leaves left and right of the trunk of each node
    for node, below in enumerate(branches):
        below.sort(key=key.__getitem__)
        if balanced and below:
            branches[node], beside[node] = _around_trunk(below, beside[below[0]], size)
    return branches


def _around_trunk(branches: list[int], beside: tuple[int, int], size: list[int]) -> tuple[list[int], tuple[int, int]]:
    """Put all branches but the first on the lighter side of the first."""
    left, right = beside
    before: list[int] = []
    after: list[int] = []
    for branch in branches[1:]:
        if left < right:
            before.append(branch)
            left += size[branch]
        else:
            after.append(branch)
            right += size[branch]
    return [*reversed(before), branches[0], *after], (left, right)


def _leaves_left_to_right(branches: list[list[int]], n_leaves: int) -> np.ndarray:
    """Leaves in the order of a depth-first walk."""
    leaves: list[int] = []
    stack = list(reversed(branches[-1]))
    while stack:
        node = stack.pop()
        if node < n_leaves:
            leaves.append(node)
        else:
            stack.extend(reversed(branches[node]))
    return np.array(leaves, dtype=np.int64)
