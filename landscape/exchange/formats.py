"""All formats, gathered from their declarations, and the writing of a database in one of them."""

from pathlib import Path

import numpy as np

from landscape.database.database import Database
from landscape.errors import ExchangeError
from landscape.exchange.csv_tables import CSV
from landscape.exchange.folders import new_folder
from landscape.exchange.format import Export, Format
from landscape.exchange.graphml import GRAPHML
from landscape.exchange.networks import NETWORKS
from landscape.exchange.pathsample import PATHSAMPLE
from landscape.exchange.pele import PELE
from landscape.exchange.topsearch import TOPSEARCH

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
