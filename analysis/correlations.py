"""Print whether deeper and flatter minima of a database are more robust: a table, a file, a picture and a verdict.

All correlations are between a measure and a robustness column as they are: negative where robustness falls while the
measure rises. What speaks for a hypothesis depends on both signs (a small depth is deep, a large loss is not robust);
the last column of the table and the verdicts say it, with p adjusted over the whole table by Holm's method.
The printed table is grouped by robustness, strongest correlation first. Several files are pooled with l2 held fixed.
"""

import csv
import sys
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import click
import matplotlib as mpl
import matplotlib.style
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from landscape.database.database import Database
from landscape.database.store import open_store
from landscape.errors import LandscapeError, PropertyError
from landscape.properties.columns import Column, readable
from landscape.properties.comparison import CONTROL, Comparison, compare
from landscape.properties.hypotheses import DEEPER, FLATTER, Hypothesis, Tally, judge
from landscape.properties.resampling import KENDALL_LIMIT
from landscape.properties.statistics import Association, Correlation, correlate

STYLE = Path(__file__).with_name("paper.mplstyle")
FORMATS = (".svg", ".pdf", ".png")
HYPOTHESES = (DEEPER, FLATTER)
LEVEL = 0.05
STATISTICS = ("spearman", "kendall", "partial")
NUMBERS = ("value", "low", "high", "p", "p_adjusted")
EPSILON_COLOURS = "viridis"
LEGEND = f"""
Correlations are between the columns as they are, with 95 % bootstrap intervals and permutation p, adjusted for all
tests of the table (Holm); above {KENDALL_LIMIT} minima, Kendall's p is the large-sample one. Undefined: a column is
constant or unknown. "for deeper": by this pair, deeper minima are significantly more robust (p < {LEVEL});
"against deeper": significantly less robust; "-": it tells neither. Likewise for flatter.
"""
VERDICT_LEGEND = """
A hypothesis is supported where more than half of its pairs are significantly for it and none is against,
contradicted where it is the other way round, undecided otherwise. A positive median is in its favour.
"""


@click.command()
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Table as CSV, all digits.")
@click.option("--figure", type=click.Path(path_type=Path), help="Scatter matrix: .svg, .pdf or .png.")
def main(files: tuple[Path, ...], output: Path | None, figure: Path | None) -> None:
    """Correlate depth and curvature with robustness over the distinct minima of database FILEs."""
    try:
        _require_figure_file(figure)
        with ExitStack() as stack:
            comparison = compare([stack.enter_context(Database(open_store(file))) for file in files])
        table = correlate(
            {name: one.values for name, one in comparison.measures.items()},
            {name: one.values for name, one in comparison.robustness.items()},
            controls=comparison.controls,
            given=comparison.given,
        )
        for line in report(comparison, table):
            click.echo(line)
        if output:
            write_csv(output, table)
        if figure:
            with matplotlib.style.context(STYLE):
                save(draw(comparison, table), figure)
    except LandscapeError as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(2)


def report(comparison: Comparison, table: Sequence[Correlation]) -> Iterable[str]:
    """Lines of the printed report, of at most 120 characters: what was correlated, the table, the verdicts."""
    copies = comparison.minima - comparison.distinct
    yield f"{comparison.distinct} distinct minima" + (
        f" ({copies} more agree with one of them in all but barriers and are not counted twice)" if copies else ""
    )
    if comparison.given:
        yield f"held fixed in every correlation: {', '.join(comparison.given)}"
    yield from LEGEND.splitlines()
    yield ""
    yield (
        f"  {'measure':<23}{'n':>4}  {'Spearman':<19}{'p':>7}  {'Kendall':<9}{'p':>7}  "
        f"{f'fixed {CONTROL}':<19}{'p':>7}  reads as"
    )
    for name in comparison.robustness:
        yield from _group(name, comparison, [row for row in table if row.robustness == name])
    yield ""
    yield from VERDICT_LEGEND.strip().splitlines()
    for hypothesis in HYPOTHESES:
        yield ""
        yield from _verdict(hypothesis, comparison, table)


def write_csv(output: Path, table: Sequence[Correlation]) -> None:
    """Write the table, one row a pair. Raises PropertyError where the file cannot be written."""
    header = ["measure", "robustness", "count"]
    header += [f"{statistic}_{number}" for statistic in STATISTICS for number in NUMBERS]
    try:
        with output.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(header)
            for row in table:
                numbers = [getattr(getattr(row, statistic), number) for statistic in STATISTICS for number in NUMBERS]
                writer.writerow([row.measure, row.robustness, row.count, *map(repr, numbers)])
    except OSError as error:
        raise PropertyError(f"Expected to write {output}, found: {error.strerror}: choose another place.") from error


