"""Colours of the branches of a tree, which show the values of their minima, and the colour bar."""

import textwrap

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Normalize, to_rgba_array
from matplotlib.figure import Figure

from landscape.errors import PropertyError
from landscape.graph.layout import shared_values
from landscape.graph.tree import DisconnectivityTree
from landscape.messages import number_text
from landscape.plots.figures import COLOURS, UNKNOWN
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


def branch_colours(tree: DisconnectivityTree, values: np.ndarray | None, scale: Normalize | None) -> np.ndarray:
    """A colour [N, 4] for every node: that of the value in values [L] that all its minima share, otherwise a grey."""
    if scale is None or values is None:
        return to_rgba_array([PLAIN] * len(tree.parent))
    colours = to_rgba_array([UNKNOWN] * tree.n_leaves + [NEUTRAL] * (len(tree.parent) - tree.n_leaves))
    shared = shared_values(tree, values)
    colours[np.isfinite(shared)] = COLOURS(scale(shared[np.isfinite(shared)]))
    return colours


def are_neutral(colours: np.ndarray) -> np.ndarray:
    """True, bool[N], where colours [N, 4] are the colour of merges of different values."""
    return np.asarray((colours == to_rgba_array(NEUTRAL)).all(axis=1))


def draw_colour_bar(figure: Figure, axes: Axes, colour: Column, known: np.ndarray, scale: Normalize) -> None:
    """Draw the colour bar of a property, with its name and units."""
    bar = figure.colorbar(mpl.cm.ScalarMappable(scale, COLOURS), ax=axes, pad=0.02, aspect=30)
    bar.set_label(_title(colour))
    bar.outline.set_linewidth(0.6)
    if len(np.unique(known)) == 1:
        bar.set_ticks([known[0]])


def _title(colour: Column) -> str:
    """A short name with the chosen epsilon and the units: pgd accuracy, epsilon = 0.3 (fraction of samples)."""
    name = colour.name if colour.epsilon is None else colour.property
    chosen = "" if colour.epsilon is None else f", $\\varepsilon$ = {number_text(colour.epsilon)}"
    units = f" ({colour.units})" if colour.units not in ("", "energy") else ""  # energies have no unit
    return "\n".join(textwrap.wrap(readable(name) + chosen + units, 56))
