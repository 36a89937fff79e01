"""What measuring works with: the problem, the settings and the samples, checked to fit each other.

Shapes: N samples, d inputs, E perturbation sizes.
"""

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from landscape.errors import PropertyError
from landscape.problems.problem import Problem
from landscape.properties.settings import MeasureSettings, Samples, without_draws


@dataclass(frozen=True)
class Work:
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


def prepare(problem: Problem, settings: MeasureSettings) -> Work:
    """What all blocks share. Raises PropertyError for settings that do not suit the problem."""
    check_settings(problem, settings)
    half_widths = torch.tensor(settings.half_widths(problem.network.n_inputs), device=problem.device)
    return Work(problem, settings, half_widths)


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
