"""Pictures of regimes of training: a forest plot by family, clean against attacked accuracy, curves over strengths."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from landscape.plots.figures import family_style, inches_wide
from landscape.statistics.means import Mean, mean_over_units
from landscape.studies.columns import readable
from landscape.studies.regimes.curves import Curve, affordable_points, curves
from landscape.studies.regimes.hypotheses import ingredients
from landscape.studies.regimes.table import Regimes

ROBUST, CLEAN = "robust_accuracy", "accuracy"
LEGEND_ROWS = 14  # of the legend beside a small panel
COURSES = {"sensitivity_logits": "sensitivity S", "certified_accuracy_crown": "certified accuracy"}
ROW = 0.17  # inches of a row of the forest plot
EVALUATED, PLAIN = "evaluations", "plain"


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
    """A forest plot: a row for each regime, by family; a panel for clean accuracy and for that under each attack.

    A family is a set of ingredients of training. Points are means with their intervals; a dashed line goes through the
    mean of the first plain regime.
    """
    robust, clean = (table.tested(name) for name in (ROBUST, CLEAN))
    columns = [clean, *(name for name in table.family(robust) if table.columns[name].epsilon is not None)]
    grouped = families(table, [name for name in names if any(table.mean(name, one).units for one in columns)])
    rows = sum(map(len, grouped.values())) + len(grouped)
    left = 1.15 * inches_wide((*names, *grouped), 7.0)
    figure = Figure(figsize=(min(left + 1.25 * len(columns) + 0.3, 7.2), ROW * rows + 0.8))
    panels = figure.subplots(1, len(columns), sharey=True, squeeze=False)[0]
    places = _forest_places(grouped)
    for axes, column in zip(panels, columns, strict=True):
        _draw_forest_panel(axes, table, grouped, places, column)
        epsilon = table.columns[column].epsilon
        axes.set_title("no attack" if epsilon is None else f"$\\varepsilon$ = {epsilon:g}")
    panels[0].set_yticks(list(places.values()), [name or family for family, name in places])
    for tick, (_, name) in zip(panels[0].get_yticklabels(), places, strict=True):
        tick.set_fontweight("normal" if name else "bold")
    panels[0].set_ylim(-rows + 0.4, 0.6)
    figure.supxlabel(_title(robust).replace("robust accuracy", "accuracy"), fontsize="medium")
    return figure


def families(table: Regimes, names: Sequence[str]) -> dict[str, list[str]]:
    """The names of regimes by the ingredients of their training, those without first; evaluations are the last family.

    Families are in the order of their first members.
    """
    grouped: dict[str, list[str]] = {PLAIN: []}
    for name in names:
        made = sorted(ingredients(table.settings[name])) if name in table.settings else [EVALUATED]
        grouped.setdefault(" + ".join(made).replace("_", " ") or PLAIN, []).append(name)
    evaluated = grouped.pop(EVALUATED, [])
    return {family: members for family, members in {**grouped, EVALUATED: evaluated}.items() if members}


def _forest_places(grouped: Mapping[str, Sequence[str]]) -> dict[tuple[str, str], float]:
    """Heights of the rows, a heading for each family, by family and name; a heading has no name."""
    rows = [(family, name) for family, members in grouped.items() for name in ("", *members)]
    return {row: -float(place) for place, row in enumerate(rows)}


def _draw_forest_panel(
    axes: Axes,
    table: Regimes,
    grouped: Mapping[str, Sequence[str]],
    places: Mapping[tuple[str, str], float],
    column: str,
) -> None:
    for number, (family, members) in enumerate(grouped.items()):
        means = [table.mean(name, column) for name in members]
        colour, marker = family_style(number)
        axes.errorbar(
            [mean.value for mean in means],
            [places[family, name] for name in members],
            xerr=[_error(mean.half_width) for mean in means],
            color=colour,
            marker=marker,
            markersize=3.5,
            linestyle="none",
            elinewidth=1.0,
        )
    first = next(iter(grouped.get(PLAIN, [])), None)
    if first is not None:
        axes.axvline(table.mean(first, column).value, color="0.7", linewidth=0.6, linestyle="--", zorder=0)
    axes.tick_params(axis="y", length=0)
    axes.margins(x=0.12)
    axes.locator_params(axis="x", nbins=3)


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
        linestyle="-",
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
