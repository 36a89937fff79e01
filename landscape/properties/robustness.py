"""Certified, attacked and clean accuracy together, because each checks the others.

For every sample three results must agree: a proof that the box holds no wrong answer, the attacks that look for one,
and the clean answer. A certified sample survives every attack, and a sample that survives is classified correctly
without attack. The adversarial points of the search for distances count as an attack if they lie in the box. None of
them lies in the largest certified box of its sample, and no box within that falls to an attack. All this is checked on
every sample of every measurement: a breach means that a bound or an attack is wrong, and no number of that run can be
trusted.

Shapes: M minima, N samples, E perturbation sizes, d inputs.
"""

import itertools
from collections.abc import Iterable

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from landscape.config.tables import MeasureConfig
from landscape.declaration import ENERGY, FRACTION, TEST, Property, Section
from landscape.errors import PropertyError
from landscape.problems.problem import Problem
from landscape.properties.attacks.apgd import APGD_CE, APGD_DLR
from landscape.properties.attacks.nearest import NORMS, Nearest, inside, nearest, stability
from landscape.properties.attacks.networks import Networks, Outcome
from landscape.properties.attacks.noise import NOISE, OUTPUT_CHANGE, under_noise
from landscape.properties.attacks.pgd import PGD
from landscape.properties.attacks.table import ATTACKS
from landscape.properties.bounds.certificates import (
    CERTIFIED_CROWN,
    CERTIFIED_EPSILON,
    CERTIFIED_IBP,
    certified,
    certified_epsilon,
)
from landscape.properties.draws import Samples
from landscape.properties.group import Group, Named
from landscape.properties.losses import sample_losses
from landscape.properties.measurement import Measurement, require_test
from landscape.properties.requirements import CLASSES, TEST_SAMPLES, layered_network, require_layers
from landscape.properties.sample_means import sample_mean, samples_per_chunk, stack_sizes

ROBUST = Property(
    name="robust_accuracy",
    description="samples that survive all attacks",
    units=FRACTION,
    by_epsilon=True,
    requires=(CLASSES,),
    trait="robustness",
    section=Section.ATTACKED,
)
ADVERSARIAL_LOSS = Property(
    name="adversarial_loss",
    description="mean over samples of the largest loss that any attack found",
    units=ENERGY,
    by_epsilon=True,
    trait="robustness",
    sign=-1,
    section=Section.ADVERSARIAL_LOSS,
)
SHORT_ROBUST = Property(
    name=ROBUST.name, description="samples that survive PGD, FGSM and APGD", units=FRACTION, by_epsilon=True
)
SHORT_ADVERSARIAL_LOSS = Property(
    name=ADVERSARIAL_LOSS.name,
    description="mean over samples of the largest loss that PGD or FGSM found",
    units=ENERGY,
    by_epsilon=True,
)


def robustness(measurement: Measurement, theta: Float[Tensor, "M P"]) -> Named:
    """The properties of the training samples at theta, each [M, E] or [M]."""
    return _mean_robustness(measurement, theta, measurement.attacked_samples)


def robustness_of_test_samples(measurement: Measurement, theta: Float[Tensor, "M P"]) -> Named:
    """The properties of the test samples at theta, each [M, E] or [M]."""
    found = _mean_robustness(measurement, theta, measurement.attacked_test_samples)
    return {f"{TEST}{name}": values for name, values in found.items()}


def _mean_robustness(measurement: Measurement, theta: Float[Tensor, "M P"], samples: Samples) -> Named:
    problem, half_widths, chunk = measurement.problem, measurement.half_widths, samples_per_chunk(measurement.problem)
    found = sample_mean(
        lambda part: sample_robustness(problem, theta, part, half_widths, measurement.settings), samples, chunk
    )
    if not problem.is_classification:
        return found
    clean = sample_mean(lambda part: sample_losses(problem, theta, part, ("loss", "accuracy")), samples, chunk)
    return found | {
        norm.margin.name: (found[norm.distance.name] / clean["accuracy"]).nan_to_num(nan=0.0) for norm in NORMS.values()
    }


