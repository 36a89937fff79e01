"""Layout of a disconnectivity tree: the places of its nodes and the lines between them, as is usual in the field.

From a merge at (x, h) the line of each branch goes along the level h, slants down to the place of the branch, and goes
straight down from there. The slanted part falls by a drop that is the same all over the picture, but not below the
energy of the branch. Where the branches of a merge are few, their lines slant all the way, as a fan. Where they are
many, the slants of a fan would be flat and lie on one another; the merge is then a comb: one line along the level, from
which the branches hang by short slants. `landscape.graph.branch_packing` finds the places. The branches of a merge are
ordered

- by energy: the branch with the lowest minimum is the trunk, the others follow outwards, lowest first;
- by size: the branch with most minima is the trunk, the others follow outwards, largest first (ties by energy);
- by value: from left to right by the mean value of the minima of a branch, unknown values last.

Components of a forest are ordered in the same way. No two lines cross.

In a metric layout the place of a minimum is not free: it is the value of a property, and a merge stands at the mean of
the minima below it.

Shapes: L leaves, N nodes.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from landscape.errors import PropertyError
from landscape.graph.branch_packing import packed_places
from landscape.graph.tree import DisconnectivityTree

Order = Literal["energy", "size", "value"]
DROP = 0.045  # part of the range of energies over which lines slant, unless the tree has energy levels
GAP = 0.005  # part of the range of energies that stays free below the end of a branch above others
FAN = 2.0  # farthest place of a branch from its merge at which all lines of the merge slant all the way
CHAMFER = 0.5  # places over which the lines of a comb slant
COMB_DROP = 0.012  # part of the range of energies over which they do


@dataclass(frozen=True, kw_only=True)
class Layout:
    """Places of the nodes of one tree, and the line from each node to the merge above it.

    A line has four corners: the node, the point above it where the line begins to slant, the point on the level of the
    merge where it ends to slant, and the merge. It is NaN at the top of a tree.
    """

    x: np.ndarray  # float64[N]; upright lines at one energy are at least 1 apart, or 0.5 beside a twig (`TWIG`)
    lines: np.ndarray  # float64[N, 4, 2]


def layout(
    tree: DisconnectivityTree, order: Order = "energy", values: np.ndarray | None = None, *, gap: float = GAP
) -> Layout:
    """Place the nodes of a tree; `values` [L], one for each leaf, are needed to order by value.

    `gap` is the part of the range of energies that stays free below each leaf, for a label for instance.

    Raises PropertyError for an unknown order, or where values are missing or of another length.
    """
    ranks = _keys(tree, order, values)
    if not tree.n_leaves:
        return Layout(x=np.empty(0), lines=np.empty((0, 4, 2)))
    drop = _drop(tree)
    x = packed_places(tree, ranks, drop, gap, balanced=order != "value")
    return Layout(x=x, lines=_lines(tree, x, drop, free=True))


def metric_layout(tree: DisconnectivityTree, values: np.ndarray) -> Layout:
    """Place each leaf at its value, `values` [L], and each merge at the mean of the leaves below it.

    Lines slant all the way, and may cross. Raises PropertyError if a value is not finite or they are of another length.
    """
    if np.shape(values) != (tree.n_leaves,) or not np.isfinite(values).all():
        raise PropertyError(f"Expected {tree.n_leaves} finite values to place the leaves at: leave unknown ones out.")
    if not tree.n_leaves:
        return Layout(x=np.empty(0), lines=np.empty((0, 4, 2)))
    x = _branch_means(tree, values)
    return Layout(x=x, lines=_lines(tree, x, _drop(tree), free=False))


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


def _drops(tree: DisconnectivityTree, drop: float) -> np.ndarray:
    """Energy [N] over which the lines of a fan slant: `drop`, or less where a merge below is nearer than that."""
    drops = np.full(len(tree.parent), drop)
    inner = np.flatnonzero(tree.parent[tree.n_leaves :] >= 0) + tree.n_leaves
    np.minimum.at(drops, tree.parent[inner], tree.height[tree.parent[inner]] - tree.height[inner])
    return drops


def _are_combs(tree: DisconnectivityTree, x: np.ndarray, drops: np.ndarray, flattest: float) -> np.ndarray:
    """True, bool[N], for merges that are drawn as combs: wide ones, and those whose fan would be flat."""
    combs = drops < flattest
    inner = np.flatnonzero(tree.parent >= 0)
    combs[tree.parent[inner[np.abs(x[inner] - x[tree.parent[inner]]) > FAN]]] = True
    return combs


def _lines(tree: DisconnectivityTree, x: np.ndarray, drop: float, *, free: bool) -> np.ndarray:
    """The lines [N, 4, 2] of the nodes at x [N]; combs are drawn if the places were `free` to be chosen."""
    flattest = min(drop, COMB_DROP * float(np.ptp(tree.height)))
    drops = _drops(tree, drop)
    combs = _are_combs(tree, x, drops, flattest) & free
    comb, above, aside = combs[tree.parent], tree.height[tree.parent], x - x[tree.parent]
    own = np.where(comb, flattest, drops[tree.parent])
    knee = np.maximum(tree.height, above - own)
    steepness = (above - knee) / (flattest or 1.0)  # 1 in a comb, less for a branch that ends before its slant does
    reach = np.where(comb, np.minimum(np.abs(aside), CHAMFER * steepness), np.abs(aside))
    corners = [(x, tree.height), (x, knee), (x - np.sign(aside) * reach, above), (x[tree.parent], above)]
    lines = np.stack([np.stack(corner, axis=1) for corner in corners], axis=1)
    lines[tree.parent < 0] = np.nan
    return lines


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
