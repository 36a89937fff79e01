"""What a search still changed while its effort doubled, from one database alone.

The table of rounds says how many energies each round evaluated and how many transition states it added. So the merge
energies are known as they were when half of the effort had been spent; they are compared with those of now.

Shapes: M minima, T transition states, R rounds, n minima of the target.
"""

from typing import Protocol

import numpy as np

from landscape.database.lazy import known
from landscape.database.records import Attempts, Minima, Rounds, TransitionStates
from landscape.graph.merges import Fallen, fallen, merge_energies

MOST_FALLEN = 0.05  # of the merge energies, when the effort doubles
SEARCHES = ("connect", "single_ended")
"""Kinds of round that search for transition states."""


class Searched(Protocol):
    """Stationary points and the rounds that found them: a database, or the tables of one."""

    @property
    def minima(self) -> Minima: ...
    @property
    def transition_states(self) -> TransitionStates: ...
    @property
    def rounds(self) -> Rounds: ...
    @property
    def attempts(self) -> Attempts: ...


def fallen_in_last_doubling(searched: Searched, rows: np.ndarray, tolerance: float) -> Fallen | None:
    """The merges of the minima `rows` int64[n] that fell by more than the tolerance in the last doubling of effort.

    Minima and connections found since have fallen. None where the rounds do not tell when states were found.
    """
    states = states_at_half(searched.rounds, len(searched.transition_states))
    if states is None:
        return None
    energy, ts_energy = searched.minima.energy, searched.transition_states.energy
    pairs = searched.transition_states.minima
    before = merge_energies(energy, ts_energy[:states], pairs[:states], rows)
    after = merge_energies(energy, ts_energy, pairs, rows)
    return fallen(before, after, tolerance)


def states_at_half(rounds: Rounds, n_states: int) -> int | None:
    """How many of the transition states, which stand in the order of their tasks, half of all effort had found.

    Effort is energy evaluations of searching rounds. Tasks of a round are independent and come in order; so a round in
    which the half falls counts with the leading part of its states. None where a file lacks the counts, or they leave
    states out.
    """
    searching = np.isin(rounds.kind, SEARCHES)
    spent = np.append(0.0, np.cumsum(np.where(searching, known(rounds.evaluations), 0.0)))
    added = np.append(0.0, np.cumsum(known(rounds.new_transition_states)))
    if np.isnan(spent[-1]) or added[-1] != n_states:
        return None
    last = int(np.flatnonzero(spent <= spent[-1] / 2.0)[-1])
    if last == len(rounds):
        return n_states
    part = (spent[-1] / 2.0 - spent[last]) / (spent[last + 1] - spent[last])
    return int(added[last] + part * (added[last + 1] - added[last]))


def doubling_sentence(fell: Fallen | None) -> str:
    """What the last doubling of the effort changed."""
    if fell is None:
        return "not known how many merge energies fell in the last doubling of the effort: the rounds do not tell"
    return f"{fell.fell} of {fell.merges} merge energies fell in the last doubling of the effort"
