"""Decisions of networks as pictures: their regions in a plane of inputs, and images that an attack has changed.

Shapes: N samples, K classes, G grid points a side, I images of height H and width W.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap, to_rgb
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from landscape.plots.figures import family_style

TINT = 0.75  # part of white in the colour of a region
ACROSS = 3  # panels in a row
SHIFTS = "RdBu_r"


@dataclass(frozen=True, kw_only=True)
class Plane:
    """A grid in a plane of inputs, and the samples, projected onto the plane."""

    x: np.ndarray  # [G]
    y: np.ndarray  # [G]
    samples: np.ndarray  # [N, 2]
    targets: np.ndarray  # int64[N]
    classes: tuple[str, ...]  # names
    labels: tuple[str, str]  # of the axes


@dataclass(frozen=True, kw_only=True)
class Decisions:
    """Decisions of one network: classes int64[G, G] on the grid, rows along y, and int64[N] for the samples."""

    title: str
    grid: np.ndarray
    samples: np.ndarray


@dataclass(frozen=True, kw_only=True)
class AttackedImages:
    """Images [I, H, W] as the network sees them, without and with an adversarial perturbation, and their captions."""

    images: np.ndarray
    attacked: np.ndarray
    captions: tuple[str, ...]  # of the attacked ones
    distances: tuple[float, ...]


def draw_decisions(plane: Plane, decisions: Sequence[Decisions]) -> Figure:
    """A panel for each network: regions of its classes, boundaries between them, and the samples; a ring marks samples
    that the network classifies wrongly at their true places, which may be outside of the plane.
    """
    across = min(len(decisions), ACROSS)
    down = -(-len(decisions) // across)
    figure = Figure(figsize=(2.2 * across + 0.9, 2.2 * down + 0.5))
    panels = figure.subplots(down, across, sharex=True, sharey=True, squeeze=False)
    classes = len(plane.classes)
    for axes, one in zip(panels.flat, decisions, strict=False):
        _draw_regions(axes, plane, one, classes)
    for axes in panels.flat[len(decisions) :]:
        axes.set_axis_off()
    figure.supxlabel(plane.labels[0], fontsize="medium")
    figure.supylabel(plane.labels[1], fontsize="medium")
    marks = {f"class {name}": _mark(number) for number, name in enumerate(plane.classes)}
    if any((one.samples != plane.targets).any() for one in decisions):
        marks["wrong"] = Line2D([], [], marker="o", linestyle="", mfc="none", mec="black", markersize=7)
    figure.legend(list(marks.values()), list(marks), loc="outside right center", frameon=False)
    return figure


def _mark(number: int) -> Line2D:
    colour, marker = family_style(number)
    return Line2D([], [], color=colour, marker=marker, linestyle="", markeredgecolor="white", markersize=4)


def _draw_regions(axes: Axes, plane: Plane, one: Decisions, classes: int) -> None:
    colours = [family_style(number)[0] for number in range(classes)]
    tints = ListedColormap([[TINT + (1.0 - TINT) * part for part in to_rgb(colour)] for colour in colours])
    axes.pcolormesh(plane.x, plane.y, one.grid, cmap=tints, vmin=-0.5, vmax=classes - 0.5, rasterized=True)
    for number in range(classes):
        inside = one.grid == number
        if inside.any() and not inside.all():
            axes.contour(plane.x, plane.y, inside, levels=[0.5], colors="0.2", linewidths=0.5)
        colour, marker = family_style(number)
        own = plane.samples[plane.targets == number]
        axes.plot(
            own[:, 0], own[:, 1], marker, color=colour, markersize=3, markeredgecolor="white", markeredgewidth=0.3
        )
    wrong = plane.samples[one.samples != plane.targets]
    axes.plot(wrong[:, 0], wrong[:, 1], "o", markersize=6, markerfacecolor="none", markeredgecolor="black")
    axes.set_title(one.title, fontsize="medium")
    axes.set_xlim(plane.x[0], plane.x[-1])
    axes.set_ylim(plane.y[0], plane.y[-1])


def draw_attacked(found: AttackedImages) -> Figure:
    """A row for each image: the sample, the perturbation, and the attacked sample with the decision of the network."""
    count = len(found.images)
    figure = Figure(figsize=(4.4, 1.35 * count + 0.5))
    panels = figure.subplots(count, 3, squeeze=False)
    shift, low, high = found.attacked - found.images, found.images.min(), found.images.max()
    most = float(np.abs(shift).max()) or 1.0
    for row, axes in enumerate(panels):
        axes[0].imshow(found.images[row], cmap="gray", vmin=low, vmax=high)
        changes = axes[1].imshow(shift[row], cmap=SHIFTS, vmin=-most, vmax=most)
        axes[2].imshow(found.attacked[row], cmap="gray", vmin=low, vmax=high)
        axes[2].set_xlabel(found.captions[row])
        axes[1].set_xlabel(f"distance {found.distances[row]:.3g}")
    for axes, title in zip(panels[0], ("sample", "added", "attacked"), strict=True):
        axes.set_title(title)
    for axes in panels.flat:
        axes.set_xticks([])
        axes.set_yticks([])
        axes.spines[:].set_visible(False)
    bar = figure.colorbar(changes, ax=list(panels[:, 1]), location="bottom", shrink=0.9, aspect=15, pad=0.04)
    bar.outline.set_linewidth(0.6)
    bar.set_label("input units")
    return figure
