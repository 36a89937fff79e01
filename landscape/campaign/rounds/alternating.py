"""The search for a landscape: kinds of round that alternate until the goal is reached.

Among the kinds whose criterion does not hold yet, the one that has taken the fewest evaluations of the energy is next.
So the far sides of transition states feed the hopping walkers, and new minima are connected. Connecting waits while a
round of basin-hopping still adds many of the wanted minima; single-ended searches wait while rounds of connecting still
join wanted minima.
"""

from typing import Any

import numpy as np

from landscape.campaign.context import Context
from landscape.campaign.rounds.assimilation import LandscapeIndex
from landscape.campaign.rounds.double_ended import Connect
from landscape.campaign.rounds.hopping import BasinHopping
from landscape.campaign.rounds.phase import Phase, Plan
from landscape.campaign.rounds.single_ended import SingleEnded
from landscape.database.lazy import known
from landscape.database.tables import Tables
from landscape.graph.depth import components
from landscape.studies.completeness.criteria import Criteria
from landscape.studies.completeness.goal import Goal

MANY_NEW = 0.1  # of the wanted minima


class Alternating:
    """The rounds of basin-hopping, of single-ended searches and of connecting."""

    def __init__(self, context: Context, index: LandscapeIndex) -> None:
        self.limit, self.goal = context.settings.explore.evaluations, Goal.of(context.settings)
        self.tolerance = context.identity.energy_tolerance
        kinds = (BasinHopping, Connect, SingleEnded)
        self.phases: tuple[Phase[Any], ...] = tuple(kind(context, index) for kind in kinds)

    def next(self, tables: Tables) -> tuple[Phase[Any], Plan[Any]] | None:
        """The kind whose turn it is, and its plan; None once the goal or a limit is reached."""
        spent = {phase.kind: _evaluations(tables, phase.kind) for phase in self.phases}
        if self.limit and sum(spent.values()) >= self.limit:
            return None
        criteria = Criteria.of(tables, self.goal, self.tolerance)
        open_kinds = set[str]()
        if not criteria.minima_are_known:
            open_kinds.add(BasinHopping.kind)
        if not (criteria.is_connected and criteria.barriers_have_converged):
            open_kinds |= {Connect.kind, SingleEnded.kind}
        first = BasinHopping.kind if _many_new(tables, criteria.target) else ""
        last = SingleEnded.kind if _still_joins(tables, criteria.target) else ""
        turns = sorted(self.phases, key=lambda phase: (phase.kind == last, phase.kind != first, spent[phase.kind]))
        for phase in turns:
            if phase.kind in open_kinds and (plan := phase.plan(tables)) is not None:
                return phase, plan
        return None


def _evaluations(tables: Tables, kind: str) -> int:
    """Evaluations in all rounds of a kind."""
    return int(tables.rounds.evaluations[tables.rounds.kind == kind].sum())


def _many_new(tables: Tables, wanted: np.ndarray) -> bool:
    """True if the last round was of basin-hopping and found many of the minima `wanted` int64[n], or if there is no
    round.
    """
    if not len(tables.rounds):
        return True
    last = tables.rounds[-1]
    new = int(np.sum(wanted >= len(tables.minima) - last.new_minima))
    return last.kind == BasinHopping.kind and new > MANY_NEW * len(wanted)


def _still_joins(tables: Tables, wanted: np.ndarray) -> bool:
    """True if the last round of connecting joined components of the minima `wanted` int64[n], or if there was none."""
    rounds, pairs = tables.rounds, tables.transition_states.minima
    mine = np.flatnonzero(rounds.kind == Connect.kind)
    if not len(mine):
        return True
    found = np.nan_to_num(known(rounds.new_transition_states))  # unknown in older files
    after = int(found[: mine[-1] + 1].sum())
    before = after - int(found[mine[-1]])
    pieces = [len(np.unique(components(len(tables.minima), pairs[:count])[wanted])) for count in (before, after)]
    return pieces[1] < pieces[0]
