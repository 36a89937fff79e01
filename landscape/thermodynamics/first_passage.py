"""Mean first passage times and committors of all minima the direct way, by sparse linear algebra.

With the branching probability P(b <- a) and the waiting time tau_a of each minimum, the mean times t_a to reach a set A
obey t_a = tau_a + sum over b of P(b <- a) t_b, and t_a = 0 in A. The committor, the probability to reach A before B,
obeys the same equations without waiting times, and is 1 in A and 0 in B.

The matrix 1 - P is nearly singular if a walker takes very many steps before it arrives. The relative error of a
solution is about the rounding unit times this number of steps, which is solved for as well. Numbers that are lost, by
an error above `WORST`, are NaN. This happens at low T, where a walker goes to and fro between two minima behind a
barrier. `landscape.thermodynamics.graph_transformation` does not fail there, and is checked by this module elsewhere.

Shapes: M minima.
"""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csc_array, eye_array
from scipy.sparse.linalg import MatrixRankWarning, spsolve

from landscape.graph.depth import components
from landscape.thermodynamics.rates import Network, checked_ends

WORST = 1e-4  # largest relative error of a number that is given
_EPSILON = float(np.finfo(np.float64).eps)


@dataclass(frozen=True, kw_only=True)
class _Chain:
    """Branching probabilities between the minima where a walker goes on, and from these to all minima."""

    rows: np.ndarray  # int64[F] minima that are connected with the goal and no part of it
    branching: csc_array  # [F, M]
    log_wait: np.ndarray  # [F]


def direct_passage_times(network: Network, goal: Sequence[int]) -> np.ndarray:
    """Logarithms [M] of the mean times to reach a goal from each minimum: -inf in the goal, inf where it has no way.

    NaN where the solution is lost to rounding.
    """
    chain = _chain(network, np.asarray(goal))
    longest = chain.log_wait.max(initial=-np.inf)
    solved = _solve(chain, np.exp(chain.log_wait - longest)[:, None])
    found = np.full(len(network.log_occupation), np.inf)
    found[list(goal)] = -np.inf
    with np.errstate(divide="ignore"):
        found[chain.rows] = longest + np.log(solved[:, 0])
    return found


def direct_committors(network: Network, to: Sequence[int], start: Sequence[int]) -> np.ndarray:
    """Probability [M] to reach the minima `to` before the minima `start`; NaN where unconnected or lost to rounding.

    Raises PropertyError where the rows are unusable, see `landscape.thermodynamics.rates.checked_ends`.
    """
    to, start = checked_ends(network, to, start)
    chain = _chain(network, np.array([*to, *start]))
    found = np.full(len(network.log_occupation), np.nan)
    found[to], found[start] = 1.0, 0.0
    solved = _solve(chain, chain.branching[:, to].sum(axis=1).reshape(-1, 1))
    found[chain.rows] = np.clip(solved[:, 0], 0.0, 1.0)
    return found


def _chain(network: Network, goal: np.ndarray) -> _Chain:
    n_minima = len(network.log_occupation)
    component = components(n_minima, network.pairs)
    free = np.isin(component, component[goal])
    free[goal] = False
    rows = np.flatnonzero(free)
    source, target = network.pairs.T.reshape(-1), network.pairs[:, ::-1].T.reshape(-1)
    rate = network.log_rates.T.reshape(-1)
    log_escape = np.full(n_minima, -np.inf)
    np.logaddexp.at(log_escape, source, rate)
    probability = csc_array((np.exp(rate - log_escape[source]), (source, target)), shape=(n_minima, n_minima))
    return _Chain(rows=rows, branching=csc_array(probability[rows]), log_wait=-log_escape[rows])


def _solve(chain: _Chain, right: np.ndarray) -> np.ndarray:
    """Solutions [F, 1] of (1 - P) x = right [F, 1]; NaN where they are lost to rounding."""
    if not len(chain.rows):
        return np.empty((0, 1))
    matrix = csc_array(eye_array(len(chain.rows)) - chain.branching[:, chain.rows])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", MatrixRankWarning)  # a singular matrix gives NaN or infinity, as it should
        solved = spsolve(matrix, np.hstack([right, np.ones_like(right)])).reshape(-1, 2)
    steps = solved[:, 1]
    whole = np.isfinite(solved).all() and steps.min() > 0.0 and steps.max() * _EPSILON < WORST
    return solved[:, :1] if whole else np.full((len(solved), 1), np.nan)
