"""Columns of one or several databases, from which a correlation table is made.

Measures are the depth and the curvature of minima; robustness is every measured column that is asked for, by default
the columns of `ROBUSTNESS_SIGNS`, one for each epsilon. Measures are listed with their L2 part and, as task_*, without
it, but only once if both rank the minima of every landscape alike. The control is the squared norm of the parameters.

Databases of one problem hold one landscape. Minima of several landscapes (of several l2, say) are pooled, but compared
within their own landscape only, since a difference between landscapes changes all columns at once. Depth is measured
from the lowest energy of the landscape. Minima of a landscape that agree in all columns except barriers count once
(`distinct_rows`).

Barriers depend on the known transition states, which differ between databases and between mirror images. So barriers
are computed after copies have become one minimum, from the transition states of all copies in all databases of a
landscape: the lowest barrier known of any copy.

Shapes: M minima of all databases, K distinct minima.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from landscape.database.database import Database
from landscape.errors import PropertyError
from landscape.graph.depth import DEPTHS
from landscape.statistics.correlations import distinct_rows
from landscape.statistics.ranks import tie_groups
from landscape.studies.columns import Column, column, column_family
from landscape.studies.hypotheses import FLATTER, ROBUSTNESS_SIGNS

CONTROL = "squared_norm"
_BARRIERS = {name: one.compute for name, one in DEPTHS.items() if name != "depth"}
_MEASURES = (*DEPTHS, *FLATTER.measures)
_TASK = "task_"


@dataclass(frozen=True, kw_only=True)
class Landscape:
    """One of the landscapes whose minima are compared."""

    name: str
    minima: int  # before copies are dropped
    distinct: int


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Columns [K] of the distinct minima, by name, as `landscape.statistics.correlations.correlate` takes them."""

    landscapes: tuple[Landscape, ...]
    measures: Mapping[str, Column]
    robustness: Mapping[str, Column]
    controls: Mapping[str, np.ndarray]
    robustness_signs: Mapping[str, int]  # +1 for columns whose larger values are more robust, -1 for the others
    landscape: np.ndarray  # int64[K]

    @property
    def minima(self) -> int:
        """Number of minima of all landscapes, including copies."""
        return sum(one.minima for one in self.landscapes)

    @property
    def distinct(self) -> int:
        """Number K of distinct minima."""
        return len(self.landscape)


def compare(databases: Sequence[Database], signs: Mapping[str, int] = ROBUSTNESS_SIGNS) -> Comparison:
    """Gather the columns that all databases with minima have; `signs` names the robustness columns.

    Raises PropertyError where there are no minima and where no robustness was measured.
    """
    databases = [db for db in databases if len(db.minima)]
    if not databases:
        raise PropertyError("Expected minima to compare, found none: explore the landscape first (landscape run).")
    problems = [(db.problem_record.toml, db.problem_record.sha256) for db in databases]
    distinct_problems = list(dict.fromkeys(problems))
    tables = [_columns(db, signs) for db in databases]
    common = [name for name in tables[0] if all(name in table for table in tables)]
    pooled = {name: np.concatenate([table[name].values for table in tables]) for name in common}
    sizes = [len(db.minima) for db in databases]
    landscape = np.repeat([distinct_problems.index(problem) for problem in problems], sizes)
    pooled["depth"] = _depth(databases, landscape)
    own = {name: values for name, values in pooled.items() if name not in _BARRIERS}
    rows, member = distinct_rows({**own, "landscape": landscape})
    values = {name: column[rows] for name, column in pooled.items()} | _barriers(databases, landscape, rows, member)
    kept = {name: replace(tables[0][name], values=values[name]) for name in common}
    robustness = {name: one for name, one in kept.items() if one.property in signs}
    if not robustness:
        raise PropertyError(
            f"Expected measured robustness ({', '.join(signs)}), found none of it "
            f"{'in all files' if len(databases) > 1 else 'in the file'}: run 'landscape measure' first."
        )
    return Comparison(
        landscapes=tuple(
            Landscape(
                name=" + ".join(_name(db) for db, p in zip(databases, problems, strict=True) if p == problem),
                minima=int(np.sum(landscape == number)),
                distinct=int(np.sum(landscape[rows] == number)),
            )
            for number, problem in enumerate(distinct_problems)
        ),
        measures=_ranked_differently(
            {name: one for name, one in kept.items() if one.property in _MEASURES}, landscape[rows]
        ),
        robustness=robustness,
        controls={CONTROL: kept[CONTROL].values},
        robustness_signs={name: signs[one.property] for name, one in robustness.items()},
        landscape=landscape[rows],
    )


def _ranked_differently(measures: Mapping[str, Column], landscape: np.ndarray) -> dict[str, Column]:
    """The measures without task_* measures that rank the minima of each landscape int64[K] like those with L2 part."""
    ranks = {
        name: np.concatenate([tie_groups(one.values[None, landscape == number]) for number in np.unique(landscape)], 1)
        for name, one in measures.items()
    }
    twins = {f"{_TASK}{name}": name for name in measures}
    return {
        name: one
        for name, one in measures.items()
        if name not in twins or not np.array_equal(ranks[name], ranks[twins[name]])
    }


def _name(db: Database) -> str:
    return db.path.stem if db.path else "in memory"


def _depth(databases: Sequence[Database], landscape: np.ndarray) -> np.ndarray:
    """Energies [M] of minima above the lowest energy of their landscape int64[M]."""
    energy = np.concatenate([db.minima.energy for db in databases])
    lowest = np.full(landscape.max() + 1, np.inf)
    np.minimum.at(lowest, landscape, energy)
    above: np.ndarray = energy - lowest[landscape]
    return above


def _barriers(
    databases: Sequence[Database], landscape: np.ndarray, rows: np.ndarray, member: np.ndarray
) -> dict[str, np.ndarray]:
    """Barriers [K] by name; `rows` int64[K] and `member` int64[M] come from `distinct_rows`."""
    starts = np.cumsum([0, *(len(db.minima) for db in databases)])[:-1]
    states = [db.transition_states for db in databases]
    ts_energy = np.concatenate([one.energy for one in states])
    ts_minima = member[np.concatenate([start + one.minima for start, one in zip(starts, states, strict=True)])]
    energy, landscape = np.concatenate([db.minima.energy for db in databases])[rows], landscape[rows]
    found = {name: np.empty(len(rows)) for name in _BARRIERS}
    for number in np.unique(landscape):
        inside = landscape == number
        own, place = inside[ts_minima[:, 0]], np.cumsum(inside) - 1
        for name, barrier in _BARRIERS.items():
            found[name][inside] = barrier(energy[inside], ts_energy[own], place[ts_minima[own]])
    return found


def _columns(db: Database, signs: Mapping[str, int]) -> dict[str, Column]:
    """All columns of one database that can be compared."""
    stored = db.properties("minima")
    known = [name for name in (*_MEASURES, *signs) if name in DEPTHS or name in stored]
    columns = {one.name: one for name in known for one in column_family(db, name)}
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
