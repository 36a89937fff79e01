"""Intervals, their images under activations and in the log-odds of a softmax, and the slack that keeps them sound.

They are sound in floating point too: each step widens its result by an upper bound on its own rounding error. This is n
+ 4 machine epsilons (each two roundoffs) times the sum of magnitudes for a sum of n products, and 8 machine epsilons
times max(1, |argument|) for an activation: about 1e-14 relative, nothing next to the widths of interest.
"""

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from landscape.problems.activations import Activation

MACHINE_EPSILON = torch.finfo(torch.float64).eps


class Box(NamedTuple):
    """Ends of intervals, of one shape."""

    lower: Float[Tensor, "*shape"]
    upper: Float[Tensor, "*shape"]

    @property
    def middle(self) -> Float[Tensor, "..."]:
        """Centres of the intervals."""
        return 0.5 * (self.lower + self.upper)

    @property
    def radius(self) -> Float[Tensor, "..."]:
        """Half-widths of the intervals."""
        return 0.5 * (self.upper - self.lower)

    @property
    def magnitude(self) -> Float[Tensor, "..."]:
        """Largest absolute values in the intervals."""
        return torch.maximum(-self.lower, self.upper)

    @property
    def transposed(self) -> "Box":
        """The box with its last two axes exchanged."""
        return Box(self.lower.mT, self.upper.mT)

    def intersect(self, other: "Box") -> "Box":
        """The intersection of two boxes."""
        return Box(torch.maximum(self.lower, other.lower), torch.minimum(self.upper, other.upper))


def sum_rounding(n_terms: int) -> float:
    """Bound on the rounding error of a sum of `n_terms` products, relative to the sum of magnitudes."""
    return (n_terms + 4) * MACHINE_EPSILON


def activation_image(box: Box, activation: Activation) -> Box:
    """Image of a box under an activation that is monotone or has one interior minimum."""
    at_lower, at_upper = activation.value(box.lower), activation.value(box.upper)
    lower, upper = at_lower, at_upper
    if activation.minimum is not None:
        lowest = torch.full_like(box.lower, activation.minimum).clamp(box.lower, box.upper)
        lower, upper = activation.value(lowest), torch.maximum(at_lower, at_upper)
    slack = 8 * MACHINE_EPSILON * box.magnitude.clamp(min=1.0)
    return Box(lower - slack, upper + slack)


def log_odds_box(logits: Box) -> Box:
    """Bounds [..., K] on log(p_k / (1 - p_k)) = z_k - logsumexp over j != k of z_j, from bounds on the logits."""
    rest_lower, rest_upper = _rest(logits.lower), _rest(logits.upper)
    magnitude = 1.0 + rest_lower.abs() + rest_upper.abs() + logits.lower.abs() + logits.upper.abs()
    slack = sum_rounding(logits.lower.shape[-1]) * magnitude
    return Box(logits.lower - rest_upper - slack, logits.upper - rest_lower + slack)


def log_odds_of_differences(lower: Float[Tensor, "*shape K K"]) -> Box:
    """Bounds [..., K] on log(p_k / (1 - p_k)), from lower bounds on z_k - z_j at [..., k, j]."""
    slack = 2.0 * sum_rounding(lower.shape[-1]) * (1.0 + lower.abs().amax((-2, -1))[..., None])
    own = torch.eye(lower.shape[-1], dtype=torch.bool, device=lower.device)
    least = -(-lower).masked_fill(own, -torch.inf).logsumexp(-1)
    return Box(least - slack, -lower.masked_fill(own, -torch.inf).logsumexp(-2) + slack)


def _rest(ends: Float[Tensor, "*shape K"]) -> Float[Tensor, "*shape K"]:
    """Logsumexp over all other classes."""
    n_classes = ends.shape[-1]
    own = torch.eye(n_classes, dtype=torch.bool, device=ends.device)
    return ends[..., None, :].expand(*ends.shape, n_classes).masked_fill(own, -torch.inf).logsumexp(-1)
