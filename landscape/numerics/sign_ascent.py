"""Gradient ascent by signs within a box, as attacks on inputs take it: x <- clip(x + s sign(v)).

FGSM (Goodfellow et al. 2015, arXiv 1412.6572) is one such step, PGD (Madry et al. 2018, arXiv 1706.06083) several,
with s = 2.5 eps / steps in a box of half-width eps: points of the whole box can be reached, and left again.
"""

import torch
from jaxtyping import Float
from torch import Tensor

STEP_FACTOR = 2.5
"""Length of all steps of an ascent together, in half-widths of its box."""


def sign_step(
    point: Float[Tensor, "*shape"],
    direction: Float[Tensor, "*shape"],
    step: Float[Tensor, "..."] | float,
    lower: Float[Tensor, "..."],
    upper: Float[Tensor, "..."],
) -> Float[Tensor, "*shape"]:
    """clip(point + step sign(direction)), in a new tensor: of the shape of `point` and `direction`, to which the others
    broadcast.
    """
    moved = direction.sign().mul_(step).add_(point)
    return torch.clamp(moved, lower, upper, out=moved)
