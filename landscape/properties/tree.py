"""Disconnectivity trees: which minima can reach each other below which energy.

The lowest energy at which two minima are connected is the minimax over paths of the transition states on the way, and
all M(M-1)/2 of them fit in one tree. It is found exactly, without energy levels, as single linkage is: take the
transition states in rising order and, where one joins two components, open a node at its energy above both. Merges of
equal height are then one node with several branches, and with `levels` every transition state is first lifted to the
next level above, which gives the classical picture of Becker and Karplus (J. Chem. Phys. 106, 1495, 1997). Cost
O(T log T) for T transition states.

Shapes: M minima (leaves of the whole tree), T transition states, L leaves, N >= L nodes: leaves first, then merges in
rising order, so a parent always comes after its children. Nothing here draws; `landscape.properties.layout` places the
nodes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import minimum_spanning_tree

from landscape.errors import PropertyError


class _Minima(Protocol):
    @property
    def energy(self) -> np.ndarray: ...


class _TransitionStates(Protocol):
    @property
    def energy(self) -> np.ndarray: ...
    @property
    def minima(self) -> np.ndarray: ...


class StationaryPoints(Protocol):
    """Anything that holds minima and the transition states between them, a database for one."""

    @property
    def minima(self) -> _Minima: ...
    @property
    def transition_states(self) -> _TransitionStates: ...


@dataclass(frozen=True, kw_only=True)
class DisconnectivityTree:
    """A forest with one tree for each set of connected minima."""

    minimum: np.ndarray  # int64[L] row of each leaf in the table of minima
    parent: np.ndarray  # int64[N] node above, -1 at the top of a component
    height: np.ndarray  # float64[N] energy of a leaf; energy at which the branches of a merge join
    size: np.ndarray  # int64[N] leaves below
    lowest: np.ndarray  # int64[N] the leaf of lowest energy below
    levels: np.ndarray  # float64[K] energy levels, rising; empty where merging is exact

    @property
    def n_leaves(self) -> int:
        """Number of minima in the tree."""
        return len(self.minimum)

    @property
    def roots(self) -> np.ndarray:
        """Top nodes int64[C], one for each component, in order of their index."""
        return np.flatnonzero(self.parent < 0)

    def children(self) -> list[list[int]]:
        """The nodes right below each node, in order of their index; empty for leaves."""
        below: list[list[int]] = [[] for _ in self.parent]
        for node, parent in enumerate(self.parent.tolist()):
            if parent >= 0:
                below[parent].append(node)
        return below


def disconnectivity_tree(
    points: StationaryPoints, levels: int | Sequence[float] | np.ndarray | None = None
) -> DisconnectivityTree:
    """The tree of a database, or of anything with its `minima` and `transition_states`; see `build_tree`."""
    transition_states = points.transition_states
    return build_tree(points.minima.energy, transition_states.energy, transition_states.minima, levels=levels)


def build_tree(
    energy: np.ndarray,
    ts_energy: np.ndarray,
    ts_minima: np.ndarray,
    *,
    levels: int | Sequence[float] | np.ndarray | None = None,
) -> DisconnectivityTree:
    """The disconnectivity tree of minima energy [M] joined by transition states ts_energy [T], ts_minima [T, 2].

    levels: None merges at the exact energies. Energies [K] merge at the next level above a transition state, and
    those above the highest level join nothing. A number K means K equal steps from the lowest minimum to the highest
    transition state that joins two minima. Degenerate rearrangements (the same minimum on both sides) join nothing.

    Raises PropertyError for tables that do not fit each other, energies that are not finite, levels that do not rise.
    """
    energy, ts_energy, ts_minima = checked_tables(energy, ts_energy, ts_minima)
    joins = ts_minima[:, 0] != ts_minima[:, 1]
    height, pairs = ts_energy[joins], ts_minima[joins]
    edges = _level_energies(levels, energy, height)
    if len(edges):
        above = np.searchsorted(edges, height, side="left")
        inside = above < len(edges)
        height, pairs = edges[above[inside]], pairs[inside]
    parent, merge_height = _merge(len(energy), height, pairs)
    heights = np.concatenate([energy, merge_height])
    parent, keep = _dissolve_equal_heights(parent, heights, len(energy))
    return _assemble(np.arange(len(energy)), parent, heights, keep, edges)


def prune(tree: DisconnectivityTree, n_lowest: int) -> DisconnectivityTree:
    """The tree of the n_lowest minima of lowest energy alone: merges keep their heights, all others fall away.

    Raises PropertyError if n_lowest < 1.
    """
    _require_leaves(n_lowest)
    return _restricted(tree, np.argsort(tree.height[: tree.n_leaves], kind="stable")[:n_lowest])


def thin(tree: DisconnectivityTree, n_deepest: int) -> DisconnectivityTree:
    """The tree of the n_deepest minima of longest branches alone, see `persistence`; merges keep their heights.

    What falls away are the shortest lines of the picture. Of equal ones the lower minima are kept.
    Raises PropertyError if n_deepest < 1.
    """
    _require_leaves(n_deepest)
    order = np.lexsort((tree.height[: tree.n_leaves], -persistence(tree)))
    return _restricted(tree, order[:n_deepest])


def persistence(tree: DisconnectivityTree) -> np.ndarray:
    """Length [L] of the branch of each minimum: energy up to the merge with a lower minimum.

    The branch of the lowest minimum of a component ends at the top of that, so it is 0 for a minimum without merges.
    """
    inner = tree.parent >= 0
    end = np.where(inner, tree.height[tree.parent], tree.height)
    is_top = ~inner | (tree.lowest != tree.lowest[tree.parent])  # of the branch of its lowest minimum
    length = -tree.height[: tree.n_leaves]
    length[tree.lowest[is_top]] += end[is_top]
    return length


def _require_leaves(count: int) -> None:
    if count < 1:
        raise PropertyError(f"Expected at least 1 minimum to keep in the tree, found {count}: ask for 1 or more.")


def _restricted(tree: DisconnectivityTree, leaves: np.ndarray) -> DisconnectivityTree:
    """The tree of some leaves [K] alone."""
    counts = np.zeros(len(tree.parent), dtype=np.int64)
    counts[leaves] = 1
    branches = np.zeros_like(counts)
    for node, parent in enumerate(tree.parent.tolist()):
        if parent >= 0 and counts[node]:
            counts[parent] += counts[node]
            branches[parent] += 1
    keep = branches > 1
    keep[: tree.n_leaves] = counts[: tree.n_leaves] > 0
    return _assemble(tree.minimum, _nearest_kept(tree.parent, keep), tree.height, keep, tree.levels)


def checked_tables(
    energy: np.ndarray, ts_energy: np.ndarray, ts_minima: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """energy [M], ts_energy [T] and ts_minima [T, 2] as float64, float64, int64.

    Raises PropertyError where their shapes disagree, an energy is not finite or a row of minima does not exist.
    """
    energy = np.asarray(energy, dtype=np.float64)
    ts_energy = np.asarray(ts_energy, dtype=np.float64)
    ts_minima = np.asarray(ts_minima, dtype=np.int64).reshape(-1, 2)
    if energy.ndim != 1 or ts_energy.ndim != 1 or len(ts_energy) != len(ts_minima):
        raise PropertyError(
            "Expected energies of shapes [M] and [T] with pairs of minima [T, 2], found "
            f"{list(energy.shape)}, {list(ts_energy.shape)} and {list(ts_minima.shape)}: pass whole tables."
        )
    if not (np.isfinite(energy).all() and np.isfinite(ts_energy).all()):
        raise PropertyError(
            "Expected finite energies of all stationary points, found NaN or infinity: verify the file."
        )
    if len(ts_minima) and not (ts_minima.min() >= 0 and ts_minima.max() < len(energy)):
        raise PropertyError(
            f"Expected transition states between minima 0 to {len(energy) - 1}, found rows {ts_minima.min()} to "
            f"{ts_minima.max()}: verify the file."
        )
    return energy, ts_energy, ts_minima


def _level_energies(
    levels: int | Sequence[float] | np.ndarray | None, energy: np.ndarray, heights: np.ndarray
) -> np.ndarray:
    """Energies [K] of the levels; none for exact merging."""
    if levels is None:
        return np.empty(0)
    if isinstance(levels, int | np.integer):
        if levels < 1:
            raise PropertyError(f"Expected at least 1 energy level, found {levels}: ask for 1 or more.")
        if not len(heights):
            return np.empty(0)
        return np.linspace(energy.min(), heights.max(), int(levels) + 1)[1:]
    edges = np.asarray(levels, dtype=np.float64)
    if edges.ndim != 1 or not len(edges) or not np.isfinite(edges).all() or (np.diff(edges) <= 0).any():
        raise PropertyError(f"Expected finite, rising energy levels, found {edges.tolist()}: sort them, drop repeats.")
    return edges


def _merge(n_minima: int, height: np.ndarray, pairs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Binary merges in rising order: the parent of every node and the heights of the merges."""
    order = np.argsort(height, kind="stable")
    order = order[_joining(n_minima, pairs[order])]
    parent = [-1] * (n_minima + len(order))
    top = list(range(len(parent)))  # a node above, as high as it was when last asked for; itself at the top
    for node, (first, second) in enumerate(pairs[order].tolist(), start=n_minima):
        for side in (first, second):
            above = _top(top, side)
            parent[above] = top[above] = node
    return np.array(parent, dtype=np.int64), height[order]


