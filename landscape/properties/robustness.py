"""Certified, attacked and clean accuracy together, because each checks the others.

For every sample a proof that the box holds no wrong answer, an attack that found one, and the clean answer
must agree: certified implies surviving PGD, surviving PGD implies surviving FGSM, and that implies a correct
clean answer; a box no wider than the largest certified one survives PGD too. The check runs on every sample of every
measurement; a breach means that a bound or an attack is wrong, and no number of that run can be trusted.

Shapes: M minima, N samples, E perturbation sizes, d inputs.
"""

import itertools

import torch
from torch import Tensor

from landscape.errors import PropertyError
from landscape.problems.network import DenseNetwork
from landscape.problems.problem import Problem
from landscape.properties.attacks import fast_gradient_sign, judge, projected_gradient
from landscape.properties.bounds import require_dense
from landscape.properties.certificates import certified, certified_epsilon
from landscape.properties.settings import Samples


def sample_robustness(
    problem: Problem, theta: Tensor, samples: Samples, half_widths: Tensor, steps: int
) -> dict[str, Tensor]:
    """Named robustness values [M, N, E] of theta [M, P] for half-widths [E, d], and the largest certified size [M, N].

    Regression has only the adversarial loss, a module that is no dense network nothing certified. Raises
    PropertyError if a bound and an attack contradict each other.
    """
    columns = [_at_one_size(problem, theta, samples, half_width, steps) for half_width in half_widths]
    found = {name: torch.stack([column[name] for column in columns], 2) for name in columns[0]}
    if not problem.is_classification or not isinstance(problem.network, DenseNetwork):
        return found
    return found | {
        "certified_epsilon": _largest_certified(problem, theta, samples, half_widths, found["pgd_accuracy"])
    }


def _at_one_size(
    problem: Problem, theta: Tensor, samples: Samples, half_width: Tensor, steps: int
) -> dict[str, Tensor]:
    strong = projected_gradient(problem, theta, samples, half_width, steps)
    if not problem.is_classification:
        return {"adversarial_loss": strong.loss}
    weak = fast_gradient_sign(problem, theta, samples, half_width)
    clean = judge(problem, problem.network.outputs(theta, samples.inputs), samples.targets)
    masks = {"pgd_accuracy": strong.survived, "fgsm_accuracy": weak.survived, "accuracy": clean.survived}
    if isinstance(problem.network, DenseNetwork):
        masks = certified(problem.network, theta, samples.inputs, samples.targets, half_width) | masks
    check_order(masks, half_width)
    del masks["accuracy"]
    return {"adversarial_loss": strong.loss} | {name: mask.to(torch.float64) for name, mask in masks.items()}


def _largest_certified(
    problem: Problem, theta: Tensor, samples: Samples, half_widths: Tensor, survived: Tensor
) -> Tensor:
    """Half-width [M, N] in the widest feature of the largest certified box, up to the widest range of the inputs, in
    the proportions of the first of the half-widths [E, d]; checked against `survived` [M, N, E].
    """
    network, largest = require_dense(problem), float((problem.inputs.amax(0) - problem.inputs.amin(0)).max())
    direction = half_widths[0] / half_widths[0].max()
    size = certified_epsilon(network, theta, samples.inputs, samples.targets, direction, largest)
    for half_width, standing in zip(half_widths, survived.unbind(2), strict=True):
        proven = (size[..., None] * direction >= half_width).all(2)
        check_order({"certified_epsilon": proven, "pgd_accuracy": standing > 0.0}, half_width)
    return size


def check_order(masks: dict[str, Tensor], half_width: Tensor) -> None:
    """Raise PropertyError unless every sample counted by one of the masks [M, N] is counted by all later ones."""
    for (name, counted), (weaker, also) in itertools.pairwise(masks.items()):
        breaches = int((counted & ~also).sum())
        if breaches:
            raise PropertyError(
                f"every sample that counts for {name} must count for {weaker}, found {breaches} that do not at "
                f"epsilon {half_width.tolist()}: a bound or an attack is wrong, trust no value here and report this"
            )
