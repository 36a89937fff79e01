"""Explicit networks for the data set `f_a` that are right and as stable as f_a itself.

They use K - 1 hidden units, look at x_1 alone and change their answer at the boundaries b_1 to b_(K-1) only. So their
radius at point k is the distance r_k from the nearest boundary; at point K, whose boundary b_K is left out, it is the
distance from b_(K-1), (K + 1) / K times r_K.

- ReLU: a zigzag, a line that turns half-way between neighbouring boundaries; its zeros are the boundaries exactly.
- tanh: a staircase up and down, with a step tanh((x_1 - b_k) / tau) at each boundary. The other steps are flat there,
  so that its zeros are nearer to the boundaries than tau exp(-spacing / tau).

Further units have no weights. Shapes: K points, H hidden units, P parameters.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from landscape.config.stripes import STRIPES, Stripes
from landscape.config.tables import ProblemConfig
from landscape.errors import ConfigError
from landscape.messages import listed
from landscape.problems.data.stripes import boundaries, labels

SPACINGS = 8.0  # least distance of neighbouring boundaries over the width of a step


class Units(NamedTuple):
    """Hidden units [K - 1] on x_1: the difference z_1 - z_0 of the outputs is `constant` plus the sum of sign times
    activation(slope x_1 + bias).
    """

    slope: np.ndarray
    bias: np.ndarray
    sign: np.ndarray
    constant: float


def zigzag(options: Stripes) -> Units:
    """The units of the ReLU network."""
    zeros = boundaries(options)[1:-1][::-1]
    start = 2.0 * zeros[0] - boundaries(options)[0]  # left of all points
    turns = np.array([start, *(0.5 * (zeros[1:] + zeros[:-1]))])
    first = -_side(labels(options)[-1])
    sign = first * np.array([1.0, *(2.0 * (-1.0) ** np.arange(1, len(turns)))])
    return Units(np.ones(len(turns)), -turns, sign, first * (start - zeros[0]))


def staircase(options: Stripes) -> Units:
    """The units of the tanh network."""
    zeros, label = boundaries(options)[1:-1], labels(options)
    spacing = -np.diff(boundaries(options)).max()
    sign = (label[:-1] - label[1:]).astype(np.float64)
    slope = np.full(len(zeros), SPACINGS / spacing)
    return Units(slope, -slope * zeros, sign, _side(label[-1]) + sign.sum())


CONSTRUCTIONS: dict[str, Callable[[Stripes], Units]] = {"relu": zigzag, "tanh": staircase}


def stable_network(config: ProblemConfig, scale: float = 1.0) -> np.ndarray:
    """Parameters theta [P] of the stable network for a [problem] table with the data set `f_a` in units of r_K.

    `scale` multiplies the outputs: margins grow, radii stay. Raises `ConfigError` unless the table has these data, one
    hidden layer of at least K - 1 units, and an activation of `CONSTRUCTIONS`.
    """
    options, hidden = _admitted(config)
    slope, bias, sign, constant = CONSTRUCTIONS[config.activation](options)
    first, last = np.zeros((hidden, 3)), np.zeros((2, hidden + 1))
    first[: options.K - 1, 0], first[: options.K - 1, 2] = slope, bias
    last[:, : options.K - 1], last[:, -1] = sign, constant
    last *= 0.5 * scale * np.array([[-1.0], [1.0]])
    return np.concatenate([first[:, :2].ravel(), first[:, 2], last[:, :-1].ravel(), last[:, -1]])


def _side(label: int) -> float:
    """The sign of z_1 - z_0 for a label."""
    return 2.0 * float(label) - 1.0


def _admitted(config: ProblemConfig) -> tuple[Stripes, int]:
    options = Stripes.named(config.dataset)
    if options is None or config.standardise:
        raise ConfigError(
            f"a stable network: expected the data set {STRIPES} and standardise = false, found {config.dataset} and "
            f"standardise = {str(config.standardise).lower()}: there is none for other data"
        )
    if len(config.hidden) != 1 or config.hidden[0] < options.K - 1 or config.convolution:
        raise ConfigError(
            f"a stable network: expected one hidden layer of at least K - 1 = {options.K - 1} units, found "
            f"hidden = {list(config.hidden)}"
        )
    if config.activation not in CONSTRUCTIONS:
        raise ConfigError(
            f"a stable network: expected the activation {listed([*CONSTRUCTIONS], 'or')}, found {config.activation}"
        )
    return options, config.hidden[0]
