"""Changes of the answer along the line without cue, counted, and their largest possible number.

Along a line a ReLU network with hidden widths N_1, ..., N_L is linear on at most P = prod (N_i + 1) pieces: on a piece
of the layers before, each unit adds at most one break. So it changes its answer at most P times. The difference of the
outputs of one hidden layer of H tanh units, times prod (1 + exp(2 u_h)), is a sum of at most 2^H exponentials, which
has at most 2^H - 1 zeros (the rule of signs of Laguerre).

Answers are compared at places at which the units of the first layer turn, between them, at all samples and far out. For
one hidden layer of ReLU the number is exact but for changes farther out than `FAR`. For other networks it is a lower
bound: answers that change twice between neighbouring places are missed.

Shapes: N samples, H units of the first layer, T turning places of a unit, L places on the line.
"""

import math
from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from landscape.problems.networks.layered import LayeredNetwork
from landscape.properties.stripes.geometry import Geometry

TURNS = torch.linspace(-20.0, 20.0, 401, dtype=torch.float64)  # a tanh is 1 within rounding at 20
FAR = 1e3  # times the range of the samples
STEPS = 2001  # places between the ends of the range


def most_changes(hidden: Sequence[int], activation: str) -> float:
    """The largest number of changes along any line of a network with these hidden widths; infinity where no theorem
    is known here.
    """
    if not hidden:
        return 1.0
    if activation == "relu":
        return float(math.prod(units + 1 for units in hidden))
    if activation == "tanh" and len(hidden) == 1:
        return 2.0 ** hidden[0] - 1.0
    return math.inf


def changes(
    network: LayeredNetwork, theta: Float[Tensor, "1 P"], geometry: Geometry, inputs: Float[Tensor, "N 2"]
) -> int:
    """The number of changes of the answer of theta along the line without cue."""
    x = _places(network, theta, geometry, inputs[:, 0])
    line = torch.stack([x, torch.full_like(x, geometry.middle)], 1)
    answers = network.outputs(theta, line)[0].max(1).indices
    return int((answers[1:] != answers[:-1]).sum())


def least_wrong(pairs: int, found: float) -> int:
    """The least number of points that are wrong on the line, of points with `pairs` neighbours of different labels, if
    the answer changes `found` times: each wrong point saves at most two changes.
    """
    return max(0, math.ceil((pairs - found) / 2))


def _places(
    network: LayeredNetwork, theta: Float[Tensor, "1 P"], geometry: Geometry, samples: Float[Tensor, " N"]
) -> Float[Tensor, " L"]:
    weight, bias = (one[0] for one in network.unpack(theta)[0])
    slope, shift = weight[:, 0], weight[:, 1] * geometry.middle + bias
    turns = (TURNS.to(theta) - shift[slope != 0.0, None]) / slope[slope != 0.0, None]
    low, high = samples.min(), samples.max()
    far = FAR * (high - low)
    inside = torch.linspace(low.item(), high.item(), STEPS).to(theta)
    x = torch.cat([samples, turns.flatten(), inside])
    x = x[x.isfinite()].sort().values
    ends = torch.stack([x[0] - far, x[-1] + far])
    return torch.cat([ends[:1], x, 0.5 * (x[1:] + x[:-1]), ends[1:]]).sort().values
