"""Heat capacity and thermal robustness of a landscape over the temperature.

The range in which the harmonic approximation holds is shaded; curves go on beyond it as thin dashed lines. A grey
upright line marks T = 1/N.
"""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator

from landscape.plots.figures import family_style
from landscape.studies.columns import readable
from landscape.studies.thermal.curves import Thermodynamics

RANGE = "#DCE9F5"
MARK = "0.45"
MARGIN = 1.2  # room for the line of T = 1/N, which may be the last temperature


def draw_curves(found: Thermodynamics, names: Sequence[str]) -> Figure:
    """Panels over one axis of temperature: the heat capacity with its peaks, and one for each property named.

    `names` are columns of `found.averages`; columns of one property share a panel, with a curve for each epsilon.
    """
    families = list(dict.fromkeys(_family(name) for name in names))
    figure = Figure(figsize=(3.4, 1.75 + 1.35 * len(families)))
    panels = figure.subplots(1 + len(families), 1, sharex=True, squeeze=False)[:, 0]
    curve = found.curves
    _draw(panels[0], found, curve.landscape_heat_capacity, 0)
    peaks = [peak for peak in found.peaks if curve.temperature[0] <= peak.temperature <= curve.temperature[-1]]
    panels[0].plot([p.temperature for p in peaks], [p.height for p in peaks], "v", markersize=4, color="black")
    panels[0].set_ylabel("heat capacity from\nchanges of minimum")
    panels[0].set_ylim(bottom=0.0)
    for axes, family in zip(panels[1:], families, strict=True):
        members = [name for name in names if _family(name) == family]
        for place, name in enumerate(members):
            _draw(axes, found, found.averages[name].value, place, name.partition("@")[2])
        axes.set_ylabel(f"mean {readable(family)}".replace(" ", "\n", 1))
        if len(members) > 1:
            axes.legend(title="ε", loc="best", frameon=True, facecolor="white", edgecolor="none", framealpha=1.0)
    for axes in panels:
        _draw_range(axes, found)
    panels[-1].set_xlabel("temperature (units of the energy)")
    figure.suptitle(_caption(found), fontsize="medium")
    return figure


def _family(name: str) -> str:
    return name.partition("@")[0].partition("[")[0]


def _draw(axes: Axes, found: Thermodynamics, values: np.ndarray, place: int, label: str = "") -> None:
    """Draw a curve, dashed beyond the harmonic range."""
    temperature, inside = found.curves.temperature, found.in_range
    colour = family_style(place)[0]
    last = int(inside.sum())
    axes.plot(temperature[:last], values[:last], color=colour, linewidth=1.4, label=label)
    beyond = slice(max(last - 1, 0), None)
    axes.plot(temperature[beyond], values[beyond], color=colour, linewidth=0.8, linestyle=(0, (4, 2)))


def _draw_range(axes: Axes, found: Thermodynamics) -> None:
    axes.set_xscale("log")
    axes.xaxis.set_minor_locator(LogLocator(subs=(3.0,)))  # more labels would overlap
    low, high = float(found.curves.temperature[0]), float(found.curves.temperature[-1])
    axes.set_xlim(low, high * MARGIN)
    if found.highest > low:
        axes.axvspan(low, min(found.highest, high), color=RANGE, linewidth=0, zorder=0)
    if low <= found.posterior <= high:
        axes.axvline(found.posterior, color=MARK, linewidth=0.7, linestyle=":")


def _caption(found: Thermodynamics) -> str:
    known = np.isfinite(found.highest)
    harmonic = f"harmonic up to T = {found.highest:.2g} (shaded)" if known else "harmonic range unknown"
    posterior = f"\ndotted: T = 1/N = {found.posterior:.2g}" if np.isfinite(found.posterior) else ""
    return f"{found.minima} minima, {harmonic}{posterior}"
