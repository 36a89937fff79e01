"""Robustness to rounding of the parameters: the performance of a network that is stored with a few bits a number.

With b bits each parameter becomes the nearest of 2^b - 1 evenly spaced levels from -a to a. Here a is the largest
absolute value of its block: the weights of a layer or its biases, or all parameters of a module of unknown layers.

Shapes: M minima, P parameters, N samples, B numbers of bits.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from landscape.declaration import ENERGY, FRACTION, Property
from landscape.problems.problem import Problem
from landscape.properties.requirements import CLASSES, layered_network

BITS = tuple(range(4, 11))


def rounded(problem: Problem, theta: Float[Tensor, "M P"], bits: int) -> Float[Tensor, "M P"]:
    """The parameters theta [M, P] rounded to `bits` bits each."""
    found = theta.clone()
    network = layered_network(problem)
    blocks = [found] if network is None else [block for layer in network.unpack(found) for block in layer]
    for block in blocks:
        flat = block.flatten(1)
        step = flat.abs().amax(1, keepdim=True) / (2 ** (bits - 1) - 1)
        levels = torch.where(step > 0.0, flat / step, 0.0).round()
        block.copy_((levels * step).view_as(block))
    return found


COLUMNS = f"rounded to {BITS[0]}, {BITS[1]}, ... {BITS[-1]} bits, one column each"
ROUNDED_LOSS = Property(
    name="rounded_loss",
    description=f"mean loss over the training samples, without the L2 term, of the parameters {COLUMNS}",
    units=ENERGY,
)
ROUNDED_ACCURACY = Property(
    name="rounded_accuracy",
    description=f"accuracy on the training samples of the parameters {COLUMNS}",
    units=FRACTION,
    requires=(CLASSES,),
)
