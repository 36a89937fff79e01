"""Files of a page that are no Python: its template, styles and scripts, and the scripts of bokeh."""

from importlib.resources import files

from bokeh.resources import Resources

SCRIPTS = (
    "core.js",
    "colours.js",
    "tree.js",
    "selection.js",
    "temperature.js",
    "curves.js",
    "attacked.js",
    "matrix.js",
    "theme.js",
    "tips.js",
    "downloads.js",
    "start.js",
)
"""In the order in which they are needed."""
COMPONENTS = ("bokeh", "bokeh-widgets", "bokeh-tables")


def asset(name: str) -> str:
    """The text of a file of the folder `assets`."""
    return (files("landscape.report") / "assets" / name).read_text(encoding="utf-8")


def own_script() -> str:
    """The scripts of the page, in a scope of their own."""
    return '(() => {\n"use strict";\n' + "\n".join(map(asset, SCRIPTS)) + "\n})();\n"


def bokeh_scripts() -> list[str]:
    """The scripts of bokeh that draw plots and tables."""
    return list(Resources(mode="inline", components=list(COMPONENTS), minified=True).js_raw)
