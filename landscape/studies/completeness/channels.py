"""The two channels by which a search finds minima: hopping, and the far sides of transition states.

Their overlap gives an estimate of the number of minima in each stratum of energy (`landscape.statistics.capture`). A
minimum found otherwise, for example by training, is known but in neither channel.

Shapes: M minima, n minima of the target.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

import numpy as np

from landscape.graph.far_sides import far_sides
from landscape.statistics.capture import Capture, captures, energy_strata, pooled, total
from landscape.studies.completeness.effort import Searched

MOST_UNKNOWN = 0.05  # largest ratio of the minima still unknown, as estimated, to the known ones
UNKNOWN = "not known which minima were found on far sides: they are imported, or the file is of an older version"
MEANING = "minima by the channel that found them: hopping, or a transition state whose far side they are, or both"
HEAD = f"{'energies':<32} {'known':>6} {'hopping':>8} {'far sides':>10} {'both':>6} {'estimate':>9}  95 % interval"


@dataclass(frozen=True, kw_only=True)
class Channels:
    """The channels by which each minimum of a target was found."""

    energy: np.ndarray  # [n]
    hopping: np.ndarray  # bool[n]
    far: np.ndarray | None  # bool[n]; None where it is not known, as in an older file

    @classmethod
    def of(cls, searched: Searched) -> Self:
        """The channels of all minima of a database [M]."""
        minima, states, attempts = searched.minima, searched.transition_states, searched.attempts
        again = attempts.state >= 0
        sides = np.concatenate([states.minima, states.minima[attempts.state[again]]])
        begun = np.concatenate([states.found_from, attempts.minima[again]])
        far = far_sides(len(minima), sides, begun)
        return cls(energy=minima.energy, hopping=minima.hits > 0, far=far)

    def take(self, rows: np.ndarray) -> Self:
        """The channels of the minima `rows` int64[n]."""
        far = None if self.far is None else self.far[rows]
        return type(self)(energy=self.energy[rows], hopping=self.hopping[rows], far=far)

    def captures(self) -> list[Capture]:
        """The numbers of minima by channel, for each stratum of energy; empty if far sides are not known."""
        return [] if self.far is None else captures(self.hopping, self.far, energy_strata(self.energy))

    @property
    def expected(self) -> float:
        """Largest ratio of estimated to known minima over the strata; NaN if it is unknown in one of them."""
        ratios = [part.estimate / part.known for part in self.captures()]
        return float(np.max(ratios)) if ratios else float("nan")

    @property
    def widest(self) -> float:
        """Largest ratio over the strata of the upper end of the interval to the known minima; NaN without any."""
        ratios = [part.interval()[1] / part.known for part in self.captures()]
        return float(np.max(ratios)) if ratios else float("nan")

    def table(self) -> Iterator[str]:
        """Lines of a table: the numbers and estimates of each stratum, then of all."""
        parts, stratum = self.captures(), energy_strata(self.energy)
        if not parts:
            yield UNKNOWN
            return
        yield MEANING
        yield HEAD
        for number, part in enumerate(parts):
            low, high = part.interval()
            inside = self.energy[stratum == number]
            name = f"{inside.min():.8g} to {inside.max():.8g}"
            limits = f"{low:.0f} to {high:.0f}" if math.isfinite(high) else f"{low:.0f} or more"
            yield f"{_row(name, part, part.estimate)}  {limits}"
        if len(parts) > 1:
            yield _row("all", pooled(parts), total(parts))


def _row(name: str, part: Capture, estimate: float) -> str:
    """The cells of a row up to the estimate."""
    text = "unknown" if math.isnan(estimate) else f"{estimate:.1f}"
    return f"{name:<32} {part.known:>6} {part.first:>8} {part.second:>10} {part.both:>6} {text:>9}"
