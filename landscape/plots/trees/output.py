"""Pictures of trees in axes and in files, in the style of the project."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import matplotlib.style
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from landscape.database.database import Database
from landscape.plots.figures import STYLE, require_figure_file, save
from landscape.plots.trees.figure import Size, draw, figure_size
from landscape.plots.trees.picture import Choice, Picture, picture_of


def drawn(db: Database, choice: Mapping[str, Any], axes: Axes | None) -> Axes:
    """The axes with the picture; a new figure of pyplot without axes."""
    picture = picture_of(db, Choice(**choice))
    size = figure_size(picture)
    with matplotlib.style.context(STYLE):
        if axes is None:
            axes = plt.figure(figsize=(size.width, size.height)).add_subplot()
        draw(axes, picture, size)
    return axes


def saved(db: Database, output: Path, choice: Mapping[str, Any]) -> str:
    """Write the picture to a file; returns the minima in words."""
    require_figure_file(output)
    picture = picture_of(db, Choice(**choice))
    with matplotlib.style.context(STYLE):
        save(figure_of(picture), output)
    return picture.drawn


def figure_of(picture: Picture, size: Size | None = None) -> Figure:
    """The figure of a picture."""
    size = size or figure_size(picture)
    figure = Figure(figsize=(size.width, size.height))
    draw(figure.add_subplot(), picture, size)
    return figure
