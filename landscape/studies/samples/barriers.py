"""Barriers between random pairs of a sample.

The barrier of a pair is the climb from the higher of the two minima to the highest point of a path between them. All
bounds are upper bounds of the barrier; the certified bound of a pair not joined by transition states is infinite.
Intervals are bootstraps over the quenches, since pairs share quenches.

Shapes: S pairs.
"""

from dataclasses import dataclass

import numpy as np

from landscape.database.sampled import SampledPairs
from landscape.statistics.pair_bootstrap import mean_interval, median_interval, pair_weights, share_interval

SEED = 0  # of the resamples
BOUNDS = {
    "straight": "straight line between the aligned minima",
    "band": "elastic band",
    "certified": "transition states, certified",
    "lowest": "the lowest of these",
}


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A value with its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class Barriers:
    """Estimates for random pairs: the share of joined pairs, and the medians of the bounds by name."""

    pairs: int
    joined: int
    share: Estimate
    bounds: dict[str, Estimate]


def climbs(pairs: SampledPairs) -> dict[str, np.ndarray]:
    """Upper bounds [S] of the barriers by name in `BOUNDS`; certified ones are infinite for pairs not joined."""
    floor = pairs.energies.max(axis=1)
    found = {name: np.maximum(getattr(pairs, name) - floor, 0.0) for name in ("straight", "band", "certified")}
    found["certified"] = np.where(pairs.joined, found["certified"], np.inf)
    return found | {"lowest": np.minimum.reduce(list(found.values()))}


def barriers(pairs: SampledPairs) -> Barriers:
    """The share of joined pairs and the medians of the bounds, estimated from at least one pair."""
    weights = pair_weights(pairs.rows, np.random.default_rng(SEED))
    joined, count = int(pairs.joined.sum()), len(pairs)
    share = share_interval(joined, count, mean_interval(pairs.joined.astype(np.float64), weights))
    return Barriers(
        pairs=count,
        joined=joined,
        share=Estimate(value=joined / count, low=share[0], high=share[1]),
        bounds={name: _median(values, weights) for name, values in climbs(pairs).items()},
    )


def _median(values: np.ndarray, weights: np.ndarray) -> Estimate:
    low, high = median_interval(values, weights)
    middle = np.sort(values)[(len(values) - 1) // 2 : len(values) // 2 + 1]
    return Estimate(value=float(middle.mean()), low=low, high=high)
