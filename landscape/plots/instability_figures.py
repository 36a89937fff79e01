"""Figures of the study of instability, from the rows of the tables that `landscape instability` writes.

Figure A: accuracy and least share of the radius of f_a, a dot for each minimum. Figure B: the share of stable samples
of the best and of the deepest minimum against the size of the network. Figure C: lowest energies without and with
reliance on the cue, against the size of the cue.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import cycle

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from landscape.plots.figures import FAMILY

Row = Mapping[str, str]
"""A row of a CSV file."""
MINIMUM, CONSTRUCTED, QUENCHED = "minimum", "constructed", "its quench"
LEAST = 1e-3  # share of the radius at which misclassified samples are drawn
FIXED, VARIABLE, MADE = FAMILY[0], FAMILY[1], FAMILY[6]
BAND = "0.9"
STABLE = 0.9


def draw_stability(rows: Sequence[Row]) -> Figure:
    """Figure A: a row of panels for each K, a column for each delta.

    Filled dots are minima of networks with fewer than K - 1 units, open ones of networks with at least K - 1; squares
    are ReLU. Areas grow with the logarithm of the hits. Where there are test samples, accuracy and shares are over
    training and test samples.
    """
    points, deltas = _values(rows, "K"), _values(rows, "delta")
    figure = Figure(figsize=(1.1 + 1.75 * len(deltas), 1.0 + 1.6 * len(points)))
    panels = figure.subplots(len(points), len(deltas), sharex=True, sharey=True, squeeze=False)
    for across, k in zip(panels, points, strict=True):
        for axes, delta in zip(across, deltas, strict=True):
            own = [row for row in rows if float(row["K"]) == k and float(row["delta"]) == delta]
            _draw_panel(axes, own, k, delta)
        across[0].set_ylabel("least share of\nthe radius of $f_a$")
    for axes in panels[-1]:
        axes.set_xlabel("accuracy")
    figure.legend(handles=list(_stability_legend()), loc="outside lower center", ncols=2, fontsize="small")
    return figure


def draw_size(rows: Sequence[Row]) -> Figure:
    """Figure B: the largest share of stable samples of a minimum of a landscape, that of the deepest minimum, and that
    of the constructed network, against H / (K - 1), all landscapes on one axis.
    """
    figure = Figure(figsize=(3.4, 3.0))
    axes = figure.subplots()
    found = [_of_landscape(own) for own in _landscapes(rows)]
    kinds = (("best minimum", 1, "o", FIXED), ("deepest minimum", 2, "v", VARIABLE), ("constructed", 3, "*", MADE))
    for label, place, marker, colour in kinds:
        known = [one for one in found if np.isfinite(one[place])]
        axes.plot(
            [one[0] + 0.02 * (place - 2) for one in known],
            [one[place] for one in known],
            marker,
            color=colour,
            markerfacecolor="none" if place == 1 else colour,
            markersize=7 if place != 2 else 4,
            label=label,
            clip_on=False,
        )
    axes.axvline(1.0, color="0.6", linewidth=0.6, linestyle=":")
    axes.set_xlabel("hidden units over K \N{MINUS SIGN} 1")
    axes.set_ylabel(f"share of samples with {STABLE} of\nthe radius of $f_a$")
    axes.set_ylim(-0.05, 1.08)
    axes.margins(x=0.12)
    figure.legend(loc="outside upper center", ncols=3, fontsize="small", columnspacing=1.0, handletextpad=0.3)
    return figure


def draw_crossover(rows: Sequence[Row]) -> Figure:
    """Figure C: lowest energies over l2 of accurate minima, against delta, a colour for each network that has minima of
    both kinds.

    Circles are minima without a sample that is unstable at delta, triangles minima with one; the lower one is filled.
    """
    figure = Figure(figsize=(3.4, 3.2))
    axes = figure.subplots()
    kinds = list(dict.fromkeys(_network(row) for row in rows if row["lowest_stable"] != "inf"))
    for colour, kind in zip(cycle(FAMILY), kinds, strict=False):
        own = sorted((row for row in rows if _network(row) == kind), key=lambda row: float(row["delta"]))
        delta = np.array([float(row["delta"]) for row in own])
        weight = np.array([float(row["l2"]) for row in own])
        energies = [
            np.array([float(row[name]) for row in own]) / weight for name in ("lowest_stable", "lowest_unstable")
        ]
        for marker, mine, other in (("o", *energies), ("v", *energies[::-1])):
            known = np.isfinite(mine)
            axes.plot(delta[known], mine[known], color=colour, linewidth=0.8)
            for x, y, rival in zip(delta[known], mine[known], other[known], strict=True):
                face = colour if y <= rival else "white"
                axes.plot([x], [y], marker, markersize=5, markeredgecolor=colour, markerfacecolor=face)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.margins(0.08)
    axes.set_xlabel("cue $\\delta$ (units of $r_K$)")
    axes.set_ylabel("lowest energy of\nan accurate minimum, over l2")
    handles = [Line2D([], [], color=colour, label=kind) for colour, kind in zip(cycle(FAMILY), kinds, strict=False)]
    for marker, label in (("o", "no sample unstable at $\\delta$"), ("v", "some unstable (filled: lower)")):
        handles.append(Line2D([], [], color="black", marker=marker, linestyle="", markerfacecolor="none", label=label))
    figure.legend(handles=handles, loc="outside lower center", ncols=2, fontsize="small")
    return figure


def _draw_panel(axes: Axes, rows: Sequence[Row], k: float, delta: float) -> None:
    axes.axhspan(LEAST / 2, delta, color=BAND, linewidth=0, zorder=0)
    if any(_is_fixed(row) for row in rows):
        jittered = delta / (1.0 - max(float(row["jitter"]) for row in rows))  # jitter makes radii smaller
        axes.fill_between([0.97, 1.06], jittered, 2.5, facecolor="none", edgecolor="0.6", hatch="////", linewidth=0)
    for row in rows:
        x, y = _accuracy(row), max(_least(row), LEAST)
        if row["kind"] == MINIMUM:
            size = 10.0 + 8.0 * np.log10(float(row["hits"]) + 1.0)
            colour = FIXED if float(row["hidden"]) < k - 1 else VARIABLE
            face = colour if float(row["hidden"]) < k - 1 else "none"
            axes.scatter([x], [y], s=size, marker=_marker(row), facecolors=face, edgecolors=colour, linewidths=0.8)
        elif row["kind"] in (CONSTRUCTED, QUENCHED):
            marker = "*" if row["kind"] == CONSTRUCTED else "D"
            axes.plot([x], [y], marker, color=MADE, markersize=8 if marker == "*" else 4, markerfacecolor="none")
    axes.set_yscale("log")
    axes.set_xlim(0.1, 1.08)
    axes.set_ylim(LEAST / 2, 2.5)
    axes.set_title(f"K = {k:g}, $\\delta$ = {delta:g}", fontsize="medium")


def _stability_legend() -> Iterator[Line2D | Patch]:
    for label, colour, face in (
        ("fewer than K \N{MINUS SIGN} 1 units", FIXED, FIXED),
        ("K \N{MINUS SIGN} 1 units or more", VARIABLE, "none"),
    ):
        yield Line2D([], [], marker="o", linestyle="", color=colour, markerfacecolor=face, label=f"minimum, {label}")
    yield Line2D([], [], marker="s", linestyle="", color="0.4", markerfacecolor="none", label="the same with ReLU")
    yield Line2D([], [], marker="*", linestyle="", color=MADE, markerfacecolor="none", label="constructed network")
    yield Line2D([], [], marker="D", linestyle="", color=MADE, markerfacecolor="none", label="end of its quench")
    yield Patch(facecolor=BAND, label="share at most $\\delta$ (0 is drawn at $10^{-3}$)")
    yield Patch(
        facecolor="none", edgecolor="0.6", hatch="////", label="impossible where K \N{MINUS SIGN} 1 exceeds the bound"
    )


def _marker(row: Row) -> str:
    return "s" if row["activation"] == "relu" else "o"


def _is_fixed(row: Row) -> bool:
    """True if the network of a row is too small to do without the cue."""
    units = float(row["hidden"])
    most = {"relu": units + 1.0, "tanh": 2.0**units - 1.0}
    return bool(float(row["K"]) > 1.0 + most.get(row["activation"], math.inf))


def _accuracy(row: Row) -> float:
    test = row["test_accuracy"]
    return float(row["accuracy"]) if not test else 0.5 * (float(row["accuracy"]) + float(test))


def _least(row: Row) -> float:
    names = ("relative_stability_least", "test_relative_stability_least")
    return min(float(row[name]) for name in names if row[name])


def _of_landscape(rows: Sequence[Row]) -> tuple[float, float, float, float]:
    """H / (K - 1), and shares of stable samples of the best and the deepest minimum and the constructed network."""
    minima = [row for row in rows if row["kind"] == MINIMUM]
    made = [float(row["stable_share"]) for row in rows if row["kind"] == CONSTRUCTED]
    deepest = min(minima, key=lambda row: float(row["energy"]))
    best = max(float(row["stable_share"]) for row in minima)
    size = float(rows[0]["hidden"]) / (float(rows[0]["K"]) - 1.0)
    return size, best, float(deepest["stable_share"]), made[0] if made else float("nan")


def _landscapes(rows: Sequence[Row]) -> Iterator[list[Row]]:
    for file in dict.fromkeys(row["landscape"] for row in rows):
        own = [row for row in rows if row["landscape"] == file]
        if any(row["kind"] == MINIMUM for row in own):
            yield own


def _network(row: Row) -> str:
    return f"K = {row['K']}, {row['hidden']} {row['activation']}, l2 = {float(row['l2']):g}"


def _values(rows: Sequence[Row], name: str) -> list[float]:
    return sorted({float(row[name]) for row in rows})
