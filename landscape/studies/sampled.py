"""What a sample says of a landscape with too many minima to be listed.

Independent quenches from one law of starts tell of basins as they are met: a basin counts as often as quenches end in
it. Random pairs of quenches tell of barriers: the climb from the higher of the two minima to the highest point of a
path between them. Every bound is an upper bound of the barrier; a pair that was not joined by transition states has an
infinite certified one. Intervals are bootstraps over the quenches, which pairs share.

Shapes: S pairs.
"""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from landscape.config.tables import SampleConfig
from landscape.database.database import Database
from landscape.database.sampled import QUENCHES, TRAINING, SampledPairs
from landscape.statistics.coverage import coverage
from landscape.statistics.pair_bootstrap import mean_interval, median_interval, pair_weights, share_interval

QUANTILES = (0.0, 0.25, 0.5, 0.75, 1.0)
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
    """Estimates of what lies between random pairs: medians of the bounds by name, and the share that was joined."""

    pairs: int
    joined: int
    share: Estimate
    bounds: dict[str, Estimate]


def climbs(pairs: SampledPairs) -> dict[str, np.ndarray]:
    """The barrier [S] by each of `BOUNDS`; infinite where a pair was not joined."""
    floor = pairs.energies.max(axis=1)
    found = {name: np.maximum(getattr(pairs, name) - floor, 0.0) for name in ("straight", "band", "certified")}
    found["certified"] = np.where(pairs.joined, found["certified"], np.inf)
    return found | {"lowest": np.minimum.reduce(list(found.values()))}


def barriers(pairs: SampledPairs) -> Barriers:
    """Estimates from pairs, of which there is at least one."""
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


def sampled_report(db: Database) -> Iterator[str]:
    """Lines on the quenches of a sample and on pairs of them."""
    quenches = db.sampled_quenches
    ended = quenches.basin >= 0
    hits = np.bincount(quenches.basin[ended])
    found = coverage(hits)
    yield "Sampled, not all: basins and pairs count as often as quenches end in them"
    yield f"quenches      {len(quenches)}, independent, from normal starts of standard deviation {_scale(db):g}"
    yield f"              {found.quenches} ended in a minimum, {int((~ended).sum())} in none"
    if not found.quenches:
        return
    yield f"basins        {found.observed} met, {found.singletons} of them once"
    yield f"              a further quench meets a new one with probability {found.unseen_mass:.2g} (Good-Turing)"
    quantiles = np.quantile(quenches.energy[ended], QUANTILES)
    yield f"energies      {'  '.join(f'{value:.6g}' for value in quantiles)}  (lowest, quartiles, highest)"
    pairs = db.sampled_pairs.take(db.sampled_pairs.ends_of == QUENCHES)
    if len(pairs):
        same = int((quenches.basin[pairs.rows[:, 0]] == quenches.basin[pairs.rows[:, 1]]).sum())
        yield from _pair_lines(f"pairs         {len(pairs)} random pairs of quenches, {same} within one basin", pairs)


def sampled_training_report(db: Database) -> Iterator[str]:
    """Lines on pairs of located end points of training, for each regime."""
    pairs = db.sampled_pairs.take(db.sampled_pairs.ends_of == TRAINING)
    yield "Sampled, not all: random pairs of the minima below end points of training, within each regime"
    regime = db.training.regime[pairs.rows[:, 0]]
    for code, name in enumerate(db.regimes):
        own = pairs.take(regime == code)
        if len(own):
            yield from _pair_lines(f"{name:<13} {len(own)} pairs", own)


def _pair_lines(heading: str, pairs: SampledPairs) -> Iterator[str]:
    found = barriers(pairs)
    share = found.share
    yield heading
    interval = f"95 % interval {share.low:.0%} to {share.high:.0%}"
    yield f"              {found.joined} joined by transition states: {share.value:.0%}, {interval}"
    yield "              barriers from the higher minimum, upper bounds: median and 95 % interval"
    for name, words in BOUNDS.items():
        one = found.bounds[name]
        yield f"                {words:<42}{_number(one.value):>11}{_number(one.low):>11} to {_number(one.high)}"


def _number(value: float) -> str:
    return f"{value:.4g}" if np.isfinite(value) else "unknown"


def _scale(db: Database) -> float:
    """The standard deviation of the starts."""
    table = tomllib.loads(db.problem_record.run_toml).get("sample", {})
    return SampleConfig.from_table(table, str(db.path)).scale
