"""Attacks inside a box |delta|_inf <= eps: gradient ascent on each sample's loss by signs of the gradient.

One driver serves both: `ascend` takes T steps x <- clip(x + s sign(grad)) and judges every iterate, its start
included. FGSM (Goodfellow et al. 2015) is T = 1 from the sample itself; PGD (Madry et al. 2018) takes
s = 2.5 eps / T from the sample and then from random points of the box. FGSM's step of 2.5 eps ends, clipped,
at eps sign(grad).

A sample survives if every iterate of every restart is classified correctly, and its adversarial loss is
the largest loss over them. The PGD of `projected_gradient` counts the FGSM point as one more restart. So
PGD <= FGSM <= clean accuracy holds sample by sample, and certified <= PGD remains as a real test.

Shapes: M minima, N samples, d inputs, K outputs, R restarts. The half-width is [d], one number a feature.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from landscape.problems.problem import Problem
from landscape.properties.settings import Samples

STEP_FACTOR = 2.5


class Attack(NamedTuple):
    """What an attack found: whether a sample survived, bool [M, N], and its largest loss [M, N].

    A regression has no classes to get wrong: all its samples survive.
    """

    survived: Tensor
    loss: Tensor

    @classmethod
    def nothing_found(cls, theta: Tensor, samples: Samples) -> "Attack":
        """Before the first try: all survive, no loss is seen."""
        loss = theta.new_full((len(theta), len(samples.inputs)), -torch.inf)
        return cls(torch.ones_like(loss, dtype=torch.bool), loss)

    def worse(self, other: "Attack") -> "Attack":
        """The union of two attacks."""
        return Attack(self.survived & other.survived, torch.maximum(self.loss, other.loss))


def fast_gradient_sign(problem: Problem, theta: Tensor, samples: Samples, half_width: Tensor) -> Attack:
    """FGSM on theta [M, P]: one step from each sample."""
    return ascend(problem, theta, samples, samples.inputs, half_width, 1)


def projected_gradient(problem: Problem, theta: Tensor, samples: Samples, half_width: Tensor, steps: int) -> Attack:
    """PGD on theta [M, P]: from each sample, from each of `samples.offsets` [R - 1, N, d], and FGSM."""
    attack = fast_gradient_sign(problem, theta, samples, half_width)
    for start in (samples.inputs, *(samples.inputs + half_width * offset for offset in samples.offsets)):
        attack = attack.worse(ascend(problem, theta, samples, start, half_width, steps))
    return attack


def ascend(problem: Problem, theta: Tensor, samples: Samples, start: Tensor, half_width: Tensor, steps: int) -> Attack:
    """`steps` clipped sign steps of 2.5 half_width / steps from start [N, d], each iterate judged."""
    lower, upper = samples.inputs - half_width, samples.inputs + half_width
    step = STEP_FACTOR / steps * half_width
    point = start.expand(len(theta), -1, -1)
    attack = Attack.nothing_found(theta, samples)
    for _ in range(steps):
        logits, gradient = problem.network.input_gradient(
            theta, point, lambda outputs: problem.loss_gradient(outputs, samples.targets)
        )
        attack = attack.worse(judge(problem, logits, samples.targets))
        point = torch.clamp(point + step * gradient.sign(), lower, upper)
    return attack.worse(judge(problem, problem.network.outputs(theta, point), samples.targets))


def judge(problem: Problem, logits: Tensor, targets: Tensor) -> Attack:
    """Whether logits [M, N, K] give the true class, and their losses."""
    loss = problem.sample_loss(logits, targets)
    if not problem.is_classification:
        return Attack(torch.ones_like(loss, dtype=torch.bool), loss)
    predicted = logits.max(2).indices  # the first of equals, as argmax, which is ten times slower on strided outputs
    return Attack(predicted == targets, loss)
