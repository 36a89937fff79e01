"""Ways out: the lowest path from each minimum to the lowest one, as a sequence of transition states.

A path is the lowest if its highest transition state is as low as possible. All lowest paths lie in the minimum spanning
forest of the graph whose edges are the transition states, so one tree, rooted at the lowest minimum, has all of them.

Shapes: M minima, T transition states.
"""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import breadth_first_order, minimum_spanning_tree


@dataclass(frozen=True, kw_only=True)
class Ways:
    """The first step of the way out of each minimum."""

    following: np.ndarray  # int64[M] the next minimum; -1 for the root and for minima without a path to it
    state: np.ndarray  # int64[M] the transition state that leads there, -1 where there is none

    def of(self, minimum: int) -> list[int]:
        """The minima on the way out of one, itself first; only itself for the root and where there is no path."""
        found = [minimum]
        while self.following[found[-1]] >= 0:
            found.append(int(self.following[found[-1]]))
        return found


def ways_out(n_minima: int, ts_energy: np.ndarray, ts_minima: np.ndarray, root: int) -> Ways:
    """The ways out to the minimum `root` through transition states of ts_energy [T] that join ts_minima [T, 2]."""
    joins = np.flatnonzero(ts_minima[:, 0] != ts_minima[:, 1])
    order = joins[np.argsort(ts_energy[joins], kind="stable")]
    low, high = ts_minima[order].min(axis=1), ts_minima[order].max(axis=1)
    first = np.unique(low * n_minima + high, return_index=True)[1]  # of several states of one pair the lowest
    rank = coo_array((first + 1.0, (low[first], high[first])), shape=(n_minima, n_minima))  # zero would be no edge
    forest = coo_array(minimum_spanning_tree(rank.tocsr()))
    previous = breadth_first_order(forest, root, directed=False)[1].astype(np.int64)
    following = np.where(previous >= 0, previous, -1)
    one, other = (ends.astype(np.int64) for ends in forest.coords)
    states = order[forest.data.astype(np.int64) - 1]
    state = np.full(n_minima, -1, dtype=np.int64)
    for start, end in ((one, other), (other, one)):
        leads = following[start] == end
        state[start[leads]] = states[leads]
    return Ways(following=following, state=state)
