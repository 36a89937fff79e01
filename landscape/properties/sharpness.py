"""The group of sharpness: the rise of the energy around a minimum, and the response of outputs to parameters and
inputs.

Shapes: M minima, P parameters.
"""

from jaxtyping import Float
from torch import Tensor

from landscape.properties.curvature import flatness, jacobians, sharpness
from landscape.properties.group import Group, Named
from landscape.properties.measurement import Measurement
from landscape.properties.requirements import layered_network
from landscape.properties.sample_means import sample_mean, samples_per_chunk


def measured_sharpness(measurement: Measurement, theta: Float[Tensor, "M P"]) -> Named:
    """The properties of the group at theta, each [M], or [M, layers]."""
    problem, network = measurement.problem, layered_network(measurement.problem)
    found = sample_mean(
        lambda part: (
            flatness.sample_flatness(problem, theta, part)
            | jacobians.sample_jacobian_norms(problem, theta, part.inputs)
        ),
        measurement.samples,
        samples_per_chunk(problem),
    )
    found |= flatness.with_l2_part(problem, theta, found)
    if network is not None:
        found |= jacobians.layer_norms(network, theta)
    return found | sharpness.sharpness(problem, theta, measurement.seed)


SHARPNESS = Group(
    name="sharpness",
    compute=measured_sharpness,
    settings=("seed",),
    properties=(*sharpness.PROPERTIES, *flatness.PROPERTIES, *jacobians.PROPERTIES),
)
