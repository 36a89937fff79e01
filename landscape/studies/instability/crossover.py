"""The size of the cue at which the lowest accurate minimum begins to have samples that are unstable at that size.

The energy of the lowest accurate minimum without a sample that is unstable at delta, less that of the lowest accurate
minimum with one, grows with delta through zero. Beyond it the deeper minimum is the less robust one. Landscapes at
several deltas enclose the crossover.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from landscape.properties.stripes.columns import UNSTABLE
from landscape.studies.instability.landscapes import Networks, StripesLandscape


@dataclass(frozen=True, kw_only=True)
class Gap:
    """Lowest energies, on one landscape, of accurate minima without and with unstable samples; infinity for none."""

    delta: float
    stable: float
    unstable: float

    @property
    def difference(self) -> float:
        """The energy of the former less that of the latter: negative where the lowest minimum does without the cue."""
        return self.stable - self.unstable if np.isfinite(self.stable) or np.isfinite(self.unstable) else float("nan")


def gap(landscape: StripesLandscape) -> Gap:
    """The gap of a landscape; the quench of the constructed network counts as a minimum."""
    parts = [landscape.minima, *([Networks.of_one(landscape.quenched)] if landscape.quenched else [])]
    without, reliant = [np.inf], [np.inf]
    for networks in parts:
        accurate = networks.accuracy(tested=False) == 1.0
        unstable = networks.columns[UNSTABLE.name] > 0.0
        without.extend(networks.energy[accurate & ~unstable])
        reliant.extend(networks.energy[accurate & unstable])
    return Gap(delta=landscape.options.delta, stable=float(min(without)), unstable=float(min(reliant)))


def crossovers(
    landscapes: Sequence[StripesLandscape],
) -> Iterator[tuple[StripesLandscape, tuple[Gap, ...], float, float]]:
    """For each kind of landscape that is seen at several deltas: one of them, its gaps in order of delta, and the ends
    of the interval of deltas in which the lowest minimum begins to rely on the cue; infinity for none.
    """
    kinds: dict[tuple[object, ...], list[StripesLandscape]] = defaultdict(list)
    for one in landscapes:
        if one.options.delta > 0.0 and len(one.minima):
            kinds[one.kind].append(one)
    for members in kinds.values():
        known = (one for one in map(gap, members) if not np.isnan(one.difference))
        gaps = tuple(sorted(known, key=lambda one: one.delta))
        if len({one.delta for one in gaps}) > 1:
            yield members[0], gaps, *interval(gaps)


def interval(gaps: Sequence[Gap]) -> tuple[float, float]:
    """The largest delta at which the lowest accurate minimum does without the cue (0 for none), and the next delta."""
    does = [one.difference < 0.0 for one in gaps]
    if not any(does):
        return 0.0, gaps[0].delta
    last = len(does) - 1 - does[::-1].index(True)
    return gaps[last].delta, gaps[last + 1].delta if last + 1 < len(gaps) else float("inf")
