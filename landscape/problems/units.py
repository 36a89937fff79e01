"""The hidden units of a network as places in its parameters.

Shapes: H units or channels of a layer, F components of a unit.
"""

from itertools import pairwise

import numpy as np

from landscape.problems.layers import Layer


def hidden_units(layers: tuple[Layer, ...]) -> tuple[np.ndarray, ...]:
    """For each hidden layer the places int64[H, F] in theta of what describes its units: the incoming weights, the bias
    and the outgoing weights of each.
    """
    places, start = [], 0
    for layer in layers:
        weight = start + np.arange(layer.n_out * layer.n_in).reshape(layer.n_out, layer.n_in)
        start += layer.n_parameters
        places.append((weight, np.arange(start - layer.n_out, start)[:, None]))
    return tuple(
        np.hstack([weight, bias, *following.reshape(len(following), len(weight), -1)])
        for (weight, bias), (following, _) in pairwise(places)
    )
