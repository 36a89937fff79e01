"""What a measurement is told: the settings, stored beside the values, and the samples of one chunk.

The random starts of the attack belong to the settings, not to a minimum: restart r draws one offset for
every sample from the numpy stream (seed, r), and all minima are attacked from the same offsets. The value
of a minimum then depends on nothing but the minimum and the settings, and two minima are compared under
common random numbers.

Shapes: N samples, d inputs, E perturbation sizes, R restarts.
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from torch import Tensor

from landscape.errors import PropertyError

Epsilon = float | tuple[float, ...]


class Samples(NamedTuple):
    """A run of consecutive samples: inputs [N, d], targets int64 [N] or float64 [N, K], and the offsets
    [R - 1, N, d] in [-1, 1] from which the random restarts of the attack begin.
    """

    inputs: Tensor
    targets: Tensor
    offsets: Tensor


@dataclass(frozen=True)
class MeasureSettings:
    """Perturbation sizes and the effort of the attack.

    `epsilon` lists the half-widths of the box |delta|_inf <= epsilon in units of the inputs as the network
    sees them; an entry is one number or a tuple with one number a feature. Raises PropertyError on values
    that make no sense.
    """

    epsilon: tuple[Epsilon, ...]
    pgd_steps: int = 40
    pgd_restarts: int = 5
    seed: int = 0

    def __post_init__(self) -> None:
        if not self.epsilon:
            raise PropertyError("epsilon must list at least one perturbation size, found none: give e.g. [0.1, 0.3]")
        for entry in self.epsilon:
            _check_epsilon(entry)
        for name, least in (("pgd_steps", 1), ("pgd_restarts", 1), ("seed", 0)):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < least:
                raise PropertyError(f"{name} must be an integer of at least {least}, found {value!r}: change it")

    def half_widths(self, n_inputs: int) -> np.ndarray:
        """Half-widths [E, d] of the boxes. Raises PropertyError if a tuple has not d numbers."""
        for entry in self.epsilon:
            if isinstance(entry, tuple) and len(entry) != n_inputs:
                raise PropertyError(
                    f"an epsilon per feature must have {n_inputs} numbers for {n_inputs} inputs, "
                    f"found {len(entry)}: give {n_inputs} numbers, or one for all features"
                )
        return np.array([np.broadcast_to(entry, n_inputs) for entry in self.epsilon], dtype=np.float64)

    def offsets(self, n_samples: int, n_inputs: int) -> np.ndarray:
        """Random starts [R - 1, N, d] in the unit box, one stream a restart."""
        offsets = np.empty((self.pgd_restarts - 1, n_samples, n_inputs))
        for restart, row in enumerate(offsets, start=1):
            row[:] = np.random.default_rng((self.seed, restart)).uniform(-1.0, 1.0, row.shape)
        return offsets


def _check_epsilon(entry: Epsilon) -> None:
    values = entry if isinstance(entry, tuple) else (entry,)
    for value in values:
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0.0 < value < math.inf:
            raise PropertyError(f"epsilon must be positive and finite, found {value!r} in {entry!r}: correct it")
    if not values:
        raise PropertyError("an epsilon per feature must have one number for each input, found none: correct it")
