"""Tabulate and draw the regimes of training in databases.

Several files must hold the same regimes on several subsets of the data; intervals are then over the subsets. Intervals
of a single file are over its seeds.

The script writes into the folder: regimes.csv, every mean with its interval; report.txt, the printed text; robust.svg,
accuracy under attack against epsilon, one line per regime; clean.svg, clean against attacked accuracy, one point per
seed or subset; and curve-NAME.svg for every ingredient of training that has at least three strengths. 'landscape
answer' tests hypotheses about regimes.

--only restricts the figures to the named regimes and evaluations, in the given order.
"""

import shlex
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import click
import matplotlib.style
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from landscape.database.database import Database
from landscape.database.store import open_store
from landscape.errors import PropertyError
from landscape.plots.figures import STYLE, family_style, save
from landscape.plots.scripts import Script, write
from landscape.statistics.means import Mean, mean_over_units
from landscape.studies.columns import readable
from landscape.studies.locations import locations_report
from landscape.studies.regimes.curves import Curve, affordable_points, curves
from landscape.studies.regimes.table import Regimes, over_subsets, regimes_of
from landscape.studies.regimes.table_text import csv_text, table_text

ROBUST, CLEAN = "robust_accuracy", "accuracy"
COLOURS_APART = 10
LEGEND_ROWS = 14  # of the legend beside a small panel
COURSES = {"sensitivity_logits": "sensitivity S", "certified_accuracy_crown": "certified accuracy"}


@click.command(cls=Script)
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="Folder for tables and figures.")
@click.option("--only", metavar="NAME,NAME", help="Regimes and evaluations to draw, in this order.")
def main(files: tuple[Path, ...], output: Path, only: str | None) -> None:
    """Tabulate and draw the regimes of training in the database FILE, or in one for each subset of the data."""
    with ExitStack() as stack:
        databases = [stack.enter_context(Database(open_store(file))) for file in files]
        tables = [regimes_of(db) for db in databases]
        table = over_subsets(tables) if len(tables) > 1 else tables[0]
        lines = list(table_text(table))
        if len(databases) == 1 and "minimum" in databases[0].properties("training"):
            lines += ["", *locations_report(databases[0])]
    names = only.split(",") if only else list(table.names)
    for name in names:
        table.row(name)
    _make_folder(output)
    write(output / "regimes.csv", csv_text(table))
    command = shlex.join(["python", "analysis/regimes.py", *map(str, files), "-o", str(output)])
    write(output / "report.txt", "\n".join([f"made by: {command}", "", *lines]) + "\n")
    with matplotlib.style.context(STYLE):
        for name, figure in figures(table, names):
            save(figure, output / f"{name}.svg")
    for line in lines:
        click.echo(line)


def figures(table: Regimes, names: Sequence[str]) -> Iterator[tuple[str, Figure]]:
    """All figures that the table has columns for, by name."""
    if table.family(table.tested(ROBUST)):
        yield "robust", draw_robust(table, names)
        yield "clean", draw_clean(table, names)
    made = Counter[str]()
    for curve in curves(table.settings):
        made[curve.ingredient.key] += 1
        number = made[curve.ingredient.key]
        yield f"curve-{curve.ingredient.key}" + (f"-{number}" if number > 1 else ""), draw_curve(table, curve)


def draw_robust(table: Regimes, names: Sequence[str]) -> Figure:
    """Accuracy under attack against epsilon, beginning with clean accuracy, with intervals; one line per regime."""
    robust, clean = (table.tested(name) for name in (ROBUST, CLEAN))
    columns = [name for name in table.family(robust) if table.columns[name].epsilon is not None]
    epsilon = [0.0, *(float(table.columns[name].epsilon or 0.0) for name in columns)]
    figure = Figure(figsize=(5.6, 3.6))
    axes = figure.add_subplot()
    for place, name in enumerate(names):
        means = [table.mean(name, column) for column in (clean, *columns)]
        if any(mean.units for mean in means):
            _line(axes, epsilon, means, place, name)
    axes.set_xlabel("$\\varepsilon$")
    axes.set_ylabel(_title(robust))
    axes.set_xlim(0.0, 1.03 * max(epsilon))
    figure.legend(loc="outside right upper")
    return figure


