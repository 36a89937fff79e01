"""Tasks that walk: some steps of some walkers, and what they came to in terms of distinct minima.

Energies are in units of the loss. Shapes: W walkers, S steps, V visits, M distinct minima, P parameters.
"""

from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from landscape.explore.context import Context
from landscape.explore.distinct import distinct_minima
from landscape.explore.finds import Finds, Places
from landscape.explore.identity import Index
from landscape.search.basin_hopping import Hoppers, hop
from landscape.search.starts import ExchangeStarts


@dataclass(frozen=True, kw_only=True)
class Walked:
    """What the steps of walkers came to: all that their next round depends on, whatever the number of steps."""

    stands: np.ndarray  # int64[W]: the minimum each stands on, -1 for none
    hopped: np.ndarray  # int64[W]: steps from a minimum,
    reached: np.ndarray  # int64[W]: that led to a minimum,
    other: np.ndarray  # int64[W]: to another than the one it stood on,
    accepted: np.ndarray  # int64[W]: and were accepted
    visits: np.ndarray  # int64[V, 2]: walker and minimum, once each

    @classmethod
    def of(cls, at: np.ndarray, find: np.ndarray, accepted: np.ndarray, exchanged: np.ndarray) -> Self:
        """Of walkers that stood on minima at[W] and whose steps, but for those `exchanged`, led to find[W, S], -1 for
        none.
        """
        current, hopped, other = at, np.zeros(find.shape, dtype=bool), np.zeros(find.shape, dtype=bool)
        for step in range(find.shape[1]):
            hopped[:, step] = (current >= 0) & ~exchanged[:, step]
            other[:, step] = hopped[:, step] & (find[:, step] >= 0) & (find[:, step] != current)
            current = np.where(accepted[:, step], find[:, step], current)
        walker, place = np.nonzero(find >= 0)
        return cls(
            stands=current,
            hopped=hopped.sum(axis=1),
            reached=(hopped & (find >= 0)).sum(axis=1),
            other=other.sum(axis=1),
            accepted=(other & accepted).sum(axis=1),
            visits=np.unique(np.stack([walker, find[walker, place]], axis=1), axis=0),
        )


@dataclass(frozen=True, kw_only=True)
class HopResult:
    """Distinct minima of a task, first those it was sent, and what its steps came to in terms of them."""

    minima: Finds  # [M]
    walked: Walked
    evaluations: int

    def without(self, known: Index) -> Self:
        """The same result in terms of what is known; a visit to a minimum that is known is no news."""
        minima = self.minima.without(known)
        visits = self.walked.visits
        walked = replace(self.walked, visits=visits[minima.row[visits[:, 1]] < 0])
        return replace(self, minima=minima, walked=walked)


@dataclass(frozen=True, kw_only=True)
class HopTask:
    """Advance some walkers by some basin-hopping steps."""

    places: Places  # the minima that any of them stands on, and others to exchange units with
    at: np.ndarray  # int64[W]: which of these, -1 for a fresh start
    step: np.ndarray  # [W]
    temperature: np.ndarray  # [W]
    stream: tuple[int, int, int]  # seed, round and first walker, of which the others follow
    steps: int

    @property
    def hoppers(self) -> Hoppers:
        """The walkers."""
        seed, number, first = self.stream
        nowhere = np.full((1, self.places.parameters.shape[1] + 1), np.nan)
        known = np.concatenate([np.column_stack([self.places.parameters, self.places.energy]), nowhere])[self.at]
        return Hoppers(
            theta=known[:, :-1],
            energy=known[:, -1],
            step=self.step,
            temperature=self.temperature,
            seeds=tuple((seed, number, first + walker) for walker in range(len(self.at))),
        )

    def run(self, context: Context) -> HopResult:
        """The walk, made distinct."""
        units = context.units if len(self.places.row) else ()
        context, counter = context.counted()
        hops = hop(
            context.objective,
            self.hoppers,
            self.steps,
            starts=context.starts,
            exchanges=ExchangeStarts(self.places.parameters, units) if units else None,
            method=context.quench,
            batch=len(self.at),
        )
        minima, numbers = distinct_minima(context, hops.finds, self.places)
        find = np.append(numbers, -1)[hops.find]
        walked = Walked.of(self.at, find, hops.accepted, hops.exchanged)
        return HopResult(minima=minima, walked=walked, evaluations=counter.evaluations)
