"""The distance of the nearest adversarial point of a sample, in the infinity norm or the Euclidean norm.

The result is the distance of a point that was evaluated and is misclassified: an upper bound on the true distance,
exact if a plane separates the classes. A sample that is itself misclassified has distance 0; if no adversarial point
was found within the limit, the distance is the limit.

Towards each of the wrong classes that look nearest, DeepFool (Moosavi-Dezfooli et al. 2016, arXiv 1511.04599) steps
over the linearised boundary until the answer is wrong. From then on a point is a direction u and a distance t at which
it is known to be adversarial. Bisection shortens t. The gradient w of the margin at the boundary gives the direction v
in which a plane boundary would be nearest, w / |w|_2 or sign(w) (the projection of FAB, Croce and Hein 2020, arXiv
1907.02044). The next u is a blend of u and v, accepted if it is adversarial at the same t. So no step increases t, and
the search ends where u = v, the condition of the nearest point.

Shapes: M minima, N samples, d inputs, K outputs. Points and directions are [M, d, N].
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from landscape.declaration import Property
from landscape.properties.attacks.apgd import ranked
from landscape.properties.attacks.networks import Networks, Outcome
from landscape.properties.requirements import CLASSES

NEAR_CLASSES = 3
DEEPFOOL_STEPS, OVERSHOOT = 20, 1.02
ROUNDS, ROUND_BISECTIONS = 20, 10
LAST_BISECTIONS = 35  # to 3e-11 of the distance; rounding moves the boundary by less
TINY = torch.finfo(torch.float64).tiny


@dataclass(frozen=True)
class Norm:
    """A norm of the change of a sample.

    `length` is the norm of a step, `dual` the dual norm of a gradient. `steepest` turns a gradient into the step of
    length one that gains most; its gain is the dual norm.
    """

    name: str
    words: str
    length: Callable[[Float[Tensor, "M d N"]], Float[Tensor, "M N"]]
    dual: Callable[[Float[Tensor, "M d N"]], Float[Tensor, "M N"]]
    steepest: Callable[[Float[Tensor, "M d N"]], Float[Tensor, "M d N"]]

    @property
    def distance(self) -> Property:
        """The property of the mean distance in this norm."""
        return Property(
            name=f"adversarial_distance_{self.name}",
            description=f"mean over samples of the distance of the nearest adversarial point found, {self.words}, at "
            "most the limit",
            units="input units",
            requires=(CLASSES,),
            trait="robustness",
        )

    @property
    def margin(self) -> Property:
        """The property of the mean distance over the samples that are classified correctly."""
        return Property(
            name=f"margin_{self.name}",
            description="mean over the samples classified correctly of the distance of the nearest adversarial point "
            f"found, {self.words}, at most the limit; 0 where none is",
            units="input units",
            requires=(CLASSES,),
            trait="robustness",
        )

    @property
    def stability(self) -> Property:
        """The property of the mean distance to the boundary of the answer, right or wrong."""
        return Property(
            name=f"class_stability_{self.name}",
            description="mean over samples of the distance of the nearest point found with another answer, "
            f"{self.words}, at most the limit",
            units="input units",
            requires=(CLASSES,),
            trait="robustness",
        )


LINF = Norm(
    "linf",
    "infinity norm",
    lambda step: step.abs().amax(1),
    lambda gradient: gradient.abs().sum(1),
    torch.sign,
)
L2 = Norm(
    "l2",
    "Euclidean",
    lambda step: torch.linalg.vector_norm(step, dim=1),
    lambda gradient: torch.linalg.vector_norm(gradient, dim=1),
    lambda gradient: gradient / torch.linalg.vector_norm(gradient, dim=1, keepdim=True).clamp(min=TINY),
)
NORMS = {norm.name: norm for norm in (LINF, L2)}


class Nearest(NamedTuple):
    """Points and their distances from the samples; adversarial where `found`."""

    point: Float[Tensor, "M d N"]
    distance: Float[Tensor, "M N"]
    found: Bool[Tensor, "M N"]


class Ray(NamedTuple):
    """Directions of length one and the distances along them."""

    direction: Float[Tensor, "M d N"]
    distance: Float[Tensor, "M N"]


def nearest(networks: Networks, norm: Norm, limit: float) -> Nearest:
    """The nearest adversarial points found within `limit`, for a problem with classes."""
    wrong = ~networks.clean.survived
    distance = torch.full_like(networks.clean.loss, limit).masked_fill(wrong, 0.0)
    best = Nearest(networks.start, distance, wrong)
    for target in _near_classes(networks, norm):
        ray = _refined(networks, norm, _over_the_boundary(networks, norm, target, limit))
        point = _at(networks, ray)
        distance = norm.length(point - networks.inputs)
        closer = ~networks.correct(networks.outputs(point)) & (distance < best.distance)
        best = Nearest(
            torch.where(closer[:, None], point, best.point),
            torch.where(closer, distance, best.distance),
            best.found | closer,
        )
    return best


def stability(networks: Networks, norm: Norm, limit: float, known: Nearest) -> Float[Tensor, "M N"]:
    """Distances of the nearest points found whose answer differs from that of the sample, right or wrong.

    For samples that are classified correctly these are the adversarial points `known`. Other samples have answers that
    differ from network to network, so their points are sought network by network.
    """
    found = known.distance.clone()
    answers = networks.outputs(networks.inputs).max(1).indices
    for minimum, wrong in enumerate(~networks.clean.survived):
        rows = wrong.nonzero()[:, 0]
        if len(rows):
            samples = networks.samples.part(rows)._replace(targets=answers[minimum, rows])
            own = replace(networks, theta=networks.theta[minimum : minimum + 1], samples=samples)
            found[minimum, rows] = nearest(own, norm, limit).distance[0]
    return found


def inside(networks: Networks, found: Nearest, half_width: Float[Tensor, " d"]) -> Outcome:
    """The outcome of the points found, as an attack on the box of a half-width; only points in the box count."""
    reached = found.found & networks.box(half_width).contains(found.point)
    judged = networks.judge(networks.outputs(found.point))
    loss = torch.where(reached, judged.loss, networks.clean.loss)
    return Outcome(networks.clean.survived & (judged.survived | ~reached), loss)


def _near_classes(networks: Networks, norm: Norm) -> list[Int[Tensor, "M N"]]:
    """The wrong classes that would be nearest to the samples in linearised networks, the nearest first."""
    outputs, pull_back = networks.vjp(networks.start)
    gain = torch.empty_like(outputs)
    for index in range(outputs.shape[1]):
        target = torch.full_like(outputs[:, 0], index, dtype=torch.int64)
        value, delta = _margin(networks, outputs, target)
        gain[:, index] = value / norm.dual(pull_back(delta)).clamp(min=TINY)
    return ranked(networks.wrong(gain), min(NEAR_CLASSES, outputs.shape[1] - 1))[1]


def _over_the_boundary(networks: Networks, norm: Norm, target: Int[Tensor, "M N"], limit: float) -> Ray:
    """Rays of DeepFool towards the classes `target`; not adversarial where DeepFool fails."""
    point = networks.start
    for _ in range(DEEPFOOL_STEPS):
        outputs, pull_back = networks.vjp(point)
        outside = networks.correct(outputs)
        if not outside.any():
            break
        value, delta = _margin(networks, outputs, target)
        gradient = pull_back(delta)
        length = OVERSHOOT * value.abs() / norm.dual(gradient).clamp(min=TINY)
        step = (outside * length.clamp(max=limit))[:, None] * norm.steepest(gradient)
        point = networks.bounded(point + step)
    step = point - networks.inputs
    length = norm.length(step)
    return Ray(step / length.clamp(min=TINY)[:, None], length.clamp(max=limit))


def _refined(networks: Networks, norm: Norm, ray: Ray) -> Ray:
    """Shorter adversarial rays; rays that are not adversarial stay so."""
    ray = _shortened(networks, ray, ROUND_BISECTIONS)
    share = torch.ones_like(ray.distance)
    for _ in range(ROUNDS):
        outputs, pull_back = networks.vjp(_at(networks, ray))
        wanted = norm.steepest(pull_back(_margin(networks, outputs, networks.wrong(outputs).max(1).indices)[1]))
        blend = torch.lerp(ray.direction, wanted, share[:, None])
        direction = blend / norm.length(blend).clamp(min=TINY)[:, None]
        better = _adversarial(networks, Ray(direction, ray.distance))
        ray = Ray(torch.where(better[:, None], direction, ray.direction), ray.distance)
        ray = _shortened(networks, ray, ROUND_BISECTIONS)
        share = torch.where(better, (2.0 * share).clamp(max=1.0), 0.5 * share)
    return _shortened(networks, ray, LAST_BISECTIONS)


def _shortened(networks: Networks, ray: Ray, steps: int) -> Ray:
    """Bisection between the sample and the end of each ray; keeps the end adversarial if it is adversarial."""
    low, high = torch.zeros_like(ray.distance), ray.distance
    for _ in range(steps):
        middle = 0.5 * (low + high)
        wrong = _adversarial(networks, Ray(ray.direction, middle))
        low, high = torch.where(wrong, low, middle), torch.where(wrong, middle, high)
    return Ray(ray.direction, high)


def _adversarial(networks: Networks, ray: Ray) -> Bool[Tensor, "M N"]:
    return ~networks.correct(networks.outputs(_at(networks, ray)))


def _at(networks: Networks, ray: Ray) -> Float[Tensor, "M d N"]:
    return networks.bounded(networks.inputs + ray.distance[:, None] * ray.direction)


def _margin(
    networks: Networks, outputs: Float[Tensor, "M K N"], target: Int[Tensor, "M N"]
) -> tuple[Float[Tensor, "M N"], Float[Tensor, "M K N"]]:
    """Margins by which outputs of the classes `target` exceed those of the true classes, and their gradient."""
    gradient = torch.zeros_like(outputs).scatter_(1, target[:, None], 1.0) - networks.encoded
    return outputs.gather(1, target[:, None])[:, 0] - networks.true(outputs), gradient
