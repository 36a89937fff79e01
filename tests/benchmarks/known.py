"""Larger landscapes whose stationary points are known: eight Lennard-Jones atoms, and Schwefel's function in its box.

    python -m tests.benchmarks.known

The tests have seven atoms and a smaller box. One process, one core, some minutes; exit status 1 if points are missing.
Of the 42 transition states of eight atoms one may be: three of four seeds find the rarest.
"""

import sys
import time
from typing import Any

import click
import numpy as np

import landscape
from landscape.database.database import Database
from landscape.problems.surfaces.analytic import LennardJones
from tests.campaign.energies import schwefel, separable_truth

EDGE, NEAR = 500.0, 1e-5
SEARCH: dict[str, Any] = {"walkers": 16, "steps": 20}


@click.command()
@click.option("--seed", default=0, show_default=True, help="Seed of the searches.")
def main(seed: int) -> None:
    """Explore both landscapes and print how many of the known points were found."""
    holds = [atoms(seed), box(seed)]
    sys.exit(0 if all(holds) else 1)


def atoms(seed: int) -> bool:
    """Eight atoms: 8 minima and at least 41 of 42 transition states, each with a known energy."""
    begun, cluster = time.process_time(), LennardJones(8)
    limits = {"single_ended": 600, "rounds": 200}
    db = landscape.explore(cluster, start=(-1.5, 1.5), **SEARCH, seed=seed, explore={"searches": 600}, connect=limits)
    known = [cluster.known_energies(index) for index in (0, 1)]
    told("eight atoms", db, known, begun)
    minima, states = np.sort(db.minima.energy), db.transition_states.energy
    same = len(minima) == len(known[0]) and bool(np.abs(minima - known[0]).max() < 1e-6)
    return same and len(states) >= 41 and bool(np.abs(states[:, None] - known[1]).min(1).max() < 1e-6)


def box(seed: int) -> bool:
    """Schwefel's function in two dimensions: 49 minima and 84 transition states, at known places."""
    begun, energy = time.process_time(), schwefel()
    truth = separable_truth(energy, -EDGE, EDGE)
    db = landscape.explore(energy, bounds=(-EDGE, EDGE), **SEARCH, seed=seed, explore={"searches": 20})
    told("Schwefel", db, [truth.minima, truth.states], begun)
    return all_there(db.minima.parameters, truth.minima) and all_there(db.transition_states.parameters, truth.states)


def all_there(found: np.ndarray, known: np.ndarray) -> bool:
    """True if found [K, P] are the known points, in any order."""
    near = np.linalg.norm(found[:, None] - known, axis=2) < NEAR
    return found.shape == known.shape and bool((near.sum(0) == 1).all() and (near.sum(1) == 1).all())


def told(name: str, db: Database, known: list[np.ndarray], begun: float) -> None:
    """Print what was found beside what is known."""
    counts = f"{len(db.minima)} of {len(known[0])} minima, {len(db.transition_states)} of {len(known[1])} states"
    click.echo(f"{name}: {counts}, {time.process_time() - begun:.0f} CPU seconds")


if __name__ == "__main__":
    main()
