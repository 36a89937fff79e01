"""The stages of a Chebyshev step in compiled code, one walker after the other; `steps.py` has them for tensors.

Shapes: W walkers, P parameters, S stages.
"""

import numpy as np

from landscape.numerics.compilation import entry, reordered
from landscape.numerics.pointers import evaluate
from landscape.numerics.vectors import copy
from landscape.objective import Function

Array = np.ndarray


@entry
@reordered
def chebyshev_ends(
    function: Function, first: Array, flow: Array, time: Array, counts: Array, table: Array, now: Array
) -> None:
    """Writes the ends of steps, now [W, P], from the points first [W, P], with counts[W] stages of the weights table
    [W, S, 5]; `flow` [W, P] is the time [W] of a step times the negative gradient at its start.
    """
    parameters = first.shape[1]
    point, energy, slope = np.empty((1, parameters)), np.empty(1), np.empty((1, parameters))
    before = np.empty(parameters)
    for w in range(len(first)):
        for p in range(parameters):
            before[p] = first[w, p]
            now[w, p] = first[w, p] + table[w, 0, 3] * flow[w, p]
        for stage in range(1, counts[w]):
            copy(now[w], point[0])
            evaluate(function, point, energy, slope)
            own, last, older = table[w, stage, 0], table[w, stage, 1], table[w, stage, 2]
            at_last, at_first = -time[w] * table[w, stage, 3], table[w, stage, 4]
            for p in range(parameters):
                following = own * first[w, p] + last * now[w, p] + older * before[p]
                following += at_last * slope[0, p] + at_first * flow[w, p]
                before[p], now[w, p] = now[w, p], following
