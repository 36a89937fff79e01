"""Attacks inside a box |delta|_inf <= eps: gradient ascent on each sample's loss by signs of the gradient.

One driver serves this module: `sign_ascent` takes T steps x <- clip(x + s sign(v)) and judges every iterate, its start
included. Without momentum v is the gradient. FGSM (Goodfellow et al. 2015) is T = 1 from the sample itself; PGD (Madry
et al. 2018) takes s = 2.5 eps / T from the sample and then from random points of the box; with momentum (MI-FGSM, Dong
et al. 2018, arXiv 1710.06081, eq. 6) v <- v + gradient / |gradient|_1. FGSM's step of 2.5 eps, once clipped, equals eps
sign(gradient). If inputs have bounds, the box is cut to them.

A sample survives if every iterate of every restart is classified correctly; its adversarial loss is the largest loss
over all iterates. The PGD of `projected_gradient` counts the FGSM point and one ascent with momentum as further
restarts. So PGD <= FGSM <= clean accuracy holds sample by sample by construction, and only certified <= PGD is a test.
`worst_points` keeps an iterate of the same attack for each sample, to be shown.

Shapes: M minima, N samples, d inputs. Points are [M, d, N]; the half-width is [d], one number a feature.
"""

from collections.abc import Iterator

import torch
from jaxtyping import Float
from torch import Tensor

from landscape.numerics.sign_ascent import STEP_FACTOR, sign_step
from landscape.properties.attacks.attack import Attack
from landscape.properties.attacks.networks import Networks, Outcome


def fast_gradient_sign(networks: Networks, half_width: Float[Tensor, " d"]) -> Outcome:
    """FGSM: one step from each sample."""
    return sign_ascent(networks, networks.start, half_width, 1)


def projected_gradient(networks: Networks, half_width: Float[Tensor, " d"], steps: int) -> Outcome:
    """PGD from the sample, with and without momentum, PGD from each of its offsets, and FGSM."""
    attack = networks.clean
    for _, found in all_iterates(networks, half_width, steps):
        attack = attack.worse(found)
    return attack


def worst_points(networks: Networks, half_width: Float[Tensor, " d"], steps: int) -> Float[Tensor, "M d N"]:
    """For each sample the point of largest loss among the iterates of PGD that are classified wrongly, or among all of
    them if none is; the sample itself if no loss exceeds its own.
    """
    point, worst = networks.start, networks.clean
    for there, found in all_iterates(networks, half_width, steps):
        same = worst.survived == found.survived
        worse = (worst.survived & ~found.survived) | (same & (found.loss > worst.loss))
        point = torch.where(worse[:, None], there, point)
        worst = Outcome(worst.survived & found.survived, torch.where(worse, found.loss, worst.loss))
    return point


def all_iterates(
    networks: Networks, half_width: Float[Tensor, " d"], steps: int
) -> Iterator[tuple[Float[Tensor, "M d N"], Outcome]]:
    """The iterates of all ascents that make up PGD, with their outcomes."""
    yield from iterates(networks, networks.start, half_width, 1)
    yield from iterates(networks, networks.start, half_width, steps, momentum=1.0)
    for start in networks.starts(half_width):
        yield from iterates(networks, start, half_width, steps)


def sign_ascent(
    networks: Networks,
    start: Float[Tensor, "M d N"],
    half_width: Float[Tensor, " d"],
    steps: int,
    momentum: float = 0.0,
) -> Outcome:
    """The outcome of all `iterates` together."""
    attack = networks.clean
    for _, found in iterates(networks, start, half_width, steps, momentum):
        attack = attack.worse(found)
    return attack


def iterates(
    networks: Networks,
    start: Float[Tensor, "M d N"],
    half_width: Float[Tensor, " d"],
    steps: int,
    momentum: float = 0.0,
) -> Iterator[tuple[Float[Tensor, "M d N"], Outcome]]:
    """The points `start` and those after each of `steps` clipped sign steps of 2.5 half_width / steps from there, with
    their outcomes.
    """
    box, step = networks.box(half_width), (STEP_FACTOR / steps * half_width)[:, None]
    point, velocity = start, torch.zeros_like(start)
    for _ in range(steps):
        found, direction = networks.slope(point)
        yield point, found
        if momentum:
            length = direction.abs().sum(1, keepdim=True).clamp(min=torch.finfo(direction.dtype).tiny)
            velocity = momentum * velocity + direction / length
            direction = velocity
        point = sign_step(point, direction, step, *box)
    yield point, networks.judge(networks.outputs(point))


FGSM = Attack(
    name="fgsm_accuracy",
    description="accuracy at the sample and at its FGSM point",
    run=lambda networks, half_width, _: fast_gradient_sign(networks, half_width),
    spellings=("FGSM",),
)
PGD = Attack(
    name="pgd_accuracy",
    description="samples correct at every iterate of every PGD restart and at the FGSM point",
    run=lambda networks, half_width, settings: projected_gradient(networks, half_width, settings.pgd_steps),
    spellings=("PGD",),
)
