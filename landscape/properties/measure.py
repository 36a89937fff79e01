"""Named properties of stored minima, in groups that share their work.

A group is a function from a block of minima to named tensors. `measure` cuts the minima into blocks and, inside,
the means over samples into chunks (`chunks.py`): the working set is that of `numerics.batching`, however many
minima and samples there are; one Hessian [P, P], or as many Lanczos vectors as stand for it, and what the problem needs
to build it are the least. Everything is pure: nothing is stored here.

    loss         clean_loss, l2_loss, squared_norm, accuracy; test_loss, test_accuracy where there is a test part
    curvature    the Hessian's spectrum, or estimates with their errors beyond DENSE_LIMIT parameters; refused for a
                 non-smooth activation
    sharpness    keskar_sharpness, sam_sharpness, fisher_rao_norm, relative_flatness, input_jacobian_*, spectral_norm*
    robustness   adversarial_loss, fgsm_accuracy, pgd_accuracy, apgd_ce_accuracy, apgd_dlr_accuracy, square_accuracy,
                 robust_accuracy, noise_accuracy, certified_accuracy_ibp, certified_accuracy_crown, one column an
                 epsilon; adversarial_distance_linf, adversarial_distance_l2, certified_epsilon
    sensitivity  sensitivity_logits, sensitivity_softmax, sensitivity_logits_crown, sensitivity_softmax_crown, one
                 column an epsilon; refused for a foreign module
    test_robustness   all of robustness once more on the test samples, as test_NAME; refused without a test part

What has an L2 part stands there once more without it, as task_NAME. Regression has no classes: every accuracy and
distance and the certified epsilon are left out, and the largest loss that PGD, APGD and the random search found
remains. With two classes there is no difference of logits ratio, and no apgd_dlr_accuracy. Softmax sensitivity is left
out unless the loss is cross-entropy; all that is certified, the relative flatness and the spectral norms for a torch
module of unknown layers, which has no bounds and no layers here.
`available_groups` tells which groups a problem admits.

Shapes: M minima, P parameters, N samples, d inputs, K outputs, E perturbation sizes.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from landscape.errors import PropertyError
from landscape.messages import did_you_mean
from landscape.numerics.batching import rows_per_chunk
from landscape.numerics.spectra import DENSE_LIMIT
from landscape.problems.network import LayeredNetwork
from landscape.problems.problem import Problem
from landscape.properties.bounds import require_layers
from landscape.properties.catalogue import describe
from landscape.properties.chunks import minima_per_block, sample_mean, samples_per_chunk
from landscape.properties.curvature import curvature, require_smooth
from landscape.properties.curvature_estimates import doubles_per_minimum, estimated_curvature
from landscape.properties.flatness import sample_flatness, with_l2_part
from landscape.properties.jacobians import layer_norms, sample_jacobian_norms
from landscape.properties.loss_parts import norms, sample_losses
from landscape.properties.robustness import sample_robustness
from landscape.properties.sensitivity import sample_sensitivity
from landscape.properties.settings import MeasureSettings, Samples, without_draws
from landscape.properties.sharpness import sharpness

Named = dict[str, Tensor]


class MeasuredProperty(NamedTuple):
    """Values float64 [M, ...] of one property, with what they mean."""

    values: np.ndarray
    description: str
    units: str


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


class Group(NamedTuple):
    """Properties measured together: a function of a block of minima, the minima of a block, and a check that raises
    PropertyError where the problem does not admit the group.
    """

    compute: Callable[[Work, Tensor], Named]
    block: Callable[[Problem], int]
    require: Callable[[Problem], object]


def measure(
    problem: Problem, theta: np.ndarray, groups: Sequence[str], settings: MeasureSettings
) -> dict[str, MeasuredProperty]:
    """Measure the named groups at theta [M, P].

    Values are float64 [M], or [M, E] where there is one column an epsilon of the settings. Raises PropertyError
    for an unknown or unsuitable group, for theta of a wrong shape or not finite, and if a bound and an
    attack contradict each other.
    """
    chosen = [_group(problem, name) for name in groups]
    points = _points(problem, theta)
    work = prepare(problem, settings)
    found: dict[str, MeasuredProperty] = {}
    for group in chosen:
        blocks = [group.compute(work, block) for block in torch.split(points, group.block(problem))]
        for name in blocks[0]:
            values = torch.cat([block[name] for block in blocks]).cpu().numpy()
            found[name] = MeasuredProperty(values, *describe(name, estimated=is_large(problem)))
    return found


def available_groups(problem: Problem) -> tuple[str, ...]:
    """Names of the groups that the problem admits."""
    return tuple(name for name, group in GROUPS.items() if _admits(problem, group))


def _losses(work: Work, theta: Tensor) -> Named:
    problem, chunk = work.problem, samples_per_chunk(work.problem)
    found = norms(problem, theta) | sample_mean(
        lambda part: sample_losses(problem, theta, part, ("clean_loss", "accuracy")), work.samples, chunk
    )
    if problem.test_inputs is None or problem.test_targets is None:
        return found
    test = without_draws(problem.test_inputs, problem.test_targets)
    return found | sample_mean(
        lambda part: sample_losses(problem, theta, part, ("test_loss", "test_accuracy")), test, chunk
    )


def _curvature(work: Work, theta: Tensor) -> Named:
    if is_large(work.problem):
        return estimated_curvature(work.problem, theta, work.settings.seed)
    return curvature(work.problem, theta)


def _sharpness(work: Work, theta: Tensor) -> Named:
    problem = work.problem
    found = sample_mean(
        lambda part: sample_flatness(problem, theta, part.inputs) | sample_jacobian_norms(problem, theta, part.inputs),
        work.samples,
        samples_per_chunk(problem),
    )
    layers = layer_norms(problem.network, theta) if isinstance(problem.network, LayeredNetwork) else {}
    return found | with_l2_part(problem, theta, found) | layers | sharpness(problem, theta, work.settings.seed)


def _robustness(work: Work, theta: Tensor) -> Named:
    return _robustness_on(work, theta, work.attacked_samples)


def _test_robustness(work: Work, theta: Tensor) -> Named:
    found = _robustness_on(work, theta, work.attacked_test_samples)
    return {f"test_{name}": values for name, values in found.items()}


def _robustness_on(work: Work, theta: Tensor, samples: Samples) -> Named:
    return sample_mean(
        lambda part: sample_robustness(work.problem, theta, part, work.half_widths, work.settings),
        samples,
        samples_per_chunk(work.problem),
    )


def _sensitivity(work: Work, theta: Tensor) -> Named:
    return sample_mean(
        lambda part: sample_sensitivity(work.problem, theta, part.inputs, work.half_widths),
        work.samples,
        samples_per_chunk(work.problem),
    )


def is_large(problem: Problem) -> bool:
    """Whether the Hessian is too large to be diagonalised."""
    return problem.n_parameters > DENSE_LIMIT


def _minima_per_curvature_block(problem: Problem) -> int:
    doubles = doubles_per_minimum(problem) if is_large(problem) else problem.n_parameters**2
    return rows_per_chunk(doubles, problem.device)


def require_test(problem: Problem) -> tuple[Tensor, Tensor]:
    """The test inputs [N, d] and targets of the problem. Raises PropertyError if it has none."""
    if problem.test_inputs is None or problem.test_targets is None:
        raise PropertyError(
            "the robustness of test samples needs held-out samples, found none: set problem.test_fraction, "
            "or leave 'test_robustness' out"
        )
    return problem.test_inputs, problem.test_targets


def _nothing_required(problem: Problem) -> None:
    """Every problem admits the group."""


GROUPS: dict[str, Group] = {
    "loss": Group(_losses, minima_per_block, _nothing_required),
    "curvature": Group(_curvature, _minima_per_curvature_block, require_smooth),
    "sharpness": Group(_sharpness, minima_per_block, _nothing_required),
    "robustness": Group(_robustness, minima_per_block, _nothing_required),
    "sensitivity": Group(_sensitivity, minima_per_block, require_layers),
    "test_robustness": Group(_test_robustness, minima_per_block, require_test),
}


def _group(problem: Problem, name: str) -> Group:
    if name not in GROUPS:
        raise PropertyError(f"expected a group of properties, found '{name}'; {did_you_mean(name, GROUPS)}")
    GROUPS[name].require(problem)
    return GROUPS[name]


def _admits(problem: Problem, group: Group) -> bool:
    try:
        group.require(problem)
    except PropertyError:
        return False
    return True


def _points(problem: Problem, theta: np.ndarray) -> Tensor:
    expected = problem.n_parameters
    if theta.ndim != 2 or theta.shape[1] != expected or not len(theta):
        raise PropertyError(
            f"minima must be an array [M, {expected}] with M >= 1, found shape {list(theta.shape)}: "
            "measure minima of this very problem, one a row"
        )
    bad = np.flatnonzero(~np.isfinite(theta).all(1))
    if bad.size:
        raise PropertyError(f"parameters must be finite, found {bad.size} rows that are not, first {bad[0]}: drop them")
    return torch.tensor(theta, dtype=torch.float64, device=problem.device)


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
