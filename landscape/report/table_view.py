"""The table of a page, sorted by a click on the head of a column."""

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

COLUMNS: tuple[tuple[str, str, CellFormatter, int], ...] = (
    ("row", "minimum", StringFormatter(), 80),
    ("energy", "energy", NumberFormatter(format="0.0000000"), 110),
    ("above", "above the lowest", ScientificFormatter(precision=4), 120),
    ("hits", "hits", StringFormatter(), 70),
    ("log_copies", "log copies", NumberFormatter(format="0.00"), 90),
    ("escape_barrier", "escape barrier", ScientificFormatter(precision=3), 110),
    ("barrier_to_global", "barrier to lowest", ScientificFormatter(precision=3), 120),
    ("lowest_eigenvalue", "lowest eigenvalue", ScientificFormatter(precision=3), 130),
    ("value", "selected property", ScientificFormatter(precision=4), 150),
)
"""Field of the source, head, format and width of each column; the last shows the property that colours the page."""


def table_view(minima: ColumnDataSource) -> DataTable:
    """The table of all minima of the page."""
    return DataTable(
        source=minima,
        name="table",
        columns=[
            TableColumn(field=field, title=title, formatter=one, width=width) for field, title, one, width in COLUMNS
        ],
        index_position=None,
        sizing_mode="stretch_width",
        height=340,
        row_height=26,
        autosize_mode="none",
        selectable=True,
        scroll_to_selection=True,
        stylesheets=[InlineStyleSheet(css=asset("table.css"))],
    )
