"""Certified, attacked and clean accuracy together, because each checks the others.

For every sample a proof that the box holds no wrong answer, attacks that look for one, and the clean answer
must agree: certified implies surviving every attack, and that implies a correct clean answer. The adversarial points
of the distance search count as an attack too, where they lie in the box, and none lies in the largest certified box of
its sample, nor does a box no wider than that fall to an attack. The check runs on every sample of every
measurement; a breach means that a bound or an attack is wrong, and no number of that run can be trusted.

Shapes: M minima, N samples, E perturbation sizes, d inputs.
"""

import itertools

import torch
from torch import Tensor

from landscape.config.tables import MeasureConfig
from landscape.errors import PropertyError
from landscape.problems.networks.layered import LayeredNetwork
from landscape.problems.problem import Problem
from landscape.properties.attacks import apgd
from landscape.properties.attacks.nearest import NORMS, Nearest, inside, nearest
from landscape.properties.attacks.networks import Attack, Networks
from landscape.properties.attacks.noise import noise_accuracy
from landscape.properties.attacks.pgd import fast_gradient_sign, projected_gradient
from landscape.properties.attacks.random_search import random_search
from landscape.properties.bounds.certificates import certified, certified_epsilon
from landscape.properties.bounds.ibp import require_layers
from landscape.properties.draws import Samples


def sample_robustness(
    problem: Problem, theta: Tensor, samples: Samples, half_widths: Tensor, settings: MeasureConfig
) -> dict[str, Tensor]:
    """Named robustness values [M, N, E] of theta [M, P] for half-widths [E, d], and distances and the largest certified
    size [M, N].

    Regression has only the adversarial loss, a module of unknown layers nothing certified. Raises
    PropertyError if a bound and an attack contradict each other.
    """
    networks = Networks(problem, theta, samples, settings.input_bounds)
    points = adversarial_points(networks, settings)
    columns = [_at_one_size(networks, half_width, settings, points) for half_width in half_widths]
    found = {name: torch.stack([column[name] for column in columns], 2) for name in columns[0]}
    found |= {name: point.distance for name, point in points.items()}
    if not problem.is_classification or not isinstance(problem.network, LayeredNetwork):
        return found
    return found | {"certified_epsilon": _largest_certified(networks, half_widths, found["robust_accuracy"], points)}


def sample_short_robustness(
    problem: Problem, theta: Tensor, samples: Samples, half_widths: Tensor, settings: MeasureConfig
) -> dict[str, Tensor]:
    """The adversarial loss [M, N, E] by PGD and FGSM, and of a classification what survives these, what survives APGD
    too and what is certified: where there are so many points that all attacks would take too long.

    Raises PropertyError if a bound and an attack contradict each other.
    """
    networks = Networks(problem, theta, samples, settings.input_bounds)
    columns = [_short_at_one_size(networks, half_width, settings) for half_width in half_widths]
    return {name: torch.stack([column[name] for column in columns], 2) for name in columns[0]}


def _short_at_one_size(networks: Networks, half_width: Tensor, settings: MeasureConfig) -> dict[str, Tensor]:
    attack = projected_gradient(networks, half_width, settings.pgd_steps)
    if not networks.problem.is_classification:
        return {"adversarial_loss": attack.loss}
    proven = _proven(networks, half_width)
    certain = proven.get("certified_accuracy_crown", torch.zeros_like(attack.survived))
    robust = _surviving_apgd(networks, half_width, settings.apgd_steps, attack.survived, certain)
    masks = {"robust_accuracy": robust, "pgd_accuracy": attack.survived}
    check_order(proven | masks | {"accuracy": networks.clean.survived}, half_width)
    return {"adversarial_loss": attack.loss} | {
        name: mask.to(torch.float64) for name, mask in (proven | masks).items() if name != "certified_accuracy_ibp"
    }


def _surviving_apgd(networks: Networks, half_width: Tensor, steps: int, survived: Tensor, certain: Tensor) -> Tensor:
    """Whether [M, N] samples that `survived` other attacks survive APGD on the loss and on DLR too; attacked are those
    alone that any of the networks leaves open: neither fallen nor `certain` to survive.
    """
    enough_classes = networks.problem.network.n_outputs >= apgd.DLR_CLASSES
    for attack in (apgd.on_loss, apgd.on_dlr)[: 1 + enough_classes]:
        samples = (survived & ~certain).any(0).nonzero()[:, 0]
        if len(samples):
            found = attack(networks.of(samples), half_width, steps)
            survived = survived.index_copy(1, samples, survived[:, samples] & found.survived)
    return survived


