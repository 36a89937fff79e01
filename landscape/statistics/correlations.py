"""Tables of rank correlations between measures of minima and their robustness.

Rows are distinct minima, never runs: rows that agree in every column within rounding are one minimum (or its mirror
image under a symmetry of the data) and are refused, since copies make noise significant. Every pair of a measure and a
robustness gets Spearman's rho, Kendall's tau-b and the partial rho at fixed controls (the squared norm, as a rule),
each with a 95 % interval and a two-sided p; all p of the table are adjusted together by Holm's method (Scand. J. Stat.
6, 65, 1979). Beside them stands rho with each minimum weighted by its hits, with interval and p: it tells what a
table of this search's quenches would have shown, is no part of any verdict, and its p is not adjusted. Hits are no
visits of independent runs: most quenches of a network begin at exchanges of units between known minima.

Minima of several landscapes are compared within their own only. Values that are NaN are unknown and leave their row out
of that pair alone; infinities have a rank like any other value (a network that ignores its inputs has a sensitivity of
minus infinity: none is more robust). What cannot be computed, since a column is constant, explained by the controls or
known for too few minima, is NaN and reported as such.

The table says nothing about which sign is which hypothesis: `landscape.studies.hypotheses` does.

Shapes: M minima.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from landscape.errors import PropertyError
from landscape.statistics.bootstrap import intervals
from landscape.statistics.p_values import holm, p_values
from landscape.statistics.ranks import RankTable, tie_groups
from landscape.statistics.statistic import Statistic
from landscape.statistics.table import STATISTICS


class Estimate(NamedTuple):
    """One statistic for all pairs, each array [A, B]; NaN where it is undefined."""

    value: np.ndarray
    low: np.ndarray  # 95 % interval
    high: np.ndarray
    p: np.ndarray  # two-sided


def estimate_all(table: RankTable, *, permutations: int, random: np.random.Generator) -> dict[str, Estimate]:
    """All statistics of all pairs of a table, by name."""
    found = intervals(STATISTICS, table, random)
    p = p_values(STATISTICS, table, {name: interval[0] for name, interval in found.items()}, permutations, random)
    return {name: Estimate(value, low, high, p[name]) for name, (value, low, high) in found.items()}


MINIMUM_ROWS = 8
"""Fewest distinct minima for which anything is correlated."""

Columns = Mapping[str, np.ndarray]


@dataclass(frozen=True, kw_only=True)
class Association:
    """One correlation coefficient with its 95 % interval and p, raw and adjusted; all NaN where it is undefined."""

    value: float
    low: float
    high: float
    p: float
    p_adjusted: float


@dataclass(frozen=True, kw_only=True)
class Correlation:
    """The correlations of one pair of columns."""

    measure: str
    robustness: str
    count: int  # minima for which all columns involved are known
    found: Mapping[str, Association]  # by the name of the statistic

    def of(self, statistic: Statistic) -> Association:
        """The correlation by one statistic."""
        return self.found[statistic.name]


_ADJUSTED = tuple(one.name for one in STATISTICS if one.adjusted)


def correlate(
    measures: Columns,
    robustness: Columns,
    *,
    controls: Columns,
    landscape: np.ndarray | None = None,
    hits: np.ndarray | None = None,
    permutations: int | None = None,
    seed: int = 0,
) -> tuple[Correlation, ...]:
    """Correlations of all measures [M] with all robustness columns [M], one row a pair.

    `controls` are held fixed in the partial correlation. `landscape` int64 [M] tells which landscape each minimum is of
    (all of one), `hits` [M] how often it was found (all once). Without a number of permutations there are so many that
    Holm's smallest adjusted p can reach 0.02, and at least 9999. Equal arguments give equal tables.

    Raises PropertyError below 8 distinct minima, for rows that are not distinct and for columns of unequal length.
    """
    columns = {**measures, **robustness, **controls}
    rows = len(next(iter(columns.values())))
    stratum = np.zeros(rows, dtype=np.int64) if landscape is None else np.unique(landscape, return_inverse=True)[1]
    weights = np.ones(rows) if hits is None else np.asarray(hits, dtype=np.float64)
    _check_rows({**columns, "landscape": stratum, "hits": weights}, [*columns, "landscape"])
    if permutations is None:
        permutations = max(9_999, 50 * len(_ADJUSTED) * len(measures) * len(robustness) - 1)
    random = np.random.default_rng(seed)
    order = np.argsort(stratum, kind="stable")
    controls_known = ~np.isnan(_stack([*controls.values()], rows)).any(axis=0)
    found: dict[tuple[str, str], Correlation] = {}
    for known_x, names_x in _by_known(measures):
        for known_y, names_y in _by_known(robustness):
            kept = order[(known_x & known_y & controls_known)[order]]
            if len(kept) < MINIMUM_ROWS:
                estimates = dict.fromkeys((one.name for one in STATISTICS), _undefined(names_x, names_y))
            else:
                sides = [[measures[name] for name in names_x], [robustness[name] for name in names_y]]
                x, y, c = (tie_groups(_stack(side, rows)[:, kept]) for side in [*sides, [*controls.values()]])
                table = RankTable(x=x, y=y, controls=c, stratum=stratum[kept], weights=weights[kept])
                estimates = estimate_all(table, permutations=permutations, random=random)
            found |= _pairs(names_x, names_y, len(kept), estimates)
    return _adjusted([found[x, y] for x in measures for y in robustness])


def distinct_rows(columns: Columns) -> tuple[np.ndarray, np.ndarray]:
    """First rows int64, rising, of the sets of rows that agree in all columns [M] within 1e-6 of the column's largest
    finite value, and the set int64 [M] that each row belongs to. Infinities agree with those of their sign, NaN with
    NaN.

    Distinct minima that agree in everything measured are mirror images under a symmetry of the data: they tell nothing
    twice, and count once.
    """
    values = _stack(list(columns.values()), len(next(iter(columns.values()))))
    known = ~np.isnan(values)
    groups = tie_groups(np.where(known, values, 0.0), relative=1e-6, absolute=1e-9)
    _, first, member = np.unique(np.concatenate([groups, known]), axis=1, return_index=True, return_inverse=True)
    order = np.argsort(first)
    return first[order], np.argsort(order)[member.ravel()]


def _check_rows(columns: Columns, own: list[str]) -> None:
    """Raises PropertyError unless the columns are of one length and tell enough rows apart by those named `own`."""
    lengths = {len(values) for values in columns.values()}
    if len(lengths) != 1:
        raise PropertyError(f"Expected columns of one length, found {sorted(lengths)}: pass one value a minimum.")
    rows = lengths.pop()
    distinct = len(distinct_rows({name: columns[name] for name in own})[0]) if rows else 0
    if distinct < MINIMUM_ROWS:
        raise PropertyError(
            f"Expected at least {MINIMUM_ROWS} distinct minima to correlate, found {distinct}"
            f"{f' in {rows} rows' if distinct < rows else ''}: find more minima, or choose a smaller l2."
        )
    if distinct < rows:
        raise PropertyError(
            f"Expected distinct minima, found {rows} rows of which {distinct} are distinct: pass one row a minimum "
            "(distinct_rows tells which)."
        )


def _stack(columns: list[np.ndarray], rows: int) -> np.ndarray:
    """Columns as rows of one array [C, M]."""
    return np.array(columns, dtype=np.float64).reshape(len(columns), rows)


def _by_known(columns: Columns) -> list[tuple[np.ndarray, list[str]]]:
    """Names of the columns that are known for the same minima, with those minima as a mask [M]."""
    groups: dict[bytes, tuple[np.ndarray, list[str]]] = {}
    for name, values in columns.items():
        known = ~np.isnan(np.asarray(values, dtype=np.float64))
        groups.setdefault(known.tobytes(), (known, []))[1].append(name)
    return list(groups.values())


def _undefined(names_x: list[str], names_y: list[str]) -> Estimate:
    nothing = np.full((len(names_x), len(names_y)), np.nan)
    return Estimate(nothing, nothing, nothing, nothing)


def _pairs(
    names_x: list[str], names_y: list[str], count: int, estimates: Mapping[str, Estimate]
) -> dict[tuple[str, str], Correlation]:
    """The rows of one block of pairs, p not adjusted yet."""
    return {
        (x, y): Correlation(
            measure=x,
            robustness=y,
            count=count,
            found={name: _association(one, i, j) for name, one in estimates.items()},
        )
        for i, x in enumerate(names_x)
        for j, y in enumerate(names_y)
    }


def _association(one: Estimate, i: int, j: int) -> Association:
    value, low, high, p = (float(numbers[i, j]) for numbers in one)
    return Association(value=value, low=low, high=high, p=p, p_adjusted=np.nan)


def _adjusted(rows: list[Correlation]) -> tuple[Correlation, ...]:
    """The rows with Holm's adjustment over all p that are defined."""
    p = np.array([row.found[name].p for row in rows for name in _ADJUSTED])
    adjusted = holm(p).reshape(len(rows), len(_ADJUSTED))
    return tuple(_with_adjusted(row, values) for row, values in zip(rows, adjusted, strict=True))


def _with_adjusted(row: Correlation, values: np.ndarray) -> Correlation:
    own = {name: replace(row.found[name], p_adjusted=float(p)) for name, p in zip(_ADJUSTED, values, strict=True)}
    return replace(row, found={**row.found, **own})
