"""The disconnectivity tree: its nodes, and its restriction to some of its minima.

Shapes: L leaves, N >= L nodes: leaves first, then merges in rising order, so a parent always comes after its children.
`landscape.graph.superbasins` builds the tree of a landscape, `landscape.graph.layout` places its nodes.
"""

from dataclasses import dataclass

import numpy as np

from landscape.errors import PropertyError


@dataclass(frozen=True, kw_only=True)
class DisconnectivityTree:
    """A forest with one tree for each set of connected minima."""

    minimum: np.ndarray  # int64[L] row of each leaf in the table of minima
    parent: np.ndarray  # int64[N] node above, -1 at the top of a component
    height: np.ndarray  # float64[N] energy of a leaf; energy at which the branches of a merge join
    size: np.ndarray  # int64[N] number of leaves below
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


def prune(tree: DisconnectivityTree, n_lowest: int) -> DisconnectivityTree:
    """The tree of only the n_lowest minima of lowest energy; merges keep their heights.

    Raises PropertyError if n_lowest < 1.
    """
    _require_leaves(n_lowest)
    return restricted(tree, np.argsort(tree.height[: tree.n_leaves], kind="stable")[:n_lowest])


def thin(tree: DisconnectivityTree, n_deepest: int) -> DisconnectivityTree:
    """The tree of only the n_deepest minima with the longest branches, see `persistence`; merges keep their heights.

    The shortest lines of the picture are left out. Of equal branches those of the lower minima are kept.
    Raises PropertyError if n_deepest < 1.
    """
    _require_leaves(n_deepest)
    order = np.lexsort((tree.height[: tree.n_leaves], -persistence(tree)))
    return restricted(tree, order[:n_deepest])


def lasting(tree: DisconnectivityTree, threshold: float) -> DisconnectivityTree:
    """The tree in which minima that a climb below `threshold` connects are one: the lowest of them.

    Only minima whose branch is at least so long are left, see `persistence`, and the lowest of each component. Raises
    PropertyError if the threshold is negative or NaN.
    """
    if not threshold >= 0.0:
        raise PropertyError(f"Expected a threshold of at least 0, found {threshold}: 0 keeps all minima.")
    keep = persistence(tree) >= threshold
    keep[tree.lowest[tree.roots]] = True
    return restricted(tree, np.flatnonzero(keep))


def at_levels(tree: DisconnectivityTree, levels: np.ndarray) -> DisconnectivityTree:
    """The tree whose merges are lifted to the next of the rising energies `levels` [K]; those above all levels are cut.

    Equals the tree that is built with these levels from the tables.
    """
    inner = np.arange(len(tree.parent)) >= tree.n_leaves
    place = np.searchsorted(levels, tree.height, side="left")
    cut = inner & (place == len(levels))
    height = np.where(inner & ~cut, levels[np.minimum(place, len(levels) - 1)], tree.height)
    parent = np.where((tree.parent >= 0) & ~cut[tree.parent], tree.parent, -1)
    keep = ~cut
    keep[inner & (parent >= 0) & (height == height[parent])] = False
    return contracted(tree.minimum, parent, height, keep, levels)


def persistence(tree: DisconnectivityTree) -> np.ndarray:
    """Length [L] of the branch of each minimum: energy up to the merge with a lower minimum.

    The branch of the lowest minimum of a component ends at the top of the component; without merges its length is 0.
    """
    inner = tree.parent >= 0
    end = np.where(inner, tree.height[tree.parent], tree.height)
    is_top = ~inner | (tree.lowest != tree.lowest[tree.parent])  # the top of the branch of its lowest minimum
    length = -tree.height[: tree.n_leaves]
    length[tree.lowest[is_top]] += end[is_top]
    return length


def contracted(
    minimum: np.ndarray, parent: np.ndarray, height: np.ndarray, keep: np.ndarray, levels: np.ndarray
) -> DisconnectivityTree:
    """The tree of the nodes to `keep`, bool[N]; branches of other nodes go to the nearest merge above that is kept.

    Takes rows `minimum` of the leaves, `parent` and `height` [N] of all nodes, children before parents, `levels` [K].
    """
    new_index = np.append(np.cumsum(keep) - 1, -1)  # the last entry serves parent -1
    minimum = minimum[keep[: len(minimum)]]
    parent, height = new_index[_nearest_kept(parent, keep)[keep]], height[keep]
    size, lowest = _from_leaves(parent, height, len(minimum))
    return DisconnectivityTree(
        minimum=minimum, parent=parent, height=height, size=size, lowest=lowest, levels=levels.copy()
    )


def _require_leaves(count: int) -> None:
    if count < 1:
        raise PropertyError(f"Expected at least 1 minimum to keep in the tree, found {count}: ask for 1 or more.")


def restricted(tree: DisconnectivityTree, leaves: np.ndarray) -> DisconnectivityTree:
    """The tree of only the given leaves int64[K]; merges keep their heights."""
    counts = np.zeros(len(tree.parent), dtype=np.int64)
    counts[leaves] = 1
    branches = np.zeros_like(counts)
    for node, parent in enumerate(tree.parent.tolist()):
        if parent >= 0 and counts[node]:
            counts[parent] += counts[node]
            branches[parent] += 1
    keep = branches > 1
    keep[: tree.n_leaves] = counts[: tree.n_leaves] > 0
    return contracted(tree.minimum, tree.parent, tree.height, keep, tree.levels)


def _nearest_kept(parent: np.ndarray, keep: np.ndarray) -> np.ndarray:
    """The nearest kept ancestor of each node, -1 where there is none."""
    nearest = parent.tolist()
    kept = keep.tolist()
    for node in range(len(nearest) - 1, -1, -1):
        above = nearest[node]
        if above >= 0 and not kept[above]:
            nearest[node] = nearest[above]
    return np.array(nearest, dtype=np.int64)


def _from_leaves(parent: np.ndarray, height: np.ndarray, n_leaves: int) -> tuple[np.ndarray, np.ndarray]:
    """Number of leaves below each node [N], and the lowest of them, that of the first branch if several are equal."""
    inner = len(parent) - n_leaves
    size, lowest, energy = [1] * n_leaves + [0] * inner, [*range(n_leaves), *[-1] * inner], height.tolist()
    for node, above in enumerate(parent.tolist()):
        if above >= 0:
            size[above] += size[node]
            if lowest[above] < 0 or energy[lowest[node]] < energy[lowest[above]]:
                lowest[above] = lowest[node]
    return np.array(size, dtype=np.int64), np.array(lowest, dtype=np.int64)
