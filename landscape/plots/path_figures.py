"""The figures of `paths.py`: profiles along paths as small multiples, and scatter plots of barriers."""

import itertools
from typing import Any, NamedTuple

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from landscape.plots.figures import MINUS, label_y
from landscape.studies.path_barriers import Relation, StoredPaths

EPSILON = "\N{GREEK SMALL LETTER EPSILON}"
CLEAN = "0.25"
STATE = "0.55"
STATE_LINE: dict[str, Any] = {"color": STATE, "linewidth": 0.7, "linestyle": "dotted"}
STATE_DOT: dict[str, Any] = {"marker": "o", "markersize": 2.5, "markerfacecolor": CLEAN, "markeredgecolor": CLEAN}
DASHES = ((0.0, (4.0, 1.2)), (0.0, (5.0, 1.0, 1.2, 1.0)), (0.0, (1.5, 0.8)))  # one pattern for each epsilon, in turn
POINTS = "#0072B2"
DECADES = 2.0  # the axis of barriers in energy is logarithmic if they span more decades
LEAST = 0.02  # share of sensitivities that may lie below the axis: they diverge where a network is constant
ONE_COLUMN, TWO_COLUMNS = 3.4, 7.0  # inches


class Row(NamedTuple):
    """A row of profiles: clean and attacked quantity, label; `less` subtracts the values at the transition states."""

    clean: str
    attacked: str
    label: str
    less: bool = True


SENSITIVITY = Row("", "sensitivity_softmax_crown", "$\\Delta$ sensitivity\n(log volume)")
ROWS = (
    Row("energy", "", "$\\Delta$ energy"),
    Row("clean_loss", "adversarial_loss", "$\\Delta$ loss"),
    Row("accuracy", "robust_accuracy", "accuracy\n(fraction)", less=False),
    Row("", "certified_accuracy_crown", "certified accuracy\n(fraction)", less=False),
    SENSITIVITY,
)


def draw_profiles(paths: StoredPaths) -> Figure:
    """Small multiples: a column for each transition state; a row, with one scale, for each measured row of `ROWS`."""
    rows = [row for row in ROWS if {row.clean, row.attacked} & paths.values.keys()]
    width = min(max(0.65 + 1.06 * len(paths), ONE_COLUMN), 14.0)
    figure = Figure(figsize=(width, 0.75 + 1.05 * len(rows)))
    panels = figure.subplots(len(rows), len(paths), sharex=True, sharey="row", squeeze=False)
    colours = _colours(paths)
    for line, row in zip(panels, rows, strict=True):
        for place, axes in enumerate(line):
            _draw_profile(axes, paths, place, row, colours)
        line[0].locator_params(axis="y", nbins=4)
        if row is SENSITIVITY:
            line[0].set_ylim(bottom=_lowest(paths.values[row.attacked], paths.middle))
        label_y(line[0], row.label)
    for axes, state, (first, second) in zip(panels[0], paths.states, paths.minima, strict=True):
        axes.set_title(f"state {state}\nminimum {first} \N{RIGHTWARDS ARROW} {second}", fontsize=7)
    panels[-1, 0].set_xlim(-0.03, 1.03)
    panels[-1, 0].set_xticks([0.0, 0.5, 1.0], ["0", "0.5", "1"])
    figure.supxlabel("relative arc length from minimum to minimum", fontsize=8)
    figure.align_ylabels(panels[:, 0])
    _draw_legend(figure, paths, colours)
    return figure


