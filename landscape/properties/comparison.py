"""The columns of one or several databases that a correlation table is made of.

Measures are how deep and how curved a minimum is; robustness is every measured column that `ROBUSTNESS_SIGNS` knows,
one for each epsilon. The task curvatures differ from the curvatures by a constant at one l2, so their ranks are the
same and they are left out. The control is the squared norm of the parameters.

Minima of several databases are pooled with l2 held fixed in every statistic, since l2 moves everything at once. Depth
is always counted within a database. Minima that agree in all columns but the barriers count once (`distinct_rows`):
barriers depend on which transition states are known, and mirror images need not be connected equally well.

Shapes: K distinct minima.
"""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from landscape.database.database import Database
from landscape.errors import PropertyError
from landscape.properties.columns import Column, column, column_family
from landscape.properties.hypotheses import FLATTER, ROBUSTNESS_SIGNS
from landscape.properties.statistics import distinct_rows

CONTROL = "squared_norm"
_BARRIERS = ("escape_barrier", "barrier_to_global")
_COMPUTED = ("depth", *_BARRIERS)
_MEASURES = (*_COMPUTED, *FLATTER.measures)


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Columns [K] of the distinct minima, by name; arguments of `landscape.properties.statistics.correlate`."""

    minima: int  # before copies are dropped
    distinct: int
    measures: Mapping[str, Column]
    robustness: Mapping[str, Column]
    controls: Mapping[str, np.ndarray]
    given: Mapping[str, np.ndarray]

    @property
    def robustness_signs(self) -> dict[str, int]:
        """+1 for the columns of which a larger value is more robust, -1 for the others."""
        return {name: ROBUSTNESS_SIGNS[one.property] for name, one in self.robustness.items()}


def compare(databases: Sequence[Database]) -> Comparison:
    """Gather the columns that all databases have.

    Raises PropertyError where no robustness was measured, and where databases without l2 are to be pooled.
    """
    tables = [_columns(db) for db in databases]
    common = [name for name in tables[0] if all(name in table for table in tables)]
    pooled = {name: np.concatenate([table[name].values for table in tables]) for name in common}
    given = {}
    if len(databases) > 1:
        given["l2"] = np.concatenate([np.full(len(db.minima), _l2(db)) for db in databases])
    own = {name: values for name, values in pooled.items() if name not in _BARRIERS}
    rows = distinct_rows({**own, **given})
    kept = {name: replace(tables[0][name], values=pooled[name][rows]) for name in common}
    robustness = {name: one for name, one in kept.items() if one.property in ROBUSTNESS_SIGNS}
    if not robustness:
        raise PropertyError(
            f"Expected measured robustness ({', '.join(ROBUSTNESS_SIGNS)}), found none of it "
            f"{'in all files' if len(databases) > 1 else 'in the file'}: run 'landscape measure' first."
        )
    return Comparison(
        minima=sum(len(db.minima) for db in databases),
        distinct=len(rows),
        measures={name: one for name, one in kept.items() if name in _MEASURES},
        robustness=robustness,
        controls={CONTROL: kept[CONTROL].values},
        given={name: values[rows] for name, values in given.items()},
    )


def _columns(db: Database) -> dict[str, Column]:
    """All columns of one database that take part."""
    stored = db.properties("minima")
    columns = {name: column(db, name) for name in _MEASURES if name in _COMPUTED or name in stored}
    for name in ROBUSTNESS_SIGNS:
        if name in stored:
            columns |= {one.name: one for one in column_family(db, name)}
    columns[CONTROL] = column(db, CONTROL) if CONTROL in stored else _squared_norm(db)
    return columns


def _squared_norm(db: Database) -> Column:
    return Column(
        name=CONTROL,
        property=CONTROL,
        epsilon=None,
        description="squared norm of the parameters",
        units="",
        values=np.sum(db.minima.parameters**2, axis=1),
    )


def _l2(db: Database) -> float:
    table = tomllib.loads(db.problem_record.toml)
    value = table.get("problem", table).get("l2")
    if not isinstance(value, int | float):
        raise PropertyError(f"Expected l2 in the problem of {db.path} to pool it, found none: give one file at a time.")
    return float(value)