def _joining(n_minima: int, pairs: np.ndarray) -> np.ndarray:
    """Places, rising, of the pairs [T, 2] that join what those before them leave apart: a minimum spanning forest."""
    low, high = pairs.min(axis=1, initial=n_minima), pairs.max(axis=1, initial=0)
    first = np.unique(low * n_minima + high, return_index=True)[1]
    weights = coo_array((first + 1.0, (low[first], high[first])), shape=(n_minima, n_minima))  # zero would be no edge
    forest = minimum_spanning_tree(weights.tocsr())
    return np.sort(forest.data.astype(np.int64)) - 1


def _top(top: list[int], node: int) -> int:
    """The top above a node; the nodes on the way up are left half as far from it."""
    while top[node] != node:
        top[node] = node = top[top[node]]
    return node


def _dissolve_equal_heights(parent: np.ndarray, height: np.ndarray, n_leaves: int) -> tuple[np.ndarray, np.ndarray]:
    """Hand the branches of a merge to the merge above where both have the same height."""
    keep = np.ones(len(parent), dtype=bool)
    inner = np.arange(len(parent)) >= n_leaves
    keep[inner & (parent >= 0)] = height[parent[inner & (parent >= 0)]] != height[inner & (parent >= 0)]
    return _nearest_kept(parent, keep), keep


