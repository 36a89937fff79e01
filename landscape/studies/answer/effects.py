"""What one landscape says about depth, flatness and robustness: rank correlations over its distinct minima.

If a landscape is complete such a correlation is a census, not a sample: nothing about it is uncertain, and what other
data would show is asked of replicates. The endpoints are fixed here, before any search. Correlations are oriented:
positive where deeper, or flatter, minima are more robust.

Shapes: M minima in the order of their discovery, E values of epsilon.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from landscape.database.database import Database
from landscape.errors import PropertyError
from landscape.messages import listed
from landscape.statistics.correlations import distinct_rows
from landscape.statistics.ranks import RankTable, tie_groups
from landscape.studies.columns import column, column_family

MEASURES = {"deeper": "depth", "flatter": "hessian_trace"}
"""The properties of which less is deeper and flatter. The trace of the task alone ranks the minima alike."""
MARGIN, ROBUST_ACCURACY = "margin", "robust accuracy"
"""The mean distance of the nearest adversarial point in the infinity norm, over the samples classified correctly, and
the accuracy under all attacks at one epsilon."""
MARGIN_COLUMN = "margin_linf"
NEEDED = {"hessian_trace", "accuracy", MARGIN_COLUMN, "robust_accuracy"}
ENDPOINTS = tuple(product(MEASURES, (MARGIN, ROBUST_ACCURACY)))
LEAST_MINIMA = 8  # distinct ones


@dataclass(frozen=True, kw_only=True)
class MeasuredMinima:
    """Columns [M] of the distinct minima of a landscape."""

    depth: np.ndarray
    hessian_trace: np.ndarray
    accuracy: np.ndarray
    margin: np.ndarray
    robust: np.ndarray  # [M, E]
    epsilon: tuple[float, ...]

    @classmethod
    def of(cls, db: Database, highest: float = math.inf) -> "MeasuredMinima":
        """The columns of the minima up to an energy. Raises PropertyError where one of them was not measured."""
        missing = sorted(NEEDED - {*db.properties("minima")})
        if missing:
            raise PropertyError(
                f"Expected minima with {listed(missing, 'and')}, found none measured: continue the search, or run "
                "'landscape measure' with the file."
            )
        family = column_family(db, "robust_accuracy")
        names = (*MEASURES.values(), "accuracy", MARGIN_COLUMN)
        asked = db.minima.energy <= highest
        columns = {name: column(db, name).values[asked] for name in names}
        robust = {one.name: one.values[asked] for one in family}
        rows, _ = distinct_rows({**columns, **robust})
        return cls(
            **{name: columns[name][rows] for name in (*MEASURES.values(), "accuracy")},
            margin=columns[MARGIN_COLUMN][rows],
            robust=np.stack([robust[one.name][rows] for one in family], axis=1),
            epsilon=tuple(float("nan") if one.epsilon is None else one.epsilon for one in family),
        )

    def __len__(self) -> int:
        return len(self.depth)


@dataclass(frozen=True, kw_only=True)
class Effects:
    """Oriented correlations of one landscape, by endpoint: over all of its minima, given the accuracy on clean samples,
    and over the half of the minima that was found first.
    """

    total: dict[tuple[str, str], float]
    given_accuracy: dict[tuple[str, str], float]
    first_half: dict[tuple[str, str], float]


def common_epsilon(landscapes: Sequence[MeasuredMinima]) -> int:
    """The place among the measured ones of the epsilon at which the median robust accuracy of the minima is nearest to
    half of their median clean accuracy, over all landscapes.

    Raises PropertyError where landscapes were measured at different ones.
    """
    measured = sorted({one.epsilon for one in landscapes})
    if len(measured) != 1:
        first, second = ("[" + ", ".join(f"{value:g}" for value in one) + "]" for one in measured[:2])
        raise PropertyError(
            f"Expected landscapes measured at the same epsilon, found {first} and {second}: measure them alike with "
            "'landscape measure FILE.h5 --epsilon'."
        )
    gaps = [np.median(one.robust, axis=0) - 0.5 * np.median(one.accuracy) for one in landscapes if len(one)]
    return int(np.abs(np.mean(gaps, axis=0)).argmin()) if gaps else 0


def effects_of(minima: MeasuredMinima, epsilon: int) -> Effects:
    """The correlations of a landscape, with robust accuracy at the epsilon of this place; nan where distinct minima are
    fewer than `LEAST_MINIMA` or a column is constant.
    """
    robust = {MARGIN: minima.margin, ROBUST_ACCURACY: minima.robust[:, epsilon]}
    total, given, first = {}, {}, {}
    half = slice(len(minima) // 2)
    for direction, name in ENDPOINTS:
        measure = -getattr(minima, MEASURES[direction])
        total[direction, name] = rank_correlation(measure, robust[name])
        given[direction, name] = rank_correlation(measure, robust[name], minima.accuracy)
        first[direction, name] = rank_correlation(measure[half], robust[name][half])
    return Effects(total=total, given_accuracy=given, first_half=first)


def rank_correlation(x: np.ndarray, y: np.ndarray, given: np.ndarray | None = None) -> float:
    """Spearman's rho of x and y, each [M], or the partial one at a fixed third column; nan where it is undefined."""
    return float(rank_correlations(x, y[None], given)[0])


def rank_correlations(x: np.ndarray, y: np.ndarray, given: np.ndarray | None = None) -> np.ndarray:
    """The same [B] of x [M] with each of y [B, M]. Infinities are ranked as other values are."""
    if len(x) < LEAST_MINIMA or np.isnan(x).any() or np.isnan(y).any():
        return np.full(len(y), np.nan)
    table = RankTable(
        x=tie_groups(x[None]),
        y=tie_groups(y),
        controls=tie_groups(np.zeros((0, len(x))) if given is None else given[None]),
        stratum=np.zeros(len(x), dtype=np.int64),
        weights=np.ones(len(x)),
    )
    found: np.ndarray = table.partial()[0]
    return found
