"""Robustness to changes of any size, within the ranges of the inputs, of few features or of a square of an image.

Shapes: M minima, P parameters, N samples, d inputs.
"""

from jaxtyping import Float
from torch import Tensor

from landscape.declaration import TEST
from landscape.errors import PropertyError
from landscape.problems.problem import Problem
from landscape.properties.attacks.few_features import FEATURES_TO_FOOL, fewest_features
from landscape.properties.attacks.networks import Networks
from landscape.properties.attacks.patch import PATCH_TO_FOOL, smallest_patch
from landscape.properties.draws import Samples, without_draws
from landscape.properties.group import Group, Named
from landscape.properties.measurement import Measurement
from landscape.properties.requirements import CLASSES, TEST_SAMPLES
from landscape.properties.sample_means import sample_mean, samples_per_chunk

PROPERTIES = (FEATURES_TO_FOOL, PATCH_TO_FOOL)


def sparse_robustness(measurement: Measurement, theta: Float[Tensor, "M P"]) -> Named:
    """The properties of the training samples at theta, and of the test samples if there are any, each [M]."""
    problem = measurement.problem
    found = _means(measurement, theta, measurement.samples)
    if problem.test_inputs is None or problem.test_targets is None:
        return found
    tested = _means(measurement, theta, without_draws(problem.test_inputs, problem.test_targets))
    return found | {f"{TEST}{name}": values for name, values in tested.items()}


def _means(measurement: Measurement, theta: Float[Tensor, "M P"], samples: Samples) -> Named:
    problem, (lower, upper) = measurement.problem, ranges(measurement)

    def of_samples(part: Samples) -> Named:
        networks = Networks(problem, theta, part)
        found = {FEATURES_TO_FOOL.name: fewest_features(networks, lower, upper)}
        if problem.data.image is not None:
            found[PATCH_TO_FOOL.name] = smallest_patch(networks, problem.data.image, lower, upper)
        return found

    return sample_mean(of_samples, samples, samples_per_chunk(problem))


def ranges(measurement: Measurement) -> tuple[Float[Tensor, " d"], Float[Tensor, " d"]]:
    """The least and the largest value that each feature may take: the bounds of the inputs if there are any, else the
    range of the feature among the training samples.
    """
    lower, upper = measurement.problem.inputs.amin(0), measurement.problem.inputs.amax(0)
    if bounds := measurement.settings.input_bounds:
        return lower.new_full(lower.shape, bounds[0]), upper.new_full(upper.shape, bounds[1])
    return lower, upper


def require_classes(problem: Problem) -> None:
    """Raises PropertyError if the problem has no classes."""
    if not CLASSES.holds(problem):
        raise PropertyError("wrong answers need classes, found a regression: leave the group 'sparse_robustness' out")


SPARSE = Group(
    name="sparse_robustness",
    compute=sparse_robustness,
    require=require_classes,
    settings=("input_bounds",),
    properties=(*PROPERTIES, *(one.on_test_samples(TEST_SAMPLES) for one in PROPERTIES)),
)