def draw_clean(table: Regimes, names: Sequence[str]) -> Figure:
    """Clean against attacked accuracy at each epsilon: one point per unit, and crosses at means with intervals."""
    robust, clean = (table.tested(name) for name in (ROBUST, CLEAN))
    columns = table.family(robust)
    beside = -(-len(names) // LEGEND_ROWS)  # columns of the legend
    figure = Figure(figsize=(1.9 * len(columns) + 0.3 + 1.3 * beside, 2.4))
    panels = figure.subplots(1, len(columns), sharex=True, squeeze=False)[0]
    for axes, column in zip(panels, columns, strict=True):
        for place, name in enumerate(names):
            x, y = (table.values([name], one)[0] for one in (clean, column))
            colour, marker = family_style(place)
            axes.scatter(x, y, s=9, color=colour, marker=marker, alpha=0.45, linewidths=0)
            means = mean_over_units(x), mean_over_units(y)
            if all(mean.units for mean in means):
                axes.errorbar(
                    means[0].value,
                    means[1].value,
                    xerr=_error(means[0].half_width),
                    yerr=_error(means[1].half_width),
                    color=colour,
                    marker=marker,
                    markersize=4.5,
                    markeredgecolor="white",
                    markeredgewidth=0.4,
                    elinewidth=0.8,
                    linestyle="none",
                    label=name,
                )
        axes.set_title(f"$\\varepsilon$ = {table.columns[column].epsilon:g}")
    panels[0].set_ylabel(_title(robust))
    figure.supxlabel(_title(clean), fontsize="medium")
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside right upper", ncols=beside)
    return figure


def draw_curve(table: Regimes, curve: Curve) -> Figure:
    """The effects and the cost of an ingredient against its strength; strengths that cost too much are shaded."""
    families = [table.family(table.tested(name)) for name in curve.ingredient.drawn]
    families = [family for family in families if family]
    clean = table.tested(CLEAN)
    figure = Figure(figsize=(2.35 * (len(families) + 1), 2.5))
    panels = figure.subplots(1, len(families) + 1, sharex=True, squeeze=False)[0]
    places = _places(curve.strengths)
    for axes, family in zip(panels, [[clean], *families], strict=True):
        for place, column in enumerate(family):
            epsilon = table.columns[column].epsilon
            label = None if epsilon is None else f"$\\varepsilon$ = {epsilon:g}"
            _line(axes, places, [table.mean(name, column) for name in curve.names], place, label)
        axes.set_ylabel(_title(table.columns[family[0]].property))
        count = affordable_points(table, curve)
        if count < len(places):
            axes.axvspan((places[count - 1] + places[count]) / 2.0, places[-1] + 0.3, color="0.93", zorder=0)
        axes.set_xticks(places, [f"{one:g}" for one in curve.strengths], rotation=45)
        axes.set_xlim(places[0] - 0.3, places[-1] + 0.3)
        if len(family) > 1:
            axes.legend()
    figure.supxlabel(f"{curve.ingredient.words}; grey: costs two points of clean accuracy or more", fontsize="medium")
    return figure


def _places(strengths: Sequence[float]) -> list[float]:
    """Strengths on a logarithmic axis on which 0 stands one place before the first."""
    positive = np.log10([one for one in strengths if one > 0.0])
    step = float(np.diff(positive).min()) if len(positive) > 1 else 1.0
    places = [float(one) for one in positive / step]
    return [places[0] - 1.0, *places] if strengths[0] == 0.0 else places


def _line(axes: Axes, x: Sequence[float], means: Sequence[Mean], place: int, label: str | None) -> None:
    """Draw means with their intervals as a line."""
    colour, marker = family_style(place)
    axes.errorbar(
        x,
        [mean.value for mean in means],
        yerr=[_error(mean.half_width) for mean in means],
        color=colour,
        marker=marker,
        markersize=3.2,
        linewidth=1.0,
        linestyle="-" if place < COLOURS_APART else "--",
        elinewidth=0.7,
        capsize=1.5,
        label=label,
    )


def _error(half_width: float) -> float:
    return float(np.nan_to_num(half_width))


def _title(name: str) -> str:
    plain = name.removeprefix("test_")
    part = "test samples" if name != plain else "training samples"
    return f"{COURSES.get(plain, readable(plain))}, {part}"


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        found = "a file" if folder.exists() else error.strerror
        raise PropertyError(
            f"Expected a folder {folder}, or a place to make it, found {found}: choose another."
        ) from error


if __name__ == "__main__":
    main()
