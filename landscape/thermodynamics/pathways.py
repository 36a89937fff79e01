"""Single paths between two sets of minima: the fastest one and the one with the lowest barrier.

The fastest path maximises its part of the steady-state rate from B to A,

    k_path = (p_b / p_B) k(x_1 <- b) P(x_2 <- x_1) ... P(a <- x_n),

by Dijkstra's algorithm with weights -ln P from all b at once; it does not come back to B (Wales, Mol. Phys. 100, 3285,
2002). The path of the lowest barrier minimises the energy of its highest transition state, then that of the second
highest on either side, and so on: it is the path in the minimum spanning tree, which Prim's algorithm grows. The two
differ where the lowest way is narrow, or long.

Shapes: M minima, T transition states, S pairs.
"""

import heapq
import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import logsumexp

from landscape.thermodynamics.rates import Network, checked_ends

Neighbours = Callable[[int], Mapping[int, float]]


@dataclass(frozen=True, kw_only=True)
class Pathway:
    """A path from B to A: rows of its minima, and of the transition state of each step."""

    minima: tuple[int, ...]
    states: tuple[int, ...]
    log_rate: float  # logarithm of its part of the steady-state rate


def fastest_path(network: Network, to: Sequence[int], start: Sequence[int]) -> Pathway:
    """The path with the largest part of the steady-state rate from the minima `start` (B) to the minima `to` (A).

    Each step goes through the state of its pair that carries the largest flux.

    Raises PropertyError where the rows are unusable, see `landscape.thermodynamics.rates.checked_ends`.
    """
    to, start = checked_ends(network, to, start)
    closed = set(start)

    def weights(row: int) -> Mapping[int, float]:
        escape = _log_escape(network, row)
        return {other: escape - flux for other, flux in network.neighbours[row].items() if other not in closed}

    begun = {row: -_log_escape(network, row) for row in start}
    minima = _grown(begun, set(to), weights, lambda so_far, weight: so_far + weight)
    return _pathway(network, minima, start, network.states)


def lowest_path(network: Network, ts_energy: np.ndarray, to: Sequence[int], start: Sequence[int]) -> Pathway:
    """The path with the lowest barrier from the minima `start` to the minima `to`; ts_energy [T] of all states.

    Each step goes through the lowest state of its pair; of equal ones, that with the largest flux.

    Raises PropertyError where the rows are unusable, see `landscape.thermodynamics.rates.checked_ends`.
    """
    to, start = checked_ends(network, to, start)
    energies: list[dict[int, float]] = [{} for _ in network.log_occupation]
    for (a, b), energy in zip(network.pairs.tolist(), ts_energy[network.lowest_states].tolist(), strict=True):
        energies[a][b] = energies[b][a] = energy
    minima = _grown(dict.fromkeys(start, -math.inf), set(to), energies.__getitem__, lambda _, energy: energy)
    return _pathway(network, minima, start, network.lowest_states)


def _grown(
    begun: Mapping[int, float], goals: set[int], neighbours: Neighbours, cost: Callable[[float, float], float]
) -> tuple[int, ...]:
    """The minima of the path to the first goal that is reached.

    Minima are reached in the order of their cost, made from the cost of the minimum before and the weight of the step.
    """
    queue = [(value, row, row) for row, value in begun.items()]
    heapq.heapify(queue)
    before: dict[int, int] = {}
    while queue:
        value, row, previous = heapq.heappop(queue)
        if row in before:
            continue
        before[row] = previous
        if row in goals:
            return _traced(before, row)
        for other, weight in neighbours(row).items():
            if other not in before:
                heapq.heappush(queue, (cost(value, weight), other, row))
    raise AssertionError("the ends are connected, so a goal is reached")


def _traced(before: Mapping[int, int], row: int) -> tuple[int, ...]:
    path = [row]
    while before[path[-1]] != path[-1]:
        path.append(before[path[-1]])
    return tuple(reversed(path))


def _log_escape(network: Network, row: int) -> float:
    """Logarithm of the sum of the fluxes out of a minimum."""
    return float(logsumexp(list(network.neighbours[row].values())))


def _pathway(network: Network, minima: tuple[int, ...], start: Sequence[int], states: np.ndarray) -> Pathway:
    steps = list(itertools.pairwise(minima))
    fluxes = [network.neighbours[a][b] for a, b in steps]
    escapes = [-_log_escape(network, row) for row in minima[1:-1]]
    occupied = float(logsumexp(network.log_occupation[list(start)]))
    place = dict(zip(map(tuple, network.pairs.tolist()), states.tolist(), strict=True))
    return Pathway(
        minima=minima,
        states=tuple(place[min(step), max(step)] for step in steps),
        log_rate=math.fsum([*fluxes, *escapes]) - occupied,
    )
