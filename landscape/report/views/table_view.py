"""The table of a page, sorted by a click on the head of a column."""

from collections.abc import Callable

from bokeh.models import (
    CellFormatter,
    ColumnDataSource,
    DataTable,
    InlineStyleSheet,
    NumberFormatter,
    ScientificFormatter,
    StringFormatter,
    TableColumn,
)

from landscape.report.resources import asset

HEIGHT, ROW = 370, 26  # pixels
Formatter = Callable[[], CellFormatter]


def fixed(form: str) -> Formatter:
    """Numbers in a format of numbro."""
    return lambda: NumberFormatter(format=form)


def scientific(precision: int, lowest_power: int) -> Formatter:
    """Numbers with a power of ten below `lowest_power`."""
    return lambda: ScientificFormatter(precision=precision, power_limit_low=lowest_power)


COLUMNS: tuple[tuple[str, str, Formatter, int], ...] = (
    ("row", "minimum", StringFormatter, 90),
    ("energy", "energy", fixed("0.00000000"), 130),
    ("above", "above the lowest", scientific(4, -1), 140),
    ("hits", "hits", StringFormatter, 80),
    ("log_copies", "ln copies", fixed("0.00"), 100),
    ("escape_barrier", "escape barrier", scientific(3, -1), 130),
    ("barrier_to_global", "barrier to lowest", scientific(3, -1), 140),
    ("lowest_eigenvalue", "lowest eigenvalue", scientific(3, -1), 150),
    ("value", "selected property", scientific(4, -3), 215),
)
"""Field of the source, head, format and width of each column; the last shows the property that colours the page."""


def table_view(minima: ColumnDataSource) -> DataTable:
    """The table of all minima of the page."""
    return DataTable(
        source=minima,
        name="table",
        columns=[
            TableColumn(field=field, title=title, formatter=formatter(), width=width)
            for field, title, formatter, width in COLUMNS
        ],
        index_position=None,
        sizing_mode="stretch_width",
        height=min(HEIGHT, ROW * (len(minima.data["row"]) + 2)),
        row_height=ROW,
        reorderable=False,
        autosize_mode="none",
        selectable=True,
        scroll_to_selection=True,
        stylesheets=[InlineStyleSheet(css=asset("table.css"))],
    )
