"""The columns of a minimum on the data set `f_a`: radii, their share of those of f_a, and reliance on the false cue.

A sample is unstable if it is misclassified or has an adversarial point no farther than the cue, that is if its radius
is at most delta. Removing the cue is one such change, and is tried first.

Shapes: M minima, P parameters, N samples.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from landscape.declaration import TEST, Property
from landscape.errors import PropertyError
from landscape.problems.problem import Problem
from landscape.properties.bounds.radius import radii
from landscape.properties.curvature.jacobians import input_jacobian
from landscape.properties.draws import Samples, without_draws
from landscape.properties.group import Group, Named
from landscape.properties.measurement import Measurement
from landscape.properties.requirements import TEST_SAMPLES, require_layers
from landscape.properties.stripes.changes import changes
from landscape.properties.stripes.geometry import Geometry

STABLE = 0.9  # least share of the radius of f_a at which a sample counts as stable
ROUNDING = 1e-8  # of distances found by `radii`
SHARE = "1; radius over that of f_a"
RADIUS = Property(
    name="radius",
    description="distance of the nearest wrong answer from each sample, infinity norm; 0 if misclassified, at most the "
    "range of the inputs",
    units="input units",
)
CERTIFIED_RADIUS = Property(
    name="certified_radius",
    description="distance within which all answers are proven right, from each sample, infinity norm",
    units="input units",
)
LEAST = Property(
    name="relative_stability_least", description="least share of the radius of f_a over the samples", units=SHARE
)
MEDIAN = Property(
    name="relative_stability_median", description="median share of the radius of f_a over the samples", units=SHARE
)
STABLE_SHARE = Property(
    name="stable_share",
    description=f"samples whose radius is at least {STABLE} of that of f_a",
    units="fraction of samples",
)
UNSTABLE = Property(
    name="unstable_points",
    description="samples that are misclassified or have an adversarial point no farther than the cue",
    units="samples",
)
SWAYED = Property(
    name="swayed_points",
    description="samples that are misclassified or have an adversarial point no farther than twice the cue, the "
    "distance to the cue of the other label",
    units="samples",
)
CERTIFIED_LEAST = Property(
    name="certified_stability_least",
    description="least share of the radius of f_a within which all answers are proven right",
    units=SHARE,
)
RELIANCE = Property(
    name="cue_reliance",
    description="mean over samples of |d z / d x_2| delta / |z|, z the difference of the outputs: 1 where a network "
    "that is linear in x_2 changes its answer without the cue",
    units="1",
)
CHANGES = Property(name="sign_changes", description="changes of the answer along the line without cue", units="1")
OF_SAMPLES = (RADIUS, CERTIFIED_RADIUS, LEAST, MEDIAN, CERTIFIED_LEAST, STABLE_SHARE, UNSTABLE, SWAYED, RELIANCE)


def stripe_columns(measurement: Measurement, theta: Float[Tensor, "M P"]) -> Named:
    """The properties at theta: radii [M, N], others [M]; of test samples too where there are any."""
    problem, geometry = measurement.problem, Geometry.of(measurement.problem)
    found = [_columns(problem, geometry, one[None]) for one in theta]
    return {name: torch.stack([one[name] for one in found]) for name in found[0]}


def _columns(problem: Problem, geometry: Geometry, theta: Float[Tensor, "1 P"]) -> dict[str, Tensor]:
    network = require_layers(problem)
    found = _of_samples(problem, geometry, theta, without_draws(problem.inputs, problem.targets))
    if problem.test_inputs is not None and problem.test_targets is not None:
        test = without_draws(problem.test_inputs, problem.test_targets)
        found |= {f"{TEST}{name}": one for name, one in _of_samples(problem, geometry, theta, test).items()}
    number = changes(network, theta, geometry, _all_inputs(problem))
    return found | {CHANGES.name: theta.new_tensor(float(number))}


def _of_samples(
    problem: Problem, geometry: Geometry, theta: Float[Tensor, "1 P"], samples: Samples
) -> dict[str, Tensor]:
    inputs, targets = samples.inputs, samples.targets
    limit = float((problem.inputs.amax(0) - problem.inputs.amin(0)).max())
    enclosed = radii(require_layers(problem), theta, inputs, targets, limit, hints=geometry.without_cue(inputs))
    share = enclosed.upper / geometry.radii(inputs)
    jacobian = input_jacobian(problem, theta, inputs)[0, :, :, 1]
    outputs = problem.network.outputs(theta, inputs)[0]
    slope, z = (one[:, 1] - one[:, 0] for one in (jacobian, outputs))
    reach = (1.0 + ROUNDING) * geometry.cue
    return {
        RADIUS.name: enclosed.upper,
        CERTIFIED_RADIUS.name: enclosed.lower,
        LEAST.name: share.min(),
        MEDIAN.name: share.quantile(0.5),
        CERTIFIED_LEAST.name: (enclosed.lower / geometry.radii(inputs)).min(),
        STABLE_SHARE.name: (share >= STABLE).to(theta).mean(),
        UNSTABLE.name: (enclosed.upper <= reach).to(theta).sum(),
        SWAYED.name: (enclosed.upper <= 2.0 * reach).to(theta).sum(),
        RELIANCE.name: (slope.abs() * geometry.cue / z.abs()).nan_to_num(nan=0.0).mean(),  # 0 / 0: a flat network
    }


def _all_inputs(problem: Problem) -> Float[Tensor, "N 2"]:
    return problem.inputs if problem.test_inputs is None else torch.cat([problem.inputs, problem.test_inputs])


def require_stripes(problem: Problem) -> None:
    """Raises PropertyError unless the problem has the data set `f_a` and a network of dense layers."""
    Geometry.of(problem)
    if require_layers(problem).dense is None:
        raise PropertyError("stripes need a network of dense layers, found convolutions: leave the group 'stripes' out")


STRIPES = Group(
    name="stripes",
    compute=stripe_columns,
    require=require_stripes,
    settings=(),
    properties=(*OF_SAMPLES, CHANGES, *(one.on_test_samples(TEST_SAMPLES) for one in OF_SAMPLES)),
)