def adversarial_points(networks: Networks, settings: MeasureConfig) -> dict[str, Nearest]:
    """The nearest adversarial points of all samples, by the names of their distances; none for a regression."""
    if not networks.problem.is_classification:
        return {}
    return {
        f"adversarial_distance_{name}": nearest(networks, norm, settings.distance_limit) for name, norm in NORMS.items()
    }


def attack_all(
    networks: Networks, half_width: Tensor, settings: MeasureConfig, points: dict[str, Nearest]
) -> dict[str, Attack]:
    """What each attack finds in the box of one half-width [d], `points` included, by name."""
    attacks = {
        "fgsm_accuracy": fast_gradient_sign(networks, half_width),
        "pgd_accuracy": projected_gradient(networks, half_width, settings.pgd_steps),
        "apgd_ce_accuracy": apgd.on_loss(networks, half_width, settings.apgd_steps),
        "square_accuracy": random_search(networks, half_width),
    }
    if networks.problem.is_classification and networks.problem.network.n_outputs >= apgd.DLR_CLASSES:
        attacks["apgd_dlr_accuracy"] = apgd.on_dlr(networks, half_width, settings.apgd_steps)
    return attacks | {name: inside(networks, point, half_width) for name, point in points.items()}


def _at_one_size(
    networks: Networks, half_width: Tensor, settings: MeasureConfig, points: dict[str, Nearest]
) -> dict[str, Tensor]:
    attacks = attack_all(networks, half_width, settings, points)
    worst = networks.clean
    for attack in attacks.values():
        worst = worst.worse(attack)
    if not networks.problem.is_classification:
        return {"adversarial_loss": worst.loss}
    masks = {name: attack.survived for name, attack in attacks.items()} | {"robust_accuracy": worst.survived}
    proven = _proven(networks, half_width)
    for name, survived in masks.items():
        check_order(proven | {name: survived, "accuracy": networks.clean.survived}, half_width)
    counted = proven | {name: mask for name, mask in masks.items() if name not in points}
    return {"adversarial_loss": worst.loss, "noise_accuracy": noise_accuracy(networks, half_width)} | {
        name: mask.to(torch.float64) for name, mask in counted.items()
    }


def _proven(networks: Networks, half_width: Tensor) -> dict[str, Tensor]:
    """Samples [M, N] that are certified, by the certificate, the weakest first; none for a foreign module."""
    network, samples = networks.problem.network, networks.samples
    if not isinstance(network, LayeredNetwork):
        return {}
    return certified(network, networks.theta, samples.inputs, samples.targets, half_width)


def check_radius(networks: Networks, found: Nearest, size: Tensor, shape: Tensor) -> None:
    """Raise PropertyError if an adversarial point lies in a box of half-width size [M, N] times shape [d] that is
    certified.
    """
    reach = ((found.point - networks.inputs).abs() / shape[:, None]).amax(1)
    free = ~found.found | (reach >= size)
    check_order({"certified_epsilon": torch.ones_like(free), "the nearest adversarial point": free}, shape)


def _largest_certified(networks: Networks, half_widths: Tensor, survived: Tensor, points: dict[str, Nearest]) -> Tensor:
    """Half-width [M, N] in the widest feature of the largest certified box, up to the widest range of the inputs, in
    the proportions of the first of the half-widths [E, d]; checked against `survived` [M, N, E] and the points.
    """
    problem, samples = networks.problem, networks.samples
    network, largest = require_layers(problem), float((problem.inputs.amax(0) - problem.inputs.amin(0)).max())
    direction = half_widths[0] / half_widths[0].max()
    size = certified_epsilon(network, networks.theta, samples.inputs, samples.targets, direction, largest)
    for half_width, standing in zip(half_widths, survived.unbind(2), strict=True):
        proven = (size[..., None] * direction >= half_width).all(2)
        check_order({"certified_epsilon": proven, "robust_accuracy": standing > 0.0}, half_width)
    for point in points.values():
        check_radius(networks, point, size, direction)
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
