"""Rates between two sets of minima, by removing all other minima from the network one by one.

The new graph transformation removes a minimum x and gives its neighbours what went through it: branching probabilities
P(b <- x) P(x <- a) / (1 - P(x <- x)), and the time spent in x. Mean first passage times do not change (Wales, J. Chem.
Phys. 130, 204111, 2009). In a network with detailed balance it is simplest in fluxes c_ab = p_a k(b <- a), which stay
symmetric. Removing x with the sum C of its fluxes gives

    c_ab += c_ax c_xb / C        m_a += c_ax m_x / C

with the occupation m_a that is gathered in a, p_a at first. This is the star-mesh transformation of a network of
resistors. There is no subtraction, so no cancellation: 1 - P(x <- x) is always the sum over the other neighbours, to
which Wales' program changes where P(x <- x) exceeds 0.99. All numbers are logarithms, so nothing underflows at low T.

Minima with the fewest neighbours go first, over dictionaries of neighbours. Once the rest is nearly complete it is
removed as a dense matrix, which takes n^2 numbers and a time of n^3. If only minima of A and B are left, each b of B in
turn is left alone with A:

    k(A <- b) = sum over a of c_ab / m_b,    k(A <- B) = sum over b of (p_b / p_B) k(A <- b)

The committor of a removed minimum, its probability to reach A before B, is the mean of those of the neighbours that it
had when it was removed. They are known if minima are put back in reverse order, again without a subtraction.

Shapes: M minima; A and B are lists of rows; n minima of a dense rest.
"""

import heapq
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import logsumexp

from landscape.thermodynamics.rates import Network, checked_ends

DENSE = 0.5  # part of all possible neighbours at which the rest of the network is treated as dense

Fluxes = dict[int, dict[int, float]]
"""Logarithms of the fluxes by minimum and neighbour; both directions are kept."""


@dataclass(frozen=True, kw_only=True)
class Reduction:
    """A network of which only some minima are left."""

    fluxes: Fluxes
    gathered: dict[int, float]  # logarithms of m_a
    removed: list[tuple[int, np.ndarray, np.ndarray]]  # in order: row, its neighbours int64[k], their probabilities [k]


@dataclass(frozen=True, kw_only=True)
class Rates:
    """Logarithms of the rates from B to A, in units of 1 / time.

    `log_rate` is the mean over B, at equilibrium, of the inverse mean first passage time to A; its inverse is at most
    the mean time. `log_steady_state` takes minima outside of A and B to be in a steady state, with the waiting times of
    the original network: the flux from B to A over p_B, which obeys detailed balance. `log_non_steady_state` takes
    waiting times into account that are gathered from those minima, but lets walkers go through other minima of B.
    """

    log_rate: float
    log_steady_state: float
    log_non_steady_state: float
    start: tuple[int, ...]  # rows of B
    log_time: np.ndarray  # [B] logarithm of the mean first passage time to A from each minimum of B
    log_weight: np.ndarray  # [B] logarithm of its part p_b / p_B of the occupation of B

    @property
    def log_mean_time(self) -> float:
        """Logarithm of the mean first passage time, averaged over B at equilibrium."""
        return float(logsumexp(self.log_weight + self.log_time))


def rates_between(network: Network, to: Sequence[int], start: Sequence[int], left: Reduction | None = None) -> Rates:
    """Rates from the minima `start` (B) to the minima `to` (A), rows of the network.

    `left` is the network reduced to these minima, if it is known already; it takes nearly all of the time.

    Raises PropertyError where the rows are unusable, see `landscape.thermodynamics.rates.checked_ends`.
    """
    to, start = checked_ends(network, to, start)
    left = left or reduced(network, {*to, *start})
    fluxes, gathered = left.fluxes, left.gathered
    occupied = network.log_occupation[start]
    weight = occupied - logsumexp(occupied)
    direct = np.array([_log_sum(fluxes[b][a] for a in to if a in fluxes[b]) for b in start])
    through = np.array([gathered[b] for b in start])
    escapes = np.array([_escape(fluxes, gathered, to, b, start) for b in start])
    return Rates(
        log_rate=float(logsumexp(weight + escapes)),
        log_steady_state=float(logsumexp(direct) - logsumexp(occupied)),
        log_non_steady_state=float(logsumexp(weight + direct - through)),
        start=tuple(start),
        log_time=-escapes,
        log_weight=weight,
    )


