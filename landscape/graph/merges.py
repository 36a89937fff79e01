"""Merge energies: heights of the disconnectivity tree at which the minima of a target join.

A tree of n minima has n - 1 merges. Each merge belongs to one minimum, the lowest of the branch that ends there: at the
merge this minimum meets a lower one. A second energy of the minimum is that at which it meets the lowest minimum of
all; its barrier follows from this energy. Both energies are upper bounds: a further transition state can only lower
them. The number of merges that fell while the effort of the search doubled tells how far energies are from their
limits.

Shapes: M minima, T transition states, n minima of the target, L leaves and N nodes of a tree.
"""

from dataclasses import dataclass

import numpy as np

from landscape.errors import PropertyError
from landscape.graph.superbasins import build_tree
from landscape.graph.tree import DisconnectivityTree


@dataclass(frozen=True, kw_only=True)
class MergeEnergies:
    """Energies at which the minima of a target are connected; infinite where they are not.

    Both energies are NaN for the lowest minimum of the target; of equal minima the first in the table is the lowest.
    """

    to_lower: np.ndarray  # [n] lowest energy of a path to any lower minimum of the target
    to_lowest: np.ndarray  # [n] lowest energy of a path to the lowest minimum of the target


@dataclass(frozen=True, kw_only=True)
class Fallen:
    """Number of merges of a target, and number of those that fell."""

    fell: int
    merges: int

    @property
    def share(self) -> float:
        """The share of the merges that fell; NaN without merges."""
        return self.fell / self.merges if self.merges else float("nan")


def merge_energies(energy: np.ndarray, ts_energy: np.ndarray, ts_minima: np.ndarray, rows: np.ndarray) -> MergeEnergies:
    """Merges of the minima in `rows` int64[n], on paths through all minima and transition states.

    The minima have energy [M]; the transition states have ts_energy [T] and join ts_minima [T, 2]. To get the merges at
    an earlier time, leave out the transition states found since then; minima found since then are then unconnected. Of
    equal energies the first row counts as the lower. The cost is O(T log T).

    Raises PropertyError for tables that do not match, see `landscape.graph.superbasins.checked_tables`, and for rows
    that do not exist or are repeated.
    """
    rows = np.asarray(rows, dtype=np.int64)
    if len(np.unique(rows)) < len(rows) or (len(rows) and not (rows.min() >= 0 and rows.max() < len(energy))):
        raise PropertyError(f"Expected distinct rows from 0 to {len(energy) - 1}: take them from `target_rows`.")
    tree = build_tree(energy, ts_energy, ts_minima)
    to_lower, to_lowest = np.full(len(energy), np.inf), np.full(len(energy), np.inf)
    if len(rows):
        order = rows[np.lexsort((rows, tree.height[rows]))]
        to_lower = _to_lower(tree, order)
        to_lowest = connection_energy(tree, int(order[0]))
        to_lower[order[0]] = to_lowest[order[0]] = np.nan
    return MergeEnergies(to_lower=to_lower[rows], to_lowest=to_lowest[rows])


def connection_energy(tree: DisconnectivityTree, leaf: int) -> np.ndarray:
    """Lowest energies [L] at which each minimum of a tree and one `leaf` are connected; infinite where they are not.

    The value at the leaf itself is its own energy.
    """
    connection = np.full(len(tree.parent), np.nan)
    node = leaf
    while node >= 0:  # from the leaf to the top, each node connects at its own height
        connection[node] = tree.height[node]
        node = int(tree.parent[node])
    found, parent = connection.tolist(), tree.parent.tolist()
    for node in range(len(parent) - 1, -1, -1):  # other branches connect where they meet that path
        if found[node] != found[node]:
            found[node] = found[parent[node]] if parent[node] >= 0 else np.inf
    return np.array(found[: tree.n_leaves], dtype=np.float64)


def _to_lower(tree: DisconnectivityTree, order: np.ndarray) -> np.ndarray:
    """Energies [L] at which each of the leaves `order` int64[n] meets an earlier one of them; infinite elsewhere."""
    energy = np.full(tree.n_leaves, np.inf)
    n_targets = len(order)
    first = np.full(len(tree.parent), n_targets)  # place in `order` of the first leaf below a node
    first[order] = np.arange(n_targets)
    below, parent, height = first.tolist(), tree.parent.tolist(), tree.height.tolist()
    for node, above in enumerate(parent):
        if above >= 0 and below[node] < below[above]:
            below[above] = below[node]
    for node, above in enumerate(parent):
        if above >= 0 and below[above] < below[node] < n_targets:
            energy[order[below[node]]] = height[above]
    return energy


def has_fallen(before: MergeEnergies, after: MergeEnergies, tolerance: float) -> np.ndarray:
    """Mask bool[n] of the minima of which one of the two energies fell by more than the tolerance.

    A merge that did not exist before counts as fallen. Raises PropertyError for merges of targets of different sizes.
    """
    if before.to_lower.shape != after.to_lower.shape:
        raise PropertyError(
            f"Expected merges of the same minima, found {len(before.to_lower)} and {len(after.to_lower)} minima: "
            "pass the same rows for both times."
        )
    lower = _lower(before.to_lower, after.to_lower, tolerance)
    return np.asarray(lower | _lower(before.to_lowest, after.to_lowest, tolerance))


def fallen(before: MergeEnergies, after: MergeEnergies, tolerance: float) -> Fallen:
    """Number of merges that exist `after`, and number of these that fell, as `has_fallen` decides."""
    there = np.isfinite(after.to_lower)
    return Fallen(fell=int((has_fallen(before, after, tolerance) & there).sum()), merges=int(there.sum()))


def _lower(before: np.ndarray, after: np.ndarray, tolerance: float) -> np.ndarray:
    """Mask bool[n] of the energies that are finite `after`, and lower than `before` by more than the tolerance."""
    return np.asarray(np.isfinite(after) & (after < before - tolerance))
