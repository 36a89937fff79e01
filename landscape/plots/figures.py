"""Style, file formats and colours of all figures."""

from collections.abc import Iterable
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.colors import ListedColormap, to_rgb
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import TextToPath

from landscape.errors import PropertyError
from landscape.plots.scripts import writing

STYLE = Path(__file__).with_name("paper.mplstyle")
COLOURS = ListedColormap(mpl.colormaps["viridis"](np.linspace(0.0, 0.92, 256)), name="viridis, readable on white")
UNKNOWN = "0.75"
FAMILY = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#222222")
"""Colours of things without an order, told apart by colour-blind readers (Okabe and Ito, without the yellow)."""
MARKERS = "osD^v<>PX*"
MINUS = "\N{MINUS SIGN}"
_FORMATS = (".svg", ".pdf", ".png")


def require_figure_file(output: Path | None) -> None:
    """Raise PropertyError if there is a name and its ending is not that of a figure that can be written."""
    if output and output.suffix.lower() not in _FORMATS:
        raise PropertyError(
            f"Expected a figure file ending in {', '.join(_FORMATS)}, found '{output}': change its ending."
        )


def family_style(place: int) -> tuple[tuple[float, float, float], str]:
    """Colour and marker of one of several things without an order; things of the same colour differ in markers."""
    return to_rgb(FAMILY[place % len(FAMILY)]), MARKERS[(place + place // len(FAMILY)) % len(MARKERS)]


def inches_wide(texts: Iterable[str], points: float) -> float:
    """The width in inches of the widest of some texts in type of a size in points."""
    font, measure = FontProperties(size=points), TextToPath()
    return max((measure.get_text_width_height_descent(text, font, False)[0] for text in texts), default=0.0) / 72.0


def label_y(axes: Axes, label: str) -> None:
    """Label the upright axis, with the power of ten that its numbers leave out if they are small or large."""
    axes.set_ylabel(label + _shortened(axes.yaxis, axes.get_ylim()))


def label_x(axes: Axes, label: str) -> None:
    """Label the axis below, as `label_y` does."""
    axes.set_xlabel(label + _shortened(axes.xaxis, axes.get_xlim()))


def _shortened(axis: Axis, ends: tuple[float, float]) -> str:
    """The power of ten that the numbers of an axis now leave out, empty for none."""
    largest = float(np.max(np.abs(ends)))
    exponent = int(np.floor(np.log10(largest))) if largest > 0.0 else 0
    if -2 <= exponent <= 3:
        return ""
    axis.set_major_formatter(lambda value, _: f"{value / 10.0**exponent:.6g}".replace("-", MINUS))
    return f" ($10^{{{exponent}}}$)"


def plain(text: str) -> str:
    """Text that matplotlib writes as it is, with dollar signs that begin no formula."""
    return text.replace("$", r"\$")


def save(figure: Figure, output: Path) -> None:
    """Write the figure, without a date in it. Raises PropertyError where the file cannot be written."""
    dates = {".svg": {"Date": None}, ".pdf": {"CreationDate": None}}
    with writing(output):
        figure.savefig(output, metadata=dates.get(output.suffix.lower()))
