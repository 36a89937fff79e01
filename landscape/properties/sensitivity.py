"""Sensitivity S = mean over samples of sum_k log(u_k - l_k): the log volume of the reachable outputs.

[l, u] is an outer box of the outputs for all inputs within a box (Wang et al. 2018, arXiv 1810.11726, with
interval bounds); robustness is -S. The width of a softmax output is taken as
sigma(b) - sigma(a) = sigma(b) sigma(-a) (1 - exp(a - b)) with [a, b] the box of its log-odds, so that a
saturated output loses no digits. Where the outputs do not depend on the input at all (theta = 0), S is minus
infinity or as low as the outward slack of the bounds.

Shapes: M minima, N samples, d inputs, K outputs.
"""

import torch
from torch import Tensor
from torch.nn import functional

from landscape.problems.problem import Problem
from landscape.properties.bounds import Box, log_odds_box, logit_box, require_dense


def sample_sensitivity(problem: Problem, theta: Tensor, inputs: Tensor, half_widths: Tensor) -> dict[str, Tensor]:
    """sum_k log(u_k - l_k) [M, N, E] of theta [M, P] on inputs [N, d] for half-widths [E, d], by name.

    On the logits, and on the softmax outputs where the loss is cross-entropy. Raises PropertyError for a module
    that is no dense network.
    """
    network = require_dense(problem)
    boxes = [logit_box(network, theta, inputs, half_width) for half_width in half_widths]
    found = {"sensitivity_logits": torch.stack([log_volume(box) for box in boxes], 2)}
    if problem.loss == "cross_entropy":
        found["sensitivity_softmax"] = torch.stack([softmax_log_volume(box) for box in boxes], 2)
    return found


def log_volume(box: Box) -> Tensor:
    """Log volume [...] of a box [..., K]."""
    return (box.upper - box.lower).log().sum(-1)


def softmax_log_volume(logits: Box) -> Tensor:
    """Log volume [...] of the box of the softmax outputs, from the box [..., K] of the logits."""
    odds = log_odds_box(logits)
    shrink = (-(odds.lower - odds.upper).expm1()).log()
    return (functional.logsigmoid(odds.upper) + functional.logsigmoid(-odds.lower) + shrink).sum(-1)
