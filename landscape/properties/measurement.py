"""A measurement: a problem, the [measure] table, the seed, and the samples that are attacked.

Shapes: N samples, d inputs, E perturbation sizes.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from landscape.config.tables import MeasureConfig
from landscape.errors import PropertyError
from landscape.problems.problem import Problem
from landscape.properties.draws import Samples, Targets, with_draws, without_draws

FIRST_STORED = ("epsilon", "pgd_steps", "pgd_restarts", "seed", "input_bounds")


@dataclass(frozen=True)
class Measurement:
    """The problem, the settings, the half-widths of the boxes (on the problem's device), and the seed."""

    problem: Problem
    settings: MeasureConfig
    half_widths: Float[Tensor, "E d"]
    seed: int

    @property
    def samples(self) -> Samples:
        """The training samples, without random numbers."""
        return without_draws(self.problem.inputs, self.problem.targets)

    @cached_property
    def attacked_samples(self) -> Samples:
        """The training samples with the random numbers of the attacks, drawn on first use."""
        return with_draws(self.problem.inputs, self.problem.targets, self.settings, self.seed)

    @cached_property
    def attacked_test_samples(self) -> Samples:
        """The test samples with their own random numbers. Raises PropertyError if there are none."""
        return with_draws(*require_test(self.problem), self.settings, self.seed)


def prepare(problem: Problem, settings: MeasureConfig, seed: int = 0) -> Measurement:
    """The measurement of a problem. Raises PropertyError for settings that do not suit it, and for a negative seed."""
    if seed < 0:
        raise PropertyError(f"seed must be a whole number >= 0, found {seed}: give one that is not negative")
    check_settings(problem, settings)
    boxes = torch.tensor(half_widths(settings, problem.network.n_inputs), device=problem.device)
    return Measurement(problem, settings, boxes, seed)


def half_widths(settings: MeasureConfig, n_inputs: int) -> Float[np.ndarray, "E d"]:
    """Half-widths of the boxes. Raises PropertyError if an entry with one number a feature does not have d numbers."""
    for entry in settings.epsilon:
        if isinstance(entry, tuple) and len(entry) != n_inputs:
            raise PropertyError(
                f"an epsilon per feature must have {n_inputs} numbers for {n_inputs} inputs, "
                f"found {len(entry)}: give {n_inputs} numbers, or one for all features"
            )
    return np.array([np.broadcast_to(entry, n_inputs) for entry in settings.epsilon], dtype=np.float64)


def stored_settings(settings: MeasureConfig, seed: int) -> dict[str, object]:
    """The settings and the seed as stored with values in a database, keys in the order of all databases."""
    values: dict[str, object] = settings.model_dump(mode="json") | {"seed": seed}
    return {key: values[key] for key in dict.fromkeys((*FIRST_STORED, *values))}


def check_settings(problem: Problem, settings: MeasureConfig) -> None:
    """Raises PropertyError for settings that do not suit the problem: an epsilon a feature, bounds of the inputs."""
    half_widths(settings, problem.network.n_inputs)
    if not settings.input_bounds:
        return
    low, high = problem.inputs.min().item(), problem.inputs.max().item()
    if low < settings.input_bounds[0] or high > settings.input_bounds[1]:
        raise PropertyError(
            f"input_bounds must hold all inputs as the network sees them, which lie between {low:g} and {high:g}, "
            f"found {list(settings.input_bounds)}: widen the bounds"
        )


def require_test(problem: Problem) -> tuple[Float[Tensor, "N d"], Targets]:
    """The test inputs and targets of the problem. Raises PropertyError if it has none."""
    if problem.test_inputs is None or problem.test_targets is None:
        raise PropertyError(
            "the robustness of test samples needs held-out samples, found none: set problem.test_fraction, "
            "or leave 'test_robustness' out"
        )
    return problem.test_inputs, problem.test_targets
