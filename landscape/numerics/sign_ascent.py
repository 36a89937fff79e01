"""Gradient ascent by signs within a box, as used in attacks on inputs: x <- clip(x + s sign(v)).

FGSM (Goodfellow et al. 2015, arXiv 1412.6572) takes one step, PGD (Madry et al. 2018, arXiv 1706.06083) several, with
s = 2.5 eps / steps in a box of half-width eps: every point of the box can be reached, and left again.
"""

import torch
from jaxtyping import Float
from torch import Tensor

STEP_FACTOR = 2.5
"""Total length of the steps of an ascent, in half-widths of its box."""


def sign_step(
    point: Float[Tensor, "*shape"],
    direction: Float[Tensor, "*shape"],
    step: Float[Tensor, "..."] | float,
    lower: Float[Tensor, "..."],
    upper: Float[Tensor, "..."],
) -> Float[Tensor, "*shape"]:
    """clip(point + step sign(direction)) in a new tensor; step and bounds broadcast to the shape of `point`."""
    moved = direction.sign().mul_(step).add_(point)
    return torch.clamp(moved, lower, upper, out=moved)
