"""All formats, gathered from their declarations, and the writing of a database in one of them."""

from pathlib import Path

import numpy as np

from landscape.database.database import Database
from landscape.errors import ExchangeError
from landscape.exchange.folders import new_folder
from landscape.exchange.format import Export, FilePoints, Format
from landscape.exchange.programs.csv_tables import CSV
from landscape.exchange.programs.graphml import GRAPHML
from landscape.exchange.programs.networks import NETWORKS
from landscape.exchange.programs.pathsample import PATHSAMPLE
from landscape.exchange.programs.pele import PELE
from landscape.exchange.programs.topsearch import TOPSEARCH

FORMATS: dict[str, Format] = {one.name: one for one in (PATHSAMPLE, PELE, TOPSEARCH, GRAPHML, CSV, NETWORKS)}
"""The formats by name."""
READABLE = {name: one for name, one in FORMATS.items() if one.read is not None}
"""The formats that can be imported."""
LOWEST = 10


def chosen_rows(db: Database, rows: tuple[int, ...], lowest: int | None) -> np.ndarray:
    """Rows int64[n] of minima: those named, or the `lowest` ones by rising energy, 10 by default.

    Raises `ExchangeError` for both at once and for rows that do not exist.
    """
    if rows and lowest is not None:
        raise ExchangeError("expected rows of minima or a number of the lowest ones, found both: leave one out")
    outside = [row for row in rows if not 0 <= row < len(db.minima)]
    if outside:
        raise ExchangeError(
            f"{db.path}: expected rows of its {len(db.minima)} minima, from 0, found {outside[0]}: see 'landscape info'"
        )
    if rows:
        return np.array(rows, dtype=np.int64)
    return np.argsort(db.minima.energy, kind="stable")[: LOWEST if lowest is None else lowest]


def exported(db: Database, folder: Path, form: Format, rows: np.ndarray) -> list[str]:
    """Write a database into a new folder, which appears whole or not at all; returns lines for the user.

    `rows` int64[n] are the minima for formats that write chosen ones. Raises `LandscapeError` if the place is taken or
    the database cannot be written in this format.
    """
    with new_folder(folder) as partial:
        return list(form.write(Export(db=db, rows=rows), partial))


def read_points(form: Format, place: Path, n_parameters: int, *, trusted: bool) -> FilePoints:
    """The points of a folder in this format; `trusted` says that the user allows pickles to be read.

    Raises `ExchangeError` if the folder does not fit, or has pickles that are not trusted.
    """
    if form.pickles and not trusted:
        raise ExchangeError(
            f"{place}: expected --trust-pickles, since {form.name} stores arrays as pickles, which can hold programs: "
            "only those of plain arrays are read, and none is run"
        )
    if form.read is None:
        raise ExchangeError(f"expected a format that can be read ({', '.join(READABLE)}), found {form.name}")
    if not place.is_dir() and not (form.pickles and place.is_file()):
        raise ExchangeError(f"{place}: expected a folder with files of {form.name}, found none: name the folder")
    return form.read(place, n_parameters)
