"""Random numbers of seeds that train side by side: each seed and purpose has its own stream.

The streams do not depend on the regime: a seed has the same start in all regimes, and the same minibatches in regimes
that have the same batch size and set the same samples aside. So regimes are compared in pairs.

Shapes: W seeds, P parameters.
"""

from collections.abc import Sequence
from enum import IntEnum

import numpy as np
import torch
from torch import Tensor

from landscape.numerics.streams import stream
from landscape.problems.networks.module import trainable
from landscape.problems.problem import Problem


class Purpose(IntEnum):
    """Purposes of random numbers, each with a stream of its own."""

    START = 0
    SPLIT = 1
    ORDER = 2
    INPUT_NOISE = 3
    DROPOUT = 4
    ATTACK = 5
    LABELS = 6


class Draws:
    """Draws for several seeds, which are the leading axis."""

    def __init__(self, run_seed: int, seeds: Sequence[int], device: torch.device) -> None:
        self._streams = [{purpose: stream(run_seed, seed, purpose) for purpose in Purpose} for seed in seeds]
        self._device = device

    def permutations(self, purpose: Purpose, rows: Tensor) -> Tensor:
        """The entries of each row of rows [W, n] in a random order, [W, n]."""
        order = np.stack([streams[purpose].permutation(rows.shape[1]) for streams in self._streams])
        return rows.gather(1, torch.from_numpy(order).to(self._device))

    def uniform(self, purpose: Purpose, shape: torch.Size) -> Tensor:
        """Numbers in [0, 1) of a shape [W, ...]."""
        return self._stacked([streams[purpose].random(shape[1:]) for streams in self._streams])

    def normal(self, purpose: Purpose, shape: torch.Size) -> Tensor:
        """Standard normal numbers of a shape [W, ...]."""
        return self._stacked([streams[purpose].standard_normal(shape[1:]) for streams in self._streams])

    def starts(self, problem: Problem) -> Tensor:
        """Parameters [W, P] as torch initialises the layers of the network."""
        seeds = [int(streams[Purpose.START].integers(2**63)) for streams in self._streams]
        return torch.stack([_initialised(problem, seed) for seed in seeds]).to(self._device)

    def _stacked(self, arrays: Sequence[np.ndarray]) -> Tensor:
        return torch.from_numpy(np.stack(arrays)).to(self._device)


def _initialised(problem: Problem, seed: int) -> Tensor:
    module = problem.module(np.zeros(problem.n_parameters))
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        for layer in module.modules():
            reset = getattr(layer, "reset_parameters", None)
            if callable(reset):
                reset()
    return torch.nn.utils.parameters_to_vector(trainable(module).values()).detach()
