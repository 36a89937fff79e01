"""The stationary points of a database as other programs want them: minima by rising energy, pairs in order.

Several readers take the largest number of a minimum in use as the number of all minima, and some look pairs up with the
smaller number first. So minima are numbered by rising energy, since high minima are those that nothing connects, and
pairs are sorted. The file `rows.csv` says which row of the database each line came from.

Shapes: M minima, T transition states.
"""

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np

from landscape.database.database import Database
from landscape.database.records import Minima, TransitionStates
from landscape.errors import ExchangeError
from landscape.exchange.orders import MOST_FORTRAN, log_group_size, point_group_orders

ROWS = "rows.csv"


@dataclass(frozen=True, kw_only=True)
class SortedPoints:
    """Minima by rising energy, and transition states in the order of the database."""

    minima: Minima  # [M]
    states: TransitionStates  # [T]
    minima_row: np.ndarray  # int64[M]: rows of the database
    states_row: np.ndarray  # int64[T]
    pairs: np.ndarray  # int64[T, 2]: places of the two minima among those here, the smaller first

    @classmethod
    def of(cls, db: Database, states_row: np.ndarray | None = None) -> Self:
        """The points of a database, with its transition states in the order `states_row` int64[T] if that is given.

        Raises `ExchangeError` for a database without minima.
        """
        if not len(db.minima):
            raise ExchangeError(f"{db.path}: expected minima, found none: find some with 'landscape run'")
        order = np.argsort(db.minima.energy, kind="stable")
        place = np.empty_like(order)
        place[order] = np.arange(len(order))
        rows = np.arange(len(db.transition_states)) if states_row is None else states_row
        states = db.transition_states.take(rows)
        return cls(
            minima=db.minima.take(order),
            states=states,
            minima_row=order,
            states_row=rows,
            pairs=np.sort(place[states.minima].reshape(-1, 2), axis=1),
        )

    def orders(self, db: Database, source: str) -> tuple[np.ndarray, np.ndarray]:
        """The orders int64[M] and int64[T] of the point groups of minima and transition states.

        Raises `ExchangeError` if determinants or numbers of copies are missing, as in files of earlier versions.
        """
        lacking = np.isnan(self.states.log_determinant) | np.isnan(self.states.log_orbit_size)
        if lacking.any():
            raise ExchangeError(
                f"{source}: expected determinants and copies of all transition states, found none of "
                f"{int(lacking.sum())}, which an earlier version has written: export to topsearch and import that, "
                "which computes them"
            )
        group = log_group_size(db)
        tables = (self.minima, self.states)
        minima, states = (point_group_orders(group, table.log_orbit_size, source) for table in tables)
        return minima, states

    def write_rows(self, path: Path, first: int) -> None:
        """Write the row of the database of every minimum and transition state; numbers count from `first`."""
        with path.open("w", newline="", encoding="ascii") as file:
            table = csv.writer(file, lineterminator="\n")
            table.writerow(("table", "number", "row"))
            for name, rows in (("minima", self.minima_row), ("transition_states", self.states_row)):
                table.writerows((name, number, row) for number, row in enumerate(rows.tolist(), first))


def fortran_warning(orders: Iterable[np.ndarray]) -> list[str]:
    """A line if orders of point groups do not fit into the whole numbers of Fortran."""
    large = sum(int((one > MOST_FORTRAN).sum()) for one in orders)
    if not large:
        return []
    line = f"{large} orders of point groups are above 2^31 - 1, the largest whole number that Fortran programs read"
    return [f"{line}; PyGT and pele read them"]
