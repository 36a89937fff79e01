"""Colours of the branches of a tree, which show the values or the groups of their minima, and what explains them.

Shapes: L leaves, N nodes.
"""

import textwrap

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Normalize, to_rgba_array
from matplotlib.lines import Line2D

from landscape.errors import PropertyError
from landscape.graph.layout import shared_values
from landscape.graph.tree import DisconnectivityTree
from landscape.messages import number_text
from landscape.plots.figures import COLOURS, UNKNOWN, family_style, plain
from landscape.plots.trees.groups import Groups
from landscape.plots.trees.picture import Picture
from landscape.studies.columns import Column, readable

PLAIN = "0.1"
NEUTRAL = "0.45"  # the colour of a merge of minima with different values


def colour_scale(name: str, known: np.ndarray) -> Normalize:
    """The range of the known values, widened if they are all equal. Raises PropertyError without known values."""
    if not len(known):
        raise PropertyError(f"Expected values of {name} to colour by, found none for these minima: measure them first.")
    low, high = float(known.min()), float(known.max())
    half = 0.0 if high > low else (abs(low) or 1.0) * 0.5
    return Normalize(low - half, high + half)


def branch_colours(picture: Picture) -> np.ndarray:
    """A colour [N, 4] for every node: that of the value or group that all its minima share, otherwise a grey."""
    tree = picture.tree
    if picture.groups is not None:
        return _group_colours(tree, picture.groups)
    if picture.colour is None or picture.values is None:
        return to_rgba_array([PLAIN] * len(tree.parent))
    return value_colours(tree, picture.values, colour_scale(picture.colour.name, _known(picture.values)))


def value_colours(tree: DisconnectivityTree, values: np.ndarray, scale: Normalize) -> np.ndarray:
    """A colour [N, 4] for every node, by values [L]."""
    colours = to_rgba_array([UNKNOWN] * tree.n_leaves + [NEUTRAL] * (len(tree.parent) - tree.n_leaves))
    shared = shared_values(tree, values)
    colours[np.isfinite(shared)] = COLOURS(scale(shared[np.isfinite(shared)]))
    return colours


def are_neutral(colours: np.ndarray) -> np.ndarray:
    """True, bool[N], where colours [N, 4] are the colour of merges of different values."""
    return np.asarray((colours == to_rgba_array(NEUTRAL)).all(axis=1))


def draw_colour_bar(axes: Axes, picture: Picture) -> None:
    """Draw the colour bar of a property, with its name and units."""
    if picture.colour is None or picture.values is None or picture.groups is not None:
        return
    known = _known(picture.values)
    scale = colour_scale(picture.colour.name, known)
    bar = axes.figure.colorbar(mpl.cm.ScalarMappable(scale, COLOURS), ax=axes, pad=0.02, aspect=30)
    bar.set_label(title(picture.colour))
    bar.outline.set_linewidth(0.6)
    if len(np.unique(known)) == 1:
        bar.set_ticks([known[0]])


def group_keys(groups: Groups | None) -> list[Line2D]:
    """Keys of the groups for a legend."""
    names = map(plain, groups.names if groups else ())
    return [Line2D([], [], color=family_style(place)[0], linewidth=1.2, label=name) for place, name in enumerate(names)]


def title(colour: Column) -> str:
    """A short name with the chosen epsilon and the units: pgd accuracy, epsilon = 0.3 (fraction of samples)."""
    name = colour.name if colour.epsilon is None else colour.property
    chosen = "" if colour.epsilon is None else f", $\\varepsilon$ = {number_text(colour.epsilon)}"
    units = f" ({colour.units})" if colour.units not in ("", "energy") else ""  # energies have no unit
    return "\n".join(textwrap.wrap(plain(readable(name)) + chosen + plain(units), 56))


def _group_colours(tree: DisconnectivityTree, groups: Groups) -> np.ndarray:
    colours = to_rgba_array([NEUTRAL] * len(tree.parent))
    member = groups.member[tree.minimum].astype(np.float64)
    shared = shared_values(tree, np.where(member >= 0, member, np.nan))
    for place in range(len(groups.names)):
        colours[shared == place] = to_rgba_array(family_style(place)[0])
    return colours


def _known(values: np.ndarray) -> np.ndarray:
    return np.asarray(values[np.isfinite(values)])
