"""Changes that a search still made while its effort doubled, from one database alone.

The table of rounds has the number of energies evaluated, and of transition states added, in each round. They determine
the merge energies at the time when half of the effort had been spent, which are compared with the present ones.

Shapes: M minima, T transition states, R rounds, n minima of the target.
"""

from typing import Protocol

import numpy as np

from landscape.database.lazy import known
from landscape.database.records import Attempts, Minima, Rounds, TransitionStates
from landscape.graph.merges import Fallen, fallen, merge_energies
from landscape.messages import counted

MOST_FALLEN = 0.05  # largest part of the merge energies that may fall when the effort doubles
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

    Merges of minima and of connections found since then count as fallen. Returns None if the rounds do not tell when
    transition states were found.
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
    """Number of transition states, which are in the order of their tasks, that half of all effort had found.

    Effort is measured in energy evaluations of searching rounds. If half of the effort is reached within a round, the
    leading part of the states of this round counts, since the tasks of a round are independent and in order. Returns
    None if a file lacks the counts, or if the counts leave out states.
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
    """A sentence on the merge energies that fell in the last doubling of the effort."""
    if fell is None:
        return "not known how many merge energies fell in the last doubling of the effort: the rounds do not tell"
    merges = counted(fell.merges, "merge energy", "merge energies")
    return f"{fell.fell} of {merges} fell in the last doubling of the effort"
