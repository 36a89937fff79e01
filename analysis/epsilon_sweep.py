"""Draw accuracy under attack and certified accuracy of every minimum of a database against epsilon.

Each line is a minimum, coloured by its depth or by another property, with the lowest value on top. It starts at the
clean accuracy, where epsilon is 0. The true robust accuracy lies between the values of the two panels. All measured
epsilons are drawn; `landscape measure FILE robustness --epsilon 0.05,0.1,0.15,0.2,0.3` adds more.

By default the strongest attack and the tightest bound that were measured are drawn.
"""

from collections.abc import Collection, Sequence
from pathlib import Path

import click
import matplotlib as mpl
import matplotlib.style
import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from landscape.database.database import Database
from landscape.database.store import open_store
from landscape.errors import PropertyError
from landscape.plots.figures import COLOURS, STYLE, UNKNOWN, require_figure_file, save
from landscape.plots.scripts import Script
from landscape.studies.columns import Column, column, column_family, readable

TOP = 0.9  # part of the values below the end of the colours: else a few large values would make all others look alike
ATTACKED = ("robust_accuracy", "pgd_accuracy", "fgsm_accuracy")
CERTIFIED = ("certified_accuracy_crown", "certified_accuracy_ibp")


@click.command(cls=Script)
@click.argument("file", type=click.Path(path_type=Path))
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="Figure: .svg, .pdf or .png.")
@click.option("--attacked", metavar="NAME", help="Accuracy under attack; the strongest that was measured.")
@click.option("--certified", metavar="NAME", help="Certified accuracy; the tightest that was measured.")
@click.option("--colour", metavar="NAME", default="depth", show_default=True, help="Property to colour by.")
def main(file: Path, output: Path, attacked: str | None, certified: str | None, colour: str) -> None:
    """Draw accuracies of the minima of the database FILE against epsilon."""
    require_figure_file(output)
    with Database(open_store(file)) as db:
        stored = db.properties("minima")
        names = [_first(ATTACKED, attacked, stored), _first(CERTIFIED, certified, stored)]
        sweeps = [_sweep(db, name) for name in names]
        chosen = column(db, colour)
    with matplotlib.style.context(STYLE):
        save(draw(sweeps, [readable(name) for name in names], chosen), output)
    click.echo(f"{output}: minima {len(chosen.values)}, epsilons {len(sweeps[0][0]) - 1}")


def draw(sweeps: Sequence[tuple[np.ndarray, np.ndarray]], titles: Sequence[str], colour: Column) -> Figure:
    """A panel for each sweep (epsilons [E], accuracies [M, E]), lines coloured by `colour` [M]."""
    figure = Figure(figsize=(7.0, 2.8))
    panels = figure.subplots(1, len(sweeps), sharex=True, sharey=True, squeeze=False)[0]
    known = colour.values[np.isfinite(colour.values)]
    low, high = (known.min(), np.quantile(known, TOP, method="lower")) if len(known) else (0.0, 1.0)
    scale = Normalize(float(low), float(high), clip=True)
    for axes, (epsilon, accuracy), title in zip(panels, sweeps, titles, strict=True):
        _draw_lines(axes, epsilon, accuracy, colour.values, scale)
        axes.set_title(title)
        axes.set_xlabel("$\\varepsilon$")
    panels[0].set_ylabel("fraction of samples")
    bar = figure.colorbar(
        mpl.cm.ScalarMappable(scale, COLOURS),
        ax=panels,
        pad=0.02,
        aspect=25,
        extend="max" if known.max(initial=-np.inf) > high else "neither",
    )
    bar.set_label(colour.name if colour.epsilon is not None else readable(colour.name))
    bar.outline.set_linewidth(0.6)
    return figure


def _first(names: Sequence[str], asked: str | None, stored: Collection[str]) -> str:
    """The name asked for, otherwise the first name that is stored."""
    found = [name for name in names if name in stored]
    if asked is None and not found:
        raise PropertyError(f"Expected one of {', '.join(names)} in the database, found none: run 'landscape measure'.")
    return asked or found[0]


def _sweep(db: Database, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Epsilons [1 + E] and accuracies [M, 1 + E] of one property, from the clean accuracy on."""
    family = [one for one in column_family(db, name) if one.epsilon is not None]
    if not family:
        raise PropertyError(f"Expected a property with a value for each epsilon, found '{name}': name an accuracy.")
    clean = column(db, "accuracy").values
    epsilon = np.array([0.0, *(float(one.epsilon or 0.0) for one in family)])
    return epsilon, np.stack([clean, *(one.values for one in family)], axis=1)


def _draw_lines(axes: Axes, epsilon: np.ndarray, accuracy: np.ndarray, values: np.ndarray, scale: Normalize) -> None:
    order = np.argsort(-np.nan_to_num(values, nan=np.inf), kind="stable")
    colours = [COLOURS(scale(value)) if np.isfinite(value) else UNKNOWN for value in values[order]]
    lines = [np.column_stack([epsilon, line]) for line in accuracy[order]]
    width = float(np.clip(40.0 / max(len(lines), 1), 0.5, 1.2))
    axes.add_collection(LineCollection(lines, colors=colours, linewidths=width, capstyle="round"))
    axes.set_xlim(0.0, float(epsilon.max()))
    axes.set_ylim(0.0, 1.02)
    axes.locator_params(axis="x", nbins=4)


if __name__ == "__main__":
    main()
