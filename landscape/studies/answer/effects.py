"""Rank correlations of depth and flatness with robustness, over the distinct minima of one landscape.

In a complete landscape a correlation is a census, not a sample: it has no uncertainty, and only replicates tell what
other data would show. In a sample minima have weights, so that they represent all minima or count as often as quenches
meet them, and the interval is a bootstrap over quenches. The endpoints are fixed here, before any search. Correlations
are oriented: positive means that deeper, or flatter, minima are more robust.

Shapes: M minima in the order of their discovery, B columns.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product

import numpy as np

from landscape.statistics.ranks import RankTable, tie_groups
from landscape.statistics.visits import VisitLaw
from landscape.studies.answer.minima import LEAST_MINIMA, MEASURES, MeasuredMinima, Visits

MARGIN, ROBUST_ACCURACY = "margin", "robust accuracy"
"""The mean distance of the nearest adversarial point in the infinity norm, over the samples classified correctly, and
the accuracy under all attacks at one epsilon."""
ENDPOINTS = tuple(product(MEASURES, (MARGIN, ROBUST_ACCURACY)))
RESAMPLES = 200  # of the quenches of a sample

Endpoint = tuple[str, str]
Interval = tuple[float, float]
Correlations = tuple[dict[Endpoint, float], dict[Endpoint, float]]
"""By endpoint: over all minima, and given accuracy."""


@dataclass(frozen=True, kw_only=True)
class Effects:
    """Oriented correlations of one landscape, by endpoint: over all of its minima, given the accuracy on clean samples,
    and over the half of the minima that was found first; for a sample also 95 % intervals of the first two.
    """

    total: dict[Endpoint, float]
    given_accuracy: dict[Endpoint, float]
    first_half: dict[Endpoint, float]
    total_interval: Mapping[Endpoint, Interval] = field(default_factory=dict)
    given_interval: Mapping[Endpoint, Interval] = field(default_factory=dict)


def effects_of(minima: MeasuredMinima, epsilon: int, *, as_met: bool = False) -> Effects:
    """The correlations of a landscape; nan if minima are too few or a column is constant.

    Robust accuracy is that at place `epsilon` among the measured epsilons. The correlations of a sample are estimates
    for all minima; with `as_met` they count each minimum as often as the quenches of the sample met it.
    """
    half = np.arange(len(minima) // 2)
    weights = np.ones(len(minima))
    intervals: list[dict[Endpoint, Interval]] = [{}, {}]
    if minima.visits is not None and len(minima) >= LEAST_MINIMA:
        if as_met:
            weights = minima.visits.hits.astype(np.float64)
            intervals = _intervals(_met_again(minima, minima.visits, epsilon))
        else:
            law = minima.visits.law()
            weights = minima.visits.weights(law)
            intervals = _intervals(_drawn_again(minima, minima.visits, epsilon, law, weights))
    total, given = _correlations(minima, epsilon, weights)
    first, _ = _correlations(minima.take(half, None), epsilon, weights[half])
    return Effects(
        total=total,
        given_accuracy=given,
        first_half=first,
        total_interval=intervals[0],
        given_interval=intervals[1],
    )


def _correlations(minima: MeasuredMinima, epsilon: int, weights: np.ndarray) -> Correlations:
    """The correlations of each endpoint, plain and given accuracy, of minima with weights [M]."""
    robust = {MARGIN: minima.margin, ROBUST_ACCURACY: minima.robust[:, epsilon]}
    measures = {direction: -getattr(minima, name) for direction, name in MEASURES.items()}
    total, given = (
        {
            (direction, name): rank_correlation(measures[direction], robust[name], held, weights)
            for direction, name in ENDPOINTS
        }
        for held in (None, minima.accuracy)
    )
    return total, given


def _met_again(minima: MeasuredMinima, visits: Visits, epsilon: int) -> Iterator[Correlations]:
    """The correlations over resamples of the quenches of a sample, drawn with replacement."""
    random = np.random.default_rng(0)
    for _ in range(RESAMPLES):
        hits = visits.resampled(random)
        rows = np.flatnonzero(hits)
        yield _correlations(minima.take(rows, None), epsilon, hits[rows].astype(np.float64))


def _drawn_again(
    minima: MeasuredMinima, visits: Visits, epsilon: int, law: VisitLaw, weights: np.ndarray
) -> Iterator[Correlations]:
    """The correlations over all minima from simulated quenches, refitting law and weights each time."""
    random = np.random.default_rng(0)
    for _ in range(RESAMPLES):
        rows, drawn = visits.redrawn(law, weights, random)
        yield _correlations(minima.take(rows, drawn), epsilon, drawn.weights(drawn.law(law)))


def _intervals(resampled: Iterable[Correlations]) -> list[dict[Endpoint, Interval]]:
    """95 % intervals of the correlations, plain and given accuracy: percentiles over resamples."""
    found = list(resampled)
    return [
        {endpoint: _percentiles(np.array([both[place][endpoint] for both in found])) for endpoint in ENDPOINTS}
        for place in range(2)
    ]


def _percentiles(values: np.ndarray) -> Interval:
    """The interval of resampled values; nan if more than half of them are undefined."""
    known = values[np.isfinite(values)]
    if 2 * len(known) < len(values):
        return float("nan"), float("nan")
    low, high = np.quantile(known, [0.025, 0.975])
    return float(low), float(high)


def rank_correlation(
    x: np.ndarray, y: np.ndarray, given: np.ndarray | None = None, weights: np.ndarray | None = None
) -> float:
    """Spearman's rho of x and y, each [M], or the partial rho at fixed `given` [M]; nan if undefined.

    With `weights` [M] the weight of a row is the number of times that it counts.
    """
    return float(rank_correlations(x, y[None], given, weights)[0])


def rank_correlations(
    x: np.ndarray, y: np.ndarray, given: np.ndarray | None = None, weights: np.ndarray | None = None
) -> np.ndarray:
    """The `rank_correlation` [B] of x [M] with each row of y [B, M]. Infinities are ranked like other values."""
    unknown = np.isnan(x).any() or np.isnan(y).any() or (weights is not None and np.isnan(weights).any())
    if len(x) < LEAST_MINIMA or unknown:
        return np.full(len(y), np.nan)
    table = RankTable(
        x=tie_groups(x[None]),
        y=tie_groups(y),
        controls=tie_groups(np.zeros((0, len(x))) if given is None else given[None]),
        stratum=np.zeros(len(x), dtype=np.int64),
        weights=np.ones(len(x)) if weights is None else weights,
    )
    found: np.ndarray = table.partial()[0]
    return found
