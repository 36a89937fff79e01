"""Tables of rank correlations between measures of minima and their robustness.

Rows are distinct minima, never runs: rows that agree in every column within rounding are one minimum (or its mirror
image under a symmetry of the data) and are refused. Every pair of a measure and a robustness gets Spearman's rho,
Kendall's tau-b and the partial rho at fixed controls (the squared norm, as a rule).

The correlations describe the minima from which they are computed, and have neither interval nor p: minima of a
landscape share hidden units and samples, so they are not independent draws, and if all minima are known the correlation
is exact. Replicates tell what other data would show (`landscape.studies.answer`).

Minima of several landscapes are compared within their own landscape only. A NaN is an unknown value; it leaves its row
out of the pairs with its column only. Infinities are ranked like other values (a network that ignores its inputs has a
sensitivity of minus infinity: none is more robust). A correlation is NaN if it cannot be computed, because a column is
constant, explained by the controls or known for too few minima.

The table does not say which sign supports a hypothesis: see `landscape.studies.hypotheses`.

Shapes: M minima.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product

import numpy as np

from landscape.errors import PropertyError
from landscape.statistics.ranks import RankTable, tie_groups

MINIMUM_ROWS = 8
"""Fewest distinct minima that are correlated."""

Columns = Mapping[str, np.ndarray]


@dataclass(frozen=True, kw_only=True)
class Correlation:
    """The correlations of one pair of columns, NaN where they are undefined."""

    measure: str
    robustness: str
    count: int  # minima for which all columns involved are known
    spearman: float
    kendall: float
    partial: float  # at fixed controls


def correlate(
    measures: Columns, robustness: Columns, *, controls: Columns, landscape: np.ndarray | None = None
) -> tuple[Correlation, ...]:
    """Correlations of all measures [M] with all robustness columns [M], one row per pair.

    `controls` are held fixed in the partial correlation. `landscape` int64 [M] is the landscape of each minimum, by
    default one for all.

    Raises PropertyError below 8 distinct minima, for rows that are not distinct and for columns of unequal length.
    """
    columns = {**measures, **robustness, **controls}
    rows = len(next(iter(columns.values())))
    stratum = np.zeros(rows, dtype=np.int64) if landscape is None else np.unique(landscape, return_inverse=True)[1]
    _check_rows({**columns, "landscape": stratum})
    order = np.argsort(stratum, kind="stable")
    controls_known = ~np.isnan(_stack([*controls.values()], rows)).any(axis=0)
    found: dict[tuple[str, str], Correlation] = {}
    for known_x, names_x in _by_known(measures):
        for known_y, names_y in _by_known(robustness):
            kept = order[(known_x & known_y & controls_known)[order]]
            sides = [[measures[name] for name in names_x], [robustness[name] for name in names_y]]
            x, y, c = (_stack(side, rows)[:, kept] for side in [*sides, [*controls.values()]])
            values = _of_block(x, y, c, stratum[kept])
            for (i, one), (j, other) in product(enumerate(names_x), enumerate(names_y)):
                spearman, kendall, partial = (float(value[i, j]) for value in values)
                found[one, other] = Correlation(
                    measure=one,
                    robustness=other,
                    count=len(kept),
                    spearman=spearman,
                    kendall=kendall,
                    partial=partial,
                )
    return tuple(found[x, y] for x in measures for y in robustness)


def _of_block(x: np.ndarray, y: np.ndarray, controls: np.ndarray, stratum: np.ndarray) -> np.ndarray:
    """Rho, tau-b and partial rho [3, A, B] of known columns [A, n], [B, n] and [F, n]."""
    if len(stratum) < MINIMUM_ROWS:
        return np.full((3, len(x), len(y)), np.nan)
    x, y, controls = map(tie_groups, (x, y, controls))
    table = RankTable(x=x, y=y, controls=controls, stratum=stratum, weights=np.ones(len(stratum)))
    return np.stack([table.spearman(), table.kendall(), table.partial()])


def distinct_rows(columns: Columns) -> tuple[np.ndarray, np.ndarray]:
    """First rows int64, rising, of the sets of equal rows, and the set int64 [M] to which each row belongs.

    Rows are equal if they agree in all columns [M] within 1e-6 of the column's largest finite value. Infinities agree
    with infinities of the same sign, NaN with NaN. Distinct minima that agree in everything measured are mirror images
    under a symmetry of the data and count once.
    """
    values = _stack(list(columns.values()), len(next(iter(columns.values()))))
    known = ~np.isnan(values)
    groups = tie_groups(np.where(known, values, 0.0), relative=1e-6, absolute=1e-9)
    _, first, member = np.unique(np.concatenate([groups, known]), axis=1, return_index=True, return_inverse=True)
    order = np.argsort(first)
    return first[order], np.argsort(order)[member.ravel()]


def _check_rows(columns: Columns) -> None:
    """Raises PropertyError unless the columns have one length and their rows are distinct and enough."""
    lengths = {len(values) for values in columns.values()}
    if len(lengths) != 1:
        raise PropertyError(f"Expected columns of one length, found {sorted(lengths)}: pass one value a minimum.")
    rows = lengths.pop()
    distinct = len(distinct_rows(columns)[0]) if rows else 0
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
    """Columns grouped by the minima for which they are known: the mask [M] of these minima, and the names."""
    groups: dict[bytes, tuple[np.ndarray, list[str]]] = {}
    for name, values in columns.items():
        known = ~np.isnan(np.asarray(values, dtype=np.float64))
        groups.setdefault(known.tobytes(), (known, []))[1].append(name)
    return list(groups.values())
