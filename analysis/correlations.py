"""Correlate depth and curvature with robustness over the minima of a database: a summary, a table, pictures.

The table (-o) has Spearman's rho, Kendall's tau-b, and rho at fixed squared norm for every pair of a measure and a
robustness. The table is not oriented: a correlation is negative if the robustness falls while the measure rises. The
summary is oriented: a small depth is deep, a large loss is not robust. Minima of several files are pooled and compared
within their own landscape only.

--figure draws every minimum in a scatter plot for each pair. --matrix draws the table as a square for each pair; the
colour is the correlation, oriented so that blue is in favour of robustness.
"""

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import click
import matplotlib as mpl
import matplotlib.style
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from landscape.database.database import Database
from landscape.database.store import open_store
from landscape.messages import number_text
from landscape.plots.figures import STYLE, require_figure_file, save
from landscape.plots.scripts import Script, write
from landscape.statistics.correlations import Correlation
from landscape.studies.columns import Column, readable
from landscape.studies.findings import HYPOTHESES, Findings, csv_text, findings_of
from landscape.studies.findings_text import summary
from landscape.studies.hypotheses import ROBUSTNESS_SIGNS
from landscape.studies.minima_table import CONTROL, Comparison

EPSILON_COLOURS = "viridis"
CORRELATION_COLOURS = "RdBu"
CELL = 0.27  # inches, with room for a number
SMALLEST_CELL = 0.13
WIDTH = 5.0  # inches of the cells of one matrix
BESIDE = 8
INCHES_A_LETTER = 0.055  # of labels


@click.command(cls=Script)
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Table as CSV, all digits.")
@click.option("--figure", type=click.Path(path_type=Path), help="Scatter matrix: .svg, .pdf or .png.")
@click.option("--matrix", type=click.Path(path_type=Path), help="Correlation matrix: .svg, .pdf or .png.")
def main(files: tuple[Path, ...], output: Path | None, figure: Path | None, matrix: Path | None) -> None:
    """Correlate depth and curvature with robustness over the distinct minima of database FILEs."""
    require_figure_file(figure)
    require_figure_file(matrix)
    with ExitStack() as stack:
        findings = findings_of([stack.enter_context(Database(open_store(file))) for file in files])
    for line in summary(findings):
        click.echo(line)
    if output:
        write(output, csv_text({findings.name: findings}))
        click.echo(f"{output}: rows {len(findings.table)}")
    with matplotlib.style.context(STYLE):
        if figure:
            save(draw(findings.comparison, findings.table), figure)
        if matrix:
            save(draw_matrix(findings), matrix)


def draw_matrix(findings: Findings) -> Figure:
    """Correlation matrices, plain and at fixed controls: a row for each measure, a column for each robustness.

    With up to `BESIDE` columns the two matrices stand side by side, with numbers; with more columns they are smaller
    and stand one above the other.
    """
    found = findings.comparison
    measures, robustness = list(found.measures), list(found.robustness)
    beside = len(robustness) <= BESIDE
    cell = CELL if beside else float(np.clip(WIDTH / len(robustness), SMALLEST_CELL, CELL))
    width, height = cell * len(robustness), cell * len(measures)
    left = INCHES_A_LETTER * max(len(_row_label(name)) for name in measures) + 1.0  # and the bar on the right
    size = (2.0 * width + left, height + 1.9) if beside else (width + left, 2.0 * height + 2.8)
    figure = Figure(figsize=size)
    panels = figure.subplots(*((1, 2) if beside else (2, 1)), sharex=True, sharey=True)
    scale = Normalize(-1.0, 1.0)
    titles = (("spearman", "Spearman"), ("partial", f"at fixed {readable(CONTROL)}"))
    for axes, (statistic, title) in zip(panels, titles, strict=True):
        cells = {(row.measure, row.robustness): getattr(row, statistic) for row in findings.table}
        _draw_cells(axes, [[cells[x, y] for y in robustness] for x in measures], found, scale, cell)
        axes.set_title(title)
        axes.set_xticks(range(len(robustness)), [_column_label(one) for one in found.robustness.values()], rotation=90)
        axes.set_yticks(range(len(measures)), [_row_label(name) for name in measures])
        axes.tick_params(labelsize=min(7.0, 72.0 * 0.85 * cell))
    bar = figure.colorbar(
        mpl.cm.ScalarMappable(scale, CORRELATION_COLOURS), ax=panels, pad=0.015, aspect=18, shrink=0.9
    )
    bar.set_label("correlation with robustness")
    bar.outline.set_linewidth(0.6)
    figure.supxlabel(
        "\N{MINUS SIGN}: less is more robust, sign reversed. Blank: undefined.",
        fontsize="medium",
    )
    return figure


