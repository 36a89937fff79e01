"""The report on a sample of a landscape with too many minima to be listed.

A basin counts as often as independent quenches from one law of starts end in it. Random pairs of quenches tell about
barriers.
"""

from collections.abc import Iterator

import numpy as np

from landscape.config.tables import SampleConfig
from landscape.database.database import Database
from landscape.database.sampled import QUENCHES, TRAINING, SampledPairs
from landscape.statistics.coverage import coverage
from landscape.studies.samples.barriers import BOUNDS, barriers

QUANTILES = (0.0, 0.25, 0.5, 0.75, 1.0)


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
    source = str(db.path)
    return SampleConfig.from_table(db.problem_record.tables(source).get("sample", {}), source).scale
