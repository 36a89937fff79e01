"""Marks on a disconnectivity graph for the end points of each regime of training, below their minima."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.transforms import ScaledTranslation

from landscape.errors import PropertyError
from landscape.messages import did_you_mean
from landscape.plots.figures import family_style
from landscape.studies.locations import Locations

SMALLEST, LARGEST = 3.2, 8.0  # diameters in points: of the mark of one end point, and of the largest mark
GAP = 1.5  # points between the marks of a pile


@dataclass(frozen=True, kw_only=True)
class Marks:
    """The number of end points of each regime at each minimum."""

    counts: Mapping[str, Mapping[int, int]]  # by regime and row of the minimum
    located: Mapping[str, int]

    def at(self, row: int) -> list[tuple[int, int]]:
        """The places of the regimes with end points at a minimum, and the number of these end points."""
        counts = [(place, found.get(row, 0)) for place, found in enumerate(self.counts.values())]
        return [(place, count) for place, count in counts if count]


def marks_of(locations: Locations, names: str) -> Marks:
    """The marks of the named regimes, separated by commas, or of "all". Raises PropertyError for an unknown one."""
    chosen = list(locations.regimes) if names == "all" else names.split(",")
    counts: dict[str, dict[int, int]] = {}
    for name in chosen:
        if name not in locations.regimes:
            near = did_you_mean(name, locations.regimes)
            raise PropertyError(f"Expected regimes to mark, or all, found '{name}': {near}.")
        own = locations.minimum[locations.regime == locations.regimes.index(name)]
        rows, number = np.unique(own[own >= 0], return_counts=True)
        counts[name] = dict(zip(rows.tolist(), number.tolist(), strict=True))
    return Marks(counts=counts, located={name: sum(found.values()) for name, found in counts.items()})


def depth_in_points(marks: Marks, rows: np.ndarray) -> float:
    """Height in points of the highest pile of marks below one of the minima `rows`, with gaps."""
    piles = [sum(_size(count) + GAP for _, count in marks.at(row)) for row in rows.tolist()]
    return max(piles, default=0.0) + 2.0 * GAP


def draw_marks(axes: Axes, marks: Marks, rows: np.ndarray, x: np.ndarray, energy: np.ndarray) -> None:
    """Draw piles of marks below the leaves at x [L] and energy [L] of the minima `rows` int64[L]."""
    inches = axes.figure.dpi_scale_trans
    for row, place, height in zip(rows.tolist(), x.tolist(), energy.tolist(), strict=True):
        below = GAP
        for regime, count in marks.at(row):
            size = _size(count)
            colour, marker = family_style(regime)
            axes.plot(
                place,
                height,
                marker=marker,
                markersize=size,
                color=colour,
                markeredgecolor="white",
                markeredgewidth=0.3,
                transform=axes.transData + ScaledTranslation(0.0, -(below + size / 2.0) / 72.0, inches),
                clip_on=False,
                zorder=3,
            )
            below += size + GAP


def draw_legend(axes: Axes, marks: Marks, drawn: np.ndarray) -> None:
    """Draw the legend of the marks, with the numbers of end points of each regime and of those outside the picture."""
    inside = set(drawn.tolist())
    handles = []
    for place, (name, counts) in enumerate(marks.counts.items()):
        outside = sum(count for row, count in counts.items() if row not in inside)
        label = f"{name} ({marks.located[name]}" + (f", {outside} not drawn)" if outside else ")")
        colour, marker = family_style(place)
        handles.append(Line2D([], [], linestyle="none", marker=marker, markersize=4.5, color=colour, label=label))
    axes.figure.legend(handles=handles, loc="outside right upper", title="end points of training")


def _size(count: int) -> float:
    """Diameter of a mark in points. Its area is proportional to the number of end points, up to `LARGEST`."""
    return float(min(SMALLEST * np.sqrt(count), LARGEST))
