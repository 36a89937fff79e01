"""Accuracies of minima against epsilon: bands that hold 50 % and 90 % of the minima, their median, and chosen minima.

Shapes: M minima, E epsilons, the first of them 0.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from landscape.plots.figures import family_style

BANDS = ((0.05, 0.95, "0.88", "90 % of the minima"), (0.25, 0.75, "0.74", "50 % of the minima"))
MEDIAN = "0.35"
FEW = 7  # minima that are all drawn, without bands


@dataclass(frozen=True, kw_only=True)
class Sweep:
    """Accuracies [M, E] at epsilons [E]."""

    title: str
    epsilon: np.ndarray
    accuracy: np.ndarray


def draw_sweeps(sweeps: Sequence[Sweep], chosen: Mapping[int, str]) -> Figure:
    """A panel for each sweep; rows of `chosen` minima, with their names, are lines."""
    figure = Figure(figsize=(7.0, 2.7))
    panels = figure.subplots(1, len(sweeps), sharex=True, sharey=True, squeeze=False)[0]
    banded = len(sweeps[0].accuracy) > FEW
    for axes, sweep in zip(panels, sweeps, strict=True):
        if banded:
            _draw_bands(axes, sweep)
        _draw_chosen(axes, sweep, chosen)
        axes.set_title(sweep.title)
        axes.set_ylim(-0.03, 1.03)
        axes.margins(x=0.03)
        axes.set_xticks(sweep.epsilon, [f"{one:g}" for one in sweep.epsilon])
    panels[0].set_ylabel("fraction of samples")
    figure.supxlabel("$\\varepsilon$", fontsize="medium")
    keys: list[Artist] = [Patch(color=grey, label=name) for _, _, grey, name in BANDS] if banded else []
    keys += [Line2D([], [], color=MEDIAN, linewidth=1.2, linestyle="--", label="median")] if banded else []
    keys += [_line(place, label=name) for place, name in enumerate(chosen.values())]
    figure.legend(handles=keys, loc="outside right upper")
    return figure


def _draw_bands(axes: Axes, sweep: Sweep) -> None:
    for low, high, grey, _ in BANDS:
        ends = np.nanquantile(sweep.accuracy, (low, high), axis=0)
        axes.fill_between(sweep.epsilon, *ends, color=grey, linewidth=0)
    axes.plot(sweep.epsilon, np.nanmedian(sweep.accuracy, axis=0), color=MEDIAN, linewidth=1.2, linestyle="--")


def _draw_chosen(axes: Axes, sweep: Sweep, chosen: Mapping[int, str]) -> None:
    for place, row in reversed(list(enumerate(chosen))):
        line = _line(place)
        line.set_data(sweep.epsilon, sweep.accuracy[row])
        axes.add_line(line)
    axes.autoscale_view()


def _line(place: int, label: str | None = None) -> Line2D:
    colour, marker = family_style(place)
    return Line2D(
        [], [], color=colour, marker=marker, markersize=3.5, linewidth=1.0, clip_on=False, label=label, zorder=3
    )