def sample_robustness(
    problem: Problem,
    theta: Float[Tensor, "M P"],
    samples: Samples,
    half_widths: Float[Tensor, "E d"],
    settings: MeasureConfig,
) -> Named:
    """Named robustness values [M, N, E] of theta, and distances and the largest certified size [M, N].

    A regression has the adversarial loss alone. A module of unknown layers has no certificates. Raises PropertyError if
    a bound and an attack contradict each other.
    """
    networks = Networks(problem, theta, samples, settings.input_bounds)
    points = adversarial_points(networks, settings)
    columns = [_at_one_size(networks, half_width, settings, points) for half_width in half_widths]
    found = stack_sizes(columns) | {name: point.distance for name, point in points.items()}
    found |= {
        norm.stability.name: stability(networks, norm, settings.distance_limit, points[norm.distance.name])
        for norm in NORMS.values()
        if points
    }
    if CERTIFIED_EPSILON.missing(problem):
        return found
    size = _largest_certified(networks, half_widths, found[ROBUST.name], points)
    return found | {CERTIFIED_EPSILON.name: size}


def sample_short_robustness(
    problem: Problem,
    theta: Float[Tensor, "M P"],
    samples: Samples,
    half_widths: Float[Tensor, "E d"],
    settings: MeasureConfig,
) -> Named:
    """Robustness values [M, N, E] of theta, for so many points that all attacks would take too long.

    These are the adversarial loss by PGD and FGSM and, for a classification, the samples that survive PGD and FGSM,
    those that survive APGD too, and those that are certified. Raises PropertyError if a bound and an attack contradict
    each other.
    """
    networks = Networks(problem, theta, samples, settings.input_bounds)
    return stack_sizes([_short_at_one_size(networks, half_width, settings) for half_width in half_widths])


def adversarial_points(networks: Networks, settings: MeasureConfig) -> dict[str, Nearest]:
    """The nearest adversarial points of all samples, by the names of their distances; none for a regression."""
    if not networks.problem.is_classification:
        return {}
    return {norm.distance.name: nearest(networks, norm, settings.distance_limit) for norm in NORMS.values()}


def attack_all(networks: Networks, half_width: Float[Tensor, " d"], settings: MeasureConfig) -> dict[str, Outcome]:
    """The outcomes of all attacks that suit the problem, in the box of one half-width, by name."""
    suiting = [attack for attack in ATTACKS if attack.suits(networks.problem)]
    return {attack.name: attack.run(networks, half_width, settings) for attack in suiting}


def together(networks: Networks, outcomes: Iterable[Outcome]) -> Outcome:
    """The outcome of all attacks together, the clean samples included."""
    worst = networks.clean
    for outcome in outcomes:
        worst = worst.worse(outcome)
    return worst


def survivors(outcomes: dict[str, Outcome], worst: Outcome) -> dict[str, Bool[Tensor, "M N"]]:
    """Samples that survive each attack, by its name, and those that survive the `worst` outcome, as ROBUST."""
    return {name: outcome.survived for name, outcome in outcomes.items()} | {ROBUST.name: worst.survived}


def _at_one_size(
    networks: Networks, half_width: Float[Tensor, " d"], settings: MeasureConfig, points: dict[str, Nearest]
) -> Named:
    outcomes = attack_all(networks, half_width, settings)
    outcomes |= {name: inside(networks, point, half_width) for name, point in points.items()}
    worst = together(networks, outcomes.values())
    if not networks.problem.is_classification:
        return {ADVERSARIAL_LOSS.name: worst.loss} | under_noise(networks, half_width)
    masks = survivors(outcomes, worst)
    proven = _proven(networks, half_width)
    for name, survived in masks.items():
        check_order(proven | {name: survived, "accuracy": networks.clean.survived}, half_width)
    counted = proven | {name: mask for name, mask in masks.items() if name not in points}
    found = {ADVERSARIAL_LOSS.name: worst.loss} | under_noise(networks, half_width)
    return found | {name: mask.to(torch.float64) for name, mask in counted.items()}


def _short_at_one_size(networks: Networks, half_width: Float[Tensor, " d"], settings: MeasureConfig) -> Named:
    outcome = PGD.run(networks, half_width, settings)
    if not networks.problem.is_classification:
        return {ADVERSARIAL_LOSS.name: outcome.loss}
    proven = _proven(networks, half_width)
    certain = proven.get(CERTIFIED_CROWN.name, torch.zeros_like(outcome.survived))
    robust = _surviving_apgd(networks, half_width, settings, outcome.survived, certain)
    masks = {ROBUST.name: robust, PGD.name: outcome.survived}
    check_order(proven | masks | {"accuracy": networks.clean.survived}, half_width)
    return {ADVERSARIAL_LOSS.name: outcome.loss} | {
        name: mask.to(torch.float64) for name, mask in (proven | masks).items() if name != CERTIFIED_IBP.name
    }


