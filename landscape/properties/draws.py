"""Samples and the random numbers with which they are attacked.

The random numbers belong to the settings and the seed, not to a minimum. Restart r draws one offset for every sample
from the numpy stream (seed, r), and all minima are attacked from the same offsets. The noise and the queries of the
random search have their own streams. So the value of a minimum depends on the minimum and the settings alone, and two
minima are compared under common random numbers.

Shapes: N samples, d inputs, R restarts after the first, D draws of noise, Q queries.
"""

from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from landscape.config.tables import MeasureConfig
from landscape.numerics.streams import stream

NOISE_STREAM, SEARCH_STREAM, SHARPNESS_STREAM = 1, 2, 3
FIRST_SHARE = 0.8
HALVINGS = (0.001, 0.005, 0.02, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8)

Targets = Int[Tensor, " N"] | Float[Tensor, "N K"]
"""Class labels, or the values of a regression."""


class Samples(NamedTuple):
    """A run of consecutive samples, and the random numbers of attacks on them.

    The random restarts of an attack begin at the offsets, in [-1, 1].
    """

    inputs: Float[Tensor, "N d"]
    targets: Targets
    offsets: Float[Tensor, "R N d"]
    noise: Float[Tensor, "D N d"]  # standard normal
    corners: Float[Tensor, "Q d"]  # shared by all samples

    def part(self, rows: slice | Int[Tensor, " n"]) -> "Samples":
        """Some of the samples."""
        return Samples(self.inputs[rows], self.targets[rows], self.offsets[:, rows], self.noise[:, rows], self.corners)


def without_draws(inputs: Float[Tensor, "N d"], targets: Targets) -> Samples:
    """Samples that are not attacked: no offsets, noise or queries."""
    nothing = inputs.new_empty(0, *inputs.shape)
    return Samples(inputs, targets, nothing, nothing, inputs.new_empty(0, inputs.shape[1]))


def with_draws(inputs: Float[Tensor, "N d"], targets: Targets, settings: MeasureConfig, seed: int = 0) -> Samples:
    """Samples that are attacked, with the random numbers of the settings and the seed."""
    drawn = (
        offsets(settings, seed, *inputs.shape),
        noise(settings, seed, *inputs.shape),
        corners(settings, seed, inputs.shape[1]),
    )
    return Samples(inputs, targets, *(torch.tensor(numbers, device=inputs.device) for numbers in drawn))


def offsets(settings: MeasureConfig, seed: int, n_samples: int, n_inputs: int) -> Float[np.ndarray, "R N d"]:
    """Random starts in the box [-1, 1]^d, one stream a restart."""
    drawn = np.empty((settings.pgd_restarts - 1, n_samples, n_inputs))
    for restart, row in enumerate(drawn, start=1):
        row[:] = np.random.default_rng((seed, restart)).uniform(-1.0, 1.0, row.shape)
    return drawn


def noise(settings: MeasureConfig, seed: int, n_samples: int, n_inputs: int) -> Float[np.ndarray, "D N d"]:
    """Standard normal noise."""
    return stream(seed, NOISE_STREAM).normal(size=(settings.noise_draws, n_samples, n_inputs))


def corners(settings: MeasureConfig, seed: int, n_inputs: int) -> Float[np.ndarray, "Q d"]:
    """Queries of the random search: 1 or -1 for each feature that moves to an end of the box, else 0.

    The first query moves all features. The others move a share of the features, at least one; the share halves nine
    times.
    """
    random = stream(seed, SEARCH_STREAM)
    signs = random.choice([-1.0, 1.0], (settings.search_queries, n_inputs))
    order = random.random(signs.shape).argsort(1).argsort(1)
    progress = np.arange(settings.search_queries)[:, None] / settings.search_queries
    share = FIRST_SHARE * 0.5 ** np.searchsorted(HALVINGS, progress)
    moving = order < np.maximum(np.round(share * n_inputs), 1)
    moving[0] = True
    return np.where(moving, signs, 0.0)
