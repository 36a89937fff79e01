"""Places of the nodes of a disconnectivity tree: branches are packed side by side without overlap.

Merges are packed from the lowest to the highest. Each branch stands as near as possible to the other branches of its
merge, but at no energy does an upright line of one branch come close to an upright line of another. A short branch
that leaves the trunk high up hangs close to the trunk, above lower branches, and needs no long line to a place of its
own. The outline of a branch is the room that it takes up at each of `CELLS` energies; two outlines are compared in one
array operation.

A merge stands straight above its trunk if the trunk has most of its minima, otherwise above the middle of its branches.

Shapes: N nodes, as in `landscape.graph.tree`.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from landscape.graph.tree import DisconnectivityTree

CELLS = 512  # energies at which outlines are compared
TWIG = 0.5  # least distance from a twig (a minimum whose line only slants) to upright lines; 1 from other branches
STRAIGHT = 2.0 / 3.0  # least part of the minima of a merge in its trunk for the merge to stand straight above the trunk


class _Outline(NamedTuple):
    """Leftmost and rightmost upright line [CELLS] of a branch, relative to its place; infinite where there is none."""

    left: np.ndarray
    right: np.ndarray
    margin: float  # least distance to neighbours

    def moved(self, distance: float) -> "_Outline":
        return _Outline(self.left + distance, self.right + distance, self.margin)

    def __or__(self, other: "_Outline") -> "_Outline":
        return _Outline(np.minimum(self.left, other.left), np.maximum(self.right, other.right), self.margin)


def packed_places(
    tree: DisconnectivityTree, ranks: Sequence[tuple[float, float, int]], drop: float, gap: float, *, balanced: bool
) -> np.ndarray:
    """Places [N] of the nodes; the first component stands at 0.

    The branches of a merge are placed in rising order of `ranks` [N]. If `balanced`, the first branch is the trunk, and
    each other branch goes to the side of the trunk where it stands nearer, twigs that end well above the drop first;
    otherwise branches go from left to right. Lines slant over an energy of at most `drop`. Below the end of each branch
    a fraction `gap` of the range of energies stays free.
    """
    x = np.zeros(len(tree.parent))  # at first relative to the merge above
    first, last = _reach(tree, drop, gap)
    ends_early = _energy_above(tree) - tree.height < drop - (gap + 2.0 / CELLS) * float(np.ptp(tree.height))
    ends_early[tree.n_leaves :] = False
    is_twig = (np.arange(len(x)) < tree.n_leaves) & (_energy_above(tree) - tree.height <= drop)
    outlines: dict[int, _Outline] = {}
    for node, children in enumerate([*tree.children(), tree.roots.tolist()]):
        below = sorted(children, key=ranks.__getitem__)
        if balanced:
            below[1:] = sorted(below[1:], key=lambda branch: not ends_early[branch])
        places, outline = _packed([outlines.pop(branch) for branch in below], balanced=balanced)
        if node < len(x):
            middle = _middle(tree, node, below, places, balanced=balanced)
            places -= middle
            outlines[node] = _upright(first[node], last[node], TWIG if is_twig[node] else 1.0) | outline.moved(-middle)
        x[below] = places
    for node in range(len(x) - 1, -1, -1):
        if tree.parent[node] >= 0:
            x[node] += x[tree.parent[node]]
    return x


def _reach(tree: DisconnectivityTree, drop: float, gap: float) -> tuple[np.ndarray, np.ndarray]:
    """First and last [N] of the `CELLS` energies at which each node takes up room.

    The room is that of the line above the node and of the slanted parts of the lines below it.
    """
    low, span = float(tree.height.min()), float(np.ptp(tree.height)) or 1.0
    above = _energy_above(tree)
    bottom = tree.height.copy()
    inner = tree.parent >= 0
    np.minimum.at(bottom, tree.parent[inner], np.maximum(tree.height, above - drop)[inner])
    ends = np.stack([bottom - gap * span, above])
    first, last = np.clip((ends - low) / span * CELLS, 0, CELLS - 1).astype(np.int64)
    return first, last


def _energy_above(tree: DisconnectivityTree) -> np.ndarray:
    """Energy [N] of the merge above each node, infinite at the top of a component."""
    return np.where(tree.parent >= 0, tree.height[tree.parent], np.inf)


def _upright(first: int, last: int, margin: float) -> _Outline:
    left, right = np.full(CELLS, np.inf), np.full(CELLS, -np.inf)
    left[first : last + 1] = right[first : last + 1] = 0.0
    return _Outline(left, right, margin)


def _packed(parts: Sequence[_Outline], *, balanced: bool) -> tuple[np.ndarray, _Outline]:
    """Places of branches, and their common outline. The first is at 0, others as near as possible to those before."""
    places = np.zeros(len(parts))
    together = parts[0] if parts else _upright(0, -1, 0.0)
    for index, part in enumerate(parts[1:], start=1):
        right = float((together.right - part.left).max()) + part.margin
        left = float((together.left - part.right).min()) - part.margin
        places[index] = left if balanced and -left < right else right
        together |= part.moved(places[index])
    return places, together


def _middle(tree: DisconnectivityTree, node: int, below: list[int], places: np.ndarray, *, balanced: bool) -> float:
    """Place of a merge above its branches; its trunk is the first branch if `balanced`, otherwise the largest."""
    if not below:
        return 0.0
    trunk = 0 if balanced else int(np.argmax(tree.size[below]))
    if tree.size[below[trunk]] >= STRAIGHT * tree.size[node]:
        return float(places[trunk])
    return float(places.min() + places.max()) / 2.0