def _surviving_apgd(
    networks: Networks,
    half_width: Float[Tensor, " d"],
    settings: MeasureConfig,
    survived: Bool[Tensor, "M N"],
    certain: Bool[Tensor, "M N"],
) -> Bool[Tensor, "M N"]:
    """Samples that `survived` other attacks and survive APGD on the loss and on DLR too.

    APGD attacks only samples that are undecided for some network: neither fallen nor `certain` to survive.
    """
    for attack in (APGD_CE, APGD_DLR):
        samples = (survived & ~certain).any(0).nonzero()[:, 0]
        if attack.suits(networks.problem) and len(samples):
            found = attack.run(networks.of(samples), half_width, settings)
            survived = survived.index_copy(1, samples, survived[:, samples] & found.survived)
    return survived


def _proven(networks: Networks, half_width: Float[Tensor, " d"]) -> Named:
    """Masks [M, N] of certified samples, by certificate, the weakest first; none for a module of unknown layers."""
    network, samples = layered_network(networks.problem), networks.samples
    if network is None:
        return {}
    return certified(network, networks.theta, samples.inputs, samples.targets, half_width)


def _largest_certified(
    networks: Networks, half_widths: Float[Tensor, "E d"], survived: Float[Tensor, "M N E"], points: dict[str, Nearest]
) -> Float[Tensor, "M N"]:
    """Half-width, in the widest feature, of the largest certified box in the proportions of the first half-widths. It
    is at most the widest range of the inputs, and is checked against `survived` and the points.
    """
    problem, samples = networks.problem, networks.samples
    network, largest = require_layers(problem), float((problem.inputs.amax(0) - problem.inputs.amin(0)).max())
    direction = half_widths[0] / half_widths[0].max()
    size = certified_epsilon(network, networks.theta, samples.inputs, samples.targets, direction, largest)
    for half_width, standing in zip(half_widths, survived.unbind(2), strict=True):
        proven = (size[..., None] * direction >= half_width).all(2)
        check_order({CERTIFIED_EPSILON.name: proven, ROBUST.name: standing > 0.0}, half_width)
    for point in points.values():
        check_radius(networks, point, size, direction)
    return size


def check_radius(networks: Networks, found: Nearest, size: Float[Tensor, "M N"], shape: Float[Tensor, " d"]) -> None:
    """Raises PropertyError if an adversarial point lies in the certified box of half-width `size * shape`."""
    reach = ((found.point - networks.inputs).abs() / shape[:, None]).amax(1)
    free = ~found.found | (reach >= size)
    check_order({CERTIFIED_EPSILON.name: torch.ones_like(free), "the nearest adversarial point": free}, shape)


def check_order(masks: Named, half_width: Float[Tensor, " d"]) -> None:
    """Raises PropertyError unless every sample counted by one of the masks [M, N] is counted by all later ones."""
    for (name, counted), (weaker, also) in itertools.pairwise(masks.items()):
        breaches = int((counted & ~also).sum())
        if breaches:
            raise PropertyError(
                f"every sample that counts for {name} must count for {weaker}, found {breaches} that do not at "
                f"epsilon {half_width.tolist()}: a bound or an attack is wrong, trust no value here and report this"
            )


ROBUSTNESS = Group(
    name="robustness",
    compute=robustness,
    properties=(
        *(attack.accuracy for attack in ATTACKS),
        ROBUST,
        NOISE,
        OUTPUT_CHANGE,
        *(norm.distance for norm in NORMS.values()),
        *(norm.margin for norm in NORMS.values()),
        *(norm.stability for norm in NORMS.values()),
        CERTIFIED_IBP,
        CERTIFIED_CROWN,
        CERTIFIED_EPSILON,
        ADVERSARIAL_LOSS,
    ),
)
TEST_ROBUSTNESS = Group(
    name="test_robustness",
    compute=robustness_of_test_samples,
    require=require_test,
    properties=tuple(one.on_test_samples(TEST_SAMPLES) for one in ROBUSTNESS.properties),
)
