"""The forest plot of an answer: mean correlations of each data set and endpoint, with intervals."""

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from landscape.studies.words import CORRELATION

COLOURS = {"deeper": "#0072B2", "flatter": "#D55E00"}
GIVEN = {"nothing": 0.12, "accuracy": -0.18}  # heights above the middle of a row, by `given`

Row = Mapping[str, str]
"""A row of the CSV file of an answer."""


def draw_forest(rows: Sequence[Row]) -> Figure:
    """The figure of the rows whose landscape is "all", with a grey band of no relation.

    A point is the mean correlation, filled in total and open at fixed clean accuracy. A thick line is its 95 %
    interval, a thin line the interval of a further replicate.
    """
    combined = [row for row in rows if row["landscape"] == "all"]
    endpoints = list(dict.fromkeys((row["data_set"], row["direction"], row["robustness"]) for row in combined))
    place = {endpoint: -number for number, endpoint in enumerate(endpoints)}
    figure = Figure(figsize=(7.0, 0.9 + 0.32 * len(endpoints)))
    axes = figure.subplots()
    axes.axvspan(-CORRELATION.negligible, CORRELATION.negligible, color="0.9", linewidth=0)
    axes.axvline(0.0, color="0.6", linewidth=0.6)
    for row in combined:
        _draw_row(axes, row, place[row["data_set"], row["direction"], row["robustness"]] + GIVEN[row["given"]])
    axes.set_yticks(list(place.values()), [f"{name}: {direction}, {by}" for name, direction, by in endpoints])
    axes.set_ylim(-len(endpoints) + 0.4, 0.6)
    axes.set_xlim(-1.0, 1.0)
    axes.set_xlabel("rank correlation with robustness; filled: total, open: at fixed clean accuracy")
    axes.tick_params(axis="y", length=0)
    for row in combined:
        if row["given"] == "nothing":
            height = place[row["data_set"], row["direction"], row["robustness"]]
            axes.text(1.03, height, _margin(row), va="center", fontsize=7)
    axes.text(1.03, 0.75, "replicates, minima, words", va="bottom", fontsize=7, style="italic")
    return figure


def _draw_row(axes: Axes, row: Row, height: float) -> None:
    colour = COLOURS[row["direction"]]
    rho, low, high = (float(row[name]) for name in ("rho", "low", "high"))
    axes.plot([float(row["predicted_low"]), float(row["predicted_high"])], [height] * 2, color=colour, linewidth=0.7)
    axes.plot([low, high], [height] * 2, color=colour, linewidth=2.4, solid_capstyle="butt")
    face = colour if row["given"] == "nothing" else "white"
    axes.plot([rho], [height], "o", markersize=4, markerfacecolor=face, markeredgecolor=colour)


def _margin(row: Row) -> str:
    return f"{row['replicates']}, {row['minima']}, {row['words']}"
