"""Style, file formats and colours of all figures."""

from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.colors import ListedColormap, to_rgb
from matplotlib.figure import Figure

from landscape.errors import PropertyError
from landscape.plots.scripts import writing

STYLE = Path(__file__).with_name("paper.mplstyle")
COLOURS = ListedColormap(mpl.colormaps["viridis"](np.linspace(0.0, 0.92, 256)), name="viridis, readable on white")
UNKNOWN = "0.75"
FAMILY = "tab10"  # colours of things that have no order
MARKERS = "osD^v<>PX*"
_FORMATS = (".svg", ".pdf", ".png")


def require_figure_file(output: Path | None) -> None:
    """Raise PropertyError if there is a name and its ending is not that of a figure that can be written."""
    if output and output.suffix.lower() not in _FORMATS:
        raise PropertyError(
            f"Expected a figure file ending in {', '.join(_FORMATS)}, found '{output}': change its ending."
        )


def family_style(place: int) -> tuple[tuple[float, float, float], str]:
    """Colour and marker of one of several things without an order; things of the same colour differ in markers."""
    colours = mpl.color_sequences[FAMILY]
    return to_rgb(colours[place % len(colours)]), MARKERS[(place + place // len(colours)) % len(MARKERS)]


def save(figure: Figure, output: Path) -> None:
    """Write the figure, without a date in it. Raises PropertyError where the file cannot be written."""
    dates = {".svg": {"Date": None}, ".pdf": {"CreationDate": None}}
    with writing(output):
        figure.savefig(output, metadata=dates.get(output.suffix.lower()))
