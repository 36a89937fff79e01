"""Completeness of a landscape below a level, judged from two searches of the landscape with different seeds.

One search cannot know what it never meets. So two searches are combined, and the target is chosen among all their
minima: the lowest n, or all below an energy. Four criteria must hold, each with its own number:

(a) each search knows nearly all of the target;
(b) hopping and the far sides of transition states, of both searches together, predict few missing minima in any stratum
    of energy;
(c) all of the target is connected;
(d) few merge energies fall when the effort doubles. The two searches together are twice the effort of each if both
    spent the same. Merge energies that fell in the last doubling within each search are reported too, but decide
    nothing: two searches that agree have converged, even if only lately.

Shapes: A, B minima of the two searches, U of both together, T transition states of both, n minima of the target.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple, Self

import numpy as np

from landscape.graph.depth import components
from landscape.graph.merges import fallen, merge_energies
from landscape.messages import listed
from landscape.statistics.capture import captures, energy_strata, total
from landscape.studies.completeness.channels import MOST_UNKNOWN, Channels
from landscape.studies.completeness.effort import MOST_FALLEN, Searched, doubling_sentence, fallen_in_last_doubling

LEAST_KNOWN = 0.95  # of the target, by each search


class Criterion(NamedTuple):
    """One of the criteria: its sentence, its numbers as text, and true if it holds."""

    letter: str
    sentence: str
    found: str
    holds: bool


@dataclass(frozen=True, kw_only=True)
class Union:
    """The points of two searches. Transition states that both know are listed twice, which changes no merge."""

    channels: Channels  # [U]
    rows: tuple[np.ndarray, np.ndarray]  # int64[U] rows in the first and in the second search, -1 where missing
    ts_energy: np.ndarray  # [T], those of the first search, then those of the second
    ts_minima: np.ndarray  # int64[T, 2]
    first_states: int

    @classmethod
    def of(cls, first: Searched, second: Searched, place: np.ndarray) -> Self:
        """The union; `place` int64[B] is the row in the union of each minimum of the second search.

        The minima of the first search come first; minima that it lacks follow in the order of the second search.
        """
        ours, theirs = Channels.of(first), Channels.of(second)
        size = max(len(ours.energy), int(place.max(initial=-1)) + 1)
        rows = (np.full(size, -1), np.full(size, -1))
        rows[0][: len(ours.energy)] = np.arange(len(ours.energy))
        rows[1][place] = np.arange(len(place))
        states = first.transition_states, second.transition_states
        return cls(
            channels=_either(ours, theirs, place, size),
            rows=rows,
            ts_energy=np.concatenate([one.energy for one in states]),
            ts_minima=np.concatenate([states[0].minima, place[states[1].minima]]),
            first_states=len(states[0]),
        )


def _either(ours: Channels, theirs: Channels, place: np.ndarray, size: int) -> Channels:
    """The channels of the union: a minimum is in a channel if it is in that channel of either search."""
    energy = np.empty(size)
    energy[place], energy[: len(ours.energy)] = theirs.energy, ours.energy
    hopping, far = np.zeros(size, dtype=bool), np.zeros(size, dtype=bool)
    hopping[: len(ours.energy)] = ours.hopping
    hopping[place] |= theirs.hopping
    if ours.far is None or theirs.far is None:
        return Channels(energy=energy, hopping=hopping, far=None)
    far[: len(ours.energy)] = ours.far
    far[place] |= theirs.far
    return Channels(energy=energy, hopping=hopping, far=far)


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Two searches, the union of their points, and the target within the union."""

    searches: tuple[Searched, Searched]
    union: Union
    target: np.ndarray  # int64[n], by rising energy; at least one
    tolerance: float  # of energies

    @property
    def is_complete(self) -> bool:
        """True if all criteria hold."""
        return all(one.holds for one in self.criteria)

    @cached_property
    def criteria(self) -> tuple[Criterion, ...]:
        """The four criteria."""
        return self._known(), self._expected(), self._connected(), self._converged()

    def lines(self) -> Iterator[str]:
        """The lines of the report: channels by stratum, other comparisons of the searches, criteria, and a verdict."""
        energy, size = self.union.channels.energy, len(self.target)
        low, high = energy[self.target[[0, -1]]]
        yield f"target  the {size} lowest of {len(energy)} minima that the two know together, {low:.10g} to {high:.10g}"
        yield ""
        yield from self.union.channels.take(self.target).table()
        yield self._between()
        for name, search, rows in zip("AB", self.searches, self.union.rows, strict=True):
            own = rows[self.target]
            yield f"{name} alone: {doubling_sentence(fallen_in_last_doubling(search, own[own >= 0], self.tolerance))}"
        yield ""
        for one in self.criteria:
            yield f"({one.letter}) {one.sentence:<48} {one.found:<18} {'holds' if one.holds else 'fails'}"
        yield self._verdict()

    def _verdict(self) -> str:
        failing = [f"({one.letter})" for one in self.criteria if not one.holds]
        if not failing:
            return f"Complete: all four criteria hold for these {len(self.target)} minima."
        verb = "fails" if len(failing) == 1 else "fail"
        return f"Not complete: {listed(failing)} {verb} for these {len(self.target)} minima."

    def _inside(self) -> tuple[np.ndarray, np.ndarray]:
        """Two arrays bool[n], true where the first and where the second search knows a minimum of the target."""
        first, second = (rows[self.target] >= 0 for rows in self.union.rows)
        return first, second

    def _between(self) -> str:
        """A sentence on the estimate that takes the two searches as channels."""
        first, second = self._inside()
        estimate = total(captures(first, second, energy_strata(self.union.channels.energy[self.target])))
        return (
            f"A knows {first.sum()} of these, B {second.sum()}, both {(first & second).sum()}; as two channels they "
            f"expect {estimate:.1f} where {len(self.target)} are known"
        )

    def _known(self) -> Criterion:
        shares = [float(inside.mean()) for inside in self._inside()]
        sentence = f"each search knows at least {LEAST_KNOWN:.0%}"
        return Criterion("a", sentence, f"A {shares[0]:.1%}, B {shares[1]:.1%}", min(shares) >= LEAST_KNOWN)

    def _expected(self) -> Criterion:
        most = self.union.channels.take(self.target).expected
        sentence = f"the channels expect at most {1 + MOST_UNKNOWN:.2f} for one known"
        return Criterion("b", sentence, "unknown" if np.isnan(most) else f"{most:.2f}", most <= 1 + MOST_UNKNOWN)

    def _connected(self) -> Criterion:
        component = components(len(self.union.channels.energy), self.union.ts_minima)[self.target]
        share = float((component == component[0]).mean())
        return Criterion("c", "all are connected with the lowest", f"{share:.1%}", share == 1.0)

    def _converged(self) -> Criterion:
        energy, cut = self.union.channels.energy, self.union.first_states
        states, pairs = self.union.ts_energy, self.union.ts_minima
        together, first, second = (
            merge_energies(energy, states[own], pairs[own], self.target)
            for own in (slice(None), slice(None, cut), slice(cut, None))
        )
        shares = [fallen(alone, together, self.tolerance).share for alone in (first, second)]
        holds = len(self.target) < 2 or all(share < MOST_FALLEN for share in shares)  # NaN without merges
        sentence = f"under {MOST_FALLEN:.0%} of merge energies fall with the other added"
        return Criterion("d", sentence, f"A {shares[0]:.1%}, B {shares[1]:.1%}", holds)
