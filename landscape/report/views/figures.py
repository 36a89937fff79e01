"""The frame that all plots of a page share: axes, tools and fonts. Their colours are set by the theme of the page.

Glyphs whose colour follows the theme have one of the tags `INK`, `FAINT` and `ACCENT`.
"""

from typing import Any

from bokeh.models import Axis, HoverTool
from bokeh.plotting import figure

SANS = "Helvetica Neue, Arial, Liberation Sans, sans-serif"
INK, FAINT, ACCENT = "ink", "faint", "accent"
TOOLS = "pan,wheel_zoom,box_zoom,reset,save"
HOVER = f"""
<div style="font: 13px/1.5 {SANS}; color: #1f2328; max-width: 260px">
  <b>minimum @row</b><br>energy @energy{{0.00000000}}<br>@hits hits, @copies copies<br>accuracy @accuracies
</div>
"""
"""The box that appears over a minimum."""


def frame(name: str, x_label: str, y_label: str, *, height: int = 320, tap: bool = False, **options: Any) -> figure:
    """An empty plot as wide as its place; with `tap` minima can be selected in it."""
    plot = figure(
        name=name,
        height=height,
        sizing_mode="stretch_width",
        min_width=240,
        tools=TOOLS + (",tap" if tap else ""),
        toolbar_location="above",
        x_axis_label=x_label,
        y_axis_label=y_label,
        background_fill_color=None,
        border_fill_color=None,
        outline_line_color=None,
        **options,
    )
    plot.toolbar.logo = None
    plot.toolbar.autohide = False
    plot.toolbar.active_drag = None  # a finger scrolls the page
    for axis in plot.axis:
        dress_axis(axis)
    plot.xgrid.visible = False
    return plot


def dress_axis(axis: Axis) -> None:
    """Give an axis the fonts of the page."""
    axis.axis_label_text_font = axis.major_label_text_font = SANS
    axis.axis_label_text_font_size = "13px"
    axis.axis_label_text_font_style = "normal"
    axis.major_label_text_font_size = "12px"
    axis.minor_tick_line_color = None


def add_hover(plot: figure, *renderers: Any) -> None:
    """Show `HOVER` over the minima drawn by the renderers."""
    plot.add_tools(HoverTool(renderers=list(renderers), tooltips=HOVER, point_policy="snap_to_data", limit=1))
