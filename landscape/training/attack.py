"""Attacks on minibatches, batched over the networks that train: sign steps up a function, within a box.

A step is x <- clip(x + s sign(gradient)) with s = 2.5 epsilon / steps, as in `landscape.numerics.sign_ascent`. One step
from the sample is FGSM (Goodfellow et al. 2015, arXiv 1412.6572). Steps from a random point of the box are PGD (Madry
et al. 2018, arXiv 1706.06083). Steps that raise the divergence from the outputs on the sample, from a point close to
the sample, are the attack of TRADES (Zhang et al. 2019, arXiv 1901.08573, algorithm 1). The attacked networks have no
dropout.

Shapes: W networks, P parameters, B samples of each, d inputs, K outputs.
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from landscape.config.training import Regime
from landscape.numerics.sign_ascent import STEP_FACTOR, sign_step
from landscape.problems.networks.losses import Loss
from landscape.problems.networks.module import Network

NEAR = 1e-3  # standard deviation of the start of the attack of TRADES, as in its algorithm

OutputGradient = Callable[[Tensor], Tensor]
"""Gradients [W, B, K], with respect to outputs [W, B, K], of the function that an attack raises."""


class TrainingAttack(NamedTuple):
    """An attack that raises the loss and replaces clean inputs: its start in the box, and its steps in a regime."""

    random_start: bool
    steps: Callable[[Regime], int]


TRAINING_ATTACKS = {
    "fgsm": TrainingAttack(random_start=False, steps=lambda _: 1),
    "pgd": TrainingAttack(random_start=True, steps=lambda regime: regime.attack_steps),
}
"""The attacks by the values of the key `adversarial`, which may be "none" too."""


def ascend(
    network: Network, theta: Tensor, start: Tensor, box: tuple[Tensor, Tensor], steps: int, raised: OutputGradient
) -> Tensor:
    """The points [W, B, d] after `steps` steps from start [W, B, d], in the box of lower and upper ends."""
    lower, upper = box
    step = STEP_FACTOR / steps * 0.5 * (upper - lower)
    point = torch.clamp(start, lower, upper)
    for _ in range(steps):
        outputs, pull_back = network.vjp(theta, point)
        point = sign_step(point, pull_back(raised(outputs)), step, lower, upper)
    return point


def loss_raised(loss: Loss, encoded: Tensor) -> OutputGradient:
    """The gradient of the loss of the samples, with encoded targets [K, W * B]."""

    def gradient(outputs: Tensor) -> Tensor:
        targets = encoded.mT.view(outputs.shape).mT
        return loss.value_and_gradient(outputs.mT, targets)[1].mT

    return gradient


def divergence_raised(clean: Tensor) -> OutputGradient:
    """The gradient of KL(softmax(clean) || softmax(outputs)), from clean outputs [W, B, K]."""
    probability = clean.softmax(-1)
    return lambda outputs: outputs.softmax(-1) - probability
