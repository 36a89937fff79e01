"""Facts about the layout of a figure that hold for every picture: texts on the page, none on another, whole markers."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import PathCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.text import Text
from matplotlib.transforms import Bbox

SLACK = 0.75  # points by which boxes may overlap: they are larger than the letters in them


def faults(figure: Figure) -> list[str]:
    """One line for each text outside the page, each pair of texts on each other, and each marker that is cut off."""
    FigureCanvasAgg(figure)
    with drawn_texts() as texts:
        figure.canvas.draw()
    renderer = figure.canvas.get_renderer()  # type: ignore[attr-defined]
    boxes = [(text.get_text(), text.get_window_extent(renderer)) for text in texts]
    slack = SLACK * figure.dpi / 72.0
    return [*_outside(figure, boxes, slack), *_overlapping(boxes, slack), *_cut(figure)]


@contextmanager
def drawn_texts() -> Iterator[list[Text]]:
    """The texts that are drawn meanwhile; ticks beyond the ends of an axis, for instance, are not."""
    found: list[Text] = []
    original = Text.draw

    def draw(self: Text, renderer: object) -> None:
        if self.get_visible() and self.get_text().strip() and self not in found:
            found.append(self)
        original(self, renderer)  # type: ignore[arg-type]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Text, "draw", draw)
        yield found


def _outside(figure: Figure, boxes: list[tuple[str, Bbox]], slack: float) -> Iterator[str]:
    page = figure.bbox.padded(slack)
    for name, box in boxes:
        if not (page.x0 <= box.x0 and box.x1 <= page.x1 and page.y0 <= box.y0 and box.y1 <= page.y1):
            yield f"outside the page: {name!r}"


def _overlapping(boxes: list[tuple[str, Bbox]], slack: float) -> Iterator[str]:
    for place, (name, box) in enumerate(boxes):
        for other, beside in boxes[:place]:
            wide = min(box.x1, beside.x1) - max(box.x0, beside.x0)
            high = min(box.y1, beside.y1) - max(box.y0, beside.y0)
            if wide > slack and high > slack:
                yield f"on each other: {other!r} and {name!r}"


def _cut(figure: Figure) -> Iterator[str]:
    for axes in figure.axes:
        for line in axes.lines:
            if line.get_marker() not in ("None", None, ""):
                yield from _cut_markers(figure, line, line.get_transform().transform(line.get_xydata()), _radius(line))
        for dots in axes.collections:
            if isinstance(dots, PathCollection):
                radius = 0.5 * float(np.sqrt(np.max(dots.get_sizes(), initial=0.0)))
                yield from _cut_markers(figure, dots, axes.transData.transform(np.asarray(dots.get_offsets())), radius)


def _radius(line: Line2D) -> float:
    return 0.5 * float(line.get_markersize())


def _cut_markers(figure: Figure, artist: Line2D | PathCollection, points: np.ndarray, radius: float) -> Iterator[str]:
    """A line if markers at points [n, 2] on the canvas are not inside the page, or inside the axes that clip them."""
    assert artist.axes is not None
    room = artist.axes.bbox if artist.get_clip_on() else figure.bbox
    points = points[np.isfinite(points).all(axis=1)]
    ends = np.array([[room.x0, room.y0], [room.x1, room.y1]])
    reach = 0.9 * radius * figure.dpi / 72.0
    beyond = (points - reach < ends[0]).any(axis=1) | (points + reach > ends[1]).any(axis=1)
    if beyond.any():
        yield f"cut off: {int(beyond.sum())} of {len(points)} markers of {artist}"