def draw(comparison: Comparison, table: Sequence[Correlation]) -> Figure:
    """Scatter matrix: a row a measure, a column a robustness property, its epsilons in colours, rho in each panel."""
    measures = list(comparison.measures.values())
    names = list(dict.fromkeys(one.property for one in comparison.robustness.values()))
    figure = Figure(figsize=(1.5 * len(names) + 0.6, 1.35 * len(measures) + 0.6))
    panels = figure.subplots(len(measures), len(names), sharex="col", sharey="row", squeeze=False)
    colours = _epsilon_colours(comparison)
    rho = {(row.measure, row.robustness): row.spearman.value for row in table}
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


def save(figure: Figure, output: Path) -> None:
    """Write the figure, without a date in it. Raises PropertyError where the file cannot be written."""
    dates = {".svg": {"Date": None}, ".pdf": {"CreationDate": None}}
    try:
        figure.savefig(output, metadata=dates.get(output.suffix.lower()))
    except OSError as error:
        raise PropertyError(f"Expected to write {output}, found: {error.strerror}: choose another place.") from error


def _require_figure_file(output: Path | None) -> None:
    if output and output.suffix.lower() not in FORMATS:
        raise PropertyError(f"Expected a figure file ending in {', '.join(FORMATS)}, found '{output}': change that.")


def _group(name: str, comparison: Comparison, rows: Sequence[Correlation]) -> Iterable[str]:
    """The correlations of one robustness column, strongest first."""
    better = "larger" if comparison.robustness_signs[name] > 0 else "smaller"
    yield f"{name} ({better} is more robust)"
    for row in sorted(rows, key=lambda row: -np.nan_to_num(abs(row.spearman.value), nan=-1.0)):
        yield (
            f"  {row.measure:<23}{row.count:>4}  {_interval(row.spearman)}{_p(row.spearman)}  "
            f"{_value(row.kendall):<9}{_p(row.kendall)}  {_interval(row.partial)}{_p(row.partial)}  "
            f"{_reading(comparison, row)}"
        )


def _value(found: Association) -> str:
    return "undefined" if np.isnan(found.value) else f"{found.value:+.2f}"


def _interval(found: Association) -> str:
    text = _value(found) if np.isnan(found.value) else f"{_value(found)} [{found.low:+.2f},{found.high:+.2f}]"
    return f"{text:<19}"


def _p(found: Association) -> str:
    return f"{'' if np.isnan(found.p_adjusted) else format(found.p_adjusted, '.2g'):>7}"


def _reading(comparison: Comparison, row: Correlation) -> str:
    """Which hypothesis a significant Spearman correlation speaks for or against."""
    for hypothesis in HYPOTHESES:
        if row.measure in hypothesis.measures and row.spearman.p_adjusted < LEVEL:
            sign = hypothesis.measures[row.measure] * comparison.robustness_signs[row.robustness]
            word = hypothesis.sentence.split()[0]
            return f"{'for' if row.spearman.value * sign > 0 else 'against'} {word}"
    return "-"


def _verdict(hypothesis: Hypothesis, comparison: Comparison, table: Sequence[Correlation]) -> Iterable[str]:
    """The verdict on a hypothesis from all its measures together, then from each alone."""
    yield f"Hypothesis: {hypothesis.sentence}"
    parts = [(f"{'small' if sign < 0 else 'large'} {name}", {name: sign}) for name, sign in hypothesis.measures.items()]
    for title, measures in [("all measures together", hypothesis.measures), *parts]:
        if comparison.measures.keys() & measures.keys():
            found = judge(replace(hypothesis, measures=measures), table, comparison.robustness_signs, LEVEL)
            yield f"  {title + ':':<32}{_tally(found.plain)}"
            yield f"  {f'  at fixed {CONTROL}:':<32}{_tally(found.partial)}"


def _tally(found: Tally) -> str:
    if not found.tested:
        return f"{found.answer.upper():<13}no pair could be tested"
    return (
        f"{found.answer.upper():<13}{found.in_favour} of {found.tested} pairs for, {found.against} against, "
        f"median correlation {found.median:+.2f}"
    )


def _epsilon_colours(comparison: Comparison) -> dict[float | None, tuple[float, ...]]:
    values = {one.epsilon for one in comparison.robustness.values()}
    known = sorted(epsilon for epsilon in values if epsilon is not None)
    colours = mpl.colormaps[EPSILON_COLOURS](np.linspace(0.1, 0.75, max(len(known), 2)))
    return {None: (0.3, 0.3, 0.3, 1.0), **{e: tuple(c) for e, c in zip(known, colours, strict=False)}}


def _exponent(measure: Column) -> int:
    """Power of ten that the axis of a measure leaves out: 0 unless its values are small or large."""
    largest = float(np.nanmax(np.abs(measure.values), initial=0.0))
    exponent = int(np.floor(np.log10(largest))) if largest > 0.0 else 0
    return exponent if not -2 <= exponent <= 3 else 0


def _label(measure: Column) -> str:
    name = readable(measure.name).replace("hessian log", "hessian\nlog")
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
        label = None if one.epsilon is None else f"\N{GREEK SMALL LETTER EPSILON} = {one.epsilon:g}"
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
