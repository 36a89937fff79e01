"""Superbasins: sets of minima that can reach each other below an energy.

The lowest energy at which two minima are connected is the minimum over paths of the highest transition state on a path.
All M(M-1)/2 of these energies fit in one disconnectivity tree. The tree is built exactly, without energy levels, by
single linkage: take the transition states in rising order; where one joins two components, add a node at its energy
above both. Merges of equal height are then one node with several branches. With `levels` every transition state is
first lifted to the next level above, which gives the classical picture of Becker and Karplus (J. Chem. Phys. 106, 1495,
1997). The cost is O(T log T).

Shapes: M minima, T transition states, N nodes as in `landscape.graph.tree`.
"""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import minimum_spanning_tree

from landscape.errors import PropertyError
from landscape.graph.tree import DisconnectivityTree, contracted


class _Minima(Protocol):
    @property
    def energy(self) -> np.ndarray: ...


class _TransitionStates(Protocol):
    @property
    def energy(self) -> np.ndarray: ...
    @property
    def minima(self) -> np.ndarray: ...


class StationaryPoints(Protocol):
    """Anything that holds minima and the transition states between them, such as a database."""

    @property
    def minima(self) -> _Minima: ...
    @property
    def transition_states(self) -> _TransitionStates: ...


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

    levels: without levels, minima merge at the exact energies. With energies [K] they merge at the next level above a
    transition state; states above the highest level join nothing. A number K means K equal steps from the lowest
    minimum to the highest transition state that joins two minima. Degenerate rearrangements (the same minimum on both
    sides) join nothing.

    Raises PropertyError for tables that do not match, energies that are not finite, and levels that do not rise.
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
    keep = _distinct_merges(parent, heights, len(energy))
    return contracted(np.arange(len(energy)), parent, heights, keep, edges)


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
    """Energies [K] of the levels; empty for exact merging."""
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
    top = list(range(len(parent)))  # a step from each node towards its top, which `_top` follows; a top leads to itself
    for node, (first, second) in enumerate(pairs[order].tolist(), start=n_minima):
        for side in (first, second):
            above = _top(top, side)
            parent[above] = top[above] = node
    return np.array(parent, dtype=np.int64), height[order]


def _joining(n_minima: int, pairs: np.ndarray) -> np.ndarray:
    """Rising places of the pairs among pairs [T, 2] whose ends no earlier pairs connect: a minimum spanning forest."""
    low, high = pairs.min(axis=1, initial=n_minima), pairs.max(axis=1, initial=0)
    first = np.unique(low * n_minima + high, return_index=True)[1]
    weights = coo_array((first + 1.0, (low[first], high[first])), shape=(n_minima, n_minima))  # zero would be no edge
    forest = minimum_spanning_tree(weights.tocsr())
    return np.sort(forest.data.astype(np.int64)) - 1


def _top(top: list[int], node: int) -> int:
    """The top above a node. The call halves the number of steps from the node to its top (path halving)."""
    while top[node] != node:
        top[node] = node = top[top[node]]
    return node


def _distinct_merges(parent: np.ndarray, height: np.ndarray, n_leaves: int) -> np.ndarray:
    """Mask bool[N] of all nodes except merges as high as the merge above them."""
    keep = np.ones(len(parent), dtype=bool)
    inner = np.flatnonzero(parent[n_leaves:] >= 0) + n_leaves
    keep[inner] = height[parent[inner]] != height[inner]
    return keep
