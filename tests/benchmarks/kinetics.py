"""Times of thermodynamics and rates on made-up landscapes: python -m tests.benchmarks.kinetics 1000 10000 100000.

The minima are points of a plane, or of a space of more dimensions, with a funnel as energy; each is joined to its
nearest neighbours. In a plane few pairs of minima have to be added when others are removed; in ten dimensions nearly
all remaining minima are joined in the end, which is the worst case.
"""

import sys
import time
from collections.abc import Callable
from typing import TypeVar

import numpy as np
from scipy.spatial import cKDTree

from landscape.thermodynamics.first_passage import direct_passage_times
from landscape.thermodynamics.graph_transformation import rates_between
from landscape.thermodynamics.pathways import fastest_path, lowest_path
from landscape.thermodynamics.peaks import peaks
from landscape.thermodynamics.rates import network
from landscape.thermodynamics.superposition import curves
from tests.thermodynamics.landscapes import Passes, Wells

TEMPERATURE = 0.05
NEIGHBOURS = 3
Result = TypeVar("Result")


def funnel(count: int, dimensions: int) -> tuple[Wells, Passes]:
    """A rough funnel of minima, each joined to its nearest neighbours and to a lower one."""
    random = np.random.default_rng(0)
    place = random.normal(size=(count, dimensions))
    energy = np.sum(place**2, axis=1) / dimensions + 0.3 * random.random(count)
    _, near = cKDTree(place).query(place, k=NEIGHBOURS + 9)
    joined = [(row, other) for row, others in enumerate(near.tolist()) for other in others[1 : NEIGHBOURS + 1]]
    lower = [(row, next((o for o in others[1:] if energy[o] < energy[row]), 0)) for row, others in enumerate(near)]
    pairs = np.array([*joined, *lower], dtype=np.int64)
    states = len(pairs)
    return (
        Wells(energy=energy, log_determinant=random.normal(size=count), log_orbit_size=np.full(count, 40.0)),
        Passes(
            energy=energy[pairs].max(axis=1) + 0.2 * random.random(states),
            log_determinant=random.normal(size=states),
            log_orbit_size=np.full(states, 40.0),
            minima=pairs,
            eigenvalue=-np.ones(states),
        ),
    )


def timed(what: str, work: Callable[[], Result]) -> Result:
    """The result of the work; prints its wall time."""
    begun = time.perf_counter()
    found = work()
    sys.stdout.write(f"  {what:<44} {time.perf_counter() - begun:8.2f} s\n")
    return found


def measure(count: int, dimensions: int) -> None:
    """Print the time of each function."""
    low, high = funnel(count, dimensions)
    bottom, top = int(np.argmin(low.energy)), int(np.argmax(low.energy))
    sys.stdout.write(f"{count} minima in {dimensions} dimensions, {len(high.energy)} transition states\n")
    grid = np.geomspace(1e-3, 1.0, 100)
    timed("curves at 100 temperatures", lambda: curves(*low.columns, grid, 100))
    timed("peaks among 100 temperatures", lambda: peaks(*low.columns, grid))
    found = timed("network", lambda: network(low, high, TEMPERATURE))
    timed("fastest path", lambda: fastest_path(found, [bottom], [top]))
    timed("path of the lowest barrier", lambda: lowest_path(found, high.energy, [bottom], [top]))
    times = timed("passage times by linear algebra", lambda: direct_passage_times(found, [bottom]))
    rates = timed("rates by graph transformation", lambda: rates_between(found, [bottom], [top]))
    difference = np.expm1(times[top] - rates.log_mean_time)
    sys.stdout.write(f"  relative difference of the two {abs(difference):.1e}\n")


if __name__ == "__main__":
    for size in map(int, sys.argv[1:] or ["1000"]):
        measure(size, 2)
        if size <= 10_000:
            measure(size, 10)
