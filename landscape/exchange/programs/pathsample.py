"""The files of PATHSAMPLE, which disconnectionDPS, PyGT, pele and others read.

min.data     energy, log product of the positive Hessian eigenvalues, order of the point group, three moments of inertia
ts.data      the same, with the numbers of the two minima, from 1, after the order
points.min, points.ts    parameters as float64, little endian, point after point, without headers
dinfo        settings of disconnectionDPS

Moments of inertia mean nothing here and are 1, as pele writes them. PATHSAMPLE itself wants three coordinates an atom:
give it NOPOINTS for other numbers of parameters. The layout is that of the Energy Landscapes Database tutorials
(LJ38, creating a PATHSAMPLE database).

Shapes: M minima, T transition states, P parameters.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from landscape.errors import ExchangeError
from landscape.exchange.folders import MOST_BYTES, read_bytes
from landscape.exchange.format import Export, FilePoints, Format
from landscape.exchange.sorted_points import ROWS, SortedPoints, fortran_warning
from landscape.exchange.text_tables import FLOAT, read_rows, whole_numbers, write_rows

MINIMUM = f"{FLOAT} {FLOAT} {{:9d}} 1.0 1.0 1.0"
STATE = f"{FLOAT} {FLOAT} {{:9d}} {{:9d}} {{:9d}} 1.0 1.0 1.0"
MINIMUM_COLUMNS, STATE_COLUMNS = (6, 8), (8, 9, 10)
LEVELS = 40
LITTLE = np.dtype("<f8")
BYTES_A_LINE = 1024  # more than any known writer needs


def write(export: Export, folder: Path) -> Iterator[str]:
    """Write a database; yields a warning if orders of point groups are too large for Fortran."""
    points = SortedPoints.of(export.db)
    minima, states = points.minima, points.states
    orders = points.orders(export.db, export.source)
    below = zip(minima.energy, minima.log_determinant, orders[0].tolist(), strict=True)
    above = zip(states.energy, states.log_determinant, orders[1].tolist(), *(points.pairs.T + 1).tolist(), strict=True)
    write_rows(folder / "min.data", MINIMUM, below)
    write_rows(folder / "ts.data", STATE, above)
    minima.parameters.astype(LITTLE).tofile(folder / "points.min")
    states.parameters.astype(LITTLE).tofile(folder / "points.ts")
    (folder / "dinfo").write_text(_dinfo(minima.energy, states.energy), encoding="ascii")
    points.write_rows(folder / ROWS, first=1)
    yield from fortran_warning(orders)


def _dinfo(minima: np.ndarray, states: np.ndarray) -> str:
    """Settings for disconnectionDPS: levels from the highest point down to the lowest minimum."""
    highest = float(np.concatenate([minima, states]).max())
    step = max(highest - float(minima.min()), 1e-12) / LEVELS
    lines = {
        "DELTA": f"{step:.10g}",
        "FIRST": f"{highest + step:.10g}",
        "LEVELS": str(LEVELS + 1),
        "MINIMA": "min.data",
        "TS": "ts.data",
        "NCONNMIN": "0",
        "LABELFORMAT": "F9.5",
    }
    return "".join(f"{key} {value}\n" for key, value in lines.items())


def read(folder: Path, n_parameters: int) -> FilePoints:
    """The points of a folder with min.data, ts.data, points.min and points.ts."""
    minima = _points(folder / "points.min", n_parameters)
    states = _points(folder / "points.ts", n_parameters)
    below = _lines(folder / "min.data", MINIMUM_COLUMNS, len(minima))
    above = _lines(folder / "ts.data", STATE_COLUMNS, len(states))
    return FilePoints(
        minima=minima,
        minima_energy=below[:, 0],
        minima_number=np.arange(1, len(minima) + 1),
        states=states,
        states_energy=above[:, 0],
        states_number=np.arange(1, len(states) + 1),
        pairs=whole_numbers(folder / "ts.data", above[:, 3:5]) - 1,
    ).checked(folder)


def _points(path: Path, n_parameters: int) -> np.ndarray:
    """Parameters [M, P] of a file of points."""
    content, size = read_bytes(path), LITTLE.itemsize * n_parameters
    if len(content) % size:
        raise ExchangeError(
            f"{path}: expected points of {n_parameters} parameters, {size} bytes each, found {len(content)} bytes: "
            "give the run file of the problem that was explored with --problem"
        )
    return np.frombuffer(content, LITTLE).astype(np.float64).reshape(-1, n_parameters)


def _lines(path: Path, columns: tuple[int, ...], points: int) -> np.ndarray:
    """Numbers [points, columns] of a table with a line for each point."""
    table = read_rows(path, columns, min(MOST_BYTES, BYTES_A_LINE * (points + 1)))
    if len(table) != points:
        raise ExchangeError(
            f"{path}: expected a line for each of the {points} points beside it, found {len(table)}: restore the files"
        )
    return table


PATHSAMPLE = Format(
    name="pathsample",
    summary="min.data, ts.data, points.min, points.ts and dinfo, for PATHSAMPLE, disconnectionDPS, PyGT",
    write=write,
    read=read,
)
