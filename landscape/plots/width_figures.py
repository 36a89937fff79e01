"""Figures of the study of width, from the rows of the table that `analysis/width.py` writes.

One figure has a column of panels for each data set and l2, against the number of units of one hidden layer: minima,
energies, losses, and climbs beside heights. The other has a row for each data set, l2 and number of units a layer,
against the number of samples, with a colour for each number of hidden layers.

Shapes: L landscapes.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, NullLocator

from landscape.messages import counted
from landscape.plots.figures import FAMILY, family_style, plain

Row = Mapping[str, str | float]
"""A landscape."""
LEAST_WIDTHS = 3
BAND = "0.88"
LAYERED = ("minima met", "lowest energy", "test loss,\nlowest minimum", "climb to the lowest\nover height above it")
THRESHOLD = {"color": "0.6", "linewidth": 0.7, "linestyle": ":"}
LEGEND = {"loc": "center left", "bbox_to_anchor": (1.02, 0.5), "handlelength": 1.6}


class Curve(NamedTuple):
    """A column of the table, its words in the legend, and its style."""

    name: str
    label: str
    colour: str
    marker: str
    face: str | None = None
    line: str = "-"


ENERGIES = (
    Curve("lowest_energy", "lowest minimum", FAMILY[0], "v"),
    Curve("train_loss", "training loss in it", FAMILY[0], "v", "white", "--"),
    Curve("spread", "highest above the lowest", FAMILY[4], "^"),
)
LOSSES = (
    Curve("test_loss_median", "median minimum", FAMILY[1], "o", "white"),
    Curve("test_loss", "lowest minimum", FAMILY[1], "v"),
)
CLIMBS = (
    Curve("barrier", "climb to the lowest, median", FAMILY[6], "o"),
    Curve("escape_of_lowest", "climb out of the lowest", FAMILY[3], "D", "white"),
    Curve("depth", "height above the lowest, median", FAMILY[2], "s", "white"),
)


def is_sweep(rows: Sequence[Row]) -> bool:
    """True if `draw_widths` has a column to draw: landscapes of one hidden layer that differ in nothing but width."""
    return any(_sweeps(rows))


def is_grid(rows: Sequence[Row]) -> bool:
    """True if `draw_layers` has a row to draw: landscapes that differ in the number of hidden layers."""
    return any(_grids(rows))


def draw_widths(rows: Sequence[Row]) -> Figure:
    """Minima, energies, losses and climbs against the number of units of one hidden layer."""
    sweeps = list(_sweeps(rows))
    figure, panels = _panels(4, len(sweeps), (1.9 + 2.2 * len(sweeps), 6.2))
    for place, own in enumerate(sweeps):
        first, column = own[0], panels[:, place]
        column[0].set_title(f"{_data(first)}, {first['samples']:g} samples\nl2 = {first['l2']:g}", fontsize="medium")
        _draw_numbers(column[0], own)
        for axes, curves in zip(column[1:], (ENERGIES, LOSSES, CLIMBS), strict=True):
            _draw_curves(axes, own, curves)
        _say_if_empty(column[-1])
        units = _values(own, "units")
        least, largest = _values(own, "test_loss_least"), _values(own, "test_loss_largest")
        column[2].fill_between(units, least, largest, color=BAND, linewidth=0, zorder=0, label="all minima")
        parameters, samples = _values(own, "parameters"), float(first["samples"])
        for axes in column:
            axes.margins(x=0.05)
            axes.xaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 5, 10]))
            if parameters.min() < samples < parameters.max():
                threshold = np.interp(samples, parameters, units)
                axes.axvline(threshold, label="parameters = samples" if axes is column[0] else None, **THRESHOLD)
        column[-1].set_xlabel("units of the hidden layer")
    for axes, label in zip(panels[:, 0], ("minima", "energy", "test loss", "energy"), strict=True):
        axes.set_ylabel(label)
    for axes in panels[:, -1]:
        axes.legend(**LEGEND)
    return figure


def draw_layers(rows: Sequence[Row]) -> Figure:
    """Minima, lowest energy, test loss and the ratio of climb and height against the number of samples."""
    grids = list(_grids(rows))
    figure, panels = _panels(len(grids), 4, (7.2, 0.6 + 1.6 * len(grids)))
    for across, own in zip(panels, grids, strict=True):
        first = own[0]
        title = f"{_data(first)}, {counted(int(first['units']), 'unit')} a layer, l2 = {first['l2']:g}"
        across[0].set_title(title, fontsize="medium", loc="left")
        for number, layers in enumerate(sorted({int(row["layers"]) for row in own})):
            _draw_depth(across, sorted((r for r in own if r["layers"] == layers), key=lambda r: r["samples"]), number)
        _say_if_empty(across[3])
        across[0].axhline(float(first["quenches"]), label="quenches", **THRESHOLD)
        across[3].axhline(1.0, **THRESHOLD)
        ticks = sorted({float(row["samples"]) for row in own})
        for axes, label in zip(across, LAYERED, strict=True):
            axes.set_xscale("log")
            axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
            axes.xaxis.set_minor_locator(NullLocator())
            axes.margins(x=0.1)
            axes.set_ylabel(label)
    for axes in panels[-1]:
        axes.set_xlabel("training samples")
    handles, labels = panels[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(labels))
    return figure


def _panels(rows: int, columns: int, size: tuple[float, float]) -> tuple[Figure, np.ndarray]:
    """A figure of a size in inches, and its panels with logarithmic heights."""
    figure = Figure(figsize=size)
    panels: np.ndarray = figure.subplots(rows, columns, sharex="col", squeeze=False)
    for axes in panels.flat:
        axes.set_yscale("log")
        axes.margins(y=0.12)
    return figure, panels


def _draw_numbers(axes: Axes, rows: Sequence[Row]) -> None:
    """Minima that quenches met, and the estimate of all that they can meet with its 95 % interval."""
    units, estimate, high = _values(rows, "units"), _values(rows, "chao1"), _values(rows, "chao1_high")
    axes.errorbar(
        units,
        estimate,
        yerr=[np.zeros(len(units)), high - estimate],
        fmt="s",
        markersize=3,
        markerfacecolor="white",
        color=FAMILY[5],
        linewidth=0.7,
        label="estimate of all in reach\n(Chao1, upper 95 % end)",
    )
    axes.plot(units, _values(rows, "met"), "o-", markersize=3, linewidth=0.8, color=FAMILY[0], label="met by quenches")


def _draw_curves(axes: Axes, rows: Sequence[Row], curves: Sequence[Curve]) -> None:
    for one in curves:
        values = _values(rows, one.name)
        known = np.isfinite(values) & (values > 0.0)
        axes.plot(
            _values(rows, "units")[known],
            values[known],
            one.line,
            marker=one.marker,
            markersize=3,
            linewidth=0.8,
            color=one.colour,
            markerfacecolor=one.face or one.colour,
            label=one.label,
        )


def _draw_depth(across: np.ndarray, rows: Sequence[Row], number: int) -> None:
    """The landscapes of one number of layers, by rising samples, in the four panels of a row."""
    colour, marker = family_style(number)
    label = counted(int(rows[0]["layers"]), "hidden layer")
    ratio = _values(rows, "barrier") / _values(rows, "depth")
    heights = _values(rows, "met"), _values(rows, "lowest_energy"), _values(rows, "test_loss"), ratio
    style: dict[str, Any] = {"marker": marker, "color": colour, "markersize": 4, "linewidth": 0.8, "label": label}
    for axes, values in zip(across, heights, strict=True):
        axes.plot(_values(rows, "samples"), values, **style)


def _say_if_empty(axes: Axes) -> None:
    """Say in a panel of climbs that none is known, instead of axes without a curve."""
    if not any(np.isfinite(np.asarray(line.get_ydata(), dtype=np.float64)).any() for line in axes.lines):
        axes.text(0.5, 0.5, "no climbs known", transform=axes.transAxes, ha="center", va="center", color="0.4")
        axes.yaxis.set_major_locator(NullLocator())
        axes.yaxis.set_minor_locator(NullLocator())


def _sweeps(rows: Sequence[Row]) -> Iterator[list[Row]]:
    """Landscapes of one hidden layer by rising number of units, for each folder with at least three of them."""
    for folder in dict.fromkeys(row["folder"] for row in rows):
        own = [row for row in rows if row["folder"] == folder and row["layers"] == 1]
        if len({row["units"] for row in own}) >= LEAST_WIDTHS:
            yield sorted(own, key=lambda row: row["units"])


def _grids(rows: Sequence[Row]) -> Iterator[list[Row]]:
    """Landscapes of one data set, l2 and number of units a layer, from the folders that have several depths of them."""
    layers: dict[object, set[object]] = {}
    for row in rows:
        layers.setdefault((row["folder"], *_grid(row)), set()).add(row["layers"])
    deep = [row for row in rows if len(layers[(row["folder"], *_grid(row))]) > 1]
    for key in dict.fromkeys(_grid(row) for row in deep):
        yield [row for row in deep if _grid(row) == key]


def _grid(row: Row) -> tuple[str | float, ...]:
    return row["dataset"], row["l2"], row["units"]


def _data(row: Row) -> str:
    return plain(str(row["dataset"]))


def _values(rows: Sequence[Row], name: str) -> np.ndarray:
    """A column [L] of the table."""
    return np.array([row[name] for row in rows], dtype=np.float64)
