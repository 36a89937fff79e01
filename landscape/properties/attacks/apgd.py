"""APGD (Croce and Hein 2020, arXiv 2003.01690, algorithm 1): ascent whose steps shrink when they no longer help.

The step is x <- P(x + a (z - x) + (1 - a) (x - x_before)) with z = P(x + s sign(gradient)), a = 0.75, and s = 2 eps at
first. At checkpoints, which get closer to each other, a sample halves its s and returns to its best point in two cases:
fewer than three in four steps raised the objective, or neither the best value nor s changed since the last checkpoint.

The objective is the loss, or DLR, the difference of logits ratio, which is invariant to rescaling of the logits. With
the logits sorted, z_1 the largest, and j the best wrong class, DLR is (z_j - z_y) / (z_1 - z_3) (eq. 6); towards a
class t it is (z_t - z_y) / (z_1 - (z_3 + z_4) / 2) (eq. 7). The first form needs three classes, the second four. With
two classes the gradients of both objectives are parallel, so nothing is lost without DLR.

Shapes: M minima, N samples, d inputs, K outputs. Points are [M, d, N]; the half-width is [d], one number a feature.
"""

import math
from collections.abc import Callable
from functools import partial
from itertools import islice, pairwise
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from landscape.declaration import Requirement
from landscape.numerics.sign_ascent import sign_step
from landscape.properties.attacks.attack import Attack
from landscape.properties.attacks.networks import Networks, Outcome
from landscape.properties.requirements import CLASSES

INERTIA = 0.75
CHECKPOINTS = (22, 41, 57, 70, 80, 87, 93, 99)  # per cent of the steps: p + max(p - p_before - 3, 6) follows p
RISING = 0.75  # least part of the steps between two checkpoints that raise the objective
STARTS = 2
TARGETS = 3
SMALLEST_SPAN = 1e-12
DLR_CLASSES, TARGETED_CLASSES = 3, 4


class Place(NamedTuple):
    """Points with the objective and its gradient there."""

    point: Float[Tensor, "M d N"]
    value: Float[Tensor, "M N"]
    gradient: Float[Tensor, "M d N"]

    def replaced(self, where: Bool[Tensor, "M N"], other: "Place") -> "Place":
        """The places of `other` where the mask holds, these places elsewhere."""
        wide = where[:, None]
        return Place(*map(torch.where, (wide, where, wide), other, self))


Raised = Callable[[Float[Tensor, "M d N"]], tuple[Place, Outcome]]
"""The objective of an ascent at points, and the outcome of the points."""


def on_loss(networks: Networks, half_width: Float[Tensor, " d"], steps: int) -> Outcome:
    """APGD on the loss, from the sample and the first of its offsets."""
    return _from_starts(networks, half_width, steps, partial(_loss, networks))


def on_dlr(networks: Networks, half_width: Float[Tensor, " d"], steps: int) -> Outcome:
    """APGD on DLR from the sample and the first of its offsets; with four or more classes also from the sample towards
    each of the three best wrong classes. The problem needs three classes.
    """
    attack = _from_starts(networks, half_width, steps, partial(_ratio, networks, None))
    if networks.encoded.shape[0] < TARGETED_CLASSES:
        return attack
    for target in ranked(networks.wrong(networks.outputs(networks.inputs)), TARGETS)[1]:
        towards = partial(_ratio, networks, target)
        attack = attack.worse(adaptive_ascent(networks, networks.start, half_width, steps, towards))
    return attack


def adaptive_ascent(
    networks: Networks, start: Float[Tensor, "M d N"], half_width: Float[Tensor, " d"], steps: int, objective: Raised
) -> Outcome:
    """APGD from the points `start`; every iterate is judged."""
    box, width, checks = networks.box(half_width), half_width[:, None], checkpoints(steps)
    here, attack = objective(start)
    best, before, reached = here, start, here.value
    scale, rises = torch.full_like(here.value, 2.0), torch.zeros_like(here.value)
    shrunk = torch.ones_like(attack.survived)
    for step in range(1, steps + 1):
        ahead = sign_step(here.point, here.gradient, width * scale[:, None], *box)
        if step > 1:
            ahead = box.clip(here.point + INERTIA * (ahead - here.point) + (1.0 - INERTIA) * (here.point - before))
        there, judged = objective(ahead)
        attack = attack.worse(judged)
        rises += there.value > here.value
        before, here = here.point, there
        best = best.replaced(there.value > best.value, there)
        if step in checks:
            stuck = (rises < RISING * checks[step]) | (~shrunk & (best.value == reached))
            scale, here = torch.where(stuck, 0.5 * scale, scale), here.replaced(stuck, best)
            rises, shrunk, reached = torch.zeros_like(rises), stuck, best.value
    return attack


