"""The tables of several databases of one landscape, joined file after file.

Points that are one modulo the symmetry get one row, that of the first file that has them. Rows keep their order within
a file, and the table of rounds tells which round found which points, as if the searches had been made in turn. The
attempt that found a transition state which an earlier file has is recorded as having led to a known one.

Shapes: M minima, T transition states, A attempts, R rounds of one file.
"""

from dataclasses import replace

import numpy as np

from landscape.campaign.context import Context
from landscape.campaign.identity import PointIndex
from landscape.database.database import Database
from landscape.database.points.saddles import Saddles
from landscape.database.records import Attempts, Minima, Rounds, TransitionStates
from landscape.search.transition_states import Outcome

NONE = -1
SUCCESSES = [outcome.name.lower() for outcome in Outcome if outcome <= Outcome.SAME_MINIMUM]


class Joining:
    """Tables that grow by one file after the other."""

    def __init__(self, context: Context) -> None:
        symmetry, identity = context.objective.symmetry, context.identity
        self._minima_index, self._states_index, self._saddles_index = (PointIndex(symmetry, identity) for _ in range(3))
        self._minima: list[Minima] = []
        self._states: list[TransitionStates] = []
        self._saddles: list[Saddles] = []
        self._attempts: list[Attempts] = []
        self._rounds: list[Rounds] = []
        self._hits = np.zeros(0, dtype=np.int64)
        self._sides: dict[int, tuple[int, ...]] = {}
        self.other_sides = 0  # transition states that two files join to different minima

    def add(self, db: Database) -> np.ndarray:
        """Add the tables of a database; returns the rows int64[M] of its minima."""
        known, known_states = len(self._minima_index), len(self._states_index)
        minima, states = db.minima, db.transition_states
        row = _rows(self._minima_index, minima)
        new = _first_of(row, known)
        self._minima.append(minima.take(new))
        self._hits = np.concatenate([self._hits, np.zeros(int(new.sum()), dtype=np.int64)])
        np.add.at(self._hits, row, np.maximum(minima.hits, 0))
        state_row = _rows(self._states_index, states)
        new_states = _first_of(state_row, known_states)
        sides = np.sort(row[states.minima].reshape(-1, 2), axis=1)
        self._compare(state_row, sides, states.sides_ambiguous)
        renumbered = replace(states, minima=sides, found_from=mapped(row, states.found_from))
        self._states.append(renumbered.take(new_states))
        self._saddles.append(self._new_saddles(db))
        self._attempts.append(self._renumbered(db, row, state_row, new_states))
        self._rounds.append(_recounted(db.rounds, new, new_states))
        return row

    def minima(self) -> Minima:
        """The minima so far, with the sums of their hits."""
        return replace(Minima.concatenated(self._minima), hits=self._hits)

    def states(self) -> TransitionStates:
        """The transition states so far."""
        return TransitionStates.concatenated(self._states)

    def saddles(self) -> Saddles:
        """The saddles so far."""
        return Saddles.concatenated(self._saddles)

    def attempts(self) -> Attempts:
        """The attempts so far."""
        return Attempts.concatenated(self._attempts)

    def rounds(self, last: Rounds) -> Rounds:
        """The rounds so far, and a `last` one."""
        return Rounds.concatenated([*self._rounds, last])

    def _compare(self, state_row: np.ndarray, sides: np.ndarray, ambiguous: np.ndarray) -> None:
        """Remember the sides of new transition states, and count known ones that have others."""
        for one, pair, unsure in zip(state_row.tolist(), sides.tolist(), ambiguous.tolist(), strict=True):
            self.other_sides += self._sides.setdefault(one, tuple(pair)) != tuple(pair) and not unsure

    def _new_saddles(self, db: Database) -> Saddles:
        """The saddles of a file that are new, with rows of the joined table of rounds."""
        known, saddles = len(self._saddles_index), db.saddles
        later = np.where(saddles.round >= 0, saddles.round + sum(map(len, self._rounds)), NONE)
        return replace(saddles, round=later).take(_first_of(_rows(self._saddles_index, saddles), known))

    def _renumbered(self, db: Database, row: np.ndarray, state_row: np.ndarray, new_states: np.ndarray) -> Attempts:
        """The attempts of a file with rows of the joined tables; its transition states that are known are found again
        by the attempts that found them.
        """
        attempts, states = db.attempts, db.transition_states
        found = mapped(state_row, attempts.state)
        started = _starts_by_round(attempts)
        rounds = _round_of(db)
        for place in np.flatnonzero(~new_states):
            key = (int(rounds[place]), *states.found_from[place].tolist())
            attempt = next((one for one in started.get(key, ()) if found[one] == NONE), None)
            if attempt is not None:
                found[attempt] = state_row[place]
        first_round = sum(map(len, self._rounds))
        later = np.where(attempts.round >= 0, attempts.round + first_round, NONE)
        return replace(attempts, minima=mapped(row, attempts.minima), round=later, state=found)


def _rows(index: PointIndex, points: Minima | TransitionStates | Saddles) -> np.ndarray:
    """The row int64[M] of each point in the index, to which new ones are added."""
    pairs = zip(points.energy.tolist(), points.parameters, strict=True)
    return np.array([index.find_or_add(energy, theta) for energy, theta in pairs], dtype=np.int64)


def _first_of(row: np.ndarray, known: int) -> np.ndarray:
    """True, bool[M], for the first point of each row that is not among the `known` ones."""
    first = np.zeros(len(row), dtype=bool)
    first[np.unique(row, return_index=True)[1]] = True
    return first & (row >= known)


def mapped(row: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Rows of one file as rows of the joined table; -1 stays."""
    return np.where(values >= 0, np.append(row, NONE)[values], NONE)


def _starts_by_round(attempts: Attempts) -> dict[tuple[int, ...], list[int]]:
    """The successful attempts by their round and the minima that they began from."""
    found: dict[tuple[int, ...], list[int]] = {}
    for place in np.flatnonzero(np.isin(attempts.outcome, SUCCESSES)).tolist():
        found.setdefault((int(attempts.round[place]), *attempts.minima[place].tolist()), []).append(place)
    return found


def _round_of(db: Database) -> np.ndarray:
    """The round int64[T] that found each transition state of a file, -1 if the rounds do not tell."""
    counts = db.rounds.new_transition_states
    if (counts < 0).any() or counts.sum() != len(db.transition_states):
        return np.full(len(db.transition_states), NONE)
    return np.repeat(np.arange(len(counts)), counts)


def _recounted(rounds: Rounds, new: np.ndarray, new_states: np.ndarray) -> Rounds:
    """Rounds with the numbers of points bool[M], bool[T] that are still new; unknown numbers stay unknown."""
    columns = {"new_minima": new, "new_transition_states": new_states}
    counted = {name: _still_new(getattr(rounds, name), kept) for name, kept in columns.items()}
    return replace(rounds, **counted)


def _still_new(counts: np.ndarray, new: np.ndarray) -> np.ndarray:
    """Numbers int64[R] of new points by round, of which `new` bool[M] are still so."""
    if (counts < 0).any() or counts.sum() != len(new):
        return counts
    return np.bincount(np.repeat(np.arange(len(counts)), counts)[new], minlength=len(counts)).astype(np.int64)
