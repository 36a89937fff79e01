"""Places of the tree on two axes: energies above the lowest minimum, and their order.

On the axis of energies the many short branches of a landscape of networks run together. On the axis of order every
energy of a minimum or a merge stands one step above the next lower one, so that every branch and every merge is seen;
lengths then mean nothing, and the labels still tell the energies.

Shapes: n minima, N nodes of the tree, K labels.
"""

from dataclasses import dataclass, replace

import numpy as np

from landscape.graph.layout import Layout, layout
from landscape.graph.tree import DisconnectivityTree

LABELS = 9


@dataclass(frozen=True, kw_only=True)
class TreePlaces:
    """The layout of a tree on each axis, and the labels of the axis of order."""

    energy: Layout
    order: Layout
    labels: dict[float, str]  # steps of the axis of order, and the energies above the lowest minimum there


def tree_places(tree: DisconnectivityTree) -> TreePlaces:
    """The places of a tree with at least one leaf."""
    above = tree.height - tree.height.min()
    steps, rank = np.unique(above, return_inverse=True)
    chosen = np.unique(np.linspace(0, len(steps) - 1, LABELS).round().astype(np.int64))
    return TreePlaces(
        energy=layout(replace(tree, height=above)),
        order=layout(replace(tree, height=rank.astype(np.float64))),
        labels={float(step): f"{steps[step]:.2g}" for step in chosen.tolist()},
    )


def split_lines(lines: np.ndarray) -> tuple[list[list[float]], list[list[float]]]:
    """The x and the y of lines [N, 4, 2]; those at the top of a tree, which have no line, are empty."""
    drawn = np.isfinite(lines).all(axis=(1, 2)).tolist()
    parts = zip(lines.tolist(), drawn, strict=True)
    kept = [line if one else [] for line, one in parts]
    return [[short(x) for x, _ in line] for line in kept], [[short(y) for _, y in line] for line in kept]


def short(value: float) -> float:
    """A coordinate with as many digits as can be seen when a plot is enlarged a thousand times."""
    return float(f"{value:.7g}")
