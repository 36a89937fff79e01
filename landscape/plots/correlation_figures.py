"""Pictures of correlations of minima: a matrix of all pairs, and scatter plots of the strongest."""

from collections import Counter
from collections.abc import Sequence

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from landscape.messages import number_text
from landscape.plots.figures import MINUS, family_style, inches_wide, label_x, label_y, plain
from landscape.statistics.correlations import Correlation
from landscape.studies.columns import Column, readable
from landscape.studies.findings import HYPOTHESES, Findings
from landscape.studies.hypotheses import ROBUSTNESS_SIGNS
from landscape.studies.minima_table import CONTROL, Comparison

CORRELATION_COLOURS = "RdBu"
CELL = 0.27  # inches, with room for a number
SMALLEST_CELL = 0.13
WIDTH = 5.0  # inches of the cells of one matrix
BESIDE = 8
MARGIN, TITLE, BETWEEN, NOTE, BAR = 0.05, 0.3, 0.12, 0.25, 0.85  # inches
PAIRS = 6
REPEATS = 2  # panels that may show one measure, or one robustness


def draw_matrix(findings: Findings) -> Figure:
    """Correlation matrices, plain and at fixed controls: a row for each measure, a column for each robustness.

    With up to `BESIDE` columns the two matrices stand side by side, with numbers; with more columns they are smaller
    and stand one above the other. Cells have a size in inches, and the figure has room for the longest label.
    """
    found = findings.comparison
    measures, robustness = list(found.measures), list(found.robustness)
    beside = len(robustness) <= BESIDE
    cell = CELL if beside else float(np.clip(WIDTH / len(robustness), SMALLEST_CELL, CELL))
    labels = [_row_label(name) for name in measures], [_column_label(one) for one in found.robustness.values()]
    figure, panels, side = _matrix_panels(cell, *labels, beside=beside)
    scale = Normalize(-1.0, 1.0)
    titles = (("spearman", "Spearman"), ("partial", f"at fixed {readable(CONTROL)}"))
    for axes, (statistic, title) in zip(panels, titles, strict=True):
        cells = {(row.measure, row.robustness): getattr(row, statistic) for row in findings.table}
        _draw_cells(axes, [[cells[x, y] for y in robustness] for x in measures], found, scale, cell)
        axes.set_title(title)
        axes.set_xticks(range(len(robustness)), labels[1], rotation=90)
        axes.set_yticks(range(len(measures)), labels[0])
        axes.tick_params(
            labelsize=_label_size(cell),
            labelbottom=beside or axes is panels[-1],
            labelleft=not beside or axes is panels[0],
        )
    bar = figure.colorbar(mpl.cm.ScalarMappable(scale, CORRELATION_COLOURS), cax=side)
    bar.set_label("correlation with robustness")
    bar.outline.set_linewidth(0.6)
    note = f"{MINUS}: less is more robust, sign reversed. Blank: undefined."
    figure.text(0.5, MARGIN / figure.get_figheight(), note, ha="center", va="bottom", fontsize="medium")
    return figure


def _label_size(cell: float) -> float:
    return min(7.0, 72.0 * 0.85 * cell)


def _matrix_panels(
    cell: float, rows: Sequence[str], columns: Sequence[str], *, beside: bool
) -> tuple[Figure, list[Axes], Axes]:
    """A figure with axes for two matrices of cells of a size in inches, and for the colour bar on their right."""
    left, below = (inches_wide(labels, _label_size(cell)) + 0.12 + MARGIN for labels in (rows, columns))
    below += NOTE
    wide, high = cell * len(columns), cell * len(rows)
    across, down = (wide + BETWEEN, 0.0) if beside else (0.0, high + TITLE)
    size = left + across + wide + BAR, below + down + high + TITLE
    figure = Figure(figsize=size)
    figure.set_layout_engine("none")

    def axes(x: float, y: float, width: float, height: float) -> Axes:
        return figure.add_axes((x / size[0], y / size[1], width / size[0], height / size[1]))

    panels = [axes(left, below + down, wide, high), axes(left + across, below, wide, high)]
    tall = min(down + high, 3.0)
    return figure, panels, axes(left + across + wide + 0.12, below + down + high - tall, 0.12, tall)


def _draw_cells(axes: Axes, cells: Sequence[Sequence[float]], found: Comparison, scale: Normalize, size: float) -> None:
    """Draw coloured cells of a size in inches, with numbers if there is room."""
    values = np.array(cells) * list(found.robustness_signs.values())
    axes.imshow(np.ma.masked_invalid(values), cmap=CORRELATION_COLOURS, norm=scale, aspect="auto")
    if size >= CELL:
        for (y, x), value in np.ndenumerate(values):
            colour = "white" if abs(value) > 0.6 else "black"
            axes.text(x, y, _short(value), ha="center", va="center", fontsize=5, color=colour)
    axes.set_xticks(np.arange(values.shape[1]) - 0.5, minor=True)
    axes.set_yticks(np.arange(values.shape[0]) - 0.5, minor=True)
    axes.grid(which="minor", color="white", linewidth=0.6)
    axes.tick_params(which="both", length=0)
    axes.spines[:].set_visible(False)


