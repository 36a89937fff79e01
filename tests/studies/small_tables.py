"""Tables of a search, made by hand."""

from dataclasses import replace

import numpy as np

from landscape.database.records import Minima, Rounds, TransitionStates
from landscape.database.tables import Tables


def rounds(kind: list[str], evaluations: list[int], states: list[int]) -> Rounds:
    count = len(kind)
    return Rounds(
        kind=np.array(kind, dtype=np.str_),
        tasks=np.ones(count, dtype=np.int64),
        evaluations=np.array(evaluations, dtype=np.int64),
        seconds=np.ones(count),
        new_minima=np.zeros(count, dtype=np.int64),
        new_transition_states=np.array(states, dtype=np.int64),
        left=np.zeros(count, dtype=np.int64),
        highest_index=np.zeros(count, dtype=np.int64),
    )


def tables(
    energy: list[float],
    states: list[tuple[int, int, float]],
    made: Rounds,
    *,
    hits: list[int] | None = None,
    found_from: list[tuple[int, int]] | None = None,
) -> Tables:
    """Tables of minima and of transition states (minimum, minimum, energy); far sides are unknown by default."""
    minima = Minima(
        parameters=np.zeros((len(energy), 1)),
        energy=np.array(energy),
        rms_gradient=np.zeros(len(energy)),
        lowest_eigenvalue=np.ones(len(energy)),
        log_determinant=np.zeros(len(energy)),
        log_orbit_size=np.zeros(len(energy)),
        hits=np.array([1] * len(energy) if hits is None else hits, dtype=np.int64),
    )
    numbers = np.zeros(len(states))
    joins = TransitionStates(
        parameters=np.zeros((len(states), 1)),
        energy=np.array([height for *_, height in states]),
        rms_gradient=numbers,
        eigenvalue=numbers,
        minima=np.array([pair for *pair, _ in states], dtype=np.int64).reshape(-1, 2),
        log_determinant=numbers,
        log_orbit_size=numbers,
        lowest_positive_eigenvalue=numbers,
        sides_ambiguous=np.zeros(len(states), dtype=bool),
        found_from=np.array(found_from or [(-1, -1)] * len(states), dtype=np.int64).reshape(-1, 2),
    )
    return replace(Tables.empty(1), minima=minima, transition_states=joins, rounds=made)