def committors(network: Network, to: Sequence[int], start: Sequence[int], left: Reduction | None = None) -> np.ndarray:
    """Probability [M] to reach the minima `to` before the minima `start`; NaN for minima that are not connected.

    `left` is the network reduced to these minima, if it is known already.

    Raises PropertyError where the rows are unusable, see `landscape.thermodynamics.rates.checked_ends`.
    """
    to, start = checked_ends(network, to, start)
    found = np.full(len(network.log_occupation), np.nan)
    found[to], found[start] = 1.0, 0.0
    left = left or reduced(network, {*to, *start})
    for row, around, probability in reversed(left.removed):
        found[row] = min(float(probability @ found[around]), 1.0)
    return found


def reduced(network: Network, kept: set[int]) -> Reduction:
    """The network of the kept rows; all other minima that are connected with them are removed."""
    fluxes = _connected(network, kept)
    left = Reduction(fluxes=fluxes, gathered={row: float(network.log_occupation[row]) for row in fluxes}, removed=[])
    queue = [(len(around), row) for row, around in fluxes.items() if row not in kept]
    heapq.heapify(queue)
    while queue:
        degree, row = heapq.heappop(queue)
        if row not in fluxes or degree != len(fluxes[row]):
            continue
        if degree > DENSE * (len(fluxes) - 1) and degree > len(kept):
            _remove_densely(left, kept)
            break
        for other in _remove(left, row):
            if other not in kept:
                heapq.heappush(queue, (len(fluxes[other]), other))
    return left


def _connected(network: Network, kept: set[int]) -> Fluxes:
    """A copy of the fluxes of all minima that are connected with the kept ones."""
    neighbours = network.neighbours
    found, waiting = set(kept), list(kept)
    while waiting:
        fresh = neighbours[waiting.pop()].keys() - found
        found |= fresh
        waiting.extend(fresh)
    return {row: dict(neighbours[row]) for row in found}


def _remove(left: Reduction, row: int) -> Iterable[int]:
    """Remove one minimum; returns its neighbours."""
    fluxes, gathered = left.fluxes, left.gathered
    around = fluxes.pop(row)
    total = _log_sum(around.values())
    part = gathered.pop(row) - total
    done: list[tuple[int, float]] = []
    for a, flux in around.items():
        own = fluxes[a]
        del own[row]
        gathered[a] = _log_add(gathered[a], flux + part)
        for b, other in done:
            through = flux + other - total
            fluxes[b][a] = own[b] = _log_add(own[b], through) if b in own else through
        done.append((a, flux))
    left.removed.append((row, np.array(list(around)), np.exp(np.array(list(around.values())) - total)))
    return around


def _remove_densely(left: Reduction, kept: set[int]) -> None:
    """Remove all rows that are not kept, as `_remove` does, in a matrix [n, n]."""
    rows = np.array([*sorted(kept), *sorted(left.fluxes.keys() - kept)])
    place = {row: number for number, row in enumerate(rows.tolist())}
    matrix = np.full((len(rows), len(rows)), -np.inf)
    for a, around in left.fluxes.items():
        matrix[place[a], [place[b] for b in around]] = list(around.values())
    mass = np.array([left.gathered[row] for row in rows.tolist()])
    for last in range(len(rows) - 1, len(kept) - 1, -1):
        own, rest = matrix[last, :last], matrix[:last, :last]
        total = logsumexp(own)
        mass[:last] = np.logaddexp(mass[:last], own + (mass[last] - total))
        np.logaddexp(rest, own[:, None] + (own - total), out=rest)
        np.fill_diagonal(rest, -np.inf)
        left.removed.append((int(rows[last]), rows[:last], np.exp(own - total)))
    left.fluxes.clear()
    left.gathered.clear()
    for a in range(len(kept)):
        joined = np.flatnonzero(matrix[a, : len(kept)] > -np.inf)
        left.fluxes[int(rows[a])] = dict(zip(rows[joined].tolist(), matrix[a, joined].tolist(), strict=True))
        left.gathered[int(rows[a])] = float(mass[a])


def _escape(fluxes: Fluxes, gathered: dict[int, float], to: list[int], row: int, start: list[int]) -> float:
    """ln k(A <- b) of one minimum b of B, after removing the others of B."""
    copy = Reduction(fluxes={a: dict(around) for a, around in fluxes.items()}, gathered=dict(gathered), removed=[])
    for other in start:
        if other != row:
            _remove(copy, other)
    return _log_sum(copy.fluxes[row][a] for a in to if a in copy.fluxes[row]) - copy.gathered[row]


def _log_sum(logarithms: Iterable[float]) -> float:
    values = list(logarithms)
    most = max(values, default=-math.inf)
    return most + math.log(math.fsum(math.exp(value - most) for value in values)) if values else most


def _log_add(first: float, second: float) -> float:
    low, high = (first, second) if first < second else (second, first)
    return high + math.log1p(math.exp(low - high))
