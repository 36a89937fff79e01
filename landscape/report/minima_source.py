"""The source of all minima of a page, which tree, map and table share: a selection in one is a selection in all.

Shapes: n minima, N nodes of the tree.
"""

import numpy as np
from bokeh.models import ColumnDataSource

from landscape.declaration import FRACTION
from landscape.graph.layout import Layout
from landscape.messages import number_text
from landscape.report.data import PageData

NAME = "minima"
PLAIN = "#4477aa"  # before the page colours a branch


def minima_source(data: PageData, places: Layout) -> ColumnDataSource:
    """One row a minimum, by rising energy; `places` is the layout of the tree."""
    count = data.shown
    energy = data.energy[:count]
    lines = places.lines[:count] - np.array([0.0, data.energy[0]])
    copies = np.exp(np.minimum(data.log_orbit_size, 700.0))
    values = {one.name: one.values for one in data.columns}
    unknown = np.full(count, np.nan)
    columns = {
        "row": data.row[:count],
        "energy": energy,
        "above": energy - data.energy[0],
        "hits": data.hits,
        "copies": [f"{one:.6g}" for one in copies],
        "log_copies": data.log_orbit_size,
        "escape_barrier": values.get("escape_barrier", unknown),
        "barrier_to_global": values.get("barrier_to_global", unknown),
        "lowest_eigenvalue": values.get("lowest_eigenvalue", unknown),
        "accuracies": accuracies(data),
        "value": unknown,
        "tree_x": places.x[:count],
        "branch_x": [line[:, 0].tolist() for line in lines],
        "branch_y": [line[:, 1].tolist() for line in lines],
        "map_x": data.plane.places[:, 0],
        "map_y": data.plane.places[:, 1],
        "colour": [PLAIN] * count,
        "alpha": np.ones(count),
    }
    return ColumnDataSource(columns, name=NAME)


def accuracies(data: PageData) -> list[str]:
    """A text for each minimum: its accuracy without attack, and under all attacks at each epsilon."""
    chosen = [one for one in data.columns if one.name == "accuracy" or one.property == "robust_accuracy"]
    named = [
        ("clean" if one.epsilon is None else f"\N{GREEK SMALL LETTER EPSILON} {number_text(one.epsilon)}", one.values)
        for one in chosen
        if one.units == FRACTION
    ]
    return [
        ", ".join(f"{name}: {values[place]:.3f}" for name, values in named) or "not measured"
        for place in range(data.shown)
    ]
