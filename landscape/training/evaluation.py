"""Other ways to use trained networks: their ensemble, and inputs that are preprocessed; see [train.evaluations.NAME].

Shapes: S networks of a regime, P parameters, N samples, d inputs, K outputs.
"""

import math

import torch
from torch import Tensor

from landscape.config.training import Evaluation
from landscape.errors import ConfigError
from landscape.problems.batched import Network


def preprocessed(inputs: Tensor, evaluation: Evaluation) -> Tensor:
    """Inputs [..., d] as the networks see them: smoothed, then rounded to the grid.

    Smoothing takes them for square images, row by row, and averages each pixel with Gaussian weights over the image,
    which sum to one at its border too. Rounding has no slope: attacks on it need one in its place (Athalye et al.
    2018, arXiv 1802.00420: that of the identity). Raises `ConfigError` for smoothing of inputs that are no image.
    """
    if evaluation.smooth:
        blur = _blur(_side(inputs.shape[-1]), evaluation.smooth).to(inputs)
        inputs = (blur @ inputs.unflatten(-1, blur.shape) @ blur.mT).flatten(-2)  # type: ignore[no-untyped-call]
    if evaluation.quantise:
        inputs = evaluation.quantise * torch.round(inputs / evaluation.quantise)
    return inputs


def ensemble_outputs(network: Network, theta: Tensor, inputs: Tensor) -> Tensor:
    """Logarithms [N, K] of the mean over theta [S, P] of the softmax outputs, which serve as outputs of one network.

    Lakshminarayanan et al. 2017, arXiv 1612.01474, equation 2 and below. Inputs are [N, d].
    """
    return network.outputs(theta, inputs).log_softmax(-1).logsumexp(0) - math.log(len(theta))


def _side(n_inputs: int) -> int:
    side = math.isqrt(n_inputs)
    if side * side != n_inputs:
        raise ConfigError(
            f"[train.evaluations] smooth: expected inputs that are a square image, found {n_inputs}: set it to 0"
        )
    return side


def _blur(side: int, deviation: float) -> Tensor:
    """Weights [side, side] of a one-dimensional Gaussian blur, rows of sum one."""
    place = torch.arange(side, dtype=torch.float64)
    return (-0.5 * ((place[:, None] - place) / deviation).square()).softmax(1)
