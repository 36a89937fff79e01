"""The symmetry of a hidden tanh layer, written for the benchmark: units may change places and signs.

It shares no code with `landscape.problems.networks.symmetry`. theta is W1 [H, d], b1 [H], W2 [K, H], b2 [K].
"""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment


@dataclass(frozen=True)
class Units:
    """Networks with d inputs, H hidden units and K outputs."""

    inputs: int
    hidden: int
    outputs: int

    @property
    def parameters(self) -> int:
        """The number P of parameters."""
        return self.hidden * (self.inputs + 1 + self.outputs) + self.outputs

    def nearest(self, theta: np.ndarray, reference: np.ndarray) -> np.ndarray:
        """The copy [P] of theta [P] nearest to reference [P]: units are assigned, each with its better sign."""
        units, wanted = self._split(theta), self._split(reference)
        overlap = wanted @ units.T  # |a - b|^2 is constant - 2 a.b, summed over the pairs
        rows, chosen = linear_sum_assignment(-np.abs(overlap))
        units = units[chosen] * np.where(overlap[rows, chosen] < 0, -1.0, 1.0)[:, None]
        return self._joined(units, theta[-self.outputs :])

    def distance(self, theta: np.ndarray, reference: np.ndarray) -> float:
        """Distance between reference [P] and the nearest copy of theta [P]."""
        return float(np.linalg.norm(self.nearest(theta, reference) - reference))

    def random_copy(self, theta: np.ndarray, random: np.random.Generator) -> np.ndarray:
        """A copy [P] of theta [P], all equally likely."""
        order, signs = random.permutation(self.hidden), random.choice([-1.0, 1.0], self.hidden)
        return self._joined(self._split(theta)[order] * signs[:, None], theta[-self.outputs :])

    def _split(self, theta: np.ndarray) -> np.ndarray:
        """The parameters [H, d + 1 + K] of each unit."""
        h, d, k = self.hidden, self.inputs, self.outputs
        first, bias, second, _ = np.split(theta, np.cumsum([h * d, h, k * h]))
        return np.column_stack([first.reshape(h, d), bias, second.reshape(k, h).T])

    def _joined(self, units: np.ndarray, last: np.ndarray) -> np.ndarray:
        """Parameters [P] from those of units [H, d + 1 + K] and the output biases [K]."""
        d = self.inputs
        return np.concatenate([units[:, :d].ravel(), units[:, d], units[:, d + 1 :].T.ravel(), last])
