"""Rates and paths between two sets of minima of a database, both ways, by independent methods."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from landscape.database.database import Database
from landscape.errors import PropertyError
from landscape.studies.thermal.curves import wells_of
from landscape.thermodynamics.first_passage import direct_passage_times
from landscape.thermodynamics.graph_transformation import Rates, committors, rates_between, reduced
from landscape.thermodynamics.pathways import Pathway, fastest_path, lowest_path
from landscape.thermodynamics.rates import Dynamics, network
from landscape.thermodynamics.validity import highest_temperature, lowest_barriers


@dataclass(frozen=True, kw_only=True)
class Way:
    """The rates one way, and the same number from linear algebra."""

    rates: Rates
    goal: tuple[int, ...]
    direct: float  # logarithm of the mean first passage time, from linear algebra; NaN where lost to rounding
    fastest: Pathway
    barrier: float  # energy of the highest transition state of the fastest path above its first minimum


@dataclass(frozen=True, kw_only=True)
class Kinetics:
    """Rates between two sets of minima at one temperature; `highest` is the end of the harmonic range."""

    temperature: float
    highest: float
    dynamics: Dynamics
    ways: tuple[Way, Way]
    committor: np.ndarray  # [M] probability to reach the goal of the first way first
    occupation: np.ndarray  # [M]
    lowest: Pathway  # of the lowest barrier, from the start of the first way
    lowest_barrier: float


def kinetics(
    db: Database, start: Sequence[int], goal: Sequence[int], temperature: float, dynamics: Dynamics
) -> Kinetics:
    """Rates from the minima in the rows `start` to those in the rows `goal`, and back.

    Raises PropertyError where the harmonic approximation has no wells (see `landscape.studies.thermal.curves`), without
    transition states, for a temperature that is not positive, and for rows that do not exist, are in both sets or are
    not connected.
    """
    wells, states = wells_of(db), db.transition_states
    if not len(states):
        raise PropertyError("expected transition states, found none: connect the minima first (landscape run)")
    found = network(db.minima, states, temperature, dynamics)
    barriers = lowest_barriers(wells[0], states.energy, states.minima)
    lowest = lowest_path(found, states.energy, goal, start)
    left = reduced(found, {*start, *goal})

    def climb(path: Pathway) -> float:
        return float(states.energy[list(path.states)].max() - db.minima.energy[path.minima[0]])

    def way(start: Sequence[int], goal: Sequence[int]) -> Way:
        rates, fastest = rates_between(found, goal, start, left), fastest_path(found, goal, start)
        times = direct_passage_times(found, goal)[list(rates.start)]
        direct = float("nan") if np.isnan(times).any() else float(np.logaddexp.reduce(rates.log_weight + times))
        return Way(rates=rates, goal=tuple(goal), direct=direct, fastest=fastest, barrier=climb(fastest))

    return Kinetics(
        temperature=temperature,
        highest=highest_temperature(*wells, barriers, db.problem_record.n_parameters),
        dynamics=dynamics,
        ways=(way(start, goal), way(goal, start)),
        committor=committors(found, goal, start, left),
        occupation=np.exp(found.log_occupation),
        lowest=lowest,
        lowest_barrier=climb(lowest),
    )
