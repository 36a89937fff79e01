"""A made-up landscape of any size, of a 4-10-3 network on Iris (P = 83), for `scale.py`.

Minima come in clusters of ten, alike in place and energy; one in ten has the energy of the previous one to 1e-10, so
that the test for duplicates has to align them. Each minimum but the first is joined to a lower row drawn near it, so
that all are connected; twice as many further transition states join neighbours. Parameters are written as drawn;
energies are made up, except that of minimum 0, which identifies the problem of a database.

Shapes: M minima, T transition states, P parameters.
"""

from pathlib import Path

import numpy as np
import torch

from landscape.campaign.context import Context
from landscape.campaign.preparation import context_of, record_of
from landscape.campaign.resumption import open_or_create
from landscape.config.run_file import RunConfig
from landscape.database.records import Commit, Minima, TransitionStates, Walkers
from landscape.database.store import Store
from landscape.objective import Objective

CLUSTER = 10
STATES_PER_MINIMUM = 3
NEIGHBOURS = 100  # largest distance in rows between minima that a transition state joins


def large_context() -> Context:
    """The context of a campaign on the network whose landscape is made up."""
    table = {"problem": {"dataset": "iris", "hidden": [10], "l2": 1e-3}, "basin_hopping": {"steps": 10}}
    return context_of(RunConfig.from_table(table, "scale"), "cpu")


def write_database(path: Path, minima: int) -> None:
    """Write M = `minima` minima and T = 3 M transition states to a new database file, in one commit."""
    context = large_context()
    random = np.random.default_rng(0)
    below = made_up_minima(minima, random)
    below.energy[0] = energy_of(context.objective, below.parameters[0])
    above = made_up_states(below.energy, STATES_PER_MINIMUM, random)
    store = open_or_create(path, record_of(context), resume=False)
    store.commit(
        Commit(
            kind="basin_hopping",  # all walks of the run file
            tasks=1,
            evaluations=minima,
            seconds=0.0,
            minima=below,
            hits=below.hits,
            transition_states=above,
        )
    )
    store.close()


def made_up_commit(store: Store, found: Minima, walkers: Walkers | None = None) -> Commit:
    """A round of basin-hopping that found these minima, all new."""
    return Commit(
        kind="basin_hopping",
        tasks=1,
        evaluations=1,
        seconds=0.0,
        minima=found,
        hits=np.concatenate([store.tables.minima.hits, found.hits]),
        transition_states=TransitionStates.empty(store.record.n_parameters),
        walkers=walkers,
    )


def made_up_minima(count: int, random: np.random.Generator, n_parameters: int = 83) -> Minima:
    """Clustered minima [M]."""
    clusters = -(-count // CLUSTER)
    centres = random.normal(size=(clusters, n_parameters))
    parameters = np.repeat(centres, CLUSTER, axis=0)[:count]
    parameters += 0.1 * random.normal(size=parameters.shape)
    energy = np.repeat(0.1 + random.gamma(4.0, 0.05, clusters), CLUSTER)[:count] + 0.01 * random.random(count)
    energy[1::CLUSTER] = energy[: len(energy) - 1 : CLUSTER] + 1e-10
    return Minima(
        parameters=parameters,
        energy=energy,
        rms_gradient=np.full(count, 1e-12),
        lowest_eigenvalue=np.full(count, 1e-2),
        log_determinant=random.normal(-200.0, 10.0, count),
        log_orbit_size=np.full(count, 22.0),
        hits=random.geometric(0.3, count),
    )


def made_up_states(
    energy: np.ndarray, per_minimum: int, random: np.random.Generator, n_parameters: int = 83
) -> TransitionStates:
    """Transition states [T] that connect all minima of these energies [M]."""
    upper = np.tile(np.arange(1, len(energy)), per_minimum)
    lower = np.maximum(upper - random.integers(1, NEIGHBOURS + 1, len(upper)), 0)
    count = len(upper)
    return TransitionStates(
        parameters=random.normal(size=(count, n_parameters)),
        energy=np.maximum(energy[upper], energy[lower]) + random.exponential(0.05, count),
        rms_gradient=np.full(count, 1e-12),
        eigenvalue=np.full(count, -1e-2),
        minima=np.stack([lower, upper], axis=1),
        log_determinant=np.zeros(count),
        log_orbit_size=np.zeros(count),
        lowest_positive_eigenvalue=np.ones(count),
        sides_ambiguous=np.zeros(count, dtype=bool),
        found_from=np.full((count, 2), -1),
    )


def energy_of(objective: Objective, theta: np.ndarray) -> float:
    """The energy of one point theta [P]."""
    return float(objective.energy_and_gradient(torch.tensor(theta[None]))[0])