def draw_scatter(relation: Relation) -> Figure:
    """A panel for each epsilon: barriers in adversarial loss against barriers in energy, open if degenerate."""
    count = len(relation.table)
    columns = min(count, 3)
    lines = -(-count // columns)
    figure = Figure(figsize=(ONE_COLUMN if count == 1 else TWO_COLUMNS, 2.1 * lines + 0.6))
    panels = figure.subplots(lines, columns, sharex=True, squeeze=False)
    for axes, row, rise in zip(panels.flat, relation.table, relation.adversarial_loss.values(), strict=False):
        _draw_barriers(axes, relation, rise)
        text = f"$\\rho$ = {signed(row.spearman)}".replace("-", MINUS)
        axes.set_title(f"{EPSILON} = {row.robustness}, {text}", fontsize=7)
        label_y(axes, "")
        axes.locator_params(axis="y", nbins=5)
    for place, axes in enumerate(list(panels.flat)):
        axes.tick_params(labelbottom=place + columns >= count)
    for axes in panels.flat[count:]:
        axes.remove()
    figure.supxlabel("energy barrier from the higher minimum", fontsize="medium")
    figure.supylabel("adversarial loss above\nthe less robust minimum", fontsize="medium", multialignment="center")
    if relation.paths.degenerate.any():
        figure.legend(*panels[0, 0].get_legend_handles_labels(), loc="outside upper center", ncols=2)
    return figure


def signed(correlation: float) -> str:
    """A correlation as it is printed and drawn."""
    return "undefined" if np.isnan(correlation) else f"{correlation:+.2f}"


def _colours(paths: StoredPaths) -> np.ndarray:
    """A colour [E, 4] for each epsilon."""
    count = len(paths.epsilon)
    return np.asarray(mpl.colormaps["viridis"](np.linspace(0.2, 0.72, max(count, 2))))[:count]


def _draw_profile(axes: Axes, paths: StoredPaths, place: int, row: Row, colours: np.ndarray) -> None:
    """One quantity along one path: clean, and under attack at each epsilon."""
    position, middle = paths.position[place], paths.middle
    axes.axvline(position[middle], zorder=0, **STATE_LINE)
    lines: list[tuple[np.ndarray, dict[str, Any]]] = []
    if row.clean in paths.values:
        lines.append((paths.values[row.clean][place], {"color": CLEAN}))
    if row.attacked in paths.values:
        lines += zip(paths.values[row.attacked][place].T, _styles(colours), strict=True)
    for values, style in lines:
        axes.plot(position, values - row.less * values[middle], linewidth=1.0, **style)
    if row.less:
        axes.plot(position[middle], 0.0, **STATE_DOT)


def _lowest(values: np.ndarray, middle: int) -> float:
    """The lower end of the axis of sensitivities [K, I, E], each less that of its transition state.

    Nearly all of them lie above this end; those that diverge downwards do not move it.
    """
    less = values - values[:, [middle]]
    bulk, high = float(np.quantile(less, LEAST)), float(less.max())
    return max(float(less.min()) - 0.05 * (high - bulk), bulk - 0.5 * (high - bulk))


def _draw_barriers(axes: Axes, relation: Relation, rise: np.ndarray) -> None:
    axes.axhline(0.0, color=STATE, linewidth=0.6, zorder=0)
    degenerate = relation.paths.degenerate
    for kind, face, label in ((~degenerate, POINTS, "between two minima"), (degenerate, "none", "degenerate")):
        x, y = relation.energy[kind], rise[kind]
        axes.scatter(x, y, s=12, facecolors=face, edgecolors=POINTS, linewidths=0.6, alpha=0.8, label=label)
    if relation.energy.min() > 0.0 and np.log10(relation.energy.max() / relation.energy.min()) > DECADES:
        axes.set_xscale("log")


def _styles(colours: np.ndarray) -> list[dict[str, Any]]:
    """The styles of the lines of the epsilons, which differ in lightness and in dashes."""
    dashes = itertools.cycle(DASHES)
    return [{"color": tuple(colour), "linestyle": next(dashes)} for colour in colours]


def _draw_legend(figure: Figure, paths: StoredPaths, colours: np.ndarray) -> None:
    keys = [Line2D([], [], color=CLEAN, linewidth=1.0, label="no attack")]
    keys += [
        Line2D([], [], linewidth=1.0, label=f"{EPSILON} = {name}", **style)
        for name, style in zip(paths.epsilon, _styles(colours), strict=True)
    ]
    keys.append(Line2D([], [], **STATE_LINE, **STATE_DOT, label="transition state"))
    figure.legend(handles=keys, loc="outside upper center", ncols=len(keys) if len(paths) > 3 else 2)
