"""The picture of a tree for users: into axes, or into a file. matplotlib is imported when a tree is drawn."""

import importlib.util
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from landscape.database.database import Database
from landscape.errors import PropertyError

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def plot_tree(  # noqa: PLR0913 - choices of a picture, all by name
    db: Database,
    *,
    colour: str | None = None,
    order: str = "energy",
    levels: int | None = None,
    scale: str = "auto",
    threshold: float = 0.0,
    lowest: int | None = None,
    labels: bool = False,
    marks: str | None = None,
    groups: Sequence[str] = (),
    superbasins: float | None = None,
    temperature: float | None = None,
    metric: str | None = None,
    axes: "Axes | None" = None,
) -> "Axes":
    """Draw the disconnectivity graph of a database, and return its matplotlib axes.

    A line ends at the energy of a minimum above the lowest; lines meet where minima are known to be connected.

    Args:
        db: the database.
        colour: the property that colours branches: NAME, NAME@EPSILON or NAME[INDEX].
        order: "energy" or "size" puts the lowest or the largest branch in the middle; "value" orders by `colour`.
        levels: the number of levels at which lines meet, 0 for exact energies; chosen for the data by default.
        scale: the axis of energies: "linear", "log", "symlog", or "auto" for the one that suits the data.
        threshold: minima that climbs below this energy connect are drawn as one.
        lowest: draws so many lowest minima; at most 400 minima, those with the longest branches, by default.
        labels: writes the row of each minimum below it.
        marks: the regimes of training whose end points are marked, separated by commas, or "all".
        groups: sets of minima to colour, as in "robust=0,3,7-9" or "robust=FILE" with rows in a file.
        superbasins: colours the sets of minima that are connected below this energy above the lowest minimum.
        temperature: draws free energies at this temperature, in units of the energy.
        metric: places each minimum at its value of this property, on a second axis.
        axes: the axes to draw into; a new figure by default.

    Raises:
        LandscapeError: matplotlib is not installed, or the database lacks what is to be drawn.

    The classical picture is that of Becker and Karplus, J. Chem. Phys. 106, 1495 (1997).
    """
    choice = {name: value for name, value in locals().items() if name not in ("db", "axes")}
    found: Axes = _drawing().drawn(db, choice, axes)
    return found


def save_tree(db: Database, output: Path, choice: dict[str, Any]) -> str:
    """Write the picture of a database to a file, with the arguments of `plot_tree`; returns the minima in words.

    Raises PropertyError as `plot_tree` does, and where the file cannot be written.
    """
    return str(_drawing().saved(db, output, choice))


def _drawing() -> ModuleType:
    """The module that draws. Raises PropertyError without matplotlib."""
    if importlib.util.find_spec("matplotlib") is None:
        raise PropertyError("expected the package matplotlib, found none: pip install 'landscape-explorer[plots]'")
    return importlib.import_module("landscape.plots.trees.output")