def draw_strongest(findings: Findings) -> Figure:
    """A panel for each of the strongest pairs: every minimum, robustness at one epsilon against a measure."""
    found, rows = findings.comparison, strongest(findings)
    across = min(len(rows), 3)
    down = -(-len(rows) // across)
    figure = Figure(figsize=(7.0, 2.4 * down + 0.2))
    panels = figure.subplots(down, across, squeeze=False)
    for axes, row in zip(panels.flat, rows, strict=False):
        _draw_pair(axes, found, row)
    for axes in panels.flat[len(rows) :]:
        axes.set_axis_off()
    if len(found.landscapes) > 1:
        styles = map(family_style, range(len(found.landscapes)))
        keys = [
            Line2D([], [], linestyle="", marker=marker, color=colour, label=plain(one.name))
            for (colour, marker), one in zip(styles, found.landscapes, strict=True)
        ]
        figure.legend(handles=keys, loc="outside upper center", ncols=min(len(keys), 4))
    return figure


def strongest(findings: Findings) -> list[Correlation]:
    """The `PAIRS` strongest correlations, each of a measure and a property at the epsilon where it is strongest.

    A measure and a property appear `REPEATS` times at most, oftener only where there are too few others.
    """
    best: dict[tuple[str, str], Correlation] = {}
    ranked = sorted(findings.table, key=lambda row: -abs(row.spearman) if np.isfinite(row.spearman) else 1.0)
    for row in ranked:
        best.setdefault((row.measure, findings.comparison.robustness[row.robustness].property), row)
    chosen: dict[tuple[str, str], Correlation] = {}
    for repeats in range(REPEATS, len(best) + REPEATS):
        for pair, row in best.items():
            used = Counter(name for one in chosen for name in one)
            if len(chosen) < PAIRS and max(used[name] for name in pair) < repeats:
                chosen.setdefault(pair, row)
    return sorted(chosen.values(), key=ranked.index)


def _draw_pair(axes: Axes, found: Comparison, row: Correlation) -> None:
    measure, robustness = found.measures[row.measure], found.robustness[row.robustness]
    size = float(np.clip(1200.0 / max(len(measure.values), 1), 3.0, 12.0))
    for place in range(len(found.landscapes)):
        own = found.landscape == place
        colour, marker = family_style(place)
        axes.scatter(
            measure.values[own], robustness.values[own], s=size, color=colour, marker=marker, alpha=0.6, linewidths=0
        )
    axes.margins(0.06)
    axes.locator_params(nbins=4)
    axes.set_title(f"$\\rho$ = {signed(row.spearman)}")
    label_x(axes, readable(measure.name))
    label_y(axes, _value_label(robustness))


def signed(correlation: float) -> str:
    """A correlation as it is drawn."""
    return "undefined" if np.isnan(correlation) else f"{correlation:+.2f}".replace("-", MINUS)


def _value_label(one: Column) -> str:
    name = readable(one.property if one.epsilon is not None else one.name)
    words, lines = name.split(), [""]
    for word in words:  # at most about two words a line
        lines = [*lines, word] if len(lines[-1]) + len(word) > 24 else [*lines[:-1], f"{lines[-1]} {word}".strip()]
    epsilon = "" if one.epsilon is None else f", $\\varepsilon$ = {number_text(one.epsilon)}"
    return "\n".join(lines) + epsilon


def _short(value: float) -> str:
    """A correlation as its sign and three characters."""
    return "" if np.isnan(value) else f"{value:+.2f}".replace("0.", ".").replace("-", MINUS)


def _column_label(one: Column) -> str:
    name = readable(one.property if one.epsilon is not None else one.name)
    epsilon = "" if one.epsilon is None else f", {number_text(one.epsilon)}"
    return f"{_sign_mark(one.property)}{name}{epsilon}"


def _sign_mark(name: str) -> str:
    return "" if ROBUSTNESS_SIGNS[name] > 0 else f"{MINUS} "


def _row_label(measure: str) -> str:
    """The name of the measure, with the size, small or large, that its hypothesis calls deeper or flatter."""
    for hypothesis in HYPOTHESES:
        if measure in hypothesis.measures:
            size = "small" if hypothesis.measures[measure] < 0 else "large"
            return f"{readable(measure)} ({size}: {hypothesis.sentence.split()[0]})"
    return readable(measure)
