"""The axis of a tree, and the levels at which its lines meet.

The axis is linear, logarithmic, or linear near zero and logarithmic above (symlog). A landscape in which half of the
minima lie in the lowest tenth of the heights is crowded at its bottom, and is drawn on the last of these by default.

Lines of different lengths are seen only if most are not much shorter than the picture is high. Lines that meet at exact
energies are as long as barriers are high. If more than a quarter of them would be too short to see, the lines meet at
levels instead, as in the classical picture, and the number of levels is the largest with which they are long enough.

Shapes: L leaves, K levels. Heights are those above the lowest minimum.
"""

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from matplotlib.axes import Axes
from matplotlib.scale import LogTransform, SymmetricalLogTransform
from matplotlib.transforms import IdentityTransform, Transform

from landscape.errors import PropertyError
from landscape.graph.tree import DisconnectivityTree, at_levels

Scale = Literal["auto", "linear", "log", "symlog"]
CROWDED, BOTTOM = 0.5, 0.1  # part of the minima, and part of the heights in which they lie
LINEAR = 0.25  # part of the minima that lie in the linear part of a symlog axis
SEEN = 1.0 / 60.0  # length of a line, in parts of the range of heights, that can be seen: 5 points on 4 inches
SHORT = 0.25  # part of the lines that may be shorter
MOST_LEVELS = 10_000
NUMBERS = (30, 24, 20, 16, 14, 12, 10, 8)  # of levels


@dataclass(frozen=True, kw_only=True)
class HeightScale:
    """A kind of axis; `threshold` is where a logarithmic axis begins, or the linear part of a symlog axis ends."""

    kind: Scale
    threshold: float

    def forward(self, height: np.ndarray) -> np.ndarray:
        """Places on the axis, in units in which it is linear."""
        return np.asarray(self._transform().transform(self._drawn(height)))

    def back(self, place: np.ndarray) -> np.ndarray:
        """The heights of places on the axis."""
        return np.asarray(self._transform().inverted().transform(place))

    def apply(self, axes: Axes) -> None:
        """Make the axis of a picture of this kind."""
        if self.kind == "symlog":
            axes.set_yscale("symlog", linthresh=self.threshold)
        else:
            axes.set_yscale(self.kind)

    def _drawn(self, height: np.ndarray) -> np.ndarray:
        """The heights as they are drawn; a logarithmic axis draws those below its beginning there."""
        return np.maximum(height, self.threshold) if self.kind == "log" else height

    def _transform(self) -> Transform:
        if self.kind == "log":
            return LogTransform(10)
        return SymmetricalLogTransform(10, self.threshold, 1.0) if self.kind == "symlog" else IdentityTransform()


def height_scale(kind: Scale, tree: DisconnectivityTree) -> HeightScale:
    """The axis of a kind, "auto" for one that suits the tree. Raises PropertyError for an unknown kind."""
    if kind not in get_args(Scale):
        raise PropertyError(f"Expected a scale {', '.join(get_args(Scale))}, found '{kind}': choose one of them.")
    top = float(tree.height.max(initial=0.0))
    own = np.sort(tree.height[: tree.n_leaves])
    above = tree.height[tree.height > 0.0]
    if not len(above):
        return HeightScale(kind="linear", threshold=1.0)
    if kind == "auto":
        kind = "symlog" if np.mean(own <= BOTTOM * top) >= CROWDED and len(own) > 2 else "linear"
    if kind == "log":
        return HeightScale(kind=kind, threshold=0.5 * float(above.min()))
    low = own[own > 0.0]
    linear = float(np.quantile(low, LINEAR)) if len(low) else float(above.min())
    return HeightScale(kind=kind, threshold=10.0 ** np.floor(np.log10(linear)))


def with_levels(tree: DisconnectivityTree, scale: HeightScale, number: int | None) -> DisconnectivityTree:
    """The tree with merges at a number of levels at equal distances on the axis; 0 keeps them exact.

    Without a number merges stay exact if they can be seen so; otherwise the number is the largest of `NUMBERS` at which
    they can. Raises PropertyError for a negative number, and for one above `MOST_LEVELS`.
    """
    if number is not None and not 0 <= number <= MOST_LEVELS:
        raise PropertyError(f"Expected 0 to {MOST_LEVELS} levels, found {number}: 0 draws exact merges.")
    if not (tree.parent >= 0).any():
        return tree
    if number is not None:
        return at_levels(tree, _levels(tree, scale, number)) if number else tree
    if _can_be_seen(tree, scale):
        return tree
    trees = (at_levels(tree, _levels(tree, scale, count)) for count in NUMBERS)
    return next((one for one in trees if _can_be_seen(one, scale)), at_levels(tree, _levels(tree, scale, NUMBERS[-1])))


def _levels(tree: DisconnectivityTree, scale: HeightScale, count: int) -> np.ndarray:
    """Heights [K] of levels at equal distances on the axis, the last at the highest merge."""
    low, high = scale.forward(np.array([tree.height.min(), tree.height.max()]))
    levels = scale.back(np.linspace(low, high, count + 1)[1:])
    levels[-1] = tree.height.max()
    return levels


def _can_be_seen(tree: DisconnectivityTree, scale: HeightScale) -> bool:
    """True if most lines of minima are long enough to be seen."""
    place = scale.forward(tree.height)
    joined = np.flatnonzero(tree.parent[: tree.n_leaves] >= 0)
    length = place[tree.parent[joined]] - place[joined]
    return bool(np.quantile(length, SHORT) >= SEEN * np.ptp(place))