def checkpoints(steps: int) -> dict[int, int]:
    """Steps after which the step length is checked, each with the number of steps since the check before: 22, 41, 57,
    70, 80, 87, 93 and 99 per cent of the steps, rounded up.
    """
    places = sorted({math.ceil(percent * steps / 100) for percent in CHECKPOINTS})
    return {place: place - before for before, place in pairwise([0, *places])}


def ratio(
    networks: Networks, target: Int[Tensor, "M N"] | None, outputs: Float[Tensor, "M K N"]
) -> tuple[Float[Tensor, "M N"], Float[Tensor, "M K N"]]:
    """DLR of outputs and its gradient; towards the classes `target` if given."""
    labels = networks.samples.targets.expand(len(outputs), -1)
    top, order = ranked(outputs, DLR_CLASSES if target is None else TARGETED_CLASSES)
    if target is None:
        target = torch.where(order[0] == labels, order[1], order[0])
    low, low_order = top[2:], order[2:]
    span = (top[0] - sum(low) / len(low)).clamp(min=SMALLEST_SPAN)
    value = (outputs.gather(1, target[:, None])[:, 0] - networks.true(outputs)) / span
    gradient = torch.zeros_like(outputs)
    one = torch.ones_like(span)
    shares = [(target, one), (labels, -one), (order[0], -value), *((index, value / len(low)) for index in low_order)]
    for index, share in shares:
        gradient.scatter_add_(1, index[:, None], (share / span)[:, None])
    return value, gradient


def ranked(outputs: Float[Tensor, "M K N"], count: int) -> tuple[list[Float[Tensor, "M N"]], list[Int[Tensor, "M N"]]]:
    """The `count` largest of outputs and their indices, the largest first."""
    remaining, values, order = outputs.clone(), [], []
    for _ in range(count):
        value, index = remaining.max(1)
        remaining.scatter_(1, index[:, None], -torch.inf)
        values.append(value)
        order.append(index)
    return values, order


def _from_starts(networks: Networks, half_width: Float[Tensor, " d"], steps: int, objective: Raised) -> Outcome:
    attack = networks.clean
    for start in islice(networks.starts(half_width), STARTS):
        attack = attack.worse(adaptive_ascent(networks, start, half_width, steps, objective))
    return attack


def _loss(networks: Networks, point: Float[Tensor, "M d N"]) -> tuple[Place, Outcome]:
    found, gradient = networks.slope(point)
    return Place(point, found.loss, gradient), found


def _ratio(
    networks: Networks, target: Int[Tensor, "M N"] | None, point: Float[Tensor, "M d N"]
) -> tuple[Place, Outcome]:
    outputs, pull_back = networks.vjp(point)
    value, delta = ratio(networks, target, outputs)
    return Place(point, value, pull_back(delta)), networks.judge(outputs)


APGD_CE = Attack(
    name="apgd_ce_accuracy",
    description="samples correct at every iterate of APGD on the loss",
    run=lambda networks, half_width, settings: on_loss(networks, half_width, settings.apgd_steps),
    spellings=("APGD", "CE"),
)
APGD_DLR = Attack(
    name="apgd_dlr_accuracy",
    description="samples correct at every iterate of APGD on the difference of logits ratio",
    run=lambda networks, half_width, settings: on_dlr(networks, half_width, settings.apgd_steps),
    requires=(
        CLASSES,
        Requirement(
            holds=lambda problem: problem.network.n_outputs >= DLR_CLASSES, words=f"at least {DLR_CLASSES} classes"
        ),
    ),
    spellings=("APGD", "DLR"),
)