def _nearest_kept(parent: np.ndarray, keep: np.ndarray) -> np.ndarray:
    """The nearest ancestor of each node that is kept, -1 where there is none."""
    nearest = parent.tolist()
    kept = keep.tolist()
    for node in range(len(nearest) - 1, -1, -1):
        above = nearest[node]
        if above >= 0 and not kept[above]:
            nearest[node] = nearest[above]
    return np.array(nearest, dtype=np.int64)


def _assemble(
    minimum: np.ndarray, parent: np.ndarray, height: np.ndarray, keep: np.ndarray, levels: np.ndarray
) -> DisconnectivityTree:
    """Number the kept nodes anew, sizes and lowest minima from the leaves upwards."""
    new_index = np.append(np.cumsum(keep) - 1, -1)  # the last entry serves parent -1
    minimum = minimum[keep[: len(minimum)]]
    parent, height = new_index[parent[keep]], height[keep]
    size, lowest = _from_leaves(parent, height, len(minimum))
    return DisconnectivityTree(
        minimum=minimum, parent=parent, height=height, size=size, lowest=lowest, levels=levels.copy()
    )


def _from_leaves(parent: np.ndarray, height: np.ndarray, n_leaves: int) -> tuple[np.ndarray, np.ndarray]:
    """Number of leaves below each node [N], and the lowest of them, of equal ones that of the first branch."""
    inner = len(parent) - n_leaves
    size, lowest, energy = [1] * n_leaves + [0] * inner, [*range(n_leaves), *[-1] * inner], height.tolist()
    for node, above in enumerate(parent.tolist()):
        if above >= 0:
            size[above] += size[node]
            if lowest[above] < 0 or energy[lowest[node]] < energy[lowest[above]]:
                lowest[above] = lowest[node]
    return np.array(size, dtype=np.int64), np.array(lowest, dtype=np.int64)
