"""What a measurement is told: the settings, stored beside the values, and the samples of one chunk.

The random numbers of the attacks belong to the settings, not to a minimum: restart r draws one offset for
every sample from the numpy stream (seed, r), and all minima are attacked from the same offsets; likewise the noise
and the queries of the random search, from streams of their own. The value of a minimum then depends on nothing but
the minimum and the settings, and two minima are compared under common random numbers.

Shapes: N samples, d inputs, E perturbation sizes, R restarts, D draws of noise, Q queries.
"""

import json
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from landscape.config.fields import Radius
from landscape.config.run_file import Settings
from landscape.config.tables import MeasureConfig
from landscape.errors import PropertyError
from landscape.numerics.streams import stream
from landscape.problems.problem import Problem

NOISE_STREAM, SEARCH_STREAM, SHARPNESS_STREAM = 1, 2, 3
FIRST_SHARE = 0.8
DEFAULTS = MeasureConfig()
HALVINGS = (0.001, 0.005, 0.02, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8)


class Samples(NamedTuple):
    """A run of consecutive samples: inputs [N, d], targets int64 [N] or float64 [N, K], the offsets
    [R - 1, N, d] in [-1, 1] from which the random restarts of the attack begin, and standard normal noise [D, N, d].
    """

    inputs: Tensor
    targets: Tensor
    offsets: Tensor
    noise: Tensor

    def part(self, rows: slice | Tensor) -> "Samples":
        """Some of the samples."""
        return Samples(self.inputs[rows], self.targets[rows], self.offsets[:, rows], self.noise[:, rows])


def without_draws(inputs: Tensor, targets: Tensor) -> Samples:
    """Samples of which nothing is drawn: no offsets and no noise."""
    nothing = inputs.new_empty(0, *inputs.shape)
    return Samples(inputs, targets, nothing, nothing)


@dataclass(frozen=True)
class MeasureSettings:
    """Perturbation sizes and the effort of the attacks.

    `epsilon` lists the half-widths of the box |delta|_inf <= epsilon in units of the inputs as the network
    sees them; an entry is one number or a tuple with one number a feature. `input_bounds` are the least and the largest
    value that an attack may give to an input; none if empty. An adversarial distance counts as `distance_limit`
    where no nearer point is found. The [measure] table of a run file has the same names, bounds and defaults. Raises
    ConfigError on values that make no sense.
    """

    epsilon: tuple[Radius, ...]
    pgd_steps: int = DEFAULTS.pgd_steps
    pgd_restarts: int = DEFAULTS.pgd_restarts
    seed: int = 0
    input_bounds: tuple[float, ...] = DEFAULTS.input_bounds
    apgd_steps: int = DEFAULTS.apgd_steps
    search_queries: int = DEFAULTS.search_queries
    noise_draws: int = DEFAULTS.noise_draws
    distance_limit: float = DEFAULTS.distance_limit

    def __post_init__(self) -> None:
        tables = asdict(self)
        Settings.from_table({"run": {"seed": tables.pop("seed")}, "measure": tables}, "settings")

    def stored(self) -> dict[str, object]:
        """The settings as they come back from a database."""
        settings: dict[str, object] = json.loads(json.dumps(asdict(self)))
        return settings

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

    def noise(self, n_samples: int, n_inputs: int) -> np.ndarray:
        """Standard normal noise [D, N, d]."""
        return stream(self.seed, NOISE_STREAM).normal(size=(self.noise_draws, n_samples, n_inputs))

    def corners(self, n_inputs: int) -> np.ndarray:
        """Queries [Q, d] of the random search: 1 or -1 for each feature that moves to an end of the box, else 0.

        The first moves all features, the others a share that halves nine times, at least one.
        """
        random = stream(self.seed, SEARCH_STREAM)
        signs = random.choice([-1.0, 1.0], (self.search_queries, n_inputs))
        order = random.random(signs.shape).argsort(1).argsort(1)
        progress = np.arange(self.search_queries)[:, None] / self.search_queries
        share = FIRST_SHARE * 0.5 ** np.searchsorted(HALVINGS, progress)
        moving = order < np.maximum(np.round(share * n_inputs), 1)
        moving[0] = True
        return np.where(moving, signs, 0.0)


@dataclass(frozen=True)
class Measurement:
    """What all blocks share: the problem, the settings and half-widths [E, d] on the device."""

    problem: Problem
    settings: MeasureSettings
    half_widths: Tensor

    @property
    def samples(self) -> Samples:
        """The training samples, without random numbers."""
        return without_draws(self.problem.inputs, self.problem.targets)

    @cached_property
    def attacked_samples(self) -> Samples:
        """The training samples with the random numbers of the attacks: drawn for whom attacks alone."""
        return self._drawn(self.problem.inputs, self.problem.targets)

    @cached_property
    def attacked_test_samples(self) -> Samples:
        """The test samples with random numbers of their own. Raises PropertyError if there are none."""
        return self._drawn(*require_test(self.problem))

    def _drawn(self, inputs: Tensor, targets: Tensor) -> Samples:
        draws = (self.settings.offsets(*inputs.shape), self.settings.noise(*inputs.shape))
        return Samples(inputs, targets, *(torch.tensor(draw, device=inputs.device) for draw in draws))


def prepare(problem: Problem, settings: MeasureSettings) -> Measurement:
    """What all blocks share. Raises PropertyError for settings that do not suit the problem."""
    check_settings(problem, settings)
    half_widths = torch.tensor(settings.half_widths(problem.network.n_inputs), device=problem.device)
    return Measurement(problem, settings, half_widths)


def check_settings(problem: Problem, settings: MeasureSettings) -> None:
    """Raise PropertyError for settings that do not suit the problem: an epsilon a feature, bounds of the inputs."""
    settings.half_widths(problem.network.n_inputs)
    if not settings.input_bounds:
        return
    low, high = problem.inputs.min().item(), problem.inputs.max().item()
    if low < settings.input_bounds[0] or high > settings.input_bounds[1]:
        raise PropertyError(
            f"input_bounds must hold all inputs as the network sees them, which lie between {low:g} and {high:g}, "
            f"found {list(settings.input_bounds)}: widen the bounds"
        )


def require_test(problem: Problem) -> tuple[Tensor, Tensor]:
    """The test inputs [N, d] and targets of the problem. Raises PropertyError if it has none."""
    if problem.test_inputs is None or problem.test_targets is None:
        raise PropertyError(
            "the robustness of test samples needs held-out samples, found none: set problem.test_fraction, "
            "or leave 'test_robustness' out"
        )
    return problem.test_inputs, problem.test_targets
