"""Contents of a picture of a tree: the minima that are drawn, their places, their colours and the words beside them.

Minima are left out of the tree in three ways. A threshold draws minima that small climbs connect as one. A number of
lowest minima leaves out higher ones; without it the minima with the longest branches are drawn if there are too many to
tell apart. Minima without a known connection go to a rug beside the tree, which counts them, unless they are a large
part of the landscape.

Shapes: M minima, L leaves, U unconnected minima.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from landscape.database.database import Database
from landscape.errors import PropertyError
from landscape.graph.layout import GAP, Layout, Order, layout, metric_layout
from landscape.graph.tree import DisconnectivityTree, lasting, prune, restricted, thin
from landscape.messages import counted
from landscape.plots.trees.caption import caption_of
from landscape.plots.trees.groups import Groups, named_groups, superbasins
from landscape.plots.trees.heights import Heights, heights_of
from landscape.plots.trees.marks import Marks, marks_of
from landscape.plots.trees.scales import HeightScale, Scale, height_scale, with_levels
from landscape.studies.columns import Column, column
from landscape.studies.locations import locations_of

MOST = 400  # minima whose lines can be told apart on two columns
LARGE = 0.1  # part of the minima from which on a component without connection is drawn as a tree


@dataclass(frozen=True, kw_only=True)
class Choice:
    """The choices of a user, see `landscape.plot_tree`."""

    colour: str | None = None
    order: Order = "energy"
    levels: int | None = None
    scale: Scale = "auto"
    threshold: float = 0.0
    lowest: int | None = None
    labels: bool = False
    marks: str | None = None
    groups: Sequence[str] = ()
    superbasins: float | None = None
    temperature: float | None = None
    metric: str | None = None


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A tree whose heights are places on the axis, with all that is drawn beside it."""

    tree: DisconnectivityTree
    scale: HeightScale
    unconnected: np.ndarray  # float64[U] heights of minima in the rug
    label: str  # of the axis of heights
    caption: tuple[str, ...]
    drawn: str  # the number of minima in words
    colour: Column | None
    values: np.ndarray | None  # float64[L], those of `colour`
    groups: Groups | None
    marks: Marks | None
    metric: Column | None
    order: Order
    labels: bool

    def layout(self, gap: float) -> Layout:
        """The places of the lines; `gap` is the part of the picture that stays free below a minimum."""
        if self.metric is not None:
            return metric_layout(self.tree, self.metric.values[self.tree.minimum])
        return layout(self.tree, self.order, self.values, gap=max(GAP, gap))


def picture_of(db: Database, choice: Choice) -> Picture:
    """The picture of a database. Raises PropertyError for a choice that the database cannot serve."""
    colour = column(db, choice.colour) if choice.colour else None
    if choice.order == "value" and colour is None:
        raise PropertyError("Expected a property to order by value, found none: add --colour NAME.")
    heights = heights_of(db, choice.temperature)
    metric = column(db, choice.metric) if choice.metric else None
    whole = heights.tree()
    tree, unconnected, drawn = drawn_part(whole, choice, metric)
    scale = height_scale(choice.scale, tree)
    tree = with_levels(tree, scale, choice.levels)
    groups = _groups(whole, choice, heights)
    return Picture(
        tree=replace(tree, height=scale.forward(tree.height), levels=scale.forward(tree.levels)),
        scale=scale,
        unconnected=unconnected,
        label=heights.label,
        caption=tuple(caption_of(db, heights, drawn, [*_manner(tree, scale, groups)])),
        drawn=drawn,
        colour=colour,
        values=colour.values[tree.minimum] if colour else None,
        groups=groups,
        marks=marks_of(locations_of(db), choice.marks) if choice.marks else None,
        metric=metric,
        order=choice.order,
        labels=choice.labels,
    )


def drawn_part(
    tree: DisconnectivityTree, choice: Choice, metric: Column | None = None
) -> tuple[DisconnectivityTree, np.ndarray, str]:
    """The part of a tree that is drawn, the heights [U] of minima in the rug, and the number of minima in words."""
    count, chosen, known, joined = tree.n_leaves, "", "", ""
    if metric is not None:
        tree = restricted(tree, np.flatnonzero(np.isfinite(metric.values[tree.minimum])))
        if not tree.n_leaves:
            raise PropertyError(f"Expected values of {metric.name} to place minima at, found none: measure them first.")
        known = f" whose {metric.name} is known" if tree.n_leaves < count else ""
    tree, unconnected = _without_unconnected(tree)
    before, tree = tree.n_leaves, lasting(tree, choice.threshold)
    if tree.n_leaves < before:
        joined = f", one for all that climbs below {choice.threshold:g} connect"
    if choice.lowest and choice.lowest < tree.n_leaves:
        chosen = f" of lowest {'energy' if choice.temperature is None else 'free energy'}"
        tree, unconnected = prune(tree, choice.lowest), unconnected[:0]
    elif not choice.lowest and tree.n_leaves > MOST:
        tree, chosen = thin(tree, MOST), " with the longest branches"
    return tree, unconnected, f"{tree.n_leaves + len(unconnected)} of {count} minima{chosen}{known}{joined}"


def _manner(tree: DisconnectivityTree, scale: HeightScale, groups: Groups | None) -> Iterator[str]:
    """The facts of a caption without which the lines and colours would mislead."""
    if len(tree.levels):
        yield f"merges at {counted(len(tree.levels), 'level')}"
    if scale.kind == "log":
        yield "0 drawn at the foot of the log axis"
    if groups and groups.words:
        yield groups.words


def _without_unconnected(tree: DisconnectivityTree) -> tuple[DisconnectivityTree, np.ndarray]:
    """The tree of large components and of that of the lowest minimum; the heights [U] of all other minima, rising."""
    if len(tree.roots) < 2:
        return tree, np.empty(0)
    top = np.arange(len(tree.parent))
    for node in range(len(top) - 1, -1, -1):
        top[node] = top[tree.parent[node]] if tree.parent[node] >= 0 else node
    own = top[: tree.n_leaves]
    stays = (tree.size[own] >= max(2.0, LARGE * tree.n_leaves)) | (own == own[np.argmin(tree.height[: tree.n_leaves])])
    return restricted(tree, np.flatnonzero(stays)), np.sort(tree.height[: tree.n_leaves][~stays])


def _groups(tree: DisconnectivityTree, choice: Choice, heights: Heights) -> Groups | None:
    if choice.groups and choice.superbasins is not None:
        raise PropertyError("Expected groups or superbasins to colour, found both: leave one out.")
    if choice.groups:
        return named_groups(choice.groups, len(heights.minima))
    return None if choice.superbasins is None else superbasins(tree, choice.superbasins, len(heights.minima))