def _draw_cells(axes: Axes, cells: Sequence[Sequence[float]], found: Comparison, scale: Normalize, size: float) -> None:
    """Draw coloured cells of a size in inches, with numbers if there is room."""
    values = np.array(cells) * list(found.robustness_signs.values())
    axes.imshow(np.ma.masked_invalid(values), cmap=CORRELATION_COLOURS, norm=scale, aspect="equal")
    if size >= CELL:
        for (y, x), value in np.ndenumerate(values):
            colour = "white" if abs(value) > 0.6 else "black"
            axes.text(x, y, _short(value), ha="center", va="center", fontsize=5, color=colour)
    axes.set_xticks(np.arange(values.shape[1]) - 0.5, minor=True)
    axes.set_yticks(np.arange(values.shape[0]) - 0.5, minor=True)
    axes.grid(which="minor", color="white", linewidth=0.6)
    axes.tick_params(which="both", length=0)
    axes.spines[:].set_visible(False)


def _short(value: float) -> str:
    """A correlation as its sign and three characters."""
    return "" if np.isnan(value) else f"{value:+.2f}".replace("0.", ".").replace("-", "\N{MINUS SIGN}")


def _column_label(one: Column) -> str:
    name = readable(one.property if one.epsilon is not None else one.name)
    epsilon = "" if one.epsilon is None else f", {number_text(one.epsilon)}"
    return f"{_sign_mark(one.property)}{name}{epsilon}"


def _sign_mark(name: str) -> str:
    return "" if ROBUSTNESS_SIGNS[name] > 0 else "\N{MINUS SIGN} "


def _row_label(measure: str) -> str:
    """The name of the measure, with the size, small or large, that its hypothesis calls deeper or flatter."""
    for hypothesis in HYPOTHESES:
        if measure in hypothesis.measures:
            size = "small" if hypothesis.measures[measure] < 0 else "large"
            return f"{readable(measure)} ({size}: {hypothesis.sentence.split()[0]})"
    return readable(measure)


def draw(comparison: Comparison, table: Sequence[Correlation]) -> Figure:
    """Scatter matrix: a row for each measure, a column for each robustness property, epsilons in colours, with rho."""
    measures = list(comparison.measures.values())
    names = list(dict.fromkeys(one.property for one in comparison.robustness.values()))
    figure = Figure(figsize=(1.5 * len(names) + 0.6, 1.35 * len(measures) + 0.6))
    panels = figure.subplots(len(measures), len(names), sharex="col", sharey="row", squeeze=False)
    colours = _epsilon_colours(comparison)
    rho = {(row.measure, row.robustness): row.spearman for row in table}
    for line, measure in zip(panels, measures, strict=True):
        for axes, name in zip(line, names, strict=True):
            family = [one for one in comparison.robustness.values() if one.property == name]
            _draw_panel(axes, measure, family, colours, rho)
        line[0].set_ylabel(_label(measure))
    for axes, name in zip(panels[-1], names, strict=True):
        axes.set_xlabel(readable(name))
    figure.align_ylabels(panels[:, 0])
    _draw_legend(figure, panels[0, 0])
    return figure


def _epsilon_colours(comparison: Comparison) -> dict[float | None, tuple[float, ...]]:
    values = {one.epsilon for one in comparison.robustness.values()}
    known = sorted(epsilon for epsilon in values if epsilon is not None)
    colours = mpl.colormaps[EPSILON_COLOURS](np.linspace(0.1, 0.75, max(len(known), 2)))
    return {None: (0.3, 0.3, 0.3, 1.0), **{e: tuple(c) for e, c in zip(known, colours, strict=False)}}


def _exponent(measure: Column) -> int:
    """Power of ten that the axis of a measure leaves out, 0 unless values are small or large."""
    largest = float(np.nanmax(np.abs(measure.values), initial=0.0))
    exponent = int(np.floor(np.log10(largest))) if largest > 0.0 else 0
    return exponent if not -2 <= exponent <= 3 else 0


def _label(measure: Column) -> str:
    name = readable(measure.name).replace("Hessian log", "Hessian\nlog")
    exponent = _exponent(measure)
    return f"{name}\n($10^{{{exponent}}}$)" if exponent else name


def _draw_panel(
    axes: Axes,
    measure: Column,
    family: Sequence[Column],
    colours: dict[float | None, tuple[float, ...]],
    rho: dict[tuple[str, str], float],
) -> None:
    scale = 10.0 ** _exponent(measure)
    size = float(np.clip(800.0 / max(len(measure.values), 1), 2.0, 10.0))
    axes.margins(0.08)
    axes.locator_params(nbins=4)
    for place, one in enumerate(family):
        colour = colours[one.epsilon]
        label = None if one.epsilon is None else f"\N{GREEK SMALL LETTER EPSILON} = {number_text(one.epsilon)}"
        axes.scatter(one.values, measure.values / scale, s=size, color=colour, alpha=0.7, linewidths=0, label=label)
        value = rho[measure.name, one.name]
        text = "undefined" if np.isnan(value) else f"{value:+.2f}".replace("-", "\N{MINUS SIGN}")
        corner = (place + 0.5) / len(family)
        axes.text(corner, 1.01, text, color=colour, transform=axes.transAxes, ha="center", va="bottom", fontsize=6)


def _draw_legend(figure: Figure, axes: Axes) -> None:
    handles, labels = axes.get_legend_handles_labels()
    figure.legend(
        handles,
        labels,
        loc="outside upper center",
        ncols=max(len(labels), 1),
        title="Spearman correlation above each panel",
    )


if __name__ == "__main__":
    main()
