"""The source of all minima of a page, which tree, map and table share: a selection in one is a selection in all.

Shapes: n minima, N nodes of the tree.
"""

import numpy as np
from bokeh.models import ColumnDataSource

from landscape.declaration import FRACTION
from landscape.messages import number_text
from landscape.report.data import PageData
from landscape.report.views.tree_places import TreePlaces, split_lines
from landscape.statistics.copies import copies_text

NAME = "minima"
PLAIN = "#4477aa"  # before the page colours a branch


def minima_source(data: PageData, places: TreePlaces) -> ColumnDataSource:
    """One row a minimum, by rising energy.

    For each axis of the tree there are columns x, y, xs and ys with its name: places of tips and lines of branches.
    """
    count = data.shown
    energy = data.energy[:count]
    values = {one.name: one.values for one in data.columns}
    unknown = np.full(count, np.nan)
    columns = {
        "row": data.row[:count],
        "energy": energy,
        "above": energy - data.energy[0],
        "hits": data.hits,
        "copies": [copies_text(one, digits=6) for one in data.log_orbit_size.tolist()],
        "log_copies": data.log_orbit_size,
        "escape_barrier": values.get("escape_barrier", unknown),
        "barrier_to_global": values.get("barrier_to_global", unknown),
        "lowest_eigenvalue": values.get("lowest_eigenvalue", unknown),
        "accuracies": accuracies(data),
        "value": unknown,
        "map_x": data.plane.places[:, 0],
        "map_y": data.plane.places[:, 1],
        "colour": [PLAIN] * count,
        "alpha": np.ones(count),
        "scatter_x": energy,
        "scatter_y": energy,
    }
    for axis, one in (("energy", places.energy), ("order", places.order)):
        xs, ys = split_lines(one.lines[:count])
        ends = np.array([line[0, 1] for line in one.lines[:count]])
        columns |= {f"{axis}_x": one.x[:count], f"{axis}_y": ends, f"{axis}_xs": xs, f"{axis}_ys": ys}
    for part in ("x", "y", "xs", "ys"):
        columns[f"tree_{part}"] = columns[f"energy_{part}"]
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
