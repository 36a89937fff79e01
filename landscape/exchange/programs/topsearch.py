"""The text files of topsearch (`KineticTransitionNetwork.dump_network` and `read_network`).

min.data     number from 0, energy
ts.data      numbers of the two minima, energy
min.coords, ts.coords    parameters, one row a point
pairlist     pairs that were tried, two numbers a line

Numbers have all their digits; topsearch 0.0.3 itself writes five decimals of energies. It keeps one transition state
for each pair, the last one in the file: so states are written by falling energy, and the lowest wins.

Shapes: M minima, T transition states, P parameters.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from landscape.errors import ExchangeError
from landscape.exchange.format import Export, FilePoints, Format
from landscape.exchange.sorted_points import ROWS, SortedPoints
from landscape.exchange.text_tables import FLOAT, read_rows, whole_numbers, write_rows


def write(export: Export, folder: Path) -> Iterator[str]:
    """Write a database."""
    points = SortedPoints.of(export.db, np.argsort(-export.db.transition_states.energy, kind="stable"))
    minima, states, attempts = points.minima, points.states, export.db.attempts.minima
    place = np.argsort(points.minima_row)
    write_rows(folder / "min.data", f"{{}} {FLOAT}", enumerate(minima.energy.tolist()))
    write_rows(folder / "ts.data", f"{{}} {{}} {FLOAT}", zip(*points.pairs.T.tolist(), states.energy, strict=True))
    for name, table in (("min", minima), ("ts", states)):
        row = " ".join(["{:.17g}"] * table.parameters.shape[1])
        write_rows(folder / f"{name}.coords", row, table.parameters.tolist())
    write_rows(folder / "pairlist", "{} {}", place[attempts[attempts[:, 1] >= 0]].tolist())
    points.write_rows(folder / ROWS, first=0)
    yield from ()


def read(folder: Path, n_parameters: int) -> FilePoints:
    """The points of a folder with min.data, ts.data, min.coords and ts.coords."""
    below, above = read_rows(folder / "min.data", (2,)), read_rows(folder / "ts.data", (3,))
    minima, states = (read_rows(folder / f"{name}.coords", (n_parameters,)) for name in ("min", "ts"))
    for name, lines, points in (("min", below, minima), ("ts", above, states)):
        if len(lines) != len(points):
            raise ExchangeError(
                f"{folder}: expected as many lines in {name}.data and {name}.coords, found {len(lines)} and "
                f"{len(points)}: restore the files"
            )
    number = whole_numbers(folder / "min.data", below[:, 0])
    if (number != np.arange(len(number))).any():
        raise ExchangeError(f"{folder / 'min.data'}: expected the numbers 0, 1, 2 in order, found others: sort it")
    return FilePoints(
        minima=minima,
        minima_energy=below[:, 1],
        minima_number=number,
        states=states,
        states_energy=above[:, 2],
        states_number=np.arange(len(states)),
        pairs=whole_numbers(folder / "ts.data", above[:, :2]),
    ).checked(folder)


TOPSEARCH = Format(
    name="topsearch",
    summary="min.data, ts.data, min.coords, ts.coords and pairlist, for topsearch",
    write=write,
    read=read,
)
