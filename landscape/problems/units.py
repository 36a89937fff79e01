"""The hidden units of a dense network as places in its parameters.

Shapes: H units of a layer, F components of a unit.
"""

from itertools import pairwise

import numpy as np

from landscape.problems.network import Dense


def hidden_units(layers: tuple[Dense, ...]) -> tuple[np.ndarray, ...]:
    """For each hidden layer the places int64[H, F] in theta of what describes its units: the incoming weights, the bias
    and the outgoing weights of each.
    """
    places, start = [], 0
    for layer in layers:
        weight = start + np.arange(layer.n_out * layer.n_in).reshape(layer.n_out, layer.n_in)
        start += layer.n_parameters
        places.append((weight, np.arange(start - layer.n_out, start)[:, None]))
    return tuple(np.hstack([weight, bias, following.T]) for (weight, bias), (following, _) in pairwise(places))
