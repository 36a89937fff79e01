"""Completeness of a search, judged from that search alone by criteria that decide when it ends.

Every run ends with a report of the criteria. Comparing a search with another one of a different seed is the task of
`landscape.studies.completeness.comparison`.

Shapes: M minima, n minima of the target.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

import numpy as np

from landscape.graph.depth import components
from landscape.graph.merges import Fallen
from landscape.messages import counted
from landscape.studies.completeness.channels import MOST_UNKNOWN, Channels
from landscape.studies.completeness.effort import MOST_FALLEN, Searched, doubling_sentence, fallen_in_last_doubling
from landscape.studies.completeness.goal import Goal


@dataclass(frozen=True, kw_only=True)
class Criteria:
    """The state of a search."""

    goal: Goal
    target: np.ndarray  # int64[n], by rising energy
    channels: Channels  # [n]
    connected: float  # fraction of the target that is connected with the lowest
    states: int  # transition states
    fell: Fallen | None  # merges in the last doubling of the effort; None if the rounds do not tell
    searches: int  # fewest single-ended searches from any minimum of the target

    @classmethod
    def of(cls, searched: Searched, goal: Goal, tolerance: float) -> Self:
        """The state of a search for a goal; energies that differ by at most the tolerance are equal."""
        minima, states, attempts = searched.minima, searched.transition_states, searched.attempts.minima
        target = goal.rows(minima.energy)
        component = components(len(minima), states.minima)[target]
        searches = np.bincount(attempts[attempts[:, 1] < 0, 0], minlength=len(minima))[target]
        return cls(
            goal=goal,
            target=target,
            channels=Channels.of(searched).take(target),
            connected=float((component == component[:1]).mean()) if len(target) else 0.0,
            states=len(states),
            fell=fallen_in_last_doubling(searched, target, tolerance),
            searches=int(searches.min(initial=np.iinfo(np.int64).max)),
        )

    @property
    def minima_are_known(self) -> bool:
        """True if the two channels agree that hardly any minimum is missing, in every stratum of energy."""
        return self.channels.expected <= 1.0 + MOST_UNKNOWN

    @property
    def is_connected(self) -> bool:
        """True if as much of the target is connected as the goal asks for."""
        return self.connected >= self.goal.fraction

    @property
    def barriers_have_converged(self) -> bool:
        """True if hardly any merge energy fell in the last doubling of the effort, after enough searches."""
        few_fell = self.fell is not None and (len(self.target) < 2 or self.fell.share < MOST_FALLEN)
        return few_fell and self.searches >= self.goal.searches

    @property
    def all_hold(self) -> bool:
        """True if all criteria hold, so that the search is complete."""
        return self.is_connected and self.minima_are_known and self.barriers_have_converged

    def lines(self, wanted: str) -> Iterator[str]:
        """Lines on each criterion: holds or fails, its numbers, and a remedy; `wanted` names the target."""
        yield "is it complete? three criteria, judged from this search alone"
        needed = len(self.target) - 1
        few = f"; {counted(needed + 1, 'minimum', 'minima')} need at least {counted(needed, 'transition state')}"
        share = f"{self.connected:.1%} of the {wanted} are connected with the lowest one"
        asked = f"asked: {self.goal.fraction:.0%}"
        yield _line("connected", self.is_connected, f"{share}; {asked}{few if self.states < needed else ''}")
        fell = f"{doubling_sentence(self.fell)}; asked: under {MOST_FALLEN:.0%}"
        more = "" if self.searches >= self.goal.searches else f", after {self.goal.searches} searches from each minimum"
        yield _line("barriers", self.barriers_have_converged, f"{fell}{more}; all barriers are upper bounds")
        yield _line("known", self.minima_are_known, self._expected())
        if limits := self._limits():
            yield f"{'':<13} to go on: --resume, and where a limit ended the search a larger {' or '.join(limits)}"

    def _expected(self) -> str:
        """The estimate of the two channels in words, and a warning where its interval is wide."""
        expected, widest = self.channels.expected, self.channels.widest
        asked = f"asked: at most {1 + MOST_UNKNOWN:.2f}"
        if np.isnan(expected):
            return f"the two channels below tell nothing yet; {asked}"
        wide = "" if widest <= 1 + MOST_UNKNOWN else f"; but its interval reaches {_times(widest)}"
        return f"the two channels below expect {expected:.2f} minima for each one known; {asked}{wide}"

    def _limits(self) -> list[str]:
        """The keys of the run file whose limits may keep the failing criteria from holding."""
        limits = []
        if not self.minima_are_known:
            limits.append("basin_hopping.steps")
        if not (self.is_connected and self.barriers_have_converged):
            limits.append("connect.rounds")
        if not self.barriers_have_converged:
            limits.append("connect.single_ended")
        return limits


def _line(name: str, holds: bool, text: str) -> str:
    return f"{name:<13} {'holds' if holds else 'fails'}: {text}"


def _times(ratio: float) -> str:
    return f"{ratio:.2f}" if np.isfinite(ratio) else "any number"
